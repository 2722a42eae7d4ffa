internal import SlipwayModel

/// The review files of requirement A2: `status`, `verdict` and `severity` in JSON, and as they like `commit`, `digest` and `timestamp`.
enum ReviewReport {
  private struct File: Decodable {
    var status: String?
    var verdict: String?
    var severity: String?
    var commit: String?
    var digest: String?
    var timestamp: Moment?
  }

  /// As text, or in seconds or milliseconds since 1970.
  private enum Moment: Decodable {
    case text(String)
    case count(Int64)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let text = try? container.decode(String.self) {
        self = .text(text)
      } else {
        self = .count(try container.decode(Int64.self))
      }
    }
  }

  private static let expected = "a review: JSON with 'status', 'verdict' and 'severity'"

  /// The kind that a file's name states, as in `security-report.json`.
  static func kind(named path: String) -> ReviewKind? {
    let name = path.split(separator: "/").last.map(String.init) ?? path
    return ReviewKind.allCases.first { name == "\($0.rawValue)-report.json" }
  }

  static func read(_ text: ReportText, as kind: ReviewKind) throws(ReportProblem) -> ReportStatement {
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
    var notes = OriginNotes()
    notes.commit(file.commit)
    switch file.timestamp {
    case .text(let text)?:
      guard notes.time(text) else {
        throw ReportProblem("states the time '\(text.prefix(40))'; expected one such as 2026-12-24T10:00:00+01:00")
      }
    case .count(let count)?: notes.time(sinceEpoch: count)
    case nil: break
    }
    if let text = file.digest {
      guard let digest = Digest(text) else {
        throw ReportProblem("states the digest '\(text.prefix(80))'; expected sha256: and 64 hexadecimal digits")
      }
      notes.digest(digest)
    }
    return ReportStatement(
      content: .review(kind: kind, status: file.status, verdict: file.verdict, severity: severity),
      origin: notes.whole)
  }
}
