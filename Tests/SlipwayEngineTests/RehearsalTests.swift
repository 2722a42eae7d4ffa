import SlipwayAnalysis
import SlipwayEngine
import SlipwayJournal
import SlipwayModel
import Testing

@Suite("Rehearsal: past promotions under other rules")
struct RehearsalTests {
  /// A good release, one that fails half of its requests, and a good one again; then their recordings.
  private func past(_ body: ([RecordedRun], EngineFixture) async throws -> Void) async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        fixture.world.set { state in
          state.errorPercent["1.1"] = 50
          // Errors that come ten at a time, so that evidence is divided by more than one.
          state.history = (0..<120).map { SlotCounters(requests: 1_000, serverErrors: $0 % 10 == 0 ? 10 : 0) }
        }
        try await fixture.promote("1.1", engine)
        try await fixture.promote("1.2", engine)
      }
      try await body(try await fixture.archive().recordedPromotions(since: Timestamp(milliseconds: 0)), fixture)
    }
  }

  private var spec: WatchSpec { Pipeline.canary.promotions[0].watch }

  /// The rules of the fixture with another limit for errors, as they stand.
  private func plain(_ bound: Double, _ consequence: WatchLimit.Consequence = .rollBack) -> WatchSpec {
    var spec = spec
    spec.judge = .thresholds
    spec.rules[0] = WatchRule(.errorRate, [WatchLimit(consequence, .above, bound)])
    return spec
  }

  @Test("the rules of then decide as then, and say what they said")
  func same() async throws {
    try await past { runs, _ in
      #expect(runs.map(\.plan.release.id) == ["1.0", "1.1", "1.2"])
      #expect(runs[1].cause == "breach" && runs[1].stop != nil)
      let rehearsal = Rehearsal(runs) { _ in spec }
      #expect(rehearsal.lines.map(\.finding) == [.same, .same, .same], "\(rehearsal.lines)")
      #expect(rehearsal.counts == [.same: 3])
      #expect(rehearsal.lines[1].reason == runs[1].stop?.judgement.reason)
    }
  }

  @Test("rules that see less miss what was stopped or leave it to a person; stricter ones stop what went well")
  func others() async throws {
    try await past { runs, _ in
      let blind = Rehearsal(runs) { _ in plain(0.99) }
      #expect(blind.lines.map(\.finding) == [.same, .missed, .same], "\(blind.lines)")
      let asking = Rehearsal(runs) { _ in plain(0.05, .pause) }
      #expect(asking.lines[1].finding == .asked && asking.lines[1].now == .pause, "\(asking.lines)")
      let strict = Rehearsal(runs) { _ in plain(-0.5) }
      #expect(strict.lines.map(\.finding)[2] == .falseStop, "\(strict.lines)")
      let cautious = Rehearsal(runs) { _ in plain(-0.5, .pause) }
      #expect(cautious.lines.map(\.finding)[2] == .falsePause, "\(cautious.lines)")
      let elsewhere = Rehearsal(runs) { _ in nil }
      #expect(elsewhere.counts == [.notReplayed: 3])
      #expect(elsewhere.lines[0].reason.contains("no promotion to production"))
    }
  }

  @Test("only promotions since then are rehearsed, oldest first")
  func since() async throws {
    try await past { runs, fixture in
      let later = try await fixture.archive().recordedPromotions(since: runs[1].startedAt)
      #expect(later.map(\.run) == runs.dropFirst().map(\.run))
    }
  }

  @Test("a recorded run judged anew by the sequential judge gives the very verdicts that the run journaled")
  func verdicts() async throws {
    try await past { runs, fixture in
      for run in runs.dropFirst() {
        var journaled: [WatchJudgement] = []
        for stored in try await fixture.archive().entries(of: run.run.text) {
          if case .measured(_, .some, let judgement)? = try? CanonicalJSON.decode(Event.self, from: stored.entry.body) {
            journaled.append(judgement)
          }
        }
        let replay = WatchReplay(run.recording, by: spec, gauges: run.plan.environment.gauges, goesOn: true)
        #expect((run.recording.stretches[0].prior?.dispersion.errors ?? 0) > 1.5)
        #expect(!journaled.isEmpty && journaled.count == replay.looks.count)
        #expect(journaled.map(\.verdict) == replay.looks.map(\.judgement.verdict))
      }
    }
  }
}
