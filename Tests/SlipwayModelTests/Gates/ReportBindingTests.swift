import Foundation
import SlipwayModel
import Testing

@Suite("Gates: reports bound to an artifact, young enough, unchanged")
struct ReportBindingTests {
  private static let tests = ReportContent.tests(TestFigures(executed: 5, failed: 0, errored: 0, skipped: 0))
  private static let gate = GateSpec.tests(minimum: 1, maxAge: .hours(24))

  private func report(
    _ name: String? = nil, at: Timestamp = .start, digest: Digest? = Sample.new.digest, commit: String? = nil,
    content: ReportContent = tests, origin: ReportOrigin? = nil
  ) -> Report {
    Report(
      release: "1.1", releaseDigest: digest, releaseCommit: commit, kind: "junit", name: name, file: "junit.xml",
      digest: Digest(of: Data("junit".utf8)), size: 1, at: at, content: content, origin: origin)
  }

  private func judge(
    _ gate: GateSpec, _ reports: [Report], at now: Timestamp = .start, damage: ProofDamage? = nil,
    release: Release = Sample.new
  ) throws -> GateReport {
    var ledger = Sample.ledger()
    for report in reports { ledger.apply(.reportAdded(report), at: report.at) }
    var plan = try Sample.plan()
    plan.release = release
    var surroundings = Surroundings()
    if let damage { surroundings.damagedProofs = [reports[0].digest: damage] }
    return try #require(GateJudge(plan: plan, ledger: ledger, surroundings: surroundings).judge(gate, at: now))
  }

  private func judge(
    _ reports: [Report], at now: Timestamp = .start, release: Release = Sample.new
  ) throws -> GateReport {
    try judge(Self.gate, reports, at: now, release: release)
  }

  @Test("E4, F3: where a release has no digest its commit binds, and where it has one the commit does not")
  func commit() throws {
    let bare = Release(id: "1.1", artifact: "shop-1.1", commit: "abcdef1")
    #expect(try judge([report(digest: nil, commit: "abcdef1")], release: bare).verdict == .passed)
    let other = try judge([report(digest: nil, commit: "1234567")], release: bare)
    #expect(other.verdict == .undecided && other.reason.contains("1 were handed in for another artifact"))
    #expect(try judge([report(digest: nil, commit: nil)], release: bare).verdict == .undecided)
    #expect(try judge([report(digest: Sample.new.digest)], release: bare).verdict == .undecided)
    #expect(try judge([report(commit: "whatever")]).verdict == .passed)
  }

  @Test("A2, E4: a report of exactly the allowed age counts, one millisecond more does not, and the remedy says how")
  func age() throws {
    let at = Timestamp.start
    #expect(try judge([report(at: at)], at: at + .hours(24)).verdict == .passed)
    let old = try judge([report(at: at)], at: at + .hours(24) + .milliseconds(1))
    #expect(old.verdict == .failed)
    #expect(old.reason.contains("handed in at") && old.reason.contains("at most 1d is allowed"), "\(old.reason)")
    #expect(old.remedy?.contains("slipway report add 1.1 --kind junit") == true)
    #expect(try judge(.tests(minimum: 1), [report(at: at)], at: at + .hours(9_000)).verdict == .passed)
  }

  @Test("the age counts from when the report was made by its own word, not from when it was handed in")
  func ownTime() throws {
    let made = ReportOrigin(madeAt: .start - .hours(30))
    let old = try judge([report(origin: made)])
    #expect(old.verdict == .failed && old.reason.contains("made at"), "\(old.reason)")
    // Without a zone a time from the east would lie in the future: then handing in is what is known.
    let zoneless = ReportOrigin(madeAt: .start + .hours(9), isZoneless: true)
    #expect(try judge([report(origin: zoneless)]).verdict == .passed)
    #expect(try judge([report(origin: zoneless)], at: .start + .hours(25)).verdict == .failed)
  }

  @Test(
    "F7: a report made in the future is an error and never passes, beyond what clocks may differ",
    arguments: [(5, Verdict.passed), (6, .error)] as [(Int64, Verdict)])
  func future(minutes: Int64, verdict: Verdict) throws {
    let origin = ReportOrigin(madeAt: .start + .minutes(minutes))
    #expect(try judge(.tests(minimum: 1), [report(origin: origin)]).verdict == verdict)
    let faraway = ReportOrigin(madeAt: .start + .hours(15), isZoneless: true)
    #expect(try judge(.tests(minimum: 1), [report(origin: faraway)]).verdict == .error)
  }

  @Test("F7: a clock that went back does not make a report young")
  func clockBack() throws {
    let found = try judge([report(at: .start)], at: .start - .hours(2))
    #expect(found.verdict == .error && found.reason.contains("one of the clocks is wrong"))
  }

  @Test("F7: a report whose kept bytes changed or are gone is an error", arguments: [ProofDamage.changed, .missing])
  func tampered(damage: ProofDamage) throws {
    for gate in [Self.gate, .tests(minimum: 1)] {
      let found = try judge(gate, [report()], damage: damage)
      #expect(found.verdict == .error && found.remedy?.contains("hand it in again") == true)
    }
  }

