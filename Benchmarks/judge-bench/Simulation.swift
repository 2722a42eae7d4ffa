/// What is counted over the runs of one scenario.
protocol Counted: Sendable {
  associatedtype Traffic: Sendable, Hashable

  init()

  /// Counts these runs of `scenario`; each has the seed that follows that of the one before.
  mutating func add(_ scenario: Traffic, runs: Range<Int>, seed: UInt64)

  /// Counts the runs of `other`, which come after those counted so far.
  mutating func add(_ other: Self)
}

/// How often and how late each rule stopped the runs of a scenario.
struct Delays<Rule: Hashable & Sendable>: Sendable {
  /// Seconds from the beginning of the change to the stop, of the runs that were stopped.
  private var stops: [Rule: [Double]] = [:]
  private(set) var runs = 0

  /// Counts a run by the intervals after which rules stopped it; a rule that did not is not in `ends`.
  mutating func add(_ ends: [Rule: Int], from begin: Int) {
    runs += 1
    for (rule, end) in ends { stops[rule, default: []].append(Double(end - begin) * Run.seconds) }
  }

  mutating func add(_ other: Delays<Rule>) {
    runs += other.runs
    for (rule, more) in other.stops { stops[rule, default: []] += more }
  }

  /// Runs that were stopped, in percent.
  func stopped(_ rule: Rule) -> Double { percent(stops[rule, default: []].count) }

  /// The delay that this part of all runs does not exceed; nil where it is not reached.
  func value(_ rule: Rule, _ part: Double) -> Double? {
    let sorted = stops[rule, default: []].sorted()
    let index = Int((part * Double(runs)).rounded(.up)) - 1
    return sorted.indices.contains(index) ? sorted[index] : nil
  }

  /// `median/95th percentile` in seconds, a dash for what is not reached.
  func shown(_ rule: Rule) -> String {
    [0.5, 0.95].map { part in value(rule, part).map { "\(Int($0))" } ?? "–" }.joined(separator: "/")
  }

  func percent(_ count: Int) -> Double { 100 * Double(count) / Double(max(1, runs)) }
}

/// Every scenario that was asked for, computed on all processors; the same seed gives the same table on any number of them.
enum Simulation<Cell: Counted> {
  private static var block: Int { 125 }

  static func cells(
    _ scenarios: [Cell.Traffic], runs: Int, seed: UInt64, workers: Int
  ) async -> [Cell.Traffic: Cell] {
    let jobs = scenarios.enumerated().flatMap { number, scenario in
      stride(from: 0, to: runs, by: block).map { (number, scenario, $0..<min($0 + block, runs)) }
    }
    return await withTaskGroup(of: (Int, Int, Cell).self) { group in
      var parts: [Int: [(Int, Cell)]] = [:]
      var next = 0
      func start() {
        guard next < jobs.count else { return }
        let (number, scenario, range) = jobs[next]
        next += 1
        group.addTask {
          var cell = Cell()
          cell.add(scenario, runs: range, seed: seed &+ UInt64(number) << 32)
          return (number, range.lowerBound, cell)
        }
      }
      for _ in 0..<workers { start() }
      for await (number, first, cell) in group {
        parts[number, default: []].append((first, cell))
        start()
      }
      var cells: [Cell.Traffic: Cell] = [:]
      for (number, scenario) in scenarios.enumerated() {
        var whole = Cell()
        for (_, cell) in (parts[number] ?? []).sorted(by: { $0.0 < $1.0 }) { whole.add(cell) }
        cells[scenario] = whole
      }
      return cells
    }
  }
}
