/// The score of one analysis, as Kayenta sums it up.
package struct KayentaScore: Sendable, Equatable {
  /// From 0 to 100, two digits.
  package let value: Double

  private static let whole = 100.0

  /// - Parameters:
  ///   - results: each metric's group and what was said of it.
  ///   - groups: weights in percent; groups without one share what is left.
  package init(_ results: [(group: String, classification: KayentaClassification)], groups: [String: Double] = [:]) {
    let missing = results.count { [.noData, .noDataFail].contains($0.classification.label) }
    let isCritical = results.contains { $0.classification.isCritical && $0.classification.label != .pass }
    guard !results.isEmpty, !isCritical, missing * 2 < results.count else {
      value = 0
      return
    }
    let byGroup = Dictionary(grouping: results, by: \.group)
    let unweighted = byGroup.keys.filter { groups[$0] == nil }
    let share = (Self.whole - groups.values.reduce(0, +)) / Double(max(1, unweighted.count))
    let sum = byGroup.reduce(0) { sum, entry in
      sum + Self.score(entry.value.map(\.classification.label)) * (groups[entry.key] ?? share) / Self.whole
    }
    value = (sum * Self.whole).rounded() / Self.whole
  }

  private static func score(_ labels: [KayentaClassification.Label]) -> Double {
    let passed = labels.count { $0 == .pass }
    let counted = labels.count { [.pass, .high, .low, .noDataFail].contains($0) }
    return counted == 0 ? whole : whole * Double(passed) / Double(counted)
  }

  /// How a series of analyses ends, as Spinnaker's canary stage has it: one that is not above `marginal` ends it at once, the last must reach `pass`.
  package static func isPassed(_ scores: [Double], marginal: Double?, pass: Double?) -> Bool {
    guard let last = scores.last else { return false }
    let low = marginal ?? -1
    return !scores.contains { $0 <= low } && last >= pass ?? low
  }
}
