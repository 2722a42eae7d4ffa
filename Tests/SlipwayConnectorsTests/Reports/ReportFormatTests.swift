internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

/// What `text` says as `kind`.
private func read(_ text: String, as kind: String, named name: String = "report") async throws -> ReportContent {
  try await withFolder { folder in try ReportReader.read(write(text, to: name, in: folder), kind: kind).content }
}

/// The message with which `text` is refused.
private func refusal(_ text: String, as kind: String, named name: String = "report") async throws -> String {
  try await withFolder { folder in
    let path = try write(text, to: name, in: folder)
    let error = #expect(throws: ConnectorError.self) { try ReportReader.read(path, kind: kind) }
    return error?.message ?? ""
  }
}

@Suite("Reports: reviews")
struct ReviewReportTests {
  @Test("A2: a review says what it states, and what it does not state is unknown", arguments: ReviewKind.allCases)
  func review(kind: ReviewKind) async throws {
    let whole = try await read(
      #"{"status": "complete", "verdict": "PASS", "severity": "low", "notes": [1, {"a": null}]}"#, as: kind.rawValue)
    #expect(whole == .review(kind: kind, status: "complete", verdict: "PASS", severity: .low))
    let bare = try await read(#"{"verdict": "fail", "severity": null}"#, as: kind.rawValue)
    #expect(bare == .review(kind: kind, status: nil, verdict: "fail", severity: nil))
  }

  @Test("A2: the file's name tells the kind, and may not contradict it")
  func name() async throws {
    let text = #"{"status": "done", "verdict": "pass", "severity": "LOW"}"#
    let found = try await read(text, as: "auto", named: "security-report.json")
    #expect(found == .review(kind: .security, status: "done", verdict: "pass", severity: .low))
    #expect(
      try await refusal(text, as: "devops", named: "security-report.json").contains("named as the security review"))
    #expect(try await refusal(text, as: "auto", named: "notes.json").contains("name its kind"))
  }

  @Test(
    "A2: what is no review is refused",
    arguments: [
      #"{}"#, #"[]"#, #"{"result": "pass"}"#, #"{"verdict": true}"#, #"{"verdict": "pass", "severity": "SEVERE"}"#,
      #"{"verdict": {"text": "pass"}}"#, "<review verdict=\"pass\"/>", "verdict: pass",
    ])
  func noReview(text: String) async throws {
    #expect(try await refusal(text, as: "security").contains("expected"))
  }
}

@Suite("Reports: tests")
struct JUnitReportTests {
  private func figures(_ text: String) async throws -> TestFigures? {
    guard case .tests(let figures) = try await read(text, as: "junit") else { return nil }
    return figures
  }

  @Test(
    "a run of no tests executed nothing",
    arguments: ["<testsuites/>", "<testsuite tests=\"0\"></testsuite>", "<testsuite tests=\"500\" failures=\"0\"/>"])
  func none(text: String) async throws {
    #expect(try await figures(text) == TestFigures(executed: 0, failed: 0, errored: 0, skipped: 0))
  }

  @Test("stated failures count even when no case shows them")
  func stated() async throws {
    let text =
      #"<testsuites><testsuite failures="2" errors="1"><testcase/><testsuite failures="2"/></testsuite><testsuite failures="1"/></testsuites>"#
    #expect(try await figures(text) == TestFigures(executed: 1, failed: 3, errored: 1, skipped: 0))
  }

  @Test("a case with several failures is one failed case, and a suite that broke is an error")
  func several() async throws {
    let text =
      "<testsuite><error/><testcase><failure/><error/><failure/></testcase><testcase><skipped/></testcase></testsuite>"
    #expect(try await figures(text) == TestFigures(executed: 1, failed: 1, errored: 1, skipped: 1))
  }