  @Test("every gate on reports has its age limit and looks for damage", arguments: [ProofDamage?.none, .changed])
  func everyGate(damage: ProofDamage?) throws {
    let findings = ReportContent.findings(
      FindingFigures(examined: 3, bySeverity: [:], unknownSeverity: 0, ids: []))
    let cases: [(GateSpec, ReportContent)] = [
      (.coverage(lines: 80, maxAge: .hours(1)), .coverage(CoverageFigures(lines: 10, covered: 10))),
      (.vulnerabilities(limits: [.low: 0], maxAge: .hours(1)), findings),
      (.reviews([.code], maxAge: .hours(1)), .review(kind: .code, status: "done", verdict: "approved", severity: nil)),
      (.tests(minimum: 1, maxAge: .hours(1)), Self.tests),
    ]
    for (gate, content) in cases {
      let now = Timestamp.start + .minutes(90)
      let young = try judge(gate, [report(at: now, content: content)], at: now, damage: damage)
      #expect(young.verdict == (damage == nil ? .passed : .error), "\(young)")
      let old = try judge(gate, [report(content: content)], at: now, damage: damage)
      #expect(old.verdict == (damage == nil ? .failed : .error), "\(old)")
    }
  }

  @Test("D3: a gate on one name judges only its reports, and without a name all together")
  func names() throws {
    let failing = ReportContent.tests(TestFigures(executed: 5, failed: 1, errored: 0, skipped: 0))
    let unit = report("unit", content: failing)
    let load = report("load")
    #expect(try judge(.tests(minimum: 1, name: "load"), [load, unit]).verdict == .passed)
    #expect(try judge(.tests(minimum: 1, name: "unit"), [load, unit]).verdict == .failed)
    #expect(try judge(.tests(minimum: 1), [load, unit]).verdict == .failed)
    #expect(try judge(.tests(minimum: 6), [load, report("unit")]).verdict == .passed)
    // Of one name the newest counts.
    #expect(try judge(.tests(minimum: 1), [unit, report("unit")]).verdict == .passed)
    let none = try judge(.tests(minimum: 1, name: "load"), [report(), unit])
    #expect(none.verdict == .undecided && none.remedy?.contains("--kind junit --name load") == true)
    #expect(GateSpec.tests(minimum: 1, name: "load").name == "tests-load")
  }

  @Test("what the file could not say is shown as a warning where it passed")
  func caveats() throws {
    let found = try judge([report(origin: ReportOrigin(caveats: ["says nothing about skips"]))])
    #expect(found.verdict == .passed && found.warnings == ["junit: says nothing about skips"])
  }

  @Test("F7: a report about another commit, artifact or version disagrees; what is not stated does not")
  func disagreement() {
    let release = Release(id: "1.4.2", artifact: "a", digest: Sample.new.digest, commit: "0123456789abcdef")
    func says(_ origin: ReportOrigin, _ release: Release = release) -> String? {
      origin.disagreement(with: release, others: ["1.4.2", "1.4.1"])
    }
    #expect(says(ReportOrigin()) == nil)
    #expect(says(ReportOrigin(commits: ["0123456"])) == nil)
    #expect(says(ReportOrigin(commits: ["0123456789ABCDEF"])) == nil)
    #expect(says(ReportOrigin(commits: ["0123456", "fedcba9"]))?.contains("commit fedcba9") == true)
    #expect(says(ReportOrigin(commits: ["012"])) != nil)
    #expect(says(ReportOrigin(commits: ["fedcba9"]), Release(id: "1.4.2", artifact: "a")) == nil)
    let other = Digest(of: Data("other".utf8))
    #expect(says(ReportOrigin(digests: [other])) != nil)
    #expect(says(ReportOrigin(digests: [other, Digest(of: Data("1.1".utf8))])) == nil)
    #expect(says(ReportOrigin(version: "v1.4.2")) == nil)
    #expect(says(ReportOrigin(version: "7.0")) == nil)
    #expect(says(ReportOrigin(version: "1.4.1"))?.contains("release 1.4.1") == true)
  }

  @Test("reports and plans from before there were names, ages and single findings are read")
  func earlier() throws {
    let old =
      #"{"release":"1","kind":"trivy","file":"f","digest":"\#(Digest(of: Data()))","size":1,"#
      + #""at":"2026-11-21T00:00:00.000Z","content":{"findings":{"_0":{"bySeverity":{"HIGH":1},"unknownSeverity":0,"ids":["a"]}}}}"#
    let report = try CanonicalJSON.decode(Report.self, from: Data(old.utf8))
    #expect(report.name == nil && report.origin == nil && report.isBound(to: Release(id: "1", artifact: "")))
    for (spec, text) in [
      (GateSpec.tests(minimum: 3), #"{"tests":{"minimum":3}}"#),
      (.coverage(lines: 80), #"{"coverage":{"lines":80}}"#),
      (.reviews([.ba]), #"{"reviews":{"_0":["ba"]}}"#),
      (.vulnerabilities(limits: [.high: 0]), #"{"vulnerabilities":{"limits":{"HIGH":0}}}"#),
    ] {
      #expect(try CanonicalJSON.decode(GateSpec.self, from: Data(text.utf8)) == spec)
      #expect(String(decoding: try CanonicalJSON.encode(spec), as: UTF8.self) == text)
    }
  }
}
