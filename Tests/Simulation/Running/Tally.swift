/// What a simulation went through.
struct Tally: Codable {
  var seeds = 0
  var promotions = 0
  var outcomes: [String: Int] = [:]
  var crashes = 0
  var troubles: [String: Int] = [:]
  var words = 0
  var refusals = 0
  var entries = 0
  var commits = 0
  var jobs = 0
  /// Simulated.
  var milliseconds: Int64 = 0

  static func += (left: inout Tally, right: Tally) {
    left.seeds += right.seeds
    left.promotions += right.promotions
    left.outcomes.merge(right.outcomes) { $0 + $1 }
    left.crashes += right.crashes
    left.troubles.merge(right.troubles) { $0 + $1 }
    left.words += right.words
    left.refusals += right.refusals
    left.entries += right.entries
    left.commits += right.commits
    left.jobs += right.jobs
    left.milliseconds += right.milliseconds
  }

  var faults: Int { troubles.values.reduce(0, +) }

  /// For people.
  func lines(seconds: Double) -> [String] {
    func rate(_ count: Int) -> String { "\(Int((Double(count) / max(0.001, seconds)).rounded()))" }
    func list(_ counts: [String: Int]) -> String {
      counts.keys.sorted().map { "\($0) \(counts[$0] ?? 0)" }.joined(separator: ", ")
    }
    return [
      "\(seeds) seeds in \(Int(seconds.rounded())) s: \(promotions) promotions, \(crashes) crashes, \(faults) faults, \(words) words of people (\(refusals) refused), "
        + "\(entries) entries, \(commits) commits, \(milliseconds / 86_400_000) simulated days",
      "per second: \(rate(promotions)) promotions, \(rate(crashes)) crashes, \(rate(faults)) faults, \(rate(jobs)) jobs",
      "outcomes: \(list(outcomes))",
      "faults: \(list(troubles))",
    ]
  }
}
