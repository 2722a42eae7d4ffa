import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayModel
import Synchronization
import Testing

@Suite("Engine: exit gates and the deployment log", .serialized)
struct EngineExitTests {
  private static let handoff = ExitGate(id: "handoff", deed: .handoff(path: "handoff.md"))
  private static let alert = ExitGate(id: "alert", deed: .command(run: "fire", environment: [:], timeout: .seconds(20)))

  private static func pipeline(_ exits: [ExitGate]) -> Pipeline {
    var pipeline = Pipeline.canary
    pipeline.promotions[0].exits = exits
    pipeline.promotions[0].automation = AutomationSpec(.automatic, named: ["settle": .assisted])
    return pipeline
  }

  private func lines(_ folder: String, _ name: String) throws -> [String] {
    try String(contentsOfFile: folder + "/" + name, encoding: .utf8).split(separator: "\n").map(String.init)
  }

  @Test(
    "C9, C11, D9: a run closes with its gates; log, summary and audit say every step's level, result, duration and criterion"
  )
  func closes() async throws {
    try await EngineFixture.with(Self.pipeline([Self.alert, Self.handoff])) { fixture in
      let promotion = try await run(fixture)
      #expect(promotion.outcome == .success)
      let orders = fixture.world.state.withLock { $0.passed }
      #expect(orders.map(\.gate.id) == ["alert", "handoff"])
      let document = try #require(orders.last?.document)
      for words in [
        "# Handoff: shop 1.0 in production", "| settle | assisted | succeeded |", "dan: go", "ann (manager)",
        "exit-alert",
        "the data plane says", promotion.run.text, "no-freeze: passed",
      ] { #expect(document.contains(words), "\(words)\n\(document)") }
      let folder = try #require(promotion.evidenceFolder)
      #expect(document.contains(folder))
      let log = try lines(folder, "promotion.log")
      let settle = try #require(log.first { $0.hasPrefix("settle | ") })
      #expect(settle.contains("| assisted | succeeded |") && settle.contains("criterion: the data plane says"))
      #expect(settle.contains("confirmed by dan: go") && settle.contains("took "))
      for record in promotion.records {
        #expect(log.contains { $0.hasPrefix("\(record.step.id) | ") }, "\(record.step.id)")
      }
      #expect(
        try lines(folder, "promotion_summary.md").contains { $0.hasPrefix("| settle | assisted | succeeded | 1 |") })
      try audit(folder)
    }
  }

  private func audit(_ folder: String) throws {
    struct Record: Decodable {
      var version: String
      var timestamp: String
      var action: String
      var from_stage: String?
      var to_stage: String
      var approved_by: [String]
      var ci_run_id: String?
      var commit_sha: String?
    }
    let lines = try lines(folder, "audit.jsonl")
    let records = try lines.map { try JSONDecoder().decode(Record.self, from: Data($0.utf8)) }
    let keys = ["version", "timestamp", "action", "from_stage", "to_stage", "approved_by", "ci_run_id", "commit_sha"]
    for line in lines { for key in keys { #expect(line.contains("\"\(key)\":"), "\(key) in \(line)") } }
    let actions = records.map(\.action)
    #expect(actions.first == "promote" && actions.contains("approve") && actions.contains("deploy"))
    #expect(actions.contains("shift-100") && actions.contains("confirm-settle") && actions.contains("exit-alert"))
    #expect(records.first?.approved_by == [] && records.last?.approved_by == ["ann"])
  }

  private func run(_ fixture: EngineFixture) async throws -> Promotion {
    try await fixture.engine { engine in
      await fixture.register("1.0", engine)
      let run = try await fixture.start("1.0", engine)
      let driving = Task { try await engine.drive(following: [run], forever: false, until: nil) }
      defer { driving.cancel() }
      try await eventually {
        let promotion = try await fixture.promotion(run)
        return promotion.confirmationEnds != nil || promotion.isFinished
      }
      let reply = await engine.submit(fixture.submission(.decide(run, .confirm(step: "settle", note: "go")), by: "dan"))
      #expect(reply.accepted, "\(reply.message)")
      try await driving.value
      return try await fixture.promotion(run)
    }
  }

  @Test("C9: an exit gate that fails leaves the release serving, is told, and stands as open in evidence")
  func open() async throws {
    try await EngineFixture.with(Self.pipeline([Self.alert, Self.handoff])) { fixture in
      fixture.world.set { $0.closed = ["alert"] }
      let promotion = try await run(fixture)
      #expect(promotion.outcome == .success)
      #expect(fixture.world.split.a == 100)
      let folder = try #require(promotion.evidenceFolder)
      let summary = try lines(folder, "promotion_summary.md")
      #expect(
        summary.contains("## Exit gates that are open") && summary.contains { $0.hasPrefix("- exit-alert: failed") })
      let told = fixture.world.state.withLock { $0.tells }
      #expect(told.contains { $0.event == "escalated" && $0.text.contains("exit-alert") })
    }
  }
}
