import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayModel
import Synchronization
import Testing

@Suite("Engine: what a held run comes from is kept under watch")
struct EngineHeldTests {
  /// Staging, then production with an approval.
  private static var pipeline: Pipeline {
    var pipeline = Pipeline.canary
    var staging = pipeline.environments[0]
    staging.name = "staging"
    staging.protected = false
    pipeline.environments.insert(staging, at: 0)
    pipeline.promotions[0].from = "staging"
    pipeline.promotions[0].gates = [.verified(in: "staging"), .noFreeze]
    pipeline.promotions.insert(
      PromotionSpec(
        from: nil, to: "staging", rollout: RolloutSpec(steps: [100], watch: .seconds(2)),
        watch: WatchSpec(every: .seconds(1))), at: 0)
    return pipeline
  }

  @Test(
    "A6, E2: staging that goes bad under a held run is said, loses its verification, and blocks the run once it is let go"
  )
  func goesBad() async throws {
    try await EngineFixture.with(Self.pipeline) { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        let first = try #require(await engine.submit(fixture.submission(.promote("1.0", to: "staging"))).run)
        try await engine.drive(following: [first], forever: false, until: nil)
        #expect(try await fixture.promotion(first).outcome == .success)
        let run = try await fixture.start("1.0", engine)
        #expect(await engine.submit(fixture.submission(.decide(run, .hold(reason: "wait")), by: "bob")).accepted)
        let driving = Task {
          try await engine.drive(following: [], forever: true, until: nil, lookingAfterHeldEvery: .seconds(5))
        }
        defer { driving.cancel() }
        fixture.world.set { $0.illness["1.0"] = "503" }
        try await eventually { try await fixture.promotion(run).sourceTrouble == "503" }
        try await eventually {
          fixture.world.state.withLock { $0.tells.contains { $0.text.contains("staging went bad") } }
        }
        fixture.world.set { $0.illness["1.0"] = nil }
        try await eventually { try await fixture.promotion(run).sourceTrouble == nil }
        #expect(await engine.submit(fixture.submission(.decide(run, .resume), by: "bob")).accepted)
        try await eventually { try await fixture.promotion(run).isFinished }
        let promotion = try await fixture.promotion(run)
        #expect(promotion.outcome == .blocked, "what was taken away comes back only by a verification")
        #expect(!promotion.hasBegun)
      }
    }
  }
}
