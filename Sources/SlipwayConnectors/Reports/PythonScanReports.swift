internal import SlipwayModel

/// Bandit's JSON.
enum BanditReport: ReportFormat {
  static let kind = "bandit"
  private static let expected = "Bandit's JSON"

  private struct File: Decodable {
    struct Mistake: Decodable {
      var filename: String?
      var reason: String?
    }
    struct Metric: Decodable {}
    struct Finding: Decodable {
      var severity: String?
      var id: String?
      var name: String?
      var file: String?
      var line: Int?
      var text: String?

      private enum CodingKeys: String, CodingKey {
        case severity = "issue_severity"
        case id = "test_id"
        case name = "test_name"
        case file = "filename"
        case line = "line_number"
        case text = "issue_text"
      }

      var place: [String] { file.map { [$0 + (line.map { ":\($0)" } ?? "")] } ?? [] }
    }
    var generated: String?
    var errors: [Mistake]
    var metrics: [String: Metric]
    var results: [Finding]

    private enum CodingKeys: String, CodingKey {
      case errors, metrics, results
      case generated = "generated_at"
    }
  }

  static func recognizes(_ marks: ReportMarks) -> Bool {
    marks.keys.isSuperset(of: ["errors", "metrics", "results", "generated_at"])
  }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement {
    let file = try text.decoded(File.self, expected: expected)
    if let mistake = file.errors.first {
      let name = mistake.filename ?? "a file"
      throw ReportProblem(
        "says that \(name) could not be scanned: \((mistake.reason ?? "no reason").prefix(120)); mend that first")
    }
    var tally = FindingTally()
    for finding in file.results {
      tally.add(
        Severity(label: finding.severity), id: finding.id, aliases: finding.name.map { [$0] } ?? [],
        places: finding.place, title: finding.text)
    }
    var notes = OriginNotes()
    notes.time(file.generated)
    let figures = tally.figures(examined: file.metrics.keys.count { $0 != "_totals" })
    return ReportStatement(content: .findings(figures), origin: notes.whole)
  }
}

/// The JSON of pip-audit, which ends with code 0 and "No known vulnerabilities found" even when it audited nothing.
enum PipAuditReport: ReportFormat {
  static let kind = "pip-audit"
  private static let expected = "pip-audit's JSON"

  private struct File: Decodable {
    struct Vulnerability: Decodable {
      var id: String
      var aliases: [String]?
      var description: String?
    }
    struct Dependency: Decodable {
      var name: String
      var version: String?
      var skipReason: String?
      var vulns: [Vulnerability]?

      private enum CodingKeys: String, CodingKey {
        case name, version, vulns
        case skipReason = "skip_reason"
      }
    }
    var dependencies: [Dependency]
  }

  static func recognizes(_ marks: ReportMarks) -> Bool {
    marks.keys.isSuperset(of: ["dependencies", "fixes"])
  }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement {
    let file = try text.decoded(File.self, expected: expected)
    var tally = FindingTally()
    // It states no severity, so each finding counts as the worst.
    for dependency in file.dependencies {
      let place = dependency.name + (dependency.version.map { "@\($0)" } ?? "")
      for vulnerability in dependency.vulns ?? [] {
        tally.add(
          nil, id: vulnerability.id, aliases: vulnerability.aliases ?? [], places: [place],
          title: vulnerability.description)
      }
    }
    let audited = file.dependencies.count { $0.skipReason == nil && $0.vulns != nil }
    var notes = OriginNotes()
    let skipped = file.dependencies.count - audited
    if skipped > 0 { notes.caveat("\(skipped) of \(file.dependencies.count) dependencies were not audited") }
    return ReportStatement(content: .findings(tally.figures(examined: audited)), origin: notes.whole)
  }
}
