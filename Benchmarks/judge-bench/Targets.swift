internal import Foundation

/// What the judge has to reach (canary-analysis, section 7), beside what it did.
struct Targets {
  let tables: Tables
  let latencies: LatencyTables
  private(set) var isMet = true

  init(_ tables: Tables, _ latencies: LatencyTables) { (self.tables, self.latencies) = (tables, latencies) }

  mutating func show() {
    print("\nTargets\n")
    for (name, rule) in [("ours strict", RuleName.strict), ("ours rollback", .rollBack)] {
      let worst =
        Tables.columns.flatMap { column in
          Tables.healthy.map { row in
            tables.cell(Scenario(rate: column.rate, base: column.base, trouble: row.trouble)).delays.stopped(rule)
          }
        }.max() ?? 100
      line("false stops, \(name), worst column", worst, "%", atMost: 1)
    }
    line("false stops by latency (T4 or T5), worst column", latencies.worstPaused, "%", atMost: 1)
    delays()
    promotions()
  }

  private mutating func delays() {
    var (early, late, served, total) = (0.0, 0.0, 0.0, 0.0)
    for column in Tables.regressions.flatMap(\.columns) where column.scenario.rate >= 20 {
      let cell = tables.cell(column.scenario)
      // Where two and a half times the oracle's delay is longer than the watch, nothing is said.
      let room = Double(Run.bins - column.scenario.begins) * Run.seconds
      guard let best = cell.delays.value(.oracle, 0.5), best * 2.5 <= room else { continue }
      let ratio = (cell.delays.value(.strict, 0.5) ?? .infinity) / best
      let errors = cell.meanErrors(.strict) / cell.meanErrors(.oracle)
      if column.scenario.isLate { late = max(late, ratio) } else { early = max(early, ratio) }
      if column.scenario.increase >= 0.5 { total = max(total, errors) } else { served = max(served, errors) }
    }
    line("median delay against the oracle, from 20 rps, where it can be told, worst", early, "x", atMost: 2.5)
    line("the same for regressions that begin at half time, worst", late, "x", atMost: 3)
    line("errors served against the oracle, worst", served, "x", atMost: 2)
    line("errors served against the oracle at +50 pp, worst", total, "x", atMost: 1.1)
    let half = tables.cell(Scenario(rate: 200, base: 0.001, increase: 0.05, isLate: true))
    line("late +5 pp at 200 rps, median", half.delays.value(.strict, 0.5) ?? .infinity, "s", atMost: 20)
  }

  private mutating func promotions() {
    func worst(_ increase: Double, from rate: Double) -> Double {
      Tables.columns.filter { $0.rate >= rate }.map { column in
        tables.cell(Scenario(rate: column.rate, base: column.base, increase: increase)).promotedPercent
      }.max() ?? 100
    }
    line("wrong promotions at exactly the margin (+1 pp), worst column", worst(0.01, from: 2), "%", atMost: 5)
    line("wrong promotions at +2 pp beyond 2 rps, worst column", worst(0.02, from: 20), "%", atMost: 0.1)
    let healthy = Tables.columns.filter { $0.rate >= 20 }.map { column in
      100 - tables.cell(Scenario(rate: column.rate, base: column.base)).promotedPercent
    }
    line("healthy, from 20 rps, and not promoted within 30 minutes, worst column", healthy.max() ?? 100, "%", atMost: 1)
  }

  private mutating func line(_ what: String, _ value: Double, _ unit: String, atMost limit: Double) {
    // Ratios of looks that are ten seconds apart.
    let isMet = value <= limit + 1e-9
    self.isMet = self.isMet && isMet
    print(
      "| \(what) | \(String(format: "%.2f", value)) \(unit) | at most \(limit) \(unit) | \(isMet ? "met" : "MISSED") |")
  }
}
