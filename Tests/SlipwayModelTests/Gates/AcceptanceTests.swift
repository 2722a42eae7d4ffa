import Foundation
import SlipwayModel
import Testing

@Suite("Gates: accepted risks")
struct AcceptanceTests {
  private static let soon = Timestamp.start + .hours(24)

  private func acceptance(
    _ id: String = "CVE-2026-1", until: Timestamp = soon, environments: [EnvironmentName] = [],
    releases: [ReleaseID] = [], packages: [String] = []
  ) -> RiskAcceptance {
    RiskAcceptance(
      id: id, reason: "not reachable", by: "vera", until: until, environments: environments, releases: releases,
      packages: packages)
  }

  private func finding(
    _ id: String = "CVE-2026-1", _ severity: Severity? = .critical, aliases: [String] = [],
    places: [String] = ["openssl@3.0"]
  ) -> Finding {
    Finding(id: id, aliases: aliases, severity: severity, places: places, title: "a hole")
  }

  private func ledger(_ findings: [Finding], examined: Int? = 10, beyond: [Severity: Int] = [:]) -> Ledger {
    var counts = beyond
    for finding in findings { if let severity = finding.severity { counts[severity, default: 0] += 1 } }
    let figures = FindingFigures(
      examined: examined, bySeverity: counts, unknownSeverity: findings.count { $0.severity == nil },
      ids: Set(findings.map(\.id)).sorted(), findings: findings)
    var ledger = Sample.ledger()
    ledger.apply(
      .reportAdded(
        Report(
          release: "1.1", releaseDigest: Sample.new.digest, kind: "trivy", file: "t.json", digest: Digest(of: Data()),
          size: 1, at: .start, content: .findings(figures))), at: .start)
    return ledger
  }

  private func judge(
    _ findings: [Finding], _ entries: [RiskAcceptance], at now: Timestamp = .start,
    limits: [Severity: Int] = [.high: 0],
    beyond: [Severity: Int] = [:], problems: [String] = []
  ) throws -> GateReport {
    let book = AcceptanceBook(file: "ops/accepted.yaml", entries: entries, problems: problems)
    let judge = GateJudge(
      plan: try Sample.plan(), ledger: ledger(findings, beyond: beyond), surroundings: Surroundings(acceptances: book))
    return try #require(judge.judge(.vulnerabilities(limits: limits), at: now))
  }

