internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel
internal import Testing

/// The path of a report that a real tool wrote.
func sampleFile(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().path + "/Samples/" + name
}

extension ReportContent {
  /// The counts alone.
  var withoutFindings: ReportContent {
    guard case .findings(var figures) = self else { return self }
    figures.findings = []
    return .findings(figures)
  }
}

/// A sample, its kind, and what it says.
struct Sample: Sendable, CustomTestStringConvertible {
  let file: String
  let kind: String
  let content: ReportContent

  var testDescription: String { file }

  static func tests(_ file: String, _ executed: Int, _ failed: Int, _ errored: Int, _ skipped: Int) -> Sample {
    let figures = TestFigures(executed: executed, failed: failed, errored: errored, skipped: skipped)
    return Sample(file: file, kind: "junit", content: .tests(figures))
  }

  static func coverage(_ file: String, _ kind: String, _ covered: Int, of lines: Int) -> Sample {
    Sample(file: file, kind: kind, content: .coverage(CoverageFigures(lines: lines, covered: covered)))
  }

  static func findings(
    _ file: String, _ kind: String, _ examined: Int?, _ bySeverity: [Severity: Int], _ ids: [String]
  ) -> Sample {
    let figures = FindingFigures(examined: examined, bySeverity: bySeverity, unknownSeverity: 0, ids: ids)
    return Sample(file: file, kind: kind, content: .findings(figures))
  }

  /// Every sample of a kind that is read.
  static let all: [Sample] = [
    // One of each: passed, failed, skipped, in error.
    .tests("pytest-junit.xml", 3, 1, 1, 1),
    .tests("schemathesis-junit.xml", 2, 2, 0, 0),
    .tests("semgrep-junit.xml", 1, 1, 0, 0),
    // States 3 tests and lists 4 cases: here a skipped one is no test.
    .tests("swift-test-swift-testing.xml", 3, 1, 0, 1),
    // The skipped case stands there as a passed one; nothing in the file tells.
    .tests("swift-test-xctest-parallel.xml", 3, 1, 0, 0),
    .coverage("coverage-cobertura.xml", "cobertura", 7, of: 9),
    .coverage("coverage.lcov", "lcov", 7, of: 9),
    .coverage("coverage.json", "coverage.py", 7, of: 9),
    .coverage("swift-llvm-cov.json", "llvm-cov", 53, of: 202),
    .findings("bandit.json", "bandit", 1, [.high: 2, .low: 1], ["B324", "B404", "B602"]),
    .findings("bandit.sarif", "sarif", nil, [.high: 2, .low: 1], ["B324", "B404", "B602"]),
    // Semgrep ended with code 0 and had found this; the level stands with the rule.
    .findings("semgrep.sarif", "sarif", nil, [.high: 1], ["no-shell-true"]),
    .findings("trivy-secret.json", "trivy", 1, [.critical: 2], ["aws-access-key-id", "aws-secret-access-key"]),
    // Level "error" alone would make these high; the score says critical.
    .findings("trivy-secret.sarif", "sarif", nil, [.critical: 2], ["aws-access-key-id", "aws-secret-access-key"]),
    .findings(
      "trivy-config.sarif", "sarif", nil, [.high: 2, .medium: 1, .low: 1], ["DS001", "DS002", "DS026", "DS029"]),
    .tests("pytest-none.xml", 0, 0, 0, 0),
    .tests("pytest-skipped.xml", 0, 0, 0, 2),
    // An expected failure is written as skipped.
    .tests("pytest-load.xml", 3, 0, 0, 1),
    .coverage("coverage-nothing.xml", "cobertura", 0, of: 0),
    .coverage("coverage-nothing.lcov", "lcov", 0, of: 0),
    .coverage("coverage-nothing.json", "coverage.py", 0, of: 0),
    .findings("bandit-clean.json", "bandit", 1, [:], []),
    .findings("bandit-clean.sarif", "sarif", nil, [:], []),
    .findings("pip-audit-nothing.json", "pip-audit", 0, [:], []),
    // Made without a vulnerability database: the empty list proves nothing.
    .findings("trivy-fs.cdx.json", "cyclonedx", 0, [:], []),
  ]
}

@Suite("Reports of real tools")
struct ReportSampleTests {
  @Test("A2, D2, E4: each sample gives its exact figures, named or recognised", arguments: Sample.all)
  func figures(sample: Sample) throws {
    let path = sampleFile(sample.file)
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    for kind in [sample.kind, "auto"] {
      let read = try ReportReader.read(path, kind: kind)
      #expect(read.content.withoutFindings == sample.content)
      #expect(read.kind == sample.kind)
      #expect(read.digest == Digest(of: data))
      #expect(read.size == data.count)
    }
  }

  @Test("a sample handed in as another kind is refused with its name and what was expected", arguments: Sample.all)
  func wrongKind(sample: Sample) {
    for kind in ReportReader.kinds where kind != sample.kind && kind != "auto" {
      let error = #expect(throws: ConnectorError.self, "as \(kind)") {
        try ReportReader.read(sampleFile(sample.file), kind: kind)
      }
      #expect(error?.code == .garbage)
      #expect(error?.message.contains(sample.file) == true)
      #expect(error?.message.contains("expected") == true, "\(error?.message ?? "")")
    }
  }

  @Test(
    "an inventory is no scan, and is refused as every kind",
    arguments: [
      "cyclonedx-requirements.json", "cyclonedx-requirements.xml", "trivy-fs.spdx.json", "pip-audit-nothing.cdx.json",
      "pip-audit-nothing.cdx.xml",
    ])
  func inventory(file: String) {
    for kind in ReportReader.kinds {
      let error = #expect(throws: ConnectorError.self, "as \(kind)") {
        try ReportReader.read(sampleFile(file), kind: kind)
      }
      #expect(error?.message.contains(file) == true)
    }
    let error = #expect(throws: ConnectorError.self) {
      try ReportReader.read(sampleFile("cyclonedx-requirements.json"), kind: "cyclonedx")
    }
    #expect(error?.message.contains("nobody scanned them") == true)
  }

  @Test("an unknown kind is refused with the known ones")
  func unknownKind() {
    let error = #expect(throws: ConnectorError.self) {
      try ReportReader.read(sampleFile("coverage.lcov"), kind: "jacoco")
    }
    #expect(error?.code == .misconfigured)
    #expect(error?.message.contains("cobertura") == true)
  }
}
