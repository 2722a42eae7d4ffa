internal import Foundation

/// The tables of the study, computed anew.
struct Tables {
  let cells: [Scenario: Cell]

  static let columns: [(rate: Double, base: Double)] = [2.0, 20, 200, 2_000].flatMap { rate in
    [(rate, 0.001), (rate, 0.005)]
  }

  /// A column of tables 2 to 4.
  struct Regression: Sendable {
    var name: String
    var scenario: Scenario

    init(_ rate: Double, _ base: Double, _ increase: Double, late: Bool = false) {
      scenario = Scenario(rate: rate, base: base, increase: increase, isLate: late)
      let points = increase * 100
      let shown = points == points.rounded() ? "\(Int(points))" : "\(points)"
      name = "\(Int(rate)) +\(shown)pp\(late ? " late" : "")"
    }
  }

  static let regressions: [(title: String, columns: [Regression])] = [
    (
      "Table 2. Baseline 0.1 %",
      [
        Regression(20, 0.001, 0.01), Regression(20, 0.001, 0.05), Regression(20, 0.001, 0.5),
        Regression(200, 0.001, 0.002), Regression(200, 0.001, 0.01), Regression(200, 0.001, 0.05),
        Regression(200, 0.001, 0.05, late: true), Regression(2_000, 0.001, 0.002), Regression(2_000, 0.001, 0.01),
      ]
    ),
    (
      "Table 3. Baseline 0.5 %",
      [
        Regression(20, 0.005, 0.01), Regression(20, 0.005, 0.02), Regression(20, 0.005, 0.05),
        Regression(200, 0.005, 0.002), Regression(200, 0.005, 0.01), Regression(200, 0.005, 0.02),
        Regression(200, 0.005, 0.05, late: true), Regression(2_000, 0.005, 0.002), Regression(2_000, 0.005, 0.5),
      ]
    ),
    (
      "Table 4. Low traffic and the rest, baseline 0.1 %",
      [
        Regression(2, 0.001, 0.01), Regression(2, 0.001, 0.02), Regression(2, 0.001, 0.05), Regression(2, 0.001, 0.5),
        Regression(20, 0.001, 0.002), Regression(20, 0.001, 0.02), Regression(20, 0.001, 0.05, late: true),
        Regression(200, 0.001, 0.02), Regression(2_000, 0.001, 0.05),
      ]
    ),
  ]

  static let healthy: [(name: String, trouble: Scenario.Trouble)] = [
    ("A/A", .none), ("A/A bursts", .bursts), ("A/A clumped x4", .clumped),
  ]
  static let increases = [0.002, 0.01, 0.02, 0.05]

  /// Every scenario of every table, each once.
  static var scenarios: [Scenario] {
    var all: [Scenario] = []
    for column in columns {
      for row in healthy { all.append(Scenario(rate: column.rate, base: column.base, trouble: row.trouble)) }
      for increase in increases { all.append(Scenario(rate: column.rate, base: column.base, increase: increase)) }
    }
    all += regressions.flatMap(\.columns).map(\.scenario)
    var seen: Set<Scenario> = []
    return all.filter { seen.insert($0).inserted }
  }

  func cell(_ scenario: Scenario) -> Cell { cells[scenario] ?? Cell() }

  func show() {
    falseStops()
    for (title, columns) in Self.regressions { regressions(title, columns) }
    endings()
  }

  private func falseStops() {
    print("\nTable 1. False rollbacks, % of runs (clean / common bursts / clumped errors)\n")
    heading()
    for rule in RuleName.allCases where rule != .oracle {
      let figures = Self.columns.map { column in
        Self.healthy.map { row in
          short(cell(Scenario(rate: column.rate, base: column.base, trouble: row.trouble)).delays.stopped(rule))
        }.joined(separator: " / ")
      }
      print("| \(rule.rawValue) | \(figures.joined(separator: " | ")) |")
    }
  }

  private func regressions(_ title: String, _ columns: [Regression]) {
    print("\n\(title): missed % · delay median/p95 s (– = not reached) · mean errors served by the canary\n")
    print("| rule | \(columns.map(\.name).joined(separator: " | ")) |")
    print("|---|" + String(repeating: "---|", count: columns.count))
    for rule in RuleName.allCases {
      let figures = columns.map { column in
        let cell = cell(column.scenario)
        let errors = cell.meanErrors(rule)
        return
          "\(short(100 - cell.delays.stopped(rule))) · \(cell.delays.shown(rule)) · \(errors < 10 ? short(errors) : "\(Int(errors.rounded()))")"
      }
      print("| \(rule.rawValue) | \(figures.joined(separator: " | ")) |")
    }
  }

  private func endings() {
    print("\nTable 5. What \"ours rollback (>1pp proven)\" ends with: promoted % / held % (the rest rolled back)\n")
    heading()
    for row in Self.healthy { ending(row.name) { Scenario(rate: $0, base: $1, trouble: row.trouble) } }
    for increase in Self.increases {
      ending("+\(short(increase * 100))pp") { Scenario(rate: $0, base: $1, increase: increase) }
    }
    let held = Self.columns.map { column in
      short(cell(Scenario(rate: column.rate, base: column.base, trouble: .bursts)).environmentPercent)
    }
    print("| A/A bursts, stopped as the environment's % | \(held.joined(separator: " | ")) |")
  }

  private func ending(_ name: String, _ scenario: (Double, Double) -> Scenario) {
    let figures = Self.columns.map { column in
      let cell = cell(scenario(column.rate, column.base))
      let promoted = cell.promotedPercent
      return "\(short(promoted)) / \(short(max(0, 100 - promoted - cell.delays.stopped(.rollBack))))"
    }
    print("| \(name) | \(figures.joined(separator: " | ")) |")
  }

  private func heading() {
    let names = Self.columns.map { "\(Int($0.rate)) rps \(short($0.base * 100))%" }
    print("| | \(names.joined(separator: " | ")) |")
    print("|---|" + String(repeating: "---|", count: names.count))
  }

}

/// Two digits that count.
func short(_ value: Double) -> String {
  value == 0 ? "0" : value.magnitude >= 9.95 ? "\(Int(value.rounded()))" : String(format: "%.2g", value)
}
