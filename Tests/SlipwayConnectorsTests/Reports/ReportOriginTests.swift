internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

@Suite("Reports: what they are about, and what they found")
struct ReportOriginTests {
  private let digest = Digest(of: Data("artifact".utf8))

  private func read(_ text: String, as kind: String) async throws -> ReadReport {
    try await withFolder { try ReportReader.read(write(text, to: "report", in: $0), kind: kind) }
  }

  private func findings(_ read: ReadReport) throws -> [Finding] {
    guard case .findings(let figures) = read.content else {
      Issue.record("no findings in \(read.content)")
      return []
    }
    return figures.findings
  }

  @Test(
    "each real tool's own time is read",
    arguments: [
      ("pytest-junit.xml", "2026-11-21T02:40:28.930Z", false),
      ("coverage-cobertura.xml", "2026-11-21T02:40:29.004Z", false),
      ("coverage.json", "2026-11-21T02:40:29.007Z", true), ("bandit.sarif", "2026-11-21T02:40:12.000Z", false),
      ("bandit-clean.json", "2026-11-21T12:00:06.000Z", false),
      ("trivy-secret.json", "2026-11-21T02:42:39.354Z", false),
      ("trivy-fs.cdx.json", "2026-11-21T02:41:23.000Z", false),
      ("coverage.lcov", nil, false), ("swift-llvm-cov.json", nil, false), ("semgrep.sarif", nil, false),
      ("swift-test-swift-testing.xml", nil, false), ("pip-audit-nothing.json", nil, false),
    ] as [(String, String?, Bool)])
  func time(file: String, time: String?, isZoneless: Bool) throws {
    let origin = try ReportReader.read(sampleFile(file), kind: "auto").origin
    #expect(origin.madeAt?.description == time)
    #expect(origin.isZoneless == isZoneless)
    #expect(origin.caveats.contains { $0.contains("without a zone") } == isZoneless)
  }

  @Test("pytest's suite properties tell the commit")
  func properties() throws {
    let read = try ReportReader.read(sampleFile("pytest-load.xml"), kind: "auto")
    #expect(read.origin.commits == ["4f2d1c9a7b3e5f60718293a4b5c6d7e8f9012345"])
  }