  @Test("GoogleTest's cases that did not run are skipped")
  func notRun() async throws {
    let text =
      #"<testsuites><testsuite><testcase status="notrun" result="suppressed"/><testcase status="run" result="completed"/></testsuite></testsuites>"#
    #expect(try await figures(text) == TestFigures(executed: 1, failed: 0, errored: 0, skipped: 1))
  }

  @Test("a document type outside is not fetched, and output in CDATA may say anything")
  func prolog() async throws {
    let text = """
      <?xml version="1.0" encoding="UTF-8"?><!-- <a> --><!DOCTYPE testsuite SYSTEM "http://127.0.0.1:1/junit.dtd">
      <testsuite><testcase><system-out><![CDATA[<failure/> <!ENTITY a "b">]]></system-out></testcase></testsuite>
      """
    #expect(try await figures(text) == TestFigures(executed: 1, failed: 0, errored: 0, skipped: 0))
  }

  @Test("counts that are none are refused with the line", arguments: ["many", "-1", "99999999999999999999", "1e3"])
  func badCount(count: String) async throws {
    #expect(
      try await refusal("<testsuites>\n<testsuite failures=\"\(count)\"/></testsuites>", as: "junit").contains(":2 "))
  }
}

@Suite("Reports: coverage")
struct CoverageReportTests {
  private func figures(_ text: String, _ kind: String) async throws -> CoverageFigures? {
    guard case .coverage(let figures) = try await read(text, as: kind) else { return nil }
    return figures
  }

  @Test("D2: Cobertura without totals is counted by its lines, methods not twice")
  func cobertura() async throws {
    let text = """
      <coverage line-rate="0.5"><packages><package><classes><class filename="a"><methods><method><lines>
      <line number="1" hits="1"/></lines></method></methods><lines><line number="1" hits="1"/><line number="2" hits="0"/>
      </lines></class></classes></package></packages></coverage>
      """
    #expect(try await figures(text, "cobertura") == CoverageFigures(lines: 2, covered: 1))
    #expect(try await refusal("<coverage line-rate=\"1.0\"/>", as: "cobertura").contains("neither totals nor lines"))
  }

  @Test("D2: LCOV counts a file of several records once, and windows line ends do no harm")
  func lcov() async throws {
    let text =
      "TN:a\r\nSF:x\r\nDA:1,0\r\nDA:2,5\r\nend_of_record\r\nTN:b\r\nSF:x\r\nDA:1,3\r\nend_of_record\r\nSF:y\r\nLF:10\r\nLH:4\r\nend_of_record\r\n"
    #expect(try await figures(text, "lcov") == CoverageFigures(lines: 12, covered: 6))
  }

  @Test(
    "LCOV that makes no sense is refused with the line",
    arguments: [
      ("SF:x\nDA:1,1\n", 1), ("SF:x\nDA:one,1\nend_of_record\n", 2), ("end_of_record\n", 1), ("SF:x\nSF:y\n", 2),
      ("SF:x\nLF:-4\nLH:0\nend_of_record\n", 2), ("SF:x\nLF:4\nLH:9\nend_of_record\n", 4), ("DA:1,1\n", 1),
      ("hello\n", 1), ("SF:x\nda:1,1\n", 2),
    ])
  func badLCOV(text: String, line: Int) async throws {
    #expect(try await refusal(text, as: "lcov").contains("report:\(line) "))
  }

