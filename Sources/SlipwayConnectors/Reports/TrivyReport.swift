internal import SlipwayModel

/// Trivy's own JSON: vulnerabilities, failed configuration checks and secrets. Licences are no findings here.
///
/// What `.trivyignore` hides is a finding all the same, where the file shows it: only a recorded risk acceptance may let it pass (A3). What VEX says to be
/// harmless is none, as in CycloneDX.
enum TrivyReport: ReportFormat {
  static let kind = "trivy"
  private static let expected = "Trivy's JSON, schema version 2"

  private struct File: Decodable {
    var version: Int
    var created: String?
    var artifact: String?
    var metadata: Metadata?
    var results: [Target]?

    private enum CodingKeys: String, CodingKey {
      case version = "SchemaVersion"
      case created = "CreatedAt"
      case artifact = "ArtifactName"
      case metadata = "Metadata"
      case results = "Results"
    }
  }

  private struct Metadata: Decodable {
    var image: String?
    var repositories: [String]?
    var commit: String?

    private enum CodingKeys: String, CodingKey {
      case image = "ImageID"
      case repositories = "RepoDigests"
      case commit = "Commit"
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

    var name: String?
    var packages: [Package]?
    var summary: Summary?
    var vulnerabilities: [Found]?
    var misconfigurations: [Found]?
    var secrets: [Found]?
    var modified: [Modified]?

    private enum CodingKeys: String, CodingKey {
      case name = "Target"
      case packages = "Packages"
      case summary = "MisconfSummary"
      case vulnerabilities = "Vulnerabilities"
      case misconfigurations = "Misconfigurations"
      case secrets = "Secrets"
      case modified = "ExperimentalModifiedFindings"
    }

    /// Packages or checks where listed; a target that is named was looked at at least.
    func examined() throws(ReportProblem) -> Int {
      if let packages, !packages.isEmpty { return packages.count }
      let passed = try ReportProblem.count(summary?.successes ?? 0, "Successes")
      let failed = try ReportProblem.count(summary?.failures ?? 0, "Failures")
      return max(1, passed + failed)
    }
  }

  /// Something that Trivy found and then left out of its lists, with who told it to.
  private struct Modified: Decodable {
    var status: String?
    var finding: Found?

    private enum CodingKeys: String, CodingKey {
      case status = "Status"
      case finding = "Finding"
    }
  }

  private struct Found: Decodable {
    var vulnerability: String?
    var check: String?
    var rule: String?
    var avd: String?
    var vendors: [String]?
    var severity: String?
    var status: String?
    var package: String?
    var version: String?
    var line: Int?
    var title: String?

    private enum CodingKeys: String, CodingKey {
      case vulnerability = "VulnerabilityID"
      case check = "ID"
      case rule = "RuleID"
      case avd = "AVDID"
      case vendors = "VendorIDs"
      case severity = "Severity"
      case status = "Status"
      case package = "PkgName"
      case version = "InstalledVersion"
      case line = "StartLine"
      case title = "Title"
    }

    func place(in target: String?) -> [String] {
      if let package { return [package + (version.map { "@\($0)" } ?? "")] }
      return target.map { [$0 + (line.map { ":\($0)" } ?? "")] } ?? []
    }
  }

  static func recognizes(_ marks: ReportMarks) -> Bool {
    marks.keys.isSuperset(of: ["SchemaVersion", "ArtifactName"])
  }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement {
    let file = try text.decoded(File.self, expected: expected)
    guard file.version == 2 else { throw ReportProblem("states schema version \(file.version); expected \(expected)") }
    var tally = FindingTally()
    var notes = origin(file)
    var examined = 0
    // A scan that found nothing to look at has no results at all, and proves nothing.
    for target in file.results ?? [] {
      examined += try target.examined()
      let failed = (target.misconfigurations ?? []).filter { $0.status != "PASS" && $0.status != "EXCEPTION" }
      let hidden = (target.modified ?? []).filter { $0.status != "not_affected" && $0.status != "fixed" }
      note(hidden.count, harmless: (target.modified ?? []).count - hidden.count, in: &notes)
      for found in (target.vulnerabilities ?? []) + failed + (target.secrets ?? []) + hidden.compactMap(\.finding) {
        tally.add(
          Severity(label: found.severity), id: found.vulnerability ?? found.check ?? found.rule,
          aliases: (found.avd.map { [$0] } ?? []) + (found.vendors ?? []), places: found.place(in: target.name),
          title: found.title)
      }
    }
    let figures = tally.figures(examined: try ReportProblem.count(examined, "things examined"))
    return ReportStatement(content: .findings(figures), origin: notes.whole)
  }

  private static func note(_ hidden: Int, harmless: Int, in notes: inout OriginNotes) {
    if hidden > 0 { notes.caveat("\(hidden) findings that Trivy was told to ignore count all the same") }
    if harmless > 0 { notes.caveat("\(harmless) findings are harmless by a VEX statement and do not count") }
  }

  /// An image's own id is the digest of its configuration, not of its manifest, so that it only counts where it agrees.
  private static func origin(_ file: File) -> OriginNotes {
    var notes = OriginNotes()
    notes.time(file.created)
    notes.commit(file.metadata?.commit)
    notes.digest(in: file.artifact.flatMap { $0.contains("@sha256:") ? $0 : nil })
    for reference in file.metadata?.repositories ?? [] { notes.digest(in: reference) }
    if !notes.whole.digests.isEmpty { notes.digest(in: file.metadata?.image) }
    return notes
  }
}
