import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayModel
import Synchronization
import Testing

@Suite("Engine: who may let what through")
struct EngineGovernanceTests {
  private static func pipeline(_ change: (inout PromotionSpec) -> Void = { _ in }) -> Pipeline {
    var pipeline = Pipeline.canary
    pipeline.roles["lead"] = ["dan"]
    pipeline.notify = [NotifySpec(run: "page")]
    change(&pipeline.promotions[0])
    return pipeline
  }

  private static let agreement = ExceptionSpec.Agreement(
    rules: [ApprovalRule(role: "lead")], expires: .hours(1), review: .hours(72))

  @Test(
    "E7: a promotion asked for in a freeze waits, one with an exception goes, and those on call hear of an emergency")
  func emergency() async throws {
    try await EngineFixture.with(Self.pipeline { $0.exceptions.emergency = Self.agreement }) { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        let now = fixture.time.now()
        let freeze = Freeze(name: "year-end", from: now - .hours(1), until: now + .hours(500), reason: "books")
        #expect(await engine.submit(fixture.submission(.ledger(.freezeAdded(freeze)))).accepted)
        let ask = PromotionAsk(exception: .emergency(incident: "INC-7"))
        let reply = await engine.submit(fixture.submission(.promote("1.0", to: "production", asking: ask)))
        let run = try #require(reply.run, "\(reply.message)")
        let ordinary = await engine.submit(
          fixture.submission(.decide(run, .approve(plan: nil, comment: nil)), by: "ann"))
        #expect(!ordinary.accepted && ordinary.code == .notPermitted, "the ordinary people are not asked")
        #expect(
          await engine.submit(fixture.submission(.decide(run, .approve(plan: nil, comment: nil)), by: "dan")).accepted)
        try await engine.drive(following: [run], forever: false, until: nil)
        #expect(try await fixture.promotion(run).outcome == .success)
        #expect(fixture.world.state.withLock { $0.tells.map(\.event) }.first == "emergency")
      }
    }
  }

  @Test(
    "E17: break-glass takes its own role, leaves a review that another person closes, and stops where one is overdue")
  func breakGlass() async throws {
    let pipeline = Self.pipeline {
      $0.gates = [.noFreeze, .tests(minimum: 1)]
      $0.exceptions.breakGlass = .init(roles: ["lead"], agreement: Self.agreement)
    }
    try await EngineFixture.with(pipeline) { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        let ask = PromotionAsk(exception: .breakGlass(gates: ["tests"], reason: "the runner is down"))
        let content = Submission.Content.promote("1.0", to: "production", asking: ask)
        let stranger = await engine.submit(fixture.submission(content, by: "carol"))
        #expect(stranger.code == .notPermitted && stranger.message.contains("lead"))
        let run = try #require(await engine.submit(fixture.submission(content, by: "dan")).run)
        #expect(await engine.submit(fixture.submission(.decide(run, .reject(reason: "no")), by: "ann")).accepted)
        try await engine.drive(following: [run], forever: false, until: nil)
        func review(by person: Person) async -> Reply {
          await engine.submit(
            fixture.submission(.ledger(.reviewed(run, by: person, note: "it was right")), by: person))
        }
        #expect(await review(by: "dan").code == .notPermitted, "not by who asked")
        fixture.time.jump(.hours(100))
        let again = Submission.Content.promote(
          "1.0", to: "production",
          asking: PromotionAsk(exception: .breakGlass(gates: ["tests"], reason: "again"), resubmission: "mended"))
        let late = await engine.submit(fixture.submission(again, by: "dan"))
        #expect(late.code == .refused && late.message.contains("slipway review \(run)"))
        #expect(await review(by: "ann").accepted)
        #expect(await review(by: "ann").code == .notFound)
        #expect(await engine.submit(fixture.submission(again, by: "dan")).accepted)
      }
    }
  }

  @Test("A6: a rejection files its tasks once, and the release comes back only with what was done about it")
  func rejection() async throws {
    var pipeline = Self.pipeline()
    pipeline.followUp = FollowUpSpec(run: "tracker")
    try await EngineFixture.with(pipeline) { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        let run = try #require(await engine.submit(fixture.submission(.promote("1.0", to: "production"))).run)
        #expect(await engine.submit(fixture.submission(.decide(run, .reject(reason: "too slow")), by: "ann")).accepted)
        try await engine.drive(following: [run], forever: false, until: nil)
        let promotion = try await fixture.promotion(run)
        #expect(promotion.outcome == .rejected)
        #expect(promotion.followUp?.reference?.hasPrefix("T-1") == true)
        #expect(fixture.world.state.withLock { $0.filed.count } == 1)
        let file = fixture.folder.followUps.appending(path: "\(run).md")
        #expect(try String(contentsOf: file, encoding: .utf8).contains("too slow"))
        let bare = await engine.submit(fixture.submission(.promote("1.0", to: "production")))
        #expect(bare.code == .refused && bare.message.contains("--resubmit"))
        let ask = PromotionAsk(resubmission: "index added")
        let next = try #require(
          await engine.submit(fixture.submission(.promote("1.0", to: "production", asking: ask))).run)
        #expect(try await fixture.promotion(next).plan.resubmission?.rejection.run == run)
      }
    }
  }

  @Test("A6: a tracker that refuses does not keep a rejected run open")
  func tracker() async throws {
    var pipeline = Self.pipeline()
    pipeline.followUp = FollowUpSpec(run: "tracker")
    try await EngineFixture.with(pipeline, factor: 1_000) { fixture in
      fixture.world.set { $0.trackerRefusal = "401" }
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        let run = try #require(await engine.submit(fixture.submission(.promote("1.0", to: "production"))).run)
        _ = await engine.submit(fixture.submission(.decide(run, .reject(reason: "no")), by: "ann"))
        try await engine.drive(following: [run], forever: false, until: nil)
        let promotion = try await fixture.promotion(run)
        #expect(promotion.outcome == .rejected)
        #expect(promotion.followUp?.attempts == 3)
      }
    }
  }

  @Test("E6: a freeze that is declared under a run holds it before the next step of traffic; taken away, it goes on")
  func freezeUnderWay() async throws {
    try await EngineFixture.with(Self.pipeline { $0.rollout = RolloutSpec(steps: [50, 100], watch: .seconds(60)) }) {
      fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        try await fixture.promote("1.0", engine)
        await fixture.register("1.1", engine)
        let run = try await fixture.start("1.1", engine)
        async let driving: Void = engine.drive(
          following: [run], forever: false, until: nil, lookingAfterHeldEvery: .seconds(5))
        try await eventually { fixture.world.split[.b] == 50 }
        let now = fixture.time.now()
        let freeze = Freeze(name: "year-end", from: now, until: now + .hours(500), reason: "books")
        #expect(await engine.submit(fixture.submission(.ledger(.freezeAdded(freeze)))).accepted)
        try await eventually { try await fixture.promotion(run).isFrozen }
        #expect(try await fixture.promotion(run).greenPercent == 50)
        let resume = await engine.submit(fixture.submission(.decide(run, .resume), by: "ann"))
        #expect(resume.code == .refused && resume.message.contains("freeze"))
        #expect(await engine.submit(fixture.submission(.ledger(.freezeRemoved(name: "year-end")))).accepted)
        try await driving
        #expect(try await fixture.promotion(run).outcome == .success)
      }
    }
  }

  @Test("E6: a promotion that waits for the end of a freeze goes on as soon as the freeze is taken away")
  func freezeTakenAway() async throws {
    try await EngineFixture.with(Self.pipeline()) { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        let now = fixture.time.now()
        let freeze = Freeze(name: "audit", from: now - .hours(1), until: now + .hours(5_000), reason: "auditors")
        #expect(await engine.submit(fixture.submission(.ledger(.freezeAdded(freeze)))).accepted)
        let run = try await fixture.start("1.0", engine)
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        defer { driving.cancel() }
        try await eventually { try await fixture.promotion(run).mayThaw }
        #expect(await engine.submit(fixture.submission(.ledger(.freezeRemoved(name: "audit")))).accepted)
        try await driving.value
        #expect(try await fixture.promotion(run).outcome == .success)
      }
    }
  }

  @Test("E8, F7: a proof that cannot be had is refused with its reason, and delays nobody else")
  func slowWitness() async throws {
    try await EngineFixture.with(Self.pipeline()) { fixture in
      try await fixture.engine(witness: HangingWitness()) { engine in
        await fixture.register("1.0", engine)
        let run = try #require(await engine.submit(fixture.submission(.promote("1.0", to: "production"))).run)
        var token = fixture.submission(.decide(run, .approve(plan: nil, comment: nil)), by: "ann")
        token.credential = .oidc(token: "t")
        let asked = token
        async let slow = engine.submit(asked)
        let hold = await engine.submit(fixture.submission(.decide(run, .hold(reason: "wait")), by: "bob"))
        #expect(hold.accepted)
        #expect(await slow.code == .unreachable)
      }
    }
  }
}

/// Never answers for tokens.
private struct HangingWitness: Witness {
  func prove(
    _ credential: Credential, by person: Person, statement: DecisionStatement, under spec: IdentitySpec,
    at now: Timestamp
  ) async throws(EngineError) -> Identity {
    if case .oidc = credential { try? await Task.sleep(for: .seconds(3_600)) }
    return Identity(person: person, kind: .local, provenAt: now)
  }
}
