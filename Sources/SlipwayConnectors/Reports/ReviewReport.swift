internal import SlipwayModel

/// The review files of requirement A2: `status`, `verdict` and `severity` in JSON.
enum ReviewReport {
  private struct File: Decodable {
    var status: String?
    var verdict: String?
    var severity: String?
  }

  private static let expected = "a review: JSON with 'status', 'verdict' and 'severity'"

  /// The kind that a file's name states, as in `security-report.json`.
  static func kind(named path: String) -> ReviewKind? {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return ReviewKind.allCases.first { name == "\($0.rawValue)-report.json" }
  }

  static func read(_ text: ReportText, as kind: ReviewKind) throws(ReportProblem) -> ReportContent {
    let file = try text.decoded(File.self, expected: expected)
    guard file.status != nil || file.verdict != nil || file.severity != nil else {
      throw ReportProblem("has none of the keys of a review; expected \(expected)")
    }
    var severity: Severity?
    if let word = file.severity {
      severity = Severity(rawValue: word.uppercased())
      if severity == nil {
        let known = Severity.allCases.map(\.rawValue).joined(separator: ", ")
        throw ReportProblem("states the severity '\(word.prefix(40))'; expected one of \(known)")
      }
    }
    return .review(kind: kind, status: file.status, verdict: file.verdict, severity: severity)
  }
}
