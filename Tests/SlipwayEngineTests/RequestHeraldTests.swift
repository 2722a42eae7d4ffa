import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayEvidence
import SlipwayModel
import Synchronization
import Testing

/// A shelf that keeps what it gets, and fails or hangs as often as it is told.
final class ScriptedShelf: RequestShelf {
  enum Mood: Sendable { case taking, failing(Int, ConnectorError.Code), hanging }

  private let state: Mutex<(mood: Mood, kept: [RequestDocument], asked: Int)>

  init(_ mood: Mood = .taking) { state = Mutex((mood, [], 0)) }

  var place: String { "shelf" }
  var kept: [RequestDocument] { state.withLock { $0.kept } }
  var asked: Int { state.withLock { $0.asked } }

  func put(_ document: RequestDocument) async throws(ConnectorError) -> String {
    let mood = state.withLock { state in
      state.asked += 1
      let mood = state.mood
      if case .failing(let left, let code) = mood { state.mood = left > 1 ? .failing(left - 1, code) : .taking }
      return mood
    }
    switch mood {
    case .taking:
      state.withLock { $0.kept.append(document) }
      return "shelf://\(document.run)"
    case .failing(_, let code): throw ConnectorError(code, "the shelf is full")
    case .hanging:
      while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
      throw ConnectorError(.timedOut, "cancelled")
    }
  }
}

@Suite("Requests: people are told, and nobody waits for it")
struct RequestHeraldTests {
  private func asked(_ fixture: EngineFixture) -> [Message] {
    fixture.world.state.withLock { $0.tells.filter { $0.event == "approval_requested" } }
  }

  /// A run that waits for people.
  private func waiting(_ fixture: EngineFixture, _ engine: Engine) async throws -> RunID {
    await fixture.register("1.0", engine)
    let reply = await engine.submit(fixture.submission(.promote("1.0", to: "production")))
    return try #require(reply.run, "\(reply.message)")
  }

  private func eventually(_ what: String, _ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(60)
    while try await !condition() {
      guard ContinuousClock.now < end else { throw Missing(text: what) }
      try await Task.sleep(for: .milliseconds(5))
    }
  }

  struct Missing: Error {
    var text: String
  }

  @Test(
    "A4: as soon as a run waits for people the request lies on every shelf and they are told once, with link and words")
  func told() async throws {
    try await EngineFixture.with { fixture in
      let shelves = [ScriptedShelf(), ScriptedShelf()]
      fixture.world.set { $0.shelves = shelves }
      let run = try await fixture.engine { engine in
        let run = try await waiting(fixture, engine)
        try await engine.drive(following: [], forever: false, until: nil)
        return run
      }
      #expect(shelves.map(\.kept.count) == [1, 1])
      let message = try #require(asked(fixture).first)
      #expect(message.link == "shelf://\(run)")
      for words in [
        "Promote shop 1.0 to production", "approved promote shop", "hold shop", "rejected shop -- reason", "decide by",
      ] {
        #expect(message.text.contains(words), "\(message.text)")
      }
      // Another driver finds it told.
      try await fixture.engine { try await $0.drive(following: [], forever: false, until: nil) }
      #expect(asked(fixture).count == 1 && shelves[0].kept.count == 1)
    }
  }

