internal import SlipwayModel

/// Adds findings up.
struct FindingTally {
  private var bySeverity: [Severity: Int] = [:]
  private var unknown = 0
  private var ids: Set<String> = []

  /// Counts one finding; nil for a severity that the file does not state.
  mutating func add(_ severity: Severity?, id: String?) {
    if let severity { bySeverity[severity, default: 0] += 1 } else { unknown += 1 }
    guard let id, !id.isEmpty else { return }
    // Names end up in messages on terminals.
    let plain = id.unicodeScalars.filter { $0.properties.generalCategory != .control }.prefix(200)
    ids.insert(String(String.UnicodeScalarView(plain)))
  }

  /// The figures, with at most 1,000 names.
  func figures(examined: Int?) -> FindingFigures {
    FindingFigures(
      examined: examined, bySeverity: bySeverity, unknownSeverity: unknown, ids: Array(ids.sorted().prefix(1_000)))
  }
}

extension Severity {
  /// Reads what scanners write; nil for a word that states no severity.
  init?(label: String?) {
    switch label?.lowercased() {
    case "critical": self = .critical
    case "high": self = .high
    case "medium", "moderate": self = .medium
    case "low", "info", "informational", "negligible", "none": self = .low
    default: return nil
    }
  }

  /// Reads a score from 0 to 10 with the bounds of CVSS 3.
  init?(score: Double?) {
    guard let score, (0...10).contains(score) else { return nil }
    self = score >= 9 ? .critical : score >= 7 ? .high : score >= 4 ? .medium : .low
  }
}
