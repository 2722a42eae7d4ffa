import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayJournal
import SlipwayModel
import Synchronization
import Testing

@Suite("Engine: people, crashes and other drivers", .serialized)
struct EngineDecisionTests {
  @Test("F2: a second promotion of the same environment is refused and named")
  func onePerEnvironment() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        await fixture.register("1.1", engine)
        let first = try await fixture.start("1.0", engine)
        let second = await engine.submit(fixture.submission(.promote("1.1", to: "production")))
        #expect(!second.accepted)
        #expect(second.message.contains(first.text))
      }
    }
  }

  @Test("F2: of many that ask for one environment at the same instant, one gets it")
  func onePerInstant() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        await fixture.register("1.1", engine)
        let replies = await withTaskGroup(of: Reply.self) { group in
          for turn in 0..<24 {
            group.addTask {
              await engine.submit(
                fixture.submission(.promote(turn.isMultiple(of: 2) ? "1.0" : "1.1", to: "production")))
            }
          }
          return await group.reduce(into: [Reply]()) { $0.append($1) }
        }
        #expect(replies.count { $0.accepted } == 1)
        #expect(replies.allSatisfy { $0.accepted || $0.message.contains("one promotion per environment") })
      }
    }
  }

  @Test("F1: a submission that is handed in twice is done once")
  func twice() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        let submission = fixture.submission(.promote("1.0", to: "production"), id: "same")
        let first = await engine.submit(submission)
        let second = await engine.submit(submission)
        #expect(first.run != nil)
        #expect(first.run == second.run)
      }
    }
  }

  @Test("A5, E9: nobody approves their own request, and nobody without the role")
  func approvals() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        let reply = await engine.submit(fixture.submission(.promote("1.0", to: "production"), by: "ann"))
        let run = try #require(reply.run)
        let own = await engine.submit(fixture.submission(.decide(run, .approve(plan: nil, comment: nil)), by: "ann"))
        #expect(!own.accepted && own.message.contains("asked for this run"))
        let stranger = await engine.submit(
          fixture.submission(.decide(run, .approve(plan: nil, comment: nil)), by: "eve"))
        #expect(!stranger.accepted && stranger.message.contains("manager"))
        let other = await engine.submit(
          fixture.submission(.decide(run, .approve(plan: Digest(of: Data()), comment: nil)), by: "bob"))
        #expect(!other.accepted && other.message.contains("plan"))
        let good = await engine.submit(fixture.submission(.decide(run, .approve(plan: nil, comment: nil)), by: "bob"))
        #expect(good.accepted)
      }
    }
  }

  @Test("A6: reject with a reason ends a run before anything was touched")
  func reject() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        let run = try #require(await engine.submit(fixture.submission(.promote("1.0", to: "production"))).run)
        let reply = await engine.submit(fixture.submission(.decide(run, .reject(reason: "not today")), by: "ann"))
        #expect(reply.accepted)
        try await engine.drive(following: [run], forever: false, until: nil)
        let promotion = try await fixture.promotion(run)
        #expect(promotion.outcome == .rejected)
        #expect(fixture.world.deeds.isEmpty)
      }
    }
  }

  @Test("an abort while a shift hangs cancels it, and its late write never follows the rollback's")
  func abortWhileHanging() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        await fixture.register("1.1", engine)
        fixture.world.set { $0.hangsAt = "shift a 50 %, b 50 %" }
        let run = try await fixture.start("1.1", engine)
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        try await eventually {
          let promotion = try await fixture.promotion(run)
          return promotion.current.map {
            promotion.records[$0].step.id == "shift-50" && promotion.records[$0].attempts == 1
          } ?? false
        }
        let reply = await engine.submit(fixture.submission(.decide(run, .abort(reason: "stuck")), by: "ann"))
        #expect(reply.accepted, "\(reply.message)")
        try await driving.value
        #expect(try await fixture.promotion(run).outcome == .aborted)
        #expect(fixture.world.split == Split(green: .b, percent: 0, blue: .a))
      }
    }
  }

  @Test("E13, D5: going back by hand switches to the kept blue, is recorded, and needs the role")
  func byHand() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        try await fixture.promote("1.1", engine)
        let stranger = await engine.submit(
          fixture.submission(.rollback("production", to: nil, incident: "INC-1"), by: "eve"))
        #expect(!stranger.accepted && stranger.code == .notPermitted)
        let reply = await engine.submit(
          fixture.submission(.rollback("production", to: nil, incident: "INC-1"), by: "ann"))
        let run = try #require(reply.run, "\(reply.message)")
        try await engine.drive(following: [run], forever: false, until: nil)
        let promotion = try await fixture.promotion(run)
        #expect(promotion.outcome == .success)
        #expect(promotion.plan.incident == "INC-1")
        #expect(fixture.world.split[.a] == 100)
        let ledger = try await RunArchive(try JournalReader.open(folder: fixture.folder.url)).ledger()
        #expect(ledger.environments["production"]?.live?.release.id == "1.0")
      }
    }
  }

  @Test(
    "F1: cut off after any entry, the next driver ends the run, green never keeps traffic, no deployment is repeated",
    arguments: stride(from: 1, through: 40, by: 3).map { $0 }, [false, true])
  func cutOffAnywhere(count: Int, isBad: Bool) async throws {
    try await EngineFixture.with { fixture in
      _ = try await fixture.engine { try await fixture.promote("1.0", $0) }
      if isBad { fixture.world.set { $0.errorPercent["1.1"] = 30 } }
      let run = try await fixture.engine { engine in
        await fixture.register("1.1", engine)
        return try await fixture.start("1.1", engine)
      }
      let cut = CutOff(after: count)
      try await fixture.engine(observer: cut) { engine in
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        cut.cancels(driving)
        try? await driving.value
      }
      try await fixture.engine { try await $0.drive(following: [run], forever: false, until: nil) }
      let promotion = try await fixture.promotion(run)
      #expect(promotion.outcome == (isBad ? .rolledBack : .success))
      #expect(fixture.world.split[isBad ? .a : .b] == 100)
      #expect(promotion.evidenceFolder != nil)
      // Each deployment that was done was seen to be done: none is repeated.
      #expect(fixture.world.deeds.filter { $0 == "deploy 1.1 b" }.count == 1)
    }
  }

  @Test("F1: a clock set back by hours between two drivers does not leave a run waiting for them")
  func clockSetBack() async throws {
    try await EngineFixture.with { fixture in
      _ = try await fixture.engine { try await fixture.promote("1.0", $0) }
      let run = try await fixture.engine { engine in
        await fixture.register("1.1", engine)
        let run = try await fixture.start("1.1", engine)
        let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
        try await eventually { try await fixture.promotion(run).records.contains { $0.watch != nil } }
        driving.cancel()
        try? await driving.value
        return run
      }
      fixture.time.jump(.hours(-5))
      try await fixture.engine { try await $0.drive(following: [run], forever: false, until: nil) }
      #expect(try await fixture.promotion(run).outcome == .success)
    }
  }

  @Test("B9, F1: blue is removed when its time has come, over a restart, and not before")
  func removal() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        try await fixture.promote("1.1", engine)
      }
      try await fixture.engine { try await $0.drive(following: [], forever: false, until: nil) }
      #expect(fixture.world.slots[.a] == "1.0")
      fixture.time.jump(.hours(25))
      try await fixture.engine { try await $0.drive(following: [], forever: false, until: nil) }
      #expect(fixture.world.slots == [.b: "1.1"])
    }
  }

  @Test("what another process leaves in the inbox is taken up by the driver and answered")
  func inbox() async throws {
    try await EngineFixture.with { fixture in
      let inbox = Inbox(fixture.folder)
      let submission = fixture.submission(
        .ledger(
          .freezeAdded(Freeze(name: "x", from: fixture.time.now(), until: fixture.time.now() + .hours(1), reason: "r")))
      )
      try inbox.leave(submission)
      try Data("garbage".utf8).write(to: fixture.folder.inbox.appending(path: "bad.json"))
      try await fixture.engine { try await $0.drive(following: [], forever: false, until: nil) }
      let reply = try #require(inbox.takeReply(to: submission.id))
      #expect(reply.accepted)
      #expect(FileManager.default.fileExists(atPath: fixture.folder.inbox.appending(path: "bad.json.unreadable").path))
    }
  }

  @Test("B13: rebuilt SQL tables are those that the live run left")
  func rebuild() async throws {
    try await EngineFixture.with { fixture in
      try await fixture.engine { engine in
        try await fixture.promote("1.0", engine)
        try await fixture.promote("1.1", engine)
      }
      let reader = try JournalReader.open(folder: fixture.folder.url)
      let before = (try await reader.runs(), try await reader.openTasks())
      let journal = try Journal.open(folder: fixture.folder.url, as: .thisProcess(at: fixture.time.now()))
      try await ProjectionRebuild.run(journal, project: "shop")
      await journal.close()
      let after = (try await reader.runs(), try await reader.openTasks())
      #expect(before.0 == after.0)
      #expect(before.1 == after.1)
      #expect(!before.1.isEmpty)
    }
  }

  @Test("a waiting run costs a row: a thousand of them leave the driver nothing to hold")
  func waitingIsCheap() async throws {
    var pipeline = Pipeline.canary
    let environment = try #require(pipeline.environments.first)
    let promotion = try #require(pipeline.promotions.first)
    for number in 0..<200 {
      let name = EnvironmentName("e\(number)")
      var other = environment
      other.name = name
      pipeline.environments.append(other)
      var way = promotion
      way.to = name
      pipeline.promotions.append(way)
    }
    try await EngineFixture.with(pipeline) { fixture in
      try await fixture.engine { engine in
        await fixture.register("1.0", engine)
        for number in 0..<200 {
          let reply = await engine.submit(fixture.submission(.promote("1.0", to: EnvironmentName("e\(number)"))))
          #expect(reply.accepted, "\(reply.message)")
        }
        try await engine.drive(following: [], forever: false, until: nil)
        #expect(await engine.heldDrivers == 0)
        #expect(try await JournalReader.open(folder: fixture.folder.url).openRuns().count == 200)
      }
    }
  }
}

/// Cancels a task after so many events were journaled, as a crash would end it.
final class CutOff: RunObserver {
  private let state: Mutex<(left: Int, task: Task<Void, any Error>?)>

  init(after count: Int) { state = Mutex((count, nil)) }

  var hasCut: Bool { state.withLock { $0.left <= 0 } }

  func cancels(_ task: Task<Void, any Error>) {
    state.withLock { state in
      state.task = task
      if state.left <= 0 { task.cancel() }
    }
  }

  func observed(_ run: RunID, _ event: Event, _ promotion: Promotion) {
    state.withLock { state in
      state.left -= 1
      if state.left <= 0 { state.task?.cancel() }
    }
  }

  func progressed(_ run: RunID, _ step: StepID, _ text: String) {}
}
