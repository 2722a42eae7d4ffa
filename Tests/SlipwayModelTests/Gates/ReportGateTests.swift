import Foundation
import SlipwayModel
import Testing

@Suite("Gates: judged on reports")
struct ReportGateTests {
  private func report(_ kind: String, _ content: ReportContent, digest: Digest? = Sample.new.digest) -> Report {
    Report(
      release: "1.1", releaseDigest: digest, kind: kind, file: "\(kind).json", digest: Digest(of: Data(kind.utf8)),
      size: 1,
      at: .start, content: content)
  }

  private func judge(_ gate: GateSpec, _ reports: [Report]) throws -> GateReport {
    var ledger = Sample.ledger()
    for report in reports { ledger.apply(.reportAdded(report), at: .start) }
    return try #require(
      GateJudge(plan: try Sample.plan(), ledger: ledger, surroundings: Surroundings()).judge(gate, at: .start))
  }

  private func review(
    _ kind: ReviewKind, _ status: String? = "complete", _ verdict: String? = "pass", _ severity: Severity? = .low,
    digest: Digest? = Sample.new.digest
  ) -> Report {
    report(kind.rawValue, .review(kind: kind, status: status, verdict: verdict, severity: severity), digest: digest)
  }

  @Test("A2: all reviews present and passing pass; the end-to-end report needs its verdict alone")
  func reviews() throws {
    let all = ReviewKind.allCases.map { $0 == .e2e ? review($0, nil, "PASS", nil) : review($0) }
    let passed = try judge(.reviews(ReviewKind.allCases), all)
    #expect(passed.verdict == .passed && passed.proof.count == 7)
    let missing = try judge(.reviews(ReviewKind.allCases), all.filter { !["devops", "e2e"].contains($0.kind) })
    #expect(missing.verdict == .undecided)
    #expect(missing.reason.contains("devops: no report") && missing.reason.contains("e2e: no report"))
    #expect(try judge(.reviews([]), all).verdict == .undecided)
  }

  @Test(
    "A2, A3: what does not clearly pass blocks, and says which and why",
    arguments: [
      ("complete", "reject", Severity.low), ("open", "pass", .low), ("complete", "pass", nil),
      ("complete", "pass", .high),
      ("complete", "pass", .critical), (nil, "pass", .low), ("complete", nil, .low), ("complete", "", .low),
    ] as [(String?, String?, Severity?)])
  func blocks(status: String?, verdict: String?, severity: Severity?) throws {
    let found = try judge(.reviews([.ba, .security]), [review(.ba), review(.security, status, verdict, severity)])
    #expect(found.verdict == .failed)
    #expect(found.reason.hasPrefix("security: ") && !found.reason.contains("ba:"))
  }

  @Test(
    "D2: the code review and the CI need status and verdict; a severity they state still counts",
    arguments: [ReviewKind.code, .ci])
  func shortReviews(kind: ReviewKind) throws {
    let gate = GateSpec.reviews([kind])
    #expect(try judge(gate, [review(kind, "done", "approved", nil)]).verdict == .passed)
    #expect(try judge(gate, [review(kind, "done", "approved", .high)]).verdict == .failed)
    #expect(try judge(gate, [review(kind, nil, "approved", nil)]).verdict == .failed)
    #expect(try judge(gate, [review(kind, "done", "changes requested", nil)]).verdict == .failed)
    let missing = try judge(gate, [])
    #expect(missing.verdict == .undecided && missing.remedy?.contains("--kind \(kind.rawValue) FILE") == true)
  }

  @Test("of one kind the newest report decides, and reports of another artifact do not count")
  func newest() throws {
    let other = Digest(of: Data("other".utf8))
    #expect(try judge(.reviews([.ba]), [review(.ba), review(.ba, "complete", "reject")]).verdict == .failed)
    #expect(try judge(.reviews([.ba]), [review(.ba, "complete", "reject"), review(.ba)]).verdict == .passed)
    #expect(try judge(.reviews([.ba]), [review(.ba, digest: other)]).verdict == .undecided)
    #expect(try judge(.reviews([.ba]), [review(.ba, digest: nil)]).verdict == .undecided)
    let tests = ReportContent.tests(TestFigures(executed: 5, failed: 0, errored: 0, skipped: 0))
    #expect(try judge(.tests(minimum: 1), [report("junit", tests, digest: other)]).verdict == .undecided)
    #expect(try judge(.tests(minimum: 1), [report("junit", tests)]).verdict == .passed)
  }

  @Test("D2: tests pass with enough executed and none failed; nothing executed proves nothing")
  func tests() throws {
    func said(_ figures: TestFigures..., minimum: Int = 1) throws -> Verdict {
      try judge(.tests(minimum: minimum), figures.enumerated().map { report("junit\($0.offset)", .tests($0.element)) })
        .verdict
    }
    func figures(_ executed: Int, _ failed: Int = 0, _ errored: Int = 0, _ skipped: Int = 0) -> TestFigures {
      TestFigures(executed: executed, failed: failed, errored: errored, skipped: skipped)
    }
    #expect(try said(figures(10)) == .passed)
    #expect(try said(figures(10, 1)) == .failed)
    #expect(try said(figures(10, 0, 1)) == .failed)
    #expect(try said(figures(10), figures(3, 1)) == .failed)
    #expect(try said(figures(0, 0, 0, 9), minimum: 0) == .undecided)
    #expect(try said(figures(9), minimum: 10) == .undecided)
    #expect(try said(figures(6), figures(4), minimum: 10) == .passed)
    #expect(try said(figures(10, -1, 1)) == .failed)
    #expect(try said(figures(10, -1), figures(10, 1)) == .failed)
    #expect(try said(figures(.max), figures(.max)) == .passed)
    #expect(try said(figures(.max, .max, .max)) == .failed)
    #expect(try judge(.tests(minimum: 1), []).verdict == .undecided)
  }

  @Test("D2: 79.96 percent is not 80, and is not written as 80")
  func coverage() throws {
    func found(_ lines: Int, _ covered: Int, needed: Double = 80) throws -> GateReport {
      try judge(.coverage(lines: needed), [report("lcov", .coverage(CoverageFigures(lines: lines, covered: covered)))])
    }
    let close = try found(10_000, 7_996)
    #expect(close.verdict == .failed && close.reason.hasPrefix("79.9 %"))
    #expect(try found(10_000, 8_000).verdict == .passed)
    #expect(try found(5, 4).verdict == .passed)
    #expect(try found(0, 0).verdict == .undecided)
    #expect(try found(100, 120).verdict == .error)
    #expect(try found(-5, -5).verdict == .error)
    for odd in [Double.nan, .infinity] { #expect(try found(100, 100, needed: odd).verdict == .failed) }
    #expect(try judge(.coverage(lines: 80), []).verdict == .undecided)
  }

  private func findings(_ counts: [Severity: Int], unknown: Int = 0, examined: Int? = 10, ids: [String] = []) -> Report
  {
    report(
      "trivy", .findings(FindingFigures(examined: examined, bySeverity: counts, unknownSeverity: unknown, ids: ids)))
  }

  @Test("E4, A3: findings over a limit fail and are named; an unknown severity counts as critical")
  func vulnerabilities() throws {
    let gate = GateSpec.vulnerabilities(limits: [.critical: 0])
    #expect(try judge(gate, [findings([.high: 3])]).verdict == .passed)
    let critical = try judge(gate, [findings([.critical: 1], ids: ["CVE-2024-1"])])
    #expect(critical.verdict == .failed && critical.reason.contains("CVE-2024-1"))
    #expect(try judge(gate, [findings([:], unknown: 1)]).verdict == .failed)
    #expect(try judge(gate, [findings([.critical: -3], unknown: 2)]).verdict == .failed)
    #expect(try judge(gate, [findings([:])]).verdict == .passed)
    #expect(try judge(gate, [findings([:], examined: nil)]).verdict == .passed)
    #expect(try judge(gate, [findings([:], examined: 0)]).verdict == .undecided)
    #expect(try judge(gate, []).verdict == .undecided)
    #expect(try judge(gate, [findings([.critical: .max], unknown: .max)]).verdict == .failed)
  }

  @Test("E4: a limit on high findings never lets critical ones pass, and no limit at all is no gate")
  func worse() throws {
    let gate = GateSpec.vulnerabilities(limits: [.high: 1])
    #expect(try judge(gate, [findings([.high: 1, .medium: 90])]).verdict == .passed)
    #expect(try judge(gate, [findings([.critical: 2])]).verdict == .failed)
    #expect(try judge(gate, [findings([:], unknown: 2)]).verdict == .failed)
    #expect(try judge(.vulnerabilities(limits: [:]), [findings([:])]).verdict == .undecided)
  }
}
