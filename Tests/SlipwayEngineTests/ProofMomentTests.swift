import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayEvidence
import SlipwayJournal
import SlipwayModel
import Synchronization
import Testing

/// What lies beside the journal is looked at when a gate is judged and again right before the first effect.
@Suite("Engine: proofs at the moment of use")
struct ProofMomentTests {
  private static let pipeline: Pipeline = {
    var pipeline = Pipeline.canary
    pipeline.promotions[0].gates = [.vulnerabilities(limits: [.high: 0], maxAge: .hours(10))]
    return pipeline
  }()

  /// A promotion whose scan was in order when it was judged; `change` happens while it waits for its approval.
  private func outcome(
    until: Span = .hours(2), _ change: @escaping @Sendable (EngineFixture, borrowing Mutex<Surroundings>) -> Void
  ) async throws -> (promotion: Promotion, deeds: [String]) {
    let box = Box()
    var ended: (Promotion, [String])?
    try await EngineFixture.with(Self.pipeline) { fixture in
      let now = fixture.time.now()
      box.value.withLock {
        $0.acceptances = AcceptanceBook(
          file: "accepted.yaml",
          entries: [RiskAcceptance(id: "CVE-1", reason: "unreachable", by: "vera", until: now + until)])
      }
      try await fixture.engine(surroundings: { _, _ in box.value.withLock { $0 } }) { engine in
        await fixture.register("1.0", engine)
        let figures = FindingFigures(
          examined: 9, bySeverity: [.high: 1], unknownSeverity: 0, ids: ["CVE-1"],
          findings: [Finding(id: "CVE-1", severity: .high)])
        let report = Report(
          release: "1.0", releaseDigest: Digest(of: Data("1.0".utf8)), kind: "trivy", file: "t.json",
          digest: Self.bytes, size: 1, at: now, content: .findings(figures))
        #expect(await engine.submit(fixture.submission(.ledger(.reportAdded(report)))).accepted)
        let run = try #require(await engine.submit(fixture.submission(.promote("1.0", to: "production"))).run)
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        try await eventually { try await fixture.promotion(run).status == "awaiting_approval" }
        change(fixture, box.value)
        let approval = fixture.submission(.decide(run, .approve(plan: nil, comment: nil)), by: "ann")
        #expect(await engine.submit(approval).accepted)
        try await driving.value
        ended = (try await fixture.promotion(run), fixture.world.deeds)
      }
    }
    return try #require(ended)
  }

  private final class Box: Sendable { let value = Mutex(Surroundings()) }
  private static let bytes = Digest(of: Data("bytes".utf8))

  @Test("A3: an acceptance that holds at the gate and at the recheck lets the release through, and its warning is kept")
  func holds() async throws {
    let (promotion, _) = try await outcome { _, _ in }
    #expect(promotion.outcome == .success)
    let reports = promotion.records.flatMap(\.reports)
    #expect(reports.contains { $0.warnings.first?.contains("CVE-1 accepted until") == true })
  }

  @Test("A3: an acceptance that expires between the gate and the first effect blocks it, and nothing is touched")
  func expires() async throws {
    let (promotion, deeds) = try await outcome { fixture, _ in fixture.time.jump(.hours(3)) }
    #expect(promotion.outcome == .blocked && deeds.isEmpty)
    #expect(promotion.records.contains { $0.detail.contains("CVE-1 by vera expired") })
  }

  @Test("A3: an acceptance that is taken out of the file while people decide blocks at the recheck")
  func withdrawn() async throws {
    let (promotion, deeds) = try await outcome { _, box in box.withLock { $0.acceptances.entries = [] } }
    #expect(promotion.outcome == .blocked && deeds.isEmpty)
  }

  @Test("A3: a scan that grows too old between the gate and the first effect blocks")
  func ages() async throws {
    let (promotion, deeds) = try await outcome(until: .hours(100)) { fixture, _ in fixture.time.jump(.hours(11)) }
    #expect(promotion.outcome == .blocked && deeds.isEmpty)
    #expect(promotion.records.contains { $0.detail.contains("at most 10h is allowed") })
  }

  @Test("F7: a report whose kept bytes are changed while people decide never passes")
  func tampered() async throws {
    let (promotion, deeds) = try await outcome { _, box in box.withLock { $0.damagedProofs = [Self.bytes: .changed] } }
    #expect(promotion.outcome != .success && deeds.isEmpty)
  }
}
