internal import Foundation
internal import SlipwayAnalysis
internal import SlipwayModel

/// A rule of the tables.
enum RuleName: String, CaseIterable, Sendable {
  case flagger = "flagger 99% x5"
  case argo95 = "argo >=0.95 fl3"
  case argo99 = "argo >=0.99 fl3"
  case keptnRatio = "keptn end <=+10%"
  case keptnPoint = "keptn end <=+1pp"
  case kayentaEnd = "kayenta end"
  case kayentaPeek = "kayenta peek 5m"
  case zEnd = "z-test end"
  case zPeek = "z-test peek 10s"
  case lindonMalek = "lindon-malek k2"
  case strict = "ours strict (any worsening)"
  case rollBack = "ours rollback (>1pp proven)"
  case unadjusted = "- strict without phi"
  case oracle = "oracle SPRT"
}

/// What all rules made of all runs of a scenario.
struct Cell: Sendable {
  /// Seconds from the beginning of the increase to the stop, in the order of runs; nil where there was none.
  private(set) var delays: [RuleName: [Double?]] = [:]
  /// Errors that the canary served until the stop, over all runs.
  private(set) var errors: [RuleName: Double] = [:]
  private(set) var runs = 0
  /// Of our judge: runs that passed, and that stopped because trouble was on both sides.
  private(set) var promoted = 0
  private(set) var environment = 0

  mutating func add(_ scenario: Scenario, seed: UInt64) {
    let run = Run(scenario, seed: seed) { DispersionMeasure.value($0) ?? 1 }
    let ours = Ours(run)
    runs += 1
    if ours.isPromoted { promoted += 1 }
    if ours.environment != nil { environment += 1 }
    let served = run.canary.reduce(into: [0.0]) { sums, tally in sums.append((sums.last ?? 0) + tally.hits) }
    for rule in RuleName.allCases {
      let stop = Self.stop(rule, run, ours, scenario)
      delays[rule, default: []].append(stop.map { Double($0 - scenario.begins) * Run.seconds })
      errors[rule, default: 0] += served[stop ?? Run.bins]
    }
  }

  mutating func add(_ other: Cell) {
    for (rule, more) in other.delays { delays[rule, default: []] += more }
    for (rule, more) in other.errors { errors[rule, default: 0] += more }
    runs += other.runs
    promoted += other.promoted
    environment += other.environment
  }

  private static func stop(_ rule: RuleName, _ run: Run, _ ours: Ours, _ scenario: Scenario) -> Int? {
    switch rule {
    case .flagger: Rules.flagger(run)
    case .argo95: Rules.argo(run, atLeast: 0.95)
    case .argo99: Rules.argo(run, atLeast: 0.99)
    case .keptnRatio: Rules.keptn(run) { $0 <= $1 * 1.1 }
    case .keptnPoint: Rules.keptn(run) { $0 <= $1 + 0.01 }
    case .kayentaEnd: Rules.kayenta(run, at: [30])
    case .kayentaPeek: Rules.kayenta(run, at: [5, 10, 15, 20, 25, 30])
    case .zEnd: Rules.zTest(run) { $0 == Run.bins - 1 }
    case .zPeek: Rules.zTest(run) { _ in true }
    case .lindonMalek: Rules.lindonMalek(run, weight: 2)
    case .strict: ours.strict
    case .rollBack: ours.rollBack
    case .unadjusted: Ours.strict(run, 1)
    case .oracle: Rules.oracle(run, from: scenario.begins)
    }
  }

  /// Runs that were stopped, in percent.
  func stopped(_ rule: RuleName) -> Double { percent(delays[rule, default: []].count { $0 != nil }) }
  var promotedPercent: Double { percent(promoted) }
  var environmentPercent: Double { percent(environment) }

  /// The delay that this part of all runs does not exceed; nil where it is not reached.
  func delay(_ rule: RuleName, _ part: Double) -> Double? {
    let all = delays[rule, default: []].map { $0 ?? .infinity }.sorted()
    guard !all.isEmpty else { return nil }
    let value = all[min(all.count - 1, Int((part * Double(all.count)).rounded(.up)) - 1)]
    return value.isFinite ? value : nil
  }

  func meanErrors(_ rule: RuleName) -> Double { errors[rule, default: 0] / Double(max(1, runs)) }

  private func percent(_ count: Int) -> Double { 100 * Double(count) / Double(max(1, runs)) }
}

/// Every scenario that was asked for, computed on all processors; the same seed gives the same table on any number of them.
enum Simulation {
  private static let block = 125

  static func cells(_ scenarios: [Scenario], runs: Int, seed: UInt64, workers: Int) async -> [Scenario: Cell] {
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
          for index in range { cell.add(scenario, seed: seed &+ UInt64(number) << 32 &+ UInt64(index)) }
          return (number, range.lowerBound, cell)
        }
      }
      for _ in 0..<workers { start() }
      for await (number, first, cell) in group {
        parts[number, default: []].append((first, cell))
        start()
      }
      var cells: [Scenario: Cell] = [:]
      for (number, scenario) in scenarios.enumerated() {
        var whole = Cell()
        for (_, cell) in (parts[number] ?? []).sorted(by: { $0.0 < $1.0 }) { whole.add(cell) }
        cells[scenario] = whole
      }
      return cells
    }
  }
}
