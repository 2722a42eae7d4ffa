internal import SlipwayModel

/// CycloneDX's XML, taken in element by element.
enum CycloneDXScan {
  static func bill(_ text: ReportText, expected: String) throws(ReportProblem) -> CycloneDXBill {
    let parts = Parts()
    try XMLScan.run(text, into: parts, roots: ["bom"], expected: expected)
    guard parts.isCycloneDX else {
      throw ReportProblem("is a <bom> of another namespace than CycloneDX; expected \(expected)")
    }
    return parts.bill
  }

  private final class Parts: XMLTarget {
    private struct Component {
      var reference: String?
      var name: String?
      var version: String?
    }

    private(set) var bill = CycloneDXBill()
    private(set) var isCycloneDX = false
    private var open: [Component] = []
    private var vulnerability = CycloneDXBill.Vulnerability()
    private var rating: (severity: String?, score: Double?) = (nil, nil)
    private var hash: String?
    private var property: String?
    private var text = ""

    func begin(
      _ element: String, _ attributes: [String: String], path: [String], line: Int
    ) throws(ReportProblem) {
      text = ""
      switch (element, path.last) {
      case ("bom", nil): isCycloneDX = attributes["xmlns"]?.hasPrefix("http://cyclonedx.org/schema/bom/") ?? false
      case ("vulnerabilities", "bom"): bill.vulnerabilities = bill.vulnerabilities ?? []
      case ("vulnerability", "vulnerabilities"): vulnerability = CycloneDXBill.Vulnerability()
      case ("rating", _): rating = (nil, nil)
      case ("components", "bom"): bill.components = bill.components ?? 0
      case ("component", let parent):
        open.append(Component(reference: attributes["bom-ref"]))
        let isListed = parent == "components" && path.count == 2
        if isListed, attributes["type"] != "file" { bill.components = (bill.components ?? 0) + 1 }
      case ("hash", _): hash = attributes["alg"]
      case ("property", _): property = attributes["name"]
      default: break
      }
    }

    func take(_ piece: String) {
      // Longer texts are descriptions, of which nobody reads more.
      if text.utf8.count < 4_000 { text += piece }
    }

    func end(_ element: String, path: [String]) {
      let value = text.trimmed
      text = ""
      if path.contains("vulnerabilities") {
        endInVulnerability(element, path, value)
      } else if path.contains("tools") {
        if element == "name" { bill.tools.append(value.lowercased()) }
        if element == "component" { _ = open.popLast() }
      } else {
        endInComponent(element, path, value)
      }
    }

    private func endInVulnerability(_ element: String, _ path: [String], _ value: String) {
      switch (element, path.last) {
      case ("id", "vulnerability"): vulnerability.id = value
      case ("id", "reference"): vulnerability.aliases.append(value)
      case ("description", "vulnerability"): vulnerability.title = value
      case ("severity", "rating"): rating.severity = value
      case ("score", "rating"): rating.score = Double(value)
      case ("rating", _): vulnerability.rate(rating.severity, rating.score)
      case ("state", "analysis"): vulnerability.state = value
      case ("ref", "target"): vulnerability.affects.append(value)
      case ("vulnerability", "vulnerabilities"): bill.vulnerabilities?.append(vulnerability)
      default: break
      }
    }

    private func endInComponent(_ element: String, _ path: [String], _ value: String) {
      let isSubject = path.prefix(3) == ["bom", "metadata", "component"]
      switch (element, path.last) {
      case ("timestamp", "metadata"): bill.notes.time(value)
      case ("name", "component") where !open.isEmpty: open[open.count - 1].name = value
      case ("version", "component") where !open.isEmpty:
        open[open.count - 1].version = value
        if isSubject, path.count == 3 {
          bill.notes.version(value)
          bill.notes.digest(in: value)
        }
      case ("purl", "component") where isSubject && path.count == 3: bill.notes.digest(in: value)
      case ("hash", "hashes") where isSubject && path.count == 4 && hash == "SHA-256":
        bill.notes.digest(Digest(hex: value))
      case ("property", "properties") where isSubject && property == "aquasecurity:trivy:RepoDigest":
        bill.notes.digest(in: value)
      case ("component", _):
        guard let component = open.popLast() else { return }
        bill.name(component.reference, component.name, component.version)
      default: break
      }
    }
  }
}

extension String {
  /// Without white space at both ends.
  fileprivate var trimmed: String {
    let bytes = unicodeScalars.drop { $0.properties.isWhitespace }
    let count = bytes.reversed().prefix { $0.properties.isWhitespace }.count
    return String(String.UnicodeScalarView(bytes.dropLast(count)))
  }
}