  @Test("A3: an accepted finding passes, and who accepted it, why and until when is a warning and a proof")
  func accepted() throws {
    #expect(try judge([finding()], []).verdict == .failed)
    let found = try judge([finding()], [acceptance()])
    #expect(found.verdict == .passed && found.reason.contains("1 accepted"), "\(found.reason)")
    #expect(
      found.warnings == [
        "CVE-2026-1 in openssl@3.0 accepted until 2027-01-16T08:00:00.000Z by vera: not reachable"
      ])
    #expect(found.proof.contains { $0.from == "ops/accepted.yaml" })
  }

  @Test("A3: an acceptance ends at its very instant, and is named when it has")
  func expiry() throws {
    let last = Self.soon - .milliseconds(1)
    #expect(try judge([finding()], [acceptance()], at: last).verdict == .passed)
    let found = try judge([finding()], [acceptance()], at: Self.soon)
    #expect(found.verdict == .failed)
    #expect(found.reason.contains("the acceptance of CVE-2026-1 in openssl@3.0 by vera expired"), "\(found.reason)")
    // A later one beside the expired one counts.
    let both = [acceptance(), acceptance(until: Self.soon + .hours(1))]
    #expect(try judge([finding()], both, at: Self.soon).verdict == .passed)
  }

  @Test("A3: an acceptance whose end is out of sight is one without end, and does not count")
  func endless() throws {
    let last = Timestamp.start + AcceptanceBook.longest
    #expect(try judge([finding()], [acceptance(until: last)]).verdict == .passed)
    let found = try judge([finding()], [acceptance(until: last + .milliseconds(1))])
    #expect(found.verdict == .failed && found.reason.contains("as good as without end"), "\(found.reason)")
  }

  @Test("A3: a book with a mistake accepts nothing and judges nothing")
  func broken() throws {
    let found = try judge([], [acceptance()], problems: ["ops/accepted.yaml:1:3: an acceptance lacks 'until'"])
    #expect(found.verdict == .error && found.reason.contains("lacks 'until'"))
    #expect(found.remedy?.contains("slipway check") == true)
  }

  @Test(
    "A3: the scope limits environment, release and package; every place must be in it",
    arguments: [
      (["production"], ["1.1"], ["openssl"], true), (["staging"], [], [], false), ([], ["1.0"], [], false),
      ([], [], ["openssl@3.0"], true), ([], [], ["openssl@3.1"], false), ([], [], ["open"], false), ([], [], [], true),
    ] as [([String], [String], [String], Bool)])
  func scope(environments: [String], releases: [String], packages: [String], passes: Bool) throws {
    let entry = acceptance(
      environments: environments.map { EnvironmentName($0) }, releases: releases.map { ReleaseID($0) },
      packages: packages)
    #expect(try judge([finding()], [entry]).verdict == (passes ? .passed : .failed))
    let elsewhere = finding(places: ["openssl@3.0", "zlib@1"])
    if !packages.isEmpty { #expect(try judge([elsewhere], [entry]).verdict == .failed) }
    if !packages.isEmpty { #expect(try judge([finding(places: [])], [entry]).verdict == .failed) }
  }

  @Test("A3: an alias is the same finding, whatever the case; a part of a name is not")
  func alias() throws {
    let entry = [acceptance("cve-2026-1")]
    #expect(try judge([finding("GHSA-x", aliases: ["CVE-2026-1"])], entry).verdict == .passed)
    #expect(try judge([finding("CVE-2026-10")], entry).verdict == .failed)
    #expect(try judge([finding("")], [acceptance("")]).verdict == .failed)
  }

  @Test("A3: only what is accepted is taken off: other findings, unrated ones and those beyond the list count on")
  func rest() throws {
    let findings = [finding(), finding("CVE-2026-2", .high), finding("CVE-2026-3", nil)]
    let one = try judge(findings, [acceptance()])
    #expect(one.verdict == .failed && one.reason.contains("1 CRITICAL, 0 allowed; 1 HIGH, 0 allowed"), "\(one.reason)")
    #expect(one.reason.contains("CVE-2026-2") && one.reason.contains("CVE-2026-3"))
    let all = ["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"].map { acceptance($0) }
    #expect(try judge(findings, all).verdict == .passed)
    #expect(try judge(findings, all, beyond: [.critical: 1]).verdict == .failed)
  }

  @Test("A3: what is known and within the limits is named beside the verdict")
  func open() throws {
    let found = try judge([finding("CVE-2026-9", .medium)], [])
    #expect(found.verdict == .passed && found.reason.contains("1 MEDIUM") && found.reason.contains("10 examined"))
    #expect(found.warnings == ["CVE-2026-9 in openssl@3.0 (MEDIUM) is open, within the limits"])
    let many = (0..<300).map { finding("CVE-\($0)", .low) }
    let crowd = try judge(many, [])
    #expect(crowd.warnings.count == 51 && crowd.warnings.last == "and 250 more")
    #expect(crowd.reason.utf8.count < 1_000)
  }

  @Test(
    "A3: open findings are listed for whoever decides, the worst first, with what is accepted and what is no longer")
  func listed() throws {
    let ledger = ledger([finding("L", .low), finding("N", nil), finding("H", .high), finding("H", .high)])
    let book = AcceptanceBook(entries: [acceptance("H"), acceptance("L", until: .start)])
    let plan = try Sample.plan()
    let found = openFindings(ledger: ledger, plan: plan, acceptances: book, at: .start)
    #expect(found.map(\.finding.id) == ["N", "H", "L"])
    #expect(found.map { $0.acceptance?.by } == [nil, "vera", nil])
    #expect(found.map(\.reports) == [["trivy"], ["trivy"], ["trivy"]])
    #expect(found[2].lapse?.contains("expired") == true && found[0].lapse == nil)
    let broken = AcceptanceBook(entries: book.entries, problems: ["x"])
    #expect(
      openFindings(ledger: ledger, plan: plan, acceptances: broken, at: .start).allSatisfy { $0.acceptance == nil })
    var other = plan
    other.release = Sample.old
    #expect(openFindings(ledger: ledger, plan: other, acceptances: book, at: .start).isEmpty)
  }

  @Test("A3: whatever the book holds, no verdict is better than with every finding accepted, nor worse than with none")
  func property() throws {
    var random = SplitMix64(seed: 5)
    for _ in 0..<300 {
      let findings = (0..<Int.random(in: 0...6, using: &random)).map { _ in
        finding("CVE-\(Int.random(in: 0...3, using: &random))", Severity.allCases.randomElement(using: &random))
      }
      let entries = (0..<Int.random(in: 0...4, using: &random)).map { _ in
        acceptance(
          "CVE-\(Int.random(in: 0...3, using: &random))",
          until: .start + .hours(Int64.random(in: -5...5, using: &random)))
      }
      let limits: [Severity: Int] = [.low: Int.random(in: 0...2, using: &random)]
      let with = try judge(findings, entries, limits: limits).verdict
      let without = try judge(findings, [], limits: limits).verdict
      if without == .passed { #expect(with == .passed) }
      let inForce = Set(entries.filter { $0.until > .start }.map(\.id))
      let left = findings.filter { !inForce.contains($0.id) }
      #expect(with == (try judge(left, [], limits: limits).verdict))
    }
  }
}
