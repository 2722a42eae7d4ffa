internal import SlipwayModel

/// Adds findings up.
struct FindingTally {
  private var bySeverity: [Severity: Int] = [:]
  private var unknown = 0
  private var ids: Set<String> = []
  private var findings: [Severity: [Finding]] = [:]

  /// Counts one finding; a nil severity is one that the file does not state.
  ///
  /// - Parameters:
  ///   - severity: as far as the file states it.
  ///   - id: its first name.
  ///   - aliases: its other names.
  ///   - places: packages as `name@version`, or files as `path:line`.
  ///   - title: one line for people.
  mutating func add(
    _ severity: Severity?, id: String?, aliases: [String] = [], places: [String] = [], title: String? = nil
  ) {
    if let severity { bySeverity[severity, default: 0] += 1 } else { unknown += 1 }
    let plain = Self.plain(id ?? "", 200)
    if !plain.isEmpty { ids.insert(plain) }
    let weight = severity ?? .critical
    // Worse ones are kept before milder ones, so that no more of one weight than all together are of use.
    guard findings[weight, default: []].count < FindingFigures.mostFindings else { return }
    // One more than is shown says that the list is not whole, which no scope of an acceptance covers.
    let shown =
      places.prefix(Self.mostPlaces).map { Self.plain($0, 200) } + (places.count > Self.mostPlaces ? ["…"] : [])
    let line = title.map { Self.plain(String($0.prefix { !$0.isNewline }), 160) }
    findings[weight, default: []].append(
      Finding(
        id: plain, aliases: aliases.prefix(Self.mostPlaces).map { Self.plain($0, 100) }, severity: severity,
        places: shown, title: line))
  }

  private static let mostPlaces = 20

  /// Names end up in messages on terminals.
  static func plain(_ text: String, _ length: Int) -> String {
    let scalars = text.unicodeScalars.lazy.filter { $0.properties.generalCategory != .control }.prefix(length)
    return String(String.UnicodeScalarView(scalars))
  }

  /// The figures, with at most 1,000 names and so many findings as fit.
  func figures(examined: Int?) -> FindingFigures {
    var kept: [Finding] = []
    var room = FindingFigures.mostText
    for severity in Severity.allCases.reversed() {
      for finding in findings[severity] ?? [] {
        room -= finding.weightInBytes
        guard room >= 0, kept.count < FindingFigures.mostFindings else { break }
        kept.append(finding)
      }
    }
    return FindingFigures(
      examined: examined, bySeverity: bySeverity, unknownSeverity: unknown, ids: Array(ids.sorted().prefix(1_000)),
      findings: kept)
  }
}

extension Finding {
  /// About what it takes as JSON.
  fileprivate var weightInBytes: Int {
    let texts = [id, title ?? ""] + aliases + places
    return texts.reduce(80) { $0 + 4 + $1.utf8.reduce(0) { $0 + ($1 == 34 || $1 == 92 || $1 == 47 ? 2 : 1) } }
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
