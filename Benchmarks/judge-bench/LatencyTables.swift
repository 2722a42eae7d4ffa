/// The table of latencies of the study, computed anew.
struct LatencyTables {
  let cells: [LatencyScenario: LatencyCell]

  static let rates = [2.0, 20, 200]
  static let troubles: [LatencyScenario.Trouble] = [.none, .bursts, .stalls]
  static let changes: [(name: String, scenario: LatencyScenario)] = [
    ("20 p99 +10%", LatencyScenario(rate: 20, change: .whole(1.1))),
    ("20 p99 +30%", LatencyScenario(rate: 20, change: .whole(1.3))),
    ("20 p99 x2", LatencyScenario(rate: 20, change: .whole(2))),
    ("20 slow 3% x2 only", LatencyScenario(rate: 20, change: .tail(2))),
    ("200 p99 +30%", LatencyScenario(rate: 200, change: .whole(1.3))),
    ("200 p99 x2", LatencyScenario(rate: 200, change: .whole(2))),
    ("200 x2 from 15:00", LatencyScenario(rate: 200, change: .whole(2), isLate: true)),
  ]

  static var healthy: [LatencyScenario] {
    rates.flatMap { rate in troubles.map { LatencyScenario(rate: rate, trouble: $0) } }
  }
  static var scenarios: [LatencyScenario] { healthy + changes.map(\.scenario) }

  func cell(_ scenario: LatencyScenario) -> LatencyCell { cells[scenario] ?? LatencyCell() }

  func show() {
    print("\nTable 6. Latency: false stops % without a change (clean / common bursts / stalls),")
    print("then missed % · delay median/p95 s\n")
    let names = Self.rates.map { "\(Int($0)) rps" } + Self.changes.map(\.name)
    print("| rule | \(names.joined(separator: " | ")) |")
    print("|---|" + String(repeating: "---|", count: names.count))
    for rule in LatencyRule.allCases {
      let stopped = Self.rates.map { rate in shown(rate) { short($0.delays.stopped(rule)) } }
      let delayed = Self.changes.map { change in
        let delays = cell(change.scenario).delays
        return "\(short(100 - delays.stopped(rule))) · \(delays.shown(rule))"
      }
      print("| \(rule.rawValue) | \((stopped + delayed).joined(separator: " | ")) |")
    }
    let phi = Self.rates.map { rate in shown(rate) { short($0.dispersion) } }
    print("| (φ, median) | \(phi.joined(separator: " | ")) |\(String(repeating: " |", count: Self.changes.count))")
    print(
      """

      Unlike in the study: requests fall into buckets by Poisson's law; every percentile is a bound of those buckets, and blue's
      are those of the newest five minutes, as the judge takes them; φ is at most 20; twice as slow is judged at 0.5 %, the others at 1 %.
      """)
  }

  private func shown(_ rate: Double, _ figure: (LatencyCell) -> String) -> String {
    Self.troubles.map { figure(cell(LatencyScenario(rate: rate, trouble: $0))) }.joined(separator: " / ")
  }

  /// The worst healthy column: runs that T4 or T5 stopped, in percent.
  var worstPaused: Double { Self.healthy.map { cell($0).pausedPercent }.max() ?? 100 }
}