  @Test(
    "figures that cannot be are refused",
    arguments: [
      ("coverage.py", #"{"meta": {"version": "7"}, "totals": {"num_statements": 5, "covered_lines": 6}}"#),
      ("coverage.py", #"{"meta": {"version": "7"}, "totals": {"num_statements": -5, "covered_lines": -6}}"#),
      ("coverage.py", #"{"meta": {"version": "7"}, "totals": {"num_statements": 1.5, "covered_lines": 1}}"#),
      (
        "llvm-cov",
        #"{"type": "llvm.coverage.json.export", "data": [{"totals": {"lines": {"count": 9223372036854775807, "covered": 0}}}]}"#
      ),
      ("llvm-cov", #"{"type": "llvm.coverage.json.export", "data": [{}]}"#),
      ("cobertura", #"<coverage lines-valid="3" lines-covered="4"/>"#),
      ("cobertura", #"<coverage lines-valid="NaN" lines-covered="4"/>"#),
    ])
  func impossible(kind: String, text: String) async throws {
    #expect(!(try await refusal(text, as: kind)).isEmpty)
  }
}

@Suite("Reports: findings")
struct FindingReportTests {
  private func figures(_ text: String, _ kind: String) async throws -> FindingFigures? {
    guard case .findings(var figures) = try await read(text, as: kind) else { return nil }
    figures.findings = []
    return figures
  }

  @Test("E4: pip-audit that audited nothing examined nothing, and its findings have no severity")
  func pipAudit() async throws {
    let skipped = #"{"dependencies": [{"name": "a", "skip_reason": "not found on PyPI"}], "fixes": []}"#
    #expect(
      try await figures(skipped, "pip-audit")
        == FindingFigures(examined: 0, bySeverity: [:], unknownSeverity: 0, ids: []))
    let found =
      #"{"dependencies": [{"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": []}]}, {"name": "b", "version": "1", "vulns": []}], "fixes": []}"#
    #expect(
      try await figures(found, "pip-audit")
        == FindingFigures(examined: 2, bySeverity: [:], unknownSeverity: 1, ids: ["PYSEC-1"]))
  }

  @Test("E4: SARIF takes the score before the level, and the level of the rule before the default")
  func sarif() async throws {
    let text = """
      {"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t", "rules": [
        {"id": "R1", "properties": {"security-severity": "9.8"}}, {"id": "R2", "defaultConfiguration": {"level": "note"}}]},
        "extensions": [{"rules": [{"id": "X1", "properties": {"security-severity": 7}}]}]}, "artifacts": [{}, {}], "results": [
        {"ruleId": "R1", "level": "note"}, {"ruleIndex": 1}, {"ruleId": "R2/sub"}, {"ruleId": "unknown"},
        {"rule": {"index": 0, "toolComponent": {"index": 0}}}, {"ruleId": "R1", "kind": "pass"},
        {"ruleId": "R1", "baselineState": "absent"}, {"ruleId": "N", "level": "none"}, {"ruleId": "F", "level": "error"},
        {"ruleId": "S", "level": "error", "suppressions": [{"kind": "inSource"}]}, {"ruleIndex": 99, "level": "error"}]}]}
      """
    #expect(
      try await figures(text, "sarif")
        == FindingFigures(
          examined: 2, bySeverity: [.critical: 1, .low: 2, .medium: 1, .high: 4], unknownSeverity: 1,
          ids: ["F", "N", "R1", "R2", "R2/sub", "S", "X1", "unknown"]))
  }

  @Test("E4: SARIF of a tool that did not scan, or not to its end, is refused")
  func sarifNotRun() async throws {
    let start = #"{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "t"}}"#
    #expect(try await refusal(start + "}]}", as: "sarif").contains("did not scan"))
    #expect(
      try await refusal(start + #", "results": [], "invocations": [{"executionSuccessful": false}]}]}"#, as: "sarif")
        .contains("did not run to its end"))
    #expect(try await figures(#"{"version": "2.1.0", "runs": []}"#, "sarif")?.examined == 0)
    #expect(try await refusal(#"{"version": "1.0.0", "runs": []}"#, as: "sarif").contains("2.1.0"))
  }

  @Test("E4: CycloneDX takes the worst rating, and VEX takes away only what is said to be harmless")
  func cyclonedx() async throws {
    let text = """
      {"bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": {"tools": [{"name": "grype"}]},
       "components": [{"type": "library"}, {"type": "file"}], "vulnerabilities": [
        {"id": "CVE-1", "ratings": [{"severity": "low"}, {"severity": "critical"}, {"severity": "unknown"}]},
        {"id": "CVE-2", "ratings": [{"score": 7.5}]}, {"id": "CVE-3"}, {"id": "CVE-4", "ratings": [{"severity": "unknown"}]},
        {"id": "CVE-5", "ratings": [{"severity": "high"}], "analysis": {"state": "not_affected"}},
        {"id": "CVE-6", "ratings": [{"severity": "high"}], "analysis": {"state": "in_triage"}},
        {"id": "CVE-7", "ratings": [{"severity": "info"}], "analysis": {"state": "exploitable"}}]}
      """
    #expect(
      try await figures(text, "cyclonedx")
        == FindingFigures(
          examined: 1, bySeverity: [.critical: 1, .high: 2, .low: 1], unknownSeverity: 2,
          ids: ["CVE-1", "CVE-2", "CVE-3", "CVE-4", "CVE-6", "CVE-7"]))
  }

  @Test("E4: an empty list is a clean scan when its maker looked, and proves nothing when Trivy made it")
  func emptyList() async throws {
    func text(_ tool: String) -> String {
      #"{"bomFormat": "CycloneDX", "metadata": {"tools": {"components": [{"name": "\#(tool)"}]}}, "components": [{"type": "library"}], "vulnerabilities": []}"#
    }
    #expect(try await figures(text("grype"), "cyclonedx")?.examined == 1)
    #expect(try await figures(text("trivy"), "cyclonedx")?.examined == 0)
  }

  @Test("E4: Trivy counts vulnerabilities, failed checks and secrets, and what it looked at")
  func trivy() async throws {
    let text = """
      {"SchemaVersion": 2, "ArtifactName": "x", "Results": [
        {"Target": "os", "Class": "os-pkgs", "Packages": [{"Name": "a"}, {"Name": "b"}, {"Name": "c"}], "Vulnerabilities": [
          {"VulnerabilityID": "CVE-1", "Severity": "CRITICAL"}, {"VulnerabilityID": "CVE-2", "Severity": "UNKNOWN"}]},
        {"Target": "Dockerfile", "Class": "config", "MisconfSummary": {"Successes": 20, "Failures": 1}, "Misconfigurations": [
          {"ID": "DS002", "Severity": "HIGH", "Status": "FAIL"}, {"ID": "DS001", "Severity": "HIGH", "Status": "PASS"}]}]}
      """
    #expect(
      try await figures(text, "trivy")
        == FindingFigures(
          examined: 24, bySeverity: [.critical: 1, .high: 1], unknownSeverity: 1, ids: ["CVE-1", "CVE-2", "DS002"]))
    #expect(try await figures(#"{"SchemaVersion": 2, "ArtifactName": "x"}"#, "trivy")?.examined == 0)
    #expect(try await refusal(#"{"SchemaVersion": 1, "ArtifactName": "x"}"#, as: "trivy").contains("version 2"))
  }

  @Test("Bandit that could not read a file did not scan it")
  func bandit() async throws {
    let text =
      #"{"errors": [{"filename": "a.py", "reason": "syntax error"}], "generated_at": "", "metrics": {"_totals": {}}, "results": []}"#
    #expect(try await refusal(text, as: "bandit").contains("a.py could not be scanned: syntax error"))
  }

  @Test("names are kept without repeats, sorted, at most a thousand, without control characters")
  func names() async throws {
    let results = (0..<2_500).map { #"{"ruleId": "R\#($0 % 1_500)\u001b", "level": "note"}"# }.joined(separator: ",")
    let text = #"{"version": "2.1.0", "runs": [{"tool": {"driver": {}}, "results": [\#(results)]}]}"#
    let read = try #require(try await figures(text, "sarif"))
    #expect(read.bySeverity == [.low: 2_500])
    #expect(read.ids.count == 1_000)
    #expect(read.ids == read.ids.sorted() && read.ids.first == "R0")
  }
}
