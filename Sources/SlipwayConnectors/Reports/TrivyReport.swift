internal import SlipwayModel

/// Trivy's own JSON: vulnerabilities, failed configuration checks and secrets. Licences are no findings here.
enum TrivyReport: ReportFormat {
  static let kind = "trivy"
  private static let expected = "Trivy's JSON, schema version 2"

  private struct File: Decodable {
    var version: Int
    var results: [Target]?

    private enum CodingKeys: String, CodingKey {
      case version = "SchemaVersion"
      case results = "Results"
    }
  }

  private struct Target: Decodable {
    struct Package: Decodable {}
    struct Summary: Decodable {
      var successes: Int?
      var failures: Int?

      private enum CodingKeys: String, CodingKey {
        case successes = "Successes"
        case failures = "Failures"
      }
    }

    var packages: [Package]?
    var summary: Summary?
    var vulnerabilities: [Finding]?
    var misconfigurations: [Finding]?
    var secrets: [Finding]?

    private enum CodingKeys: String, CodingKey {
      case packages = "Packages"
      case summary = "MisconfSummary"
      case vulnerabilities = "Vulnerabilities"
      case misconfigurations = "Misconfigurations"
      case secrets = "Secrets"
    }

    /// Packages or checks where listed; a target that is named was looked at at least.
    func examined() throws(ReportProblem) -> Int {
      if let packages, !packages.isEmpty { return packages.count }
      let passed = try ReportProblem.count(summary?.successes ?? 0, "Successes")
      let failed = try ReportProblem.count(summary?.failures ?? 0, "Failures")
      return max(1, passed + failed)
    }
  }

  private struct Finding: Decodable {
    var vulnerability: String?
    var check: String?
    var rule: String?
    var severity: String?
    var status: String?

    private enum CodingKeys: String, CodingKey {
      case vulnerability = "VulnerabilityID"
      case check = "ID"
      case rule = "RuleID"
      case severity = "Severity"
      case status = "Status"
    }
  }

  static func recognizes(_ marks: ReportMarks) -> Bool {
    marks.keys.isSuperset(of: ["SchemaVersion", "ArtifactName"])
  }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportContent {
    let file = try text.decoded(File.self, expected: expected)
    guard file.version == 2 else { throw ReportProblem("states schema version \(file.version); expected \(expected)") }
    var tally = FindingTally()
    var examined = 0
    // A scan that found nothing to look at has no results at all, and proves nothing.
    for target in file.results ?? [] {
      examined += try target.examined()
      let failed = (target.misconfigurations ?? []).filter { $0.status != "PASS" && $0.status != "EXCEPTION" }
      for finding in (target.vulnerabilities ?? []) + failed + (target.secrets ?? []) {
        tally.add(Severity(label: finding.severity), id: finding.vulnerability ?? finding.check ?? finding.rule)
      }
    }
    return .findings(tally.figures(examined: try ReportProblem.count(examined, "things examined")))
  }
}