  @Test("A4, E10, F3: evidence keeps the very document that people were asked with, and how each decided")
  func evidence() async throws {
    try await EngineFixture.with { fixture in
      let shelf = ScriptedShelf()
      fixture.world.set { $0.shelves = [shelf] }
      let run = try await fixture.engine { engine in
        let run = try await waiting(fixture, engine)
        try await engine.drive(following: [], forever: false, until: nil)
        fixture.time.jump(.minutes(10))
        _ = await engine.submit(fixture.submission(.decide(run, .approve(plan: nil, comment: "fine")), by: "ann"))
        try await engine.drive(following: [run], forever: false, until: nil)
        return run
      }
      let promotion = try await fixture.promotion(run)
      #expect(promotion.outcome == .success)
      let folder = URL(filePath: try #require(promotion.evidenceFolder))
      let kept = try #require(shelf.kept.first)
      #expect(try Data(contentsOf: folder.appending(path: "approval_request.json")) == kept.json)
      #expect(try Data(contentsOf: folder.appending(path: "approval_request.html")) == kept.html)
      #expect(EvidenceVerifier.verify(folder.path).passed)
      let record = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: "approval.json")))
          as? [String: Any])
      let given = try #require((record["approvals"] as? [[String: Any]])?.first)
      #expect(given["artifact"] as? String == "shop-1.0")
      #expect(given["approver"] as? String == "ann")
      #expect(given["deployment_window"] as? String == "none is asked for")
      let took = try #require(given["approval_duration_seconds"] as? Double)
      #expect(took >= 600 && took < 3_600, "from the moment people were asked: \(took)")
      #expect((given["approved_at"] as? String).flatMap(Timestamp.init(rfc3339:)) != nil)
    }
  }

  @Test("a rejection stands in approval.json with who, why and the seconds it took")
  func rejection() async throws {
    try await EngineFixture.with { fixture in
      let run = try await fixture.engine { engine in
        let run = try await waiting(fixture, engine)
        try await engine.drive(following: [], forever: false, until: nil)
        fixture.time.jump(.minutes(10))
        _ = await engine.submit(fixture.submission(.decide(run, .reject(reason: "no notes")), by: "ann"))
        try await engine.drive(following: [run], forever: false, until: nil)
        return run
      }
      let folder = URL(filePath: try #require(try await fixture.promotion(run).evidenceFolder))
      let record = try #require(
        try JSONSerialization.jsonObject(with: Data(contentsOf: folder.appending(path: "approval.json")))
          as? [String: Any])
      let refusal = try #require(record["refusal"] as? [String: Any])
      #expect(refusal["by"] as? String == "ann" && refusal["reason"] as? String == "no notes")
      #expect((refusal["decision_duration_seconds"] as? Double ?? 0) >= 600)
      #expect(FileManager.default.fileExists(atPath: folder.appending(path: "approval_request.html").path))
    }
  }

  @Test("a shelf that fails is told and tried again; when it takes the request people hear where it is")
  func again() async throws {
    try await EngineFixture.with { fixture in
      let shelf = ScriptedShelf(.failing(2, .unreachable))
      fixture.world.set { $0.shelves = [shelf] }
      try await fixture.engine { engine in
        _ = try await waiting(fixture, engine)
        try await engine.drive(following: [], forever: false, until: nil)
      }
      let texts = asked(fixture).map(\.text)
      #expect(shelf.kept.count == 1 && shelf.asked == 3)
      #expect(texts.count == 2)
      #expect(texts.first?.contains("it could not be put into shelf yet: the shelf is full") == true, "\(texts)")
      #expect(texts.last?.contains("is now at shelf://") == true, "\(texts)")
    }
  }

  @Test(
    "tries have an end, and what no try can mend is not tried again",
    arguments: [(ConnectorError.Code.unreachable, 4), (.refused, 1)])
  func bounded(code: ConnectorError.Code, tries: Int) async throws {
    try await EngineFixture.with { fixture in
      let shelf = ScriptedShelf(.failing(1_000, code))
      fixture.world.set { $0.shelves = [shelf] }
      try await fixture.engine { engine in
        _ = try await waiting(fixture, engine)
        try await engine.drive(following: [], forever: false, until: nil)
      }
      #expect(shelf.asked == tries)
      #expect(asked(fixture).count == 1)
    }
  }

  @Test("a shelf that hangs holds up neither the run nor a person's word, and the next driver tells again")
  func hanging() async throws {
    try await EngineFixture.with(factor: 1) { fixture in
      let shelf = ScriptedShelf(.hanging)
      fixture.world.set { $0.shelves = [shelf] }
      try await fixture.engine { engine in
        let run = try await waiting(fixture, engine)
        try await withThrowingTaskGroup(of: Void.self) { group in
          group.addTask { try? await engine.drive(following: [], forever: true, until: nil) }
          try await eventually("the shelf is asked") { shelf.asked == 1 }
          let began = fixture.time.now()
          let reply = await engine.submit(
            fixture.submission(.decide(run, .approve(plan: nil, comment: nil)), by: "ann"))
          #expect(reply.accepted, "\(reply.message)")
          try await eventually("the run goes on") { try await fixture.promotion(run).hasTouchedTraffic }
          #expect(shelf.asked == 1 && shelf.kept.isEmpty, "the shelf still hangs")
          #expect(fixture.time.now() - began < .seconds(44), "before the shelf was given up")
          group.cancelAll()
        }
      }
      #expect(asked(fixture).isEmpty, "nobody was told before the driver ended")
    }
  }

  @Test("what a driver could not tell before it ended, the next one tells")
  func takenUp() async throws {
    try await EngineFixture.with { fixture in
      // Nobody wants to hear of requests while the run begins to wait.
      try await fixture.engine { engine in
        _ = try await waiting(fixture, engine)
        try await engine.drive(following: [], forever: false, until: nil)
      }
      let shelf = ScriptedShelf()
      fixture.world.set { $0.shelves = [shelf] }
      try await fixture.engine { try await $0.drive(following: [], forever: false, until: nil) }
      #expect(shelf.kept.count == 1 && asked(fixture).count == 1)
    }
  }

  @Test("who has agreed before anybody was asked is not asked")
  func early() async throws {
    try await EngineFixture.with { fixture in
      let shelf = ScriptedShelf()
      fixture.world.set { $0.shelves = [shelf] }
      try await fixture.engine { engine in
        let promotion = try await fixture.promote("1.0", engine)
        #expect(promotion.outcome == .success)
      }
      #expect(shelf.asked == 0 && asked(fixture).isEmpty)
    }
  }
}
