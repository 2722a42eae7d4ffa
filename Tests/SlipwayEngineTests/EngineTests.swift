import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayEvidence
import SlipwayJournal
import SlipwayModel
import Synchronization
import Testing

@Suite("Engine")
struct EngineTests {
  @Test("C5, B7: a good release goes 10, 50, 100 percent and blue stays in its slot")
  func goodRelease() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        let promotion = try await fixture.promote("1.1", engine)
        #expect(promotion.outcome == .success)
        #expect(fixture.world.split == Split(green: .a, percent: 0, blue: .b))
        #expect(fixture.world.slots == [.a: "1.0", .b: "1.1"])
        let shifts = fixture.world.deeds.filter { $0.hasPrefix("shift") }.suffix(4)
        #expect(
          Array(shifts) == [
            "shift a 90 %, b 10 %", "shift a 50 %, b 50 %", "shift a 0 %, b 100 %", "shift a 0 %, b 100 %",
          ])
      }
    }
  }

  @Test("C5, E12, D5: a release with errors is rolled back by itself, verified, and its slot emptied")
  func badRelease() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        fixture.world.set { $0.errorPercent["1.1"] = 20 }
        let promotion = try await fixture.promote("1.1", engine)
        #expect(promotion.outcome == .rolledBack)
        #expect(promotion.cause?.kind == .breach)
        #expect(fixture.world.split == Split(green: .b, percent: 0, blue: .a))
        #expect(fixture.world.slots == [.a: "1.0"])
        #expect(promotion.records.contains { $0.step.id == "rollback-verify" && $0.status == .succeeded })
        #expect(promotion.breachToZero != nil)
      }
    }
  }

  @Test("C4: a green that never becomes well is removed and traffic was never touched")
  func sickGreen() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        let before = fixture.world.deeds.count
        fixture.world.set { $0.illness["1.1"] = "answers 500" }
        let promotion = try await fixture.promote("1.1", engine)
        #expect(promotion.outcome == .failed)
        #expect(!fixture.world.deeds.dropFirst(before).contains { $0.hasPrefix("shift") })
        #expect(fixture.world.slots == [.a: "1.0"])
      }
    }
  }

  @Test("E12: a crash of green rolls back, whatever the error rate")
  func crash() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        await fixture.register("1.1", engine)
        let run = try await fixture.start("1.1", engine)
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        try await eventually { try await fixture.promotion(run).records.contains { $0.watch != nil } }
        fixture.world.set { $0.crashes[.b] = 1 }
        try await driving.value
        #expect(try await fixture.promotion(run).outcome == .rolledBack)
      }
    }
  }

  @Test("a data plane that takes the write but does not change is not believed")
  func lyingPlane() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        fixture.world.set { $0.ignoresWrites = true }
        let promotion = try await fixture.promote("1.1", engine)
        #expect(promotion.outcome == .rolledBack)
        #expect(promotion.records.first { $0.step.id == "shift-10" }?.status == .failed)
      }
    }
  }

  @Test("going back does not give up while the data plane refuses, and people are told")
  func stubbornRollback() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        // All of them, so that the first step proves it.
        fixture.world.set { $0.errorPercent["1.1"] = 100 }
        await fixture.register("1.1", engine)
        let run = try await fixture.start("1.1", engine)
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        try await eventually { fixture.world.split[.b] == 10 }
        fixture.world.set { $0.failingWrites = 6 }
        try await driving.value
        let promotion = try await fixture.promotion(run)
        #expect(promotion.outcome == .rolledBack)
        #expect(fixture.world.split[.b] == 0)
        #expect(fixture.world.state.withLock { $0.tells }.contains { $0.event == "escalated" })
      }
    }
  }

  @Test(
    "a split that somebody else changed is noticed, with who it was where the plane knows, and its figures never pass",
    arguments: [nil, "field manager 'kustomize-controller'"])
  func drift(author: String?) async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        await fixture.register("1.1", engine)
        let run = try await fixture.start("1.1", engine)
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        try await eventually { fixture.world.split[.b] == 10 }
        fixture.world.set {
          $0.split = Split(green: .b, percent: 90, blue: .a)
          $0.changedBy = author
        }
        try await eventually { try await fixture.promotion(run).status == "paused" }
        let promotion = try await fixture.promotion(run)
        #expect(promotion.suspension?.reason.contains("\(author ?? "somebody else") changed it") == true)
        _ = await engine.submit(fixture.submission(.decide(run, .abort(reason: "drift")), by: "ann"))
        try await driving.value
        #expect(fixture.world.split[.b] == 0)
      }
    }
  }

  @Test("no counters at all never pass: the run pauses for a person when patience ends")
  func noData() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        fixture.world.set { $0.hasMetrics = false }
        await fixture.register("1.1", engine)
        let run = try await fixture.start("1.1", engine)
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        try await eventually { try await fixture.promotion(run).status == "paused" }
        #expect(fixture.world.split[.b] == 10)
        let abort = await engine.submit(fixture.submission(.decide(run, .abort(reason: "no metrics")), by: "bob"))
        #expect(abort.accepted)
        try await driving.value
        #expect(try await fixture.promotion(run).outcome == .aborted)
        #expect(fixture.world.split[.b] == 0)
      }
    }
  }
}

/// Waits until `condition` holds, at most three minutes: a loaded machine is slow, not wrong.
func eventually(_ condition: () async throws -> Bool) async throws {
  let end = ContinuousClock.now + .seconds(180)
  while ContinuousClock.now < end {
    if try await condition() { return }
    try await Task.sleep(for: .milliseconds(5))
  }
  Issue.record("the condition did not come true in time")
}
