internal import SlipwayModel

/// The vulnerabilities section of a CycloneDX bill of materials, in JSON or XML, with VEX analysis.
///
/// A bill without that section is an inventory and no scan. Trivy writes the section empty even when it looked for nothing, so that an empty one of
/// its making counts as nothing examined; its own JSON (`trivy`) tells the two apart.
enum CycloneDXReport: ReportFormat {
  static let kind = "cyclonedx"
  private static let expected = "a CycloneDX bill of materials with a vulnerabilities section"

  private struct File: Decodable {
    var bomFormat: String
    var components: [Component]?
    var vulnerabilities: [Vulnerability]?
    var metadata: Metadata?
  }

  private struct Component: Decodable {
    struct Hash: Decodable {
      var alg: String?
      var content: String?
    }
    struct Property: Decodable {
      var name: String?
      var value: String?
    }
    var type: String?
    var name: String?
    var version: String?
    var reference: String?
    var purl: String?
    var hashes: [Hash]?
    var properties: [Property]?
    var components: [Component]?

    private enum CodingKeys: String, CodingKey {
      case type, name, version, purl, hashes, properties, components
      case reference = "bom-ref"
    }
  }

  private struct Vulnerability: Decodable {
    struct Rating: Decodable {
      var severity: String?
      var score: Double?
    }
    struct Analysis: Decodable { var state: String? }
    struct Reference: Decodable { var id: String? }
    struct Target: Decodable { var ref: String? }
    var id: String?
    var description: String?
    var ratings: [Rating]?
    var analysis: Analysis?
    var references: [Reference]?
    var affects: [Target]?
  }

  private struct Metadata: Decodable {
    var timestamp: String?
    var tools: Tools?
    var component: Component?
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

  static func recognizes(_ marks: ReportMarks) -> Bool {
    marks.keys.isSuperset(of: ["bomFormat"]) || marks.root == "bom"
  }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement {
    let bill = try text.isXML ? CycloneDXScan.bill(text, expected: expected) : bill(text)
    guard let vulnerabilities = bill.vulnerabilities else {
      throw ReportProblem(
        "has no 'vulnerabilities': it lists components, but nobody scanned them; expected \(expected)")
    }
    var tally = FindingTally()
    var notes = bill.notes
    var harmless = 0
    for vulnerability in vulnerabilities {
      if vulnerability.isHarmless {
        harmless += 1
        continue
      }
      tally.add(
        vulnerability.severity, id: vulnerability.id, aliases: vulnerability.aliases,
        places: vulnerability.affects.map { bill.names[$0] ?? $0 }, title: vulnerability.title)
    }
    if harmless > 0 { notes.caveat("\(harmless) findings are harmless by a VEX statement and do not count") }
    let provesNothing = vulnerabilities.isEmpty && bill.tools.contains("trivy")
    let figures = tally.figures(examined: provesNothing ? 0 : bill.components)
    return ReportStatement(content: .findings(figures), origin: notes.whole)
  }

  private static func bill(_ text: ReportText) throws(ReportProblem) -> CycloneDXBill {
    let file = try text.decoded(File.self, expected: expected)
    guard file.bomFormat == "CycloneDX" else {
      throw ReportProblem("states bomFormat '\(file.bomFormat.prefix(40))'; expected \(expected)")
    }
    var bill = CycloneDXBill()
    bill.tools = file.metadata?.tools?.names ?? []
    bill.notes.time(file.metadata?.timestamp)
    if let subject = file.metadata?.component {
      note(subject, in: &bill.notes)
      bill.name(subject.reference, subject.name, subject.version)
    }
    if let components = file.components {
      // Files hold packages; they are not examined themselves.
      bill.components = components.count { $0.type != "file" }
      var rest = components
      // The reader lets nothing be nested without end.
      while let component = rest.popLast() {
        bill.name(component.reference, component.name, component.version)
        rest += component.components ?? []
      }
    }
    bill.vulnerabilities = file.vulnerabilities?.map { found in
      var vulnerability = CycloneDXBill.Vulnerability()
      vulnerability.id = found.id
      vulnerability.title = found.description
      vulnerability.state = found.analysis?.state
      vulnerability.aliases = (found.references ?? []).compactMap(\.id)
      vulnerability.affects = (found.affects ?? []).compactMap(\.ref)
      for rating in found.ratings ?? [] { vulnerability.rate(rating.severity, rating.score) }
      return vulnerability
    }
    return bill
  }

  private static func note(_ subject: Component, in notes: inout OriginNotes) {
    notes.version(subject.version)
    notes.digest(in: subject.version)
    notes.digest(in: subject.purl)
    for hash in subject.hashes ?? [] where hash.alg == "SHA-256" {
      notes.digest(hash.content.flatMap { Digest(hex: $0) })
    }
    for property in subject.properties ?? [] where property.name == "aquasecurity:trivy:RepoDigest" {
      notes.digest(in: property.value)
    }
  }
}

/// What is read of a bill of materials, whichever form it has.
struct CycloneDXBill {
  struct Vulnerability {
    var id: String?
    var title: String?
    /// Of the VEX analysis.
    var state: String?
    var aliases: [String] = []
    var affects: [String] = []
    /// Sources rate differently; the worst counts.
    private(set) var severity: Severity?

    mutating func rate(_ word: String?, _ score: Double?) {
      guard let rated = Severity(label: word) ?? Severity(score: score) else { return }
      severity = max(severity ?? rated, rated)
    }

    /// States of analysis in which the release is not harmed; `exploitable`, `in_triage` and none at all count.
    var isHarmless: Bool {
      ["resolved", "resolved_with_pedigree", "false_positive", "not_affected"].contains(state ?? "")
    }
  }

  /// nil when the bill has no such section.
  var vulnerabilities: [Vulnerability]?
  /// nil when the bill does not say.
  var components: Int?
  var tools: [String] = []
  /// Components by their reference.
  private(set) var names: [String: String] = [:]
  var notes = OriginNotes()

  mutating func name(_ reference: String?, _ name: String?, _ version: String?) {
    guard let reference, let name else { return }
    names[reference] = name + (version.map { "@\($0)" } ?? "")
  }
}
