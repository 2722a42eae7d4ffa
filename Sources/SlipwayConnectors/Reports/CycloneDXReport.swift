internal import SlipwayModel

/// The vulnerabilities section of a CycloneDX bill of materials (JSON), with VEX analysis.
///
/// A bill without that section is an inventory and no scan. Trivy writes the section empty even when it looked for nothing, so that an empty one of
/// its making counts as nothing examined; its own JSON (`trivy`) tells the two apart.
enum CycloneDXReport: ReportFormat {
  static let kind = "cyclonedx"
  private static let expected = "a CycloneDX bill of materials in JSON with a vulnerabilities section"

  private struct File: Decodable {
    var bomFormat: String
    var components: [Component]?
    var vulnerabilities: [Vulnerability]?
    var metadata: Metadata?
  }

  /// Files and applications hold packages; they are not examined themselves.
  private struct Component: Decodable { var type: String? }

  private struct Vulnerability: Decodable {
    struct Rating: Decodable {
      var severity: String?
      var score: Double?
    }
    struct Analysis: Decodable { var state: String? }
    var id: String?
    var ratings: [Rating]?
    var analysis: Analysis?
  }

  private struct Metadata: Decodable {
    var tools: Tools?
  }

  /// A list up to version 1.4, an object with components since.
  private struct Tools: Decodable {
    struct Tool: Decodable { var name: String? }
    private struct Object: Decodable { var components: [Tool]? }
    var names: [String]

    init(from decoder: any Decoder) throws {
      let tools = (try? [Tool](from: decoder)) ?? (try? Object(from: decoder))?.components ?? []
      names = tools.compactMap { $0.name?.lowercased() }
    }
  }

  /// States of analysis in which the release is not harmed; `exploitable`, `in_triage` and none at all count.
  private static let harmless: Set<String> = ["resolved", "resolved_with_pedigree", "false_positive", "not_affected"]

  static func recognizes(_ marks: ReportMarks) -> Bool { marks.keys.isSuperset(of: ["bomFormat"]) }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportContent {
    let file = try text.decoded(File.self, expected: expected)
    guard file.bomFormat == "CycloneDX" else {
      throw ReportProblem("states bomFormat '\(file.bomFormat.prefix(40))'; expected \(expected)")
    }
    guard let vulnerabilities = file.vulnerabilities else {
      throw ReportProblem(
        "has no 'vulnerabilities': it lists components, but nobody scanned them; expected \(expected)")
    }
    var tally = FindingTally()
    for vulnerability in vulnerabilities where !harmless.contains(vulnerability.analysis?.state ?? "") {
      tally.add(worst(vulnerability.ratings ?? []), id: vulnerability.id)
    }
    let provesNothing = vulnerabilities.isEmpty && (file.metadata?.tools?.names.contains("trivy") ?? false)
    let examined = file.components?.count { $0.type != "file" }
    return .findings(tally.figures(examined: provesNothing ? 0 : examined))
  }

  /// Sources rate differently; the worst word counts.
  private static func worst(_ ratings: [Vulnerability.Rating]) -> Severity? {
    ratings.compactMap { Severity(label: $0.severity) ?? Severity(score: $0.score) }.max()
  }
}
