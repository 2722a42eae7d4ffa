import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayEvidence
import SlipwayJournal
import SlipwayModel
import Synchronization
import Testing

/// A state folder, a world and as many engines, one after the other, as a test wants.
final class EngineFixture: Sendable {
  let folder: StateFolder
  let world = World()
  let time: FastTime
  let key = SigningKey()
  private let pipelineBox: Mutex<Pipeline>

  /// Runs `body` and removes what it left.
  static func with(
    _ pipeline: Pipeline = .canary, factor: Int64 = 100, _ body: (EngineFixture) async throws -> Void
  ) async throws {
    let fixture = try EngineFixture(pipeline, factor: factor)
    defer { try? FileManager.default.removeItem(at: fixture.folder.url) }
    try await body(fixture)
  }

  private init(_ pipeline: Pipeline, factor: Int64) throws {
    let url = FileManager.default.temporaryDirectory.appending(path: "slipway-engine-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    folder = StateFolder(url)
    time = FastTime(factor: factor)
    pipelineBox = Mutex(pipeline)
  }

  func change(_ pipeline: Pipeline) { pipelineBox.withLock { $0 = pipeline } }

  /// Opens an engine on the folder, runs `body`, closes it.
  func engine<Value: Sendable>(
    observer: any RunObserver = SilentObserver(),
    surroundings: (@Sendable (Plan, Ledger) throws -> Surroundings)? = nil, witness: any Witness = LocalWitness(),
    _ body: (Engine) async throws -> Value
  ) async throws -> Value {
    let journal = try Journal.open(folder: folder.url, as: .thisProcess(at: time.now()))
    do {
      let engine = try await Engine(
        state: folder, journal: journal, catalog: WorldCatalog(world: world),
        pipeline: { self.pipelineBox.withLock { $0 } }, time: time,
        author: EvidenceAuthor(key: key, redactor: Redactor()), observer: observer,
        surroundings: surroundings, witness: witness)
      let value = try await body(engine)
      await journal.close()
      return value
    } catch {
      await journal.close()
      throw error
    }
  }

  func submission(_ content: Submission.Content, by person: Person = "carol", id: String = UUID().uuidString)
    -> Submission
  {
    Submission(id: id, by: person, content: content)
  }

  /// Registers a release with a digest of its own.
  func register(_ id: ReleaseID, _ engine: Engine) async {
    let release = Release(id: id, artifact: "shop-\(id)", digest: Digest(of: Data(id.text.utf8)))
    let reply = await engine.submit(submission(.ledger(.releaseAdded(release))))
    #expect(reply.accepted, "\(reply.message)")
  }

  /// Starts a promotion, has ann approve it, and drives it to its end.
  @discardableResult
  func promote(_ id: ReleaseID, to environment: EnvironmentName = "production", _ engine: Engine) async throws
    -> Promotion
  {
    await register(id, engine)
    let run = try await start(id, to: environment, engine)
    try await engine.drive(following: [run], forever: false, until: nil)
    return try await promotion(run)
  }

  /// Starts a promotion and has ann approve it.
  func start(_ id: ReleaseID, to environment: EnvironmentName = "production", _ engine: Engine) async throws -> RunID {
    let reply = await engine.submit(submission(.promote(id, to: environment)))
    let run = try #require(reply.run, "\(reply.message)")
    let approval = await engine.submit(submission(.decide(run, .approve(plan: nil, comment: nil)), by: "ann"))
    #expect(approval.accepted, "\(approval.message)")
    return run
  }

  /// A run as the journal has it.
  func promotion(_ run: RunID) async throws -> Promotion {
    try await RunArchive(try JournalReader.open(folder: folder.url)).promotion(run)
  }
}

extension Pipeline {
  /// Production with 10, 50 and 100 percent, one approval, and rules on errors and crashes.
  static let canary = Pipeline(
    project: "shop", roles: ["manager": ["ann", "bob"]],
    environments: [
      EnvironmentSpec(
        name: "production", protected: true,
        deploy: .commands(CommandsSpec(run: "deploy", addressA: "127.0.0.1:1", addressB: "127.0.0.1:2")),
        traffic: .router(RouterSpec(listen: "127.0.0.1:3")))
    ],
    promotions: [
      PromotionSpec(
        from: nil, to: "production", gates: [.noFreeze],
        approval: ApprovalSpec(rules: [ApprovalRule(role: "manager")]),
        rollout: RolloutSpec(steps: [10, 50, 100], watch: .seconds(20)),
        watch: WatchSpec(
          every: .seconds(2), minimumRequests: 20, patience: .seconds(60),
          rules: [
            WatchRule(.errorRate, [WatchLimit(.rollBack, .above, 0.05)]),
            WatchRule(.crashes, [WatchLimit(.rollBack, .above, 0)]),
          ]),
        rollback: RollbackSpec(keepBlue: .hours(24)))
    ])
}