  @Test("A2: a review may state commit, digest and time, and a digest that is none is refused")
  func review() async throws {
    let read = try await read(
      #"{"status": "done", "verdict": "pass", "severity": "LOW", "commit": "c0ffee1", "digest": "\#(digest)", "timestamp": "2026-11-21T10:00:00+01:00"}"#,
      as: "security")
    #expect(
      read.origin
        == ReportOrigin(commits: ["c0ffee1"], digests: [digest], madeAt: Timestamp(rfc3339: "2026-11-21T09:00:00Z")))
    let error = await #expect(throws: ConnectorError.self) {
      try await self.read(#"{"status": "done", "verdict": "pass", "severity": "LOW", "digest": "latest"}"#, as: "ba")
    }
    #expect(error?.message.contains("expected sha256:") == true)
  }

  @Test(
    "a time is read in each way that tools write it; a review's that cannot be read is refused",
    arguments: [
      (#""2026-11-21T10:00:00Z""#, "2026-11-21T10:00:00.000Z"),
      (#""2026-11-21T10:00:00+0100""#, "2026-11-21T09:00:00.000Z"),
      (#""2026-11-21 10:00:00.5-05:00""#, "2026-11-21T15:00:00.500Z"), ("1795255200", "2026-11-21T10:00:00.000Z"),
      ("1795255200000", "2026-11-21T10:00:00.000Z"), (#""2026-11-21T10:00:00""#, "2026-11-21T10:00:00.000Z"),
      (#""0001-01-01T00:00:00Z""#, nil), ("-5", nil), (#""""#, nil), (#""yesterday""#, "refused"), (#"[]"#, "refused"),
    ] as [(String, String?)])
  func moment(text: String, time: String?) async throws {
    do {
      let read = try await read(#"{"verdict": "pass", "timestamp": \#(text)}"#, as: "e2e")
      #expect(read.origin.madeAt?.description == time)
    } catch let error as ConnectorError {
      #expect(time == "refused", "\(error.message)")
    }
    guard time == "refused", text.hasPrefix("\"") else { return }
    let suite = try await read("<testsuite timestamp=\(text)><testcase/></testsuite>", as: "junit")
    #expect(suite.origin.caveats == ["states a time that cannot be read: 'yesterday'"])
  }

  @Test("SARIF states commits, and what it was told to be silent about counts and is said")
  func sarif() async throws {
    let read = try await read(
      """
      {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t", "rules": [
        {"id": "CVE-2021-44228-log4j-core", "shortDescription": {"text": "log4shell"}, "properties": {"security-severity": "10.0"}}]}},
        "versionControlProvenance": [{"repositoryUri": "u", "revisionId": "c0ffee1"}],
        "results": [{"ruleId": "CVE-2021-44228-log4j-core", "message": {"text": "m\\nmore"}, "suppressions": [{"kind": "external"}],
          "locations": [{"physicalLocation": {"artifactLocation": {"uri": "pom.xml"}, "region": {"startLine": 7}}}]}]},
        {"tool": {"driver": {}}, "versionControlProvenance": [{"revisionId": "c0ffee2"}], "results": []}]}
      """, as: "sarif")
    #expect(read.origin.commits == ["c0ffee1", "c0ffee2"])
    #expect(read.origin.caveats.first?.hasPrefix("1 findings that t was told to be silent about") == true)
    #expect(
      try findings(read) == [
        Finding(
          id: "CVE-2021-44228-log4j-core", aliases: ["CVE-2021-44228"], severity: .critical, places: ["pom.xml:7"],
          title: "log4shell")
      ])
  }

  @Test("Trivy states the image's digests and the commit, and its own id of the image alone says nothing")
  func trivy() async throws {
    func text(_ more: String, _ artifact: String = "app:1") -> String {
      #"{"SchemaVersion": 2, "ArtifactName": "\#(artifact)", "CreatedAt": "2026-11-21T02:42:39.354117062+01:00", \#(more) "Results": []}"#
    }
    let other = Digest(of: Data("config".utf8))
    let image = try await read(
      text(#""Metadata": {"ImageID": "\#(other)", "RepoDigests": ["r/app@\#(digest)"], "Commit": "c0ffee1"},"#),
      as: "trivy")
    #expect(image.origin.digests == [digest, other] && image.origin.commits == ["c0ffee1"])
    #expect(image.origin.madeAt == Timestamp(rfc3339: "2026-11-21T01:42:39.354Z"))
    #expect(try await read(text("", "r/app@\(digest)"), as: "trivy").origin.digests == [digest])
    #expect(try await read(text(#""Metadata": {"ImageID": "\#(other)"},"#), as: "trivy").origin.digests.isEmpty)
  }

  @Test("A3, E4: what .trivyignore hides counts, what VEX says to be harmless does not, and both are said")
  func modified() async throws {
    func hidden(_ status: String, _ id: String) -> String {
      #"{"Type": "vulnerability", "Status": "\#(status)", "Source": "s", "Finding": {"VulnerabilityID": "\#(id)", "PkgName": "p", "InstalledVersion": "1", "Severity": "HIGH", "Title": "t"}}"#
    }
    let read = try await read(
      #"{"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Target": "os", "ExperimentalModifiedFindings": [\#(hidden("ignored", "CVE-1")), \#(hidden("not_affected", "CVE-2")), \#(hidden("fixed", "CVE-3")), \#(hidden("unheard-of", "CVE-4"))]}]}"#,
      as: "trivy")
    #expect(try findings(read).map(\.id) == ["CVE-1", "CVE-4"])
    #expect(try findings(read).first?.places == ["p@1"])
    #expect(read.origin.caveats.count == 2)
  }

  private static let bill = """
    <?xml version="1.0"?><bom xmlns="http://cyclonedx.org/schema/bom/1.5" version="1"><metadata>
    <timestamp>2026-11-21T02:41:23Z</timestamp><tools><components><component type="application"><name>grype</name></component></components></tools>
    <component type="container" bom-ref="root"><name>app</name><version>1.4.1</version><hashes><hash alg="MD5">ff</hash>
    <hash alg="SHA-256">DIGEST</hash></hashes><purl>pkg:oci/app@sha256%3ADIGEST?repository_url=r</purl></component></metadata>
    <components><component type="library" bom-ref="a"><name>openssl</name><version>3.0</version></component>
    <component type="file" bom-ref="f"><name>x</name></component></components><vulnerabilities>
    <vulnerability><id>CVE-1</id><references><reference><id>GHSA-1</id></reference></references><ratings><rating><score>3.1</score></rating>
    <rating><severity>critical</severity></rating></ratings><description><![CDATA[bad]]> thing</description>
    <affects><target><ref>a</ref></target></affects></vulnerability>
    <vulnerability><id>CVE-2</id><ratings><rating><severity>high</severity></rating></ratings><analysis><state>not_affected</state></analysis></vulnerability>
    <vulnerability><id>CVE-3</id><ratings><rating><score>7.2</score></rating></ratings><analysis><state>in_triage</state></analysis></vulnerability>
    <vulnerability><id>CVE-4</id></vulnerability></vulnerabilities></bom>
    """

  @Test("E4, A3: CycloneDX in XML is read as in JSON: worst rating, VEX, packages, digest and version")
  func cyclonedxXML() async throws {
    let text = Self.bill.replacing("DIGEST", with: digest.hex)
    let read = try await read(text, as: "auto")
    guard case .findings(let figures) = read.content else { throw ConnectorError(.garbage, "no findings") }
    #expect(read.kind == "cyclonedx" && figures.examined == 1 && figures.unknownSeverity == 1)
    #expect(figures.bySeverity == [.critical: 1, .high: 1] && figures.ids == ["CVE-1", "CVE-3", "CVE-4"])
    #expect(
      figures.findings.first
        == Finding(
          id: "CVE-1", aliases: ["GHSA-1"], severity: .critical, places: ["openssl@3.0"], title: "bad thing"))
    #expect(read.origin.digests == [digest] && read.origin.version == "1.4.1")
    #expect(read.origin.madeAt == Timestamp(rfc3339: "2026-11-21T02:41:23Z"))
    #expect(read.origin.caveats == ["1 findings are harmless by a VEX statement and do not count"])
    let empty = try await self.read(
      text.replacing(/<vulnerability>.*<\/vulnerability>/.dotMatchesNewlines(), with: "")
        .replacing("grype", with: "Trivy"), as: "cyclonedx")
    #expect(try verdict(.vulnerabilities(limits: [.low: 0]), on: empty).verdict == .undecided)
  }

  @Test("a <bom> of another namespace is no CycloneDX")
  func namespace() async throws {
    let error = await #expect(throws: ConnectorError.self) {
      try await self.read(Self.bill.replacing("cyclonedx.org", with: "example.test"), as: "auto")
    }
    #expect(error?.message.contains("another namespace") == true)
  }

  @Test("CycloneDX in JSON states what it is about by hash, package URL or version")
  func cyclonedxJSON() async throws {
    func origin(_ component: String) async throws -> ReportOrigin {
      try await read(
        #"{"bomFormat": "CycloneDX", "metadata": {"component": {\#(component)}}, "vulnerabilities": []}"#,
        as: "cyclonedx"
      ).origin
    }
    #expect(try await origin(#""hashes": [{"alg": "SHA-256", "content": "\#(digest.hex)"}]"#).digests == [digest])
    #expect(try await origin(#""purl": "pkg:oci/app@sha256%3A\#(digest.hex)?tag=1""#).digests == [digest])
    #expect(try await origin(#""version": "\#(digest)""#) == ReportOrigin(digests: [digest]))
    #expect(try await origin(#""version": "1.4.1""#).version == "1.4.1")
    #expect(
      try await origin(
        #""properties": [{"name": "aquasecurity:trivy:RepoDigest", "value": "r/app@\#(digest)"}]"#
      ).digests == [digest])
  }

  @Test("pip-audit's and Bandit's findings have packages and places")
  func python() async throws {
    let audit = try await read(
      #"{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "aliases": ["CVE-9"], "description": "one\ntwo"}]}, {"name": "b", "skip_reason": "x"}], "fixes": []}"#,
      as: "pip-audit")
    #expect(
      try findings(audit) == [
        Finding(id: "PYSEC-1", aliases: ["CVE-9"], severity: nil, places: ["a@1"], title: "one")
      ])
    #expect(audit.origin.caveats == ["1 of 2 dependencies were not audited"])
    let bandit = try ReportReader.read(sampleFile("bandit.json"), kind: "bandit")
    #expect(try findings(bandit).map(\.severity) == [.high, .high, .low])
    #expect(try findings(bandit).allSatisfy { $0.places.first?.contains("app.py:") == true && $0.title != nil })
  }

  @Test("findings are kept one by one as far as a message holds them, the worst first; the rest is counted")
  func limits() async throws {
    let results = (0..<30_000).map {
      #"{"ruleId": "R\#($0)", "level": "\#($0 % 3 == 0 ? "error" : "note")", "message": {"text": "\#(String(repeating: "x", count: 40))"}}"#
    }
    let read = try await read(
      #"{"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": [\#(results.joined(separator: ","))]}]}"#,
      as: "sarif")
    guard case .findings(let figures) = read.content else { throw ConnectorError(.garbage, "no findings") }
    #expect(figures.bySeverity == [.high: 10_000, .low: 20_000])
    #expect(figures.findings.count <= FindingFigures.mostFindings && figures.findings.count > 3_000)
    #expect(figures.findings.prefix(3_000).allSatisfy { $0.severity == .high })
    #expect(try CanonicalJSON.encode(read.content).count < 900_000)
    let many =
      #"{"bomFormat": "CycloneDX", "vulnerabilities": [{"id": "C", "affects": ["#
      + (0..<40).map { #"{"ref": "p\#($0)"}"# }.joined(separator: ",") + "]}]}"
    // One place more than is kept is outside of every scope.
    let cut = try findings(try await self.read(many, as: "cyclonedx"))
    #expect(cut.first?.places.count == 21 && cut.first?.places.last == "…")
  }
}

@Suite("Reports: kept bytes")
struct ProofShelfTests {
  @Test("F7: bytes that were changed, cut, replaced or removed are found, and handing them in again puts them right")
  func damage() async throws {
    try await withFolder { folder in
      let shelf = ProofShelf(folder: URL(fileURLWithPath: folder + "/proofs"))
      let data = Data("a report".utf8)
      let digest = Digest(of: data)
      #expect(shelf.damage(among: [digest]) == [digest: .missing])
      try shelf.keep(data, digest: digest)
      #expect(shelf.damage(among: [digest, digest]).isEmpty)
      let file = URL(fileURLWithPath: folder + "/proofs/" + digest.hex)
      for other in [Data("a rapport".utf8), Data("a repor".utf8), Data()] {
        try other.write(to: file)
        #expect(shelf.damage(among: [digest]) == [digest: .changed])
        try shelf.keep(data, digest: digest)
        #expect(shelf.damage(among: [digest]).isEmpty)
      }
      try FileManager.default.removeItem(at: file)
      try FileManager.default.createDirectory(at: file, withIntermediateDirectories: true)
      #expect(shelf.damage(among: [digest]) == [digest: .changed])
    }
  }
}
