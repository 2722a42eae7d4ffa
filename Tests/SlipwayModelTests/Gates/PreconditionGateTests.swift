import Foundation
import SlipwayModel
import Testing

@Suite("Gates: commits, data, dependencies")
struct PreconditionGateTests {
  private let now = Timestamp.start

  private func judge(_ release: Release, serving other: Release?, windows: [String: Window] = [:]) throws -> GateJudge {
    var ledger = Sample.ledger()
    if let other {
      ledger.apply(.environmentServes("staging", Placement(slot: .a, release: other, run: "s", since: now)), at: now)
    }
    var plan = try Sample.plan()
    plan.release = release
    plan.windows = windows
    return GateJudge(plan: plan, ledger: ledger, surroundings: Surroundings())
  }

  @Test("B1: what serves in staging is this release or of its commit; anything else, and not knowing, fails")
  func sameCommit() throws {
    func verdict(_ release: Release, _ other: Release?) throws -> GateReport {
      try #require(try judge(release, serving: other).judge(.sameCommit(as: "staging"), at: now))
    }
    let (a, b) = (Release.of("1.1", commit: "aaa"), Release.of("1.2", commit: "aaa"))
    #expect(try verdict(a, nil).verdict == .failed)
    #expect(try verdict(a, a).verdict == .passed)
    #expect(try verdict(Release.of("1.1"), Release.of("1.1")).verdict == .passed)
    #expect(try verdict(a, b).verdict == .passed)
    let other = try verdict(a, Release.of("1.3", commit: "bbb"))
    #expect(other.verdict == .failed && other.reason.contains("aaa") && other.reason.contains("bbb"))
    #expect(try verdict(a, Release.of("1.3")).reason.contains("commit of 1.3 is not known"))
    #expect(try verdict(Release.of("1.1"), b).reason.contains("commit of 1.1 is not known"))
  }

  // MARK: Data

  private func look(
    _ bytes: Int64?, free: Int64?, _ passed: Bool = true, isLive: Bool = true, place: EnvironmentName = "production"
  ) -> DataLook {
    DataLook(
      place,
      DataReadiness(
        checks: [
          DataCheck("server", passed: true, detail: "15"), DataCheck("rights", passed: passed, detail: "createdb"),
        ],
        liveBytes: bytes, freeBytes: free), isLive: isLive)
  }

  @Test("B1: three times the size must be free, of the larger side, to the byte; what is not known never passes")
  func room() {
    func verdict(_ target: DataLook, _ source: DataLook? = nil, factor: Double = 3) -> Verdict {
      DataVerdict(target: target, source: source, factor: factor).report("data-ready", at: now).verdict
    }
    #expect(verdict(look(1_000, free: 3_000)) == .passed)
    #expect(verdict(look(1_000, free: 2_999)) == .failed)
    #expect(verdict(look(1_000, free: 2_999), factor: 2) == .passed)
    let source = look(5_000, free: 0, place: "staging")
    #expect(verdict(look(1_000, free: 14_999), source) == .failed)
    #expect(verdict(look(1_000, free: 15_000), source) == .passed)
    #expect(verdict(look(nil, free: 10_000)) == .error)
    #expect(verdict(look(1_000, free: nil)) == .error)
    // Where nothing serves yet there is nothing to measure, but for the source's.
    #expect(verdict(look(nil, free: 10_000, isLive: false)) == .passed)
    #expect(verdict(look(nil, free: 10_000, isLive: false), source) == .failed)
    let report = DataVerdict(target: look(2_000_000_000, free: 5_000_000_000), factor: 3).report("g", at: now)
    #expect(report.reason.contains("5.0 GB free") && report.reason.contains("6.0 GB needed (3 × 2.0 GB)"), "\(report)")
    #expect(report.remedy?.contains("free 1.0 GB") == true)
  }

  @Test("B1: a check that failed, on either side, fails with its place; no check at all is an error")
  func reach() {
    let bad = DataVerdict(
      target: look(1, free: 10), source: look(1, free: 10, false, place: "staging"), factor: 3
    ).report("data-ready", at: now)
    #expect(bad.verdict == .failed && bad.reason.contains("staging rights"), "\(bad)")
    #expect(bad.proof.count == 4)
    let none = DataVerdict(target: DataLook("production", DataReadiness(checks: []), isLive: true), factor: 3)
    #expect(none.report("data-ready", at: now).verdict == .error)
  }

  @Test("B1: promotions with data of Slipway's own, and those that bring staging's along, get their gates unasked")
  func unasked() throws {
    var pipeline = Sample.pipeline()
    pipeline.environments[1].data = .postgres(
      PostgresDataSpec(server: SecretText("postgresql://x"), databases: .slots(a: "a", b: "b")))
    pipeline.promotions[1].greenData = .source
    let planner = Planner(pipeline: pipeline, ledger: Sample.ledger())
    let gates = try planner.promotion(of: "1.1", to: "production").gates
    #expect(gates.contains(.dataReady(factor: 3)) && gates.contains(.sameCommit(as: "staging")))
    pipeline.promotions[1].gates = [.dataReady(factor: 5)]
    let own = try Planner(pipeline: pipeline, ledger: Sample.ledger()).promotion(of: "1.1", to: "production").gates
    #expect(own.filter { $0.name == "data-ready" } == [.dataReady(factor: 5)])
  }

  // MARK: Dependencies

  @Test("C1, C2: no answer at all blocks, every critical one must pass, others warn")
  func dependencies() {
    func answer(_ name: String, _ passed: Bool, critical: Bool = true) -> DependencyAnswer {
      DependencyAnswer(name: name, critical: critical, passed: passed, detail: "d", asked: "x")
    }
    func report(_ answers: [DependencyAnswer]) -> GateReport { .of(dependencies: answers, gate: "g", at: now) }
    #expect(report([]).verdict == .failed)
    #expect(report([answer("a", true), answer("b", false, critical: false)]).verdict == .passed)
    #expect(report([answer("a", true), answer("b", false, critical: false)]).warnings.count == 1)
    let failed = report([answer("a", false), answer("b", false), answer("c", true)])
    #expect(failed.verdict == .failed && failed.reason.contains("2 of 3") && failed.proof.count == 3)
  }

  @Test("C2: the next opening of the promotion's windows is proposed, not the one that is open")
  func maintenance() throws {
    // Start is a Friday, 08:00 UTC.
    let window = Window(zone: "UTC", ranges: [WeeklyRange(days: [.friday], fromMinute: 420, toMinute: 600)])
    let open = try judge(Sample.new, serving: nil, windows: ["nights": window]).maintenanceProposal(from: now)
    #expect(open.contains("'nights' from 2027-01-22T07:00:00") && open.contains("until 2027-01-22T10:00:00"), "\(open)")
    let none = try judge(Sample.new, serving: nil).maintenanceProposal(from: now)
    #expect(none.contains("no window is named"))
  }
}
