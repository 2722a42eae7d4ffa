import SlipwayConnectors
import SlipwayEngine
import SlipwayModel
import Synchronization
import Testing

/// What is open when traffic has gone, and a data plane that forgets or is changed by somebody else.
@Suite("Engine: traffic")
struct EngineTrafficTests {
  @Test("C5: what blue still answers may end, and what is open after its time is cut before the run is over")
  func drainsBlue() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        fixture.world.set { $0.open[.a] = 2 }
        let promotion = try await fixture.promote("1.1", engine)
        #expect(promotion.outcome == .success)
        let drain = try #require(promotion.records.first { $0.step.id == "drain-blue" })
        #expect(drain.detail == "2 still open on blue after 30s and cut")
        #expect(fixture.world.deeds.last == "cut a")
      }
    }
  }

  @Test(
    "C7, F1: a rollback cuts what the bad release still answers, after its traffic is gone and before its slot is emptied"
  )
  func drainsGreen() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        fixture.world.set {
          $0.errorPercent["1.1"] = 20
          $0.open[.b] = 1
        }
        let promotion = try await fixture.promote("1.1", engine)
        #expect(promotion.outcome == .rolledBack)
        #expect(fixture.world.deeds.suffix(3) == ["shift a 100 %, b 0 %", "cut b", "destroy b"])
      }
    }
  }

  @Test("nothing is cut when everything ended by itself")
  func endsByItself() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        let promotion = try await fixture.promote("1.1", engine)
        let drain = try #require(promotion.records.first { $0.step.id == "drain-blue" })
        #expect(drain.detail == "blue answers nothing any more")
        #expect(!fixture.world.deeds.contains { $0.hasPrefix("cut") })
      }
    }
  }

  @Test("F1: a data plane that began anew and forgot its split stops the run, and nothing is written without an intent")
  func forgetfulPlane() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        await fixture.register("1.1", engine)
        let run = try await fixture.start("1.1", engine)
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        try await eventually { try await fixture.promotion(run).records.contains { ($0.watch?.looks ?? 0) > 1 } }
        let deeds = fixture.world.deeds
        fixture.world.set {
          $0.source = "world, started anew"
          $0.counters = [:]
          $0.split = Split(green: .b, percent: 0, blue: .a)
        }
        try await eventually { try await fixture.promotion(run).status == "paused" }
        let reason = try await fixture.promotion(run).suspension?.reason
        #expect(reason?.contains("it began anew and forgot what it was told") == true, "\(reason ?? "")")
        #expect(fixture.world.deeds == deeds)
        _ = await engine.submit(fixture.submission(.decide(run, .abort(reason: "restarted")), by: "ann"))
        try await driving.value
        #expect(fixture.world.split[.b] == 0)
      }
    }
  }

  @Test("blue's past hours are asked for once a run, and by no judge that does not use them", arguments: [true, false])
  func historyOnce(isSequential: Bool) async throws {
    var pipeline = Pipeline.canary
    if !isSequential { pipeline.promotions[0].watch.judge = .thresholds }
    try await EngineFixture.with(pipeline) { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        #expect(fixture.world.state.withLock { $0.historyQuestions } == 0)
        #expect(try await fixture.promote("1.1", engine).outcome == .success)
        #expect(fixture.world.state.withLock { $0.historyQuestions } == (isSequential ? 1 : 0))
      }
    }
  }
}
