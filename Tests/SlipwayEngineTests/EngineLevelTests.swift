import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayJournal
import SlipwayModel
import Testing

@Suite("Engine: levels of automation", .serialized)
struct EngineLevelTests {
  private static func pipeline(_ automation: AutomationSpec) -> Pipeline {
    var pipeline = Pipeline.canary
    pipeline.promotions[0].automation = automation
    pipeline.promotions[0].rollout.steps = [10, 100]
    return pipeline
  }

  /// A run over a 1.0 that serves, driven beside `body`.
  private func beside(
    _ automation: AutomationSpec, _ body: (EngineFixture, Engine, RunID) async throws -> Void
  ) async throws {
    try await EngineFixture.with(Self.pipeline(.automatic)) { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        fixture.change(Self.pipeline(automation))
        await fixture.register("1.1", engine)
        let run = try await fixture.start("1.1", engine)
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        defer { driving.cancel() }
        try await body(fixture, engine, run)
        try await driving.value
      }
    }
  }

  private func asked(_ fixture: EngineFixture, _ run: RunID, _ id: String) async throws {
    try await eventually {
      let promotion = try await fixture.promotion(run)
      guard let index = promotion.current, promotion.confirmationEnds != nil else { return promotion.isFinished }
      return promotion.records[index].step.id.text == "confirm-" + id
    }
  }

  private func confirm(_ fixture: EngineFixture, _ engine: Engine, _ run: RunID, _ id: String) async {
    let reply = await engine.submit(
      fixture.submission(.decide(run, .confirm(step: id, note: "seen to it")), by: "dan"))
    #expect(reply.accepted, "\(reply.message)")
  }

  @Test("C10: an assisted step is done by Slipway once somebody agreed, and not before")
  func assisted() async throws {
    try await beside(AutomationSpec(.automatic, named: ["shift-10": .assisted])) { fixture, engine, run in
      try await asked(fixture, run, "shift-10")
      #expect(!fixture.world.deeds.contains("shift a 90 %, b 10 %"))
      await confirm(fixture, engine, run, "shift-10")
      try await eventually { try await fixture.promotion(run).isFinished }
      #expect(try await fixture.promotion(run).outcome == .success)
      #expect(fixture.world.deeds.contains("shift a 90 %, b 10 %"))
      let line = try #require(
        RunStatus(try await fixture.promotion(run), at: fixture.time.now()).steps.first { $0.id == "shift-10" })
      #expect(line.level == .assisted && line.confirmedBy == "dan" && line.note == "seen to it")
    }
  }

  @Test("C10: a manual shift is never made by Slipway; it is read back, and asked again while it is not so")
  func manual() async throws {
    try await beside(AutomationSpec(.automatic, named: ["shift": .manual])) { fixture, engine, run in
      try await asked(fixture, run, "shift-10")
      await confirm(fixture, engine, run, "shift-10")
      try await eventually {
        try await fixture.promotion(run).remarks.contains {
          $0.text.contains("confirm") && $0.text.contains("asked again")
        }
      }
      try await asked(fixture, run, "shift-10")
      for (id, split) in [
        ("shift-10", Split(green: .b, percent: 10, blue: .a)), ("shift-100", Split(green: .b, percent: 100, blue: .a)),
        ("settle", Split(green: .a, percent: 0, blue: .b)),
      ] {
        try await asked(fixture, run, id)
        fixture.world.set { $0.split = split }
        await confirm(fixture, engine, run, id)
      }
      try await eventually { try await fixture.promotion(run).isFinished }
      let promotion = try await fixture.promotion(run)
      #expect(promotion.outcome == .success)
      #expect(!fixture.world.deeds.contains { $0.hasPrefix("shift") && $0.contains("b 10 %") })
      let shift = try #require(promotion.records.first { $0.step.id == "shift-10" })
      #expect(shift.detail.contains("done by hand; read back"))
    }
  }

  @Test("C10, F1: an abort takes back traffic that a person moved and never confirmed")
  func abort() async throws {
    try await beside(AutomationSpec(.automatic, named: ["shift": .manual])) { fixture, engine, run in
      try await asked(fixture, run, "shift-10")
      fixture.world.set { $0.split = Split(green: .b, percent: 10, blue: .a) }
      #expect(await engine.submit(fixture.submission(.decide(run, .abort(reason: "stop")), by: "ann")).accepted)
      try await eventually { try await fixture.promotion(run).isFinished }
      #expect(try await fixture.promotion(run).outcome == .aborted)
      #expect(fixture.world.split == Split(green: .b, percent: 0, blue: .a))
    }
  }

  @Test("C10, B8: errors of green while somebody is asked about the next share bring traffic back")
  func breachWhileAsked() async throws {
    try await beside(AutomationSpec(.automatic, named: ["shift-100": .assisted])) { fixture, _, run in
      try await asked(fixture, run, "shift-100")
      fixture.world.set { $0.errorPercent["1.1"] = 60 }
      try await eventually { try await fixture.promotion(run).isFinished }
      let promotion = try await fixture.promotion(run)
      #expect(promotion.outcome == .rolledBack && promotion.cause?.kind == .breach)
    }
  }

  @Test("C10, F1: a run that waits for a person's work goes on with the next driver")
  func otherDriver() async throws {
    try await EngineFixture.with(Self.pipeline(AutomationSpec(.automatic, named: ["deploy": .manual]))) { fixture in
      let run = try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        let run = try await fixture.start("1.0", engine)
        try await engine.drive(following: [], forever: false, until: nil)
        return run
      }
      #expect(fixture.world.deeds.isEmpty)
      fixture.world.set { $0.slots[.a] = "1.0" }
      try await fixture.engine { engine in
        await confirm(fixture, engine, run, "deploy")
        try await engine.drive(following: [run], forever: false, until: nil)
      }
      #expect(try await fixture.promotion(run).outcome == .success)
      #expect(!fixture.world.deeds.contains { $0.hasPrefix("deploy") })
    }
  }
}
