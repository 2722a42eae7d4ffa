internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayEvidence
internal import SlipwayJournal
internal import SlipwayModel
internal import Synchronization

/// The real engine over a state folder and the bench's world.
struct BenchHouse: Sendable {
  static let release: ReleaseID = "1.4.2"
  let journal: Journal
  let engine: Engine
  let ends: Ends

  init(
    _ folder: URL, world: BenchWorld, pipeline: Pipeline, time: any TimeSource = SystemTime()
  ) async throws {
    journal = try Journal.open(folder: folder, as: .thisProcess(at: time.now()))
    ends = Ends()
    let serial = Mutex<UInt32>(0)
    engine = try await Engine(
      state: StateFolder(folder), journal: journal, catalog: BenchCatalog(world: world), pipeline: { pipeline },
      time: time, author: EvidenceAuthor(key: SigningKey(), redactor: Redactor()), observer: ends,
      randomness: {
        serial.withLock { serial in
          serial += 1
          return serial
        }
      })
  }

  /// Registers the one release.
  func register() async throws {
    let release = Release(
      id: Self.release, artifact: "shop-1.4.2", digest: Digest(of: Data("1.4.2".utf8)))
    _ = try await submit(.ledger(.releaseAdded(release)), id: "release")
  }

  /// Begins a promotion and returns its run.
  @discardableResult
  func promote(to number: Int) async throws -> RunID? {
    try await submit(.promote(Self.release, to: EnvironmentName("e\(number)")), id: "promote-\(number)")
  }

  private func submit(_ content: Submission.Content, id: String) async throws -> RunID? {
    let reply = await engine.submit(Submission(id: id, by: "carol", content: content))
    guard reply.accepted else { throw BenchError(what: reply.message) }
    return reply.run
  }
}

/// Says when a run has ended, and notes when something was first seen of it.
final class Ends: RunObserver {
  private struct State {
    var ended: Set<RunID> = []
    var waiting: [RunID: CheckedContinuation<Void, Never>] = [:]
    var expired: ContinuousClock.Instant?
    var troubles: [String] = []
  }

  private let state = Mutex(State())

  var ended: Int { state.withLock { $0.ended.count } }
  /// When the first run was seen to have waited too long.
  var expired: ContinuousClock.Instant? { state.withLock { $0.expired } }
  var troubles: [String] { state.withLock { $0.troubles } }

  func observed(_ run: RunID, _ event: Event, _ promotion: Promotion) {
    if case .expired = event { state.withLock { $0.expired = $0.expired ?? .now } }
    guard promotion.finishedAt != nil else { return }
    let waiter = state.withLock { state in
      state.ended.insert(run)
      return state.waiting.removeValue(forKey: run)
    }
    waiter?.resume()
  }

  func progressed(_ run: RunID, _ step: StepID, _ text: String) {
    if text.hasPrefix("stopped:") { state.withLock { $0.troubles.append(text) } }
  }

  /// Waits until `run` has ended.
  func end(of run: RunID) async {
    await withCheckedContinuation { continuation in
      let isOver = state.withLock { state in
        if state.ended.contains(run) { return true }
        state.waiting[run] = continuation
        return false
      }
      if isOver { continuation.resume() }
    }
  }
}
