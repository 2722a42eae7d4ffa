internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel

/// Every report format: figures that can be true, or a refusal in one plain line; recognised by content, the same as by name.
struct ReportTarget: FuzzTarget {
  private let place: Workplace

  init() throws { place = try Workplace("reports") }

  /// What real tools wrote, which the tests keep.
  static func seeds() throws -> [Data] {
    let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent()
    let folder = root.appending(path: "SlipwayConnectorsTests/Samples")
    let samples = try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted().map {
      try Data(contentsOf: folder.appending(path: $0))
    }
    let small = [
      "<testsuites><testsuite failures=\"1\"><testcase><failure/></testcase></testsuite></testsuites>",
      "<coverage lines-valid=\"2\" lines-covered=\"1\"/>",
      "<coverage><class filename=\"a\"><lines><line number=\"1\" hits=\"1\"/></lines></class></coverage>",
      "SF:a\nDA:1,1\nLF:1\nLH:1\nend_of_record\n",
      "{\"type\":\"llvm.coverage.json.export\",\"data\":[{\"totals\":{\"lines\":{\"count\":2,\"covered\":1}}}]}",
      "{\"meta\":{\"version\":\"1\"},\"files\":{},\"totals\":{\"num_statements\":2,\"covered_lines\":1}}",
      "{\"version\":\"2.1.0\",\"runs\":[{\"tool\":{\"driver\":{\"rules\":[{\"id\":\"a\"}]}},\"results\":[{\"ruleIndex\":0}]}]}",
      "{\"bomFormat\":\"CycloneDX\",\"vulnerabilities\":[{\"id\":\"a\",\"ratings\":[{\"score\":9.1}]}]}",
      "<bom xmlns=\"http://cyclonedx.org/schema/bom/1.5\"><vulnerabilities><vulnerability><id>a</id></vulnerability></vulnerabilities></bom>",
      "{\"SchemaVersion\":2,\"ArtifactName\":\"a\",\"Results\":[{\"Vulnerabilities\":[{\"Severity\":\"HIGH\"}]}]}",
      "{\"errors\":[],\"metrics\":{\"a\":{}},\"results\":[{\"issue_severity\":\"LOW\"}],\"generated_at\":\"\"}",
      "{\"dependencies\":[{\"name\":\"a\",\"vulns\":[{\"id\":\"b\"}]}],\"fixes\":[]}",
      "{\"status\":\"done\",\"verdict\":\"pass\",\"severity\":\"LOW\"}",
    ]
    return samples + small.map { Data($0.utf8) }
  }

  func take(_ data: Data) {
    place.write(data, to: "r")
    let found = judge("auto")
    // One other kind for each input, chosen by it, so that every reader meets every form.
    let kinds = ReportReader.kinds
    let kind = kinds[(data.count &+ Int(data.first ?? 0)) % kinds.count]
    let named = judge(found?.kind ?? kind)
    if let found { insist(found == named, "recognised as \(found.kind), but read otherwise by that name") }
  }

  private func judge(_ kind: String) -> ReadReport? {
    let path = place.path + "/r"
    do throws(ConnectorError) {
      let report = try ReportReader.read(path, kind: kind)
      insist(Self.isPossible(report.content), "figures that cannot be: \(report.content)")
      let copy = try? CanonicalJSON.decode(ReportContent.self, from: CanonicalJSON.encode(report.content))
      insist(copy == report.content, "another content after JSON")
      return report
    } catch {
      insist(error.message.hasPrefix(path), "no place in: \(error.message)")
      let scalars = error.message.unicodeScalars
      insist(
        scalars.allSatisfy { $0.properties.generalCategory != .control }, "a control character in: \(error.message)")
      insist(scalars.count < 700, "a message of \(scalars.count) characters")
      return nil
    }
  }

  private static func isPossible(_ content: ReportContent) -> Bool {
    switch content {
    case .review: true
    case .tests(let figures):
      [figures.executed, figures.failed, figures.errored, figures.skipped].allSatisfy { $0 >= 0 }
    case .coverage(let figures): figures.covered >= 0 && figures.covered <= figures.lines
    case .findings(let figures):
      (figures.examined ?? 0) >= 0 && figures.unknownSeverity >= 0 && figures.bySeverity.values.allSatisfy { $0 > 0 }
        && figures.ids.count <= 1_000 && figures.ids == figures.ids.sorted()
        && figures.findings.count <= figures.unknownSeverity + figures.bySeverity.values.reduce(0, +)
    }
  }
}
