import Foundation
import SlipwayConnectors
import SlipwayEngine
import SlipwayModel
import Synchronization

/// Time that runs `factor` times as fast as the machine's and can be set forward and back.
final class FastTime: TimeSource {
  private let factor: Int64
  private let began = ContinuousClock.now
  private let offset = Mutex<Int64>(1_800_000_000_000)

  init(factor: Int64 = 100) { self.factor = factor }

  func now() -> Timestamp {
    let real = (ContinuousClock.now - began).components
    let milliseconds = real.seconds * 1_000 + real.attoseconds / 1_000_000_000_000_000
    return Timestamp(milliseconds: offset.withLock { $0 } + milliseconds * factor)
  }

  func sleep(for span: Span) async throws {
    try await Task.sleep(for: .microseconds(max(200, span.milliseconds * 1_000 / factor)))
  }

  func jump(_ span: Span) { offset.withLock { $0 += span.milliseconds } }
}

/// A small world that the engine acts on: two slots, a split, counters, a service that is well or not. Everything done to it is written down, and it can be
/// told to fail, hang or lie. It outlives the engine, as the real one does.
final class World: Sendable {
  struct State {
    var slots: [Slot: ReleaseID] = [:]
    var split = Split.none
    var generation: UInt64 = 0
    var counters: [Slot: SlotCounters] = [:]
    var deeds: [String] = []
    /// Share of errors per release, in percent.
    var errorPercent: [ReleaseID: UInt64] = [:]
    var illness: [ReleaseID: String] = [:]
    var crashes: [Slot: Int] = [:]
    var failingWrites = 0
    var failingReads = 0
    /// Who the data plane says changed the split last.
    var changedBy: String?
    var ignoresWrites = false
    var hangsAt: String?
    var tells: [Message] = []
    var filed: [[Promotion.FollowUpTask]] = []
    /// Why the tracker takes nothing; nil when it does.
    var trackerRefusal: String?
    var hasMetrics = true
    /// Requests and connections that stay open until they are cut.
    var open: [Slot: Int] = [:]
    /// How often blue's past hours were asked for.
    var historyQuestions = 0
    /// What they say.
    var history: [SlotCounters] = []
    /// Changes when the data plane began anew.
    var source = "world"
    /// Exit gates that were asked to pass, and those that stay closed.
    var passed: [ExitOrder] = []
    var closed: Set<String> = []
    /// New requests a second by the world's clock; nil: 100 at each look.
    var requestsPerSecond: Double?
    var countedAt: Timestamp?
    /// What the phases after a deployment find.
    var gauges: [String: Double] = [:]
    var alerts: [ActiveAlert] = []
    var monitoring: [CheckOutcome] = []
    var asked: [String] = []
    var figure: Double?
    /// Why nobody can be told; nil when they can.
    var messengerRefusal: String?
    /// Nil: nobody wants to hear of requests.
    var shelves: [any RequestShelf]?
  }

  let state = Mutex(State())

  var deeds: [String] { state.withLock { $0.deeds } }
  var split: Split { state.withLock { $0.split } }
  var slots: [Slot: ReleaseID] { state.withLock { $0.slots } }

  func set(_ change: (inout sending State) -> Void) { state.withLock { change(&$0) } }

  /// Waits for ever where the world was told to hang, until cancelled.
  func hang(_ deed: String) async throws(ConnectorError) {
    guard state.withLock({ $0.hangsAt }) == deed else { return }
    while !Task.isCancelled { try? await Task.sleep(for: .milliseconds(2)) }
    throw ConnectorError(.timedOut, "\(deed) was cancelled")
  }
}

struct WorldDeployer: Deployer {
  let world: World

  func deploy(_ deployment: Deployment) async throws(ConnectorError) -> String {
    try await world.hang("deploy")
    world.set {
      $0.slots[deployment.slot] = deployment.release.id
      $0.deeds.append("deploy \(deployment.release.id) \(deployment.slot)")
    }
    return "deployed"
  }

  func contents(of deployment: Deployment) async throws(ConnectorError) -> SlotContents {
    world.state.withLock { $0.slots[deployment.slot].map(SlotContents.release) ?? .empty }
  }

  func destroy(_ deployment: Deployment) async throws(ConnectorError) -> String {
    world.set {
      $0.slots[deployment.slot] = nil
      $0.deeds.append("destroy \(deployment.slot)")
    }
    return "destroyed"
  }

  func crashes(_ slot: Slot) async throws(ConnectorError) -> Int? { world.state.withLock { $0.crashes[slot] ?? 0 } }
}

struct WorldPlane: TrafficPlane {
  let world: World
  var frontDoor: String { "world://front" }

  func cut(_ slot: Slot) async throws(ConnectorError) {
    world.state.withLock {
      $0.deeds.append("cut \(slot)")
      $0.open[slot] = 0
    }
  }

  func lastChangedBy() async -> String? { world.state.withLock { $0.changedBy } }

  var capabilities: PlaneCapabilities { PlaneCapabilities(settles: .zero, cuts: true) }

  func readSplit() async throws(ConnectorError) -> Split {
    let split: Split? = world.state.withLock { state in
      if state.failingReads > 0 {
        state.failingReads -= 1
        return nil
      }
      return state.split
    }
    guard let split else { throw ConnectorError(.unreachable, "the data plane does not answer") }
    return split
  }

  func apply(_ split: Split, targets: [Slot: String], generation: UInt64) async throws(ConnectorError) {
    try await world.hang("shift \(split)")
    let problem: String? = world.state.withLock { state in
      if state.failingWrites > 0 {
        state.failingWrites -= 1
        return "the data plane does not take it"
      }
      if generation < state.generation { return "generation \(generation) is behind \(state.generation)" }
      state.deeds.append("shift \(split)")
      state.generation = generation
      if !state.ignoresWrites { state.split = split }
      return nil
    }
    if let problem { throw ConnectorError(.unreachable, problem) }
  }

  /// Every look finds 100 new requests, divided as the split says.
  func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample {
    world.state.withLock { state in
      var fresh: UInt64 = 100
      if let rate = state.requestsPerSecond {
        fresh = UInt64(max(0, rate * (now - (state.countedAt ?? now)).seconds))
        state.countedAt = now
      }
      for slot in Slot.allCases {
        let share = UInt64(state.split[slot]) * fresh / 100
        var counters = state.counters[slot] ?? SlotCounters(latency: LatencyHistogram())
        counters.requests += share
        let percent = state.slots[slot].flatMap { state.errorPercent[$0] } ?? 0
        counters.serverErrors += share * percent / 100
        for _ in 0..<min(share, 1_000) { counters.latency?.record(seconds: 0.004) }
        state.counters[slot] = counters
      }
      return CounterSample(at: now, source: state.source, slots: state.hasMetrics ? state.counters : [:])
    }
  }

  func history(of slot: Slot, now: Timestamp) async throws(ConnectorError) -> [SlotCounters] {
    world.state.withLock { state in
      state.historyQuestions += 1
      return state.history
    }
  }

  func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int? { world.state.withLock { $0.open[slot] ?? 0 } }
}

struct WorldVerifier: Verifier {
  let world: World

  func verify(_ verification: Verification, progress: @Sendable (String) -> Void) async -> [CheckOutcome] {
    let illness = await probe(verification)
    let serving = world.state.withLock { $0.slots[$0.split[.a] > 0 ? .a : .b] }
    let wanted = verification.deployment.release.id
    return [
      CheckOutcome(name: "health", passed: illness == nil, detail: illness ?? "well", seconds: 0),
      CheckOutcome(name: "version", passed: serving == wanted || serving == nil, detail: "\(wanted)", seconds: 0),
    ].filter { $0.name == "health" || verification.version != nil && verification.url == "world://front" }
  }

  func probe(_ verification: Verification) async -> String? {
    world.state.withLock { $0.illness[verification.deployment.release.id] }
  }
}

struct WorldCatalog: ConnectorCatalog {
  let world: World

  func connectors(for environment: EnvironmentSpec) throws(ConnectorError) -> EnvironmentConnectors {
    let plane = WorldPlane(world: world)
    return EnvironmentConnectors(
      deployer: WorldDeployer(world: world), plane: plane, source: PlaneCounters(plane),
      verifier: WorldVerifier(world: world), gauges: WorldProbe(world: world))
  }

  func aftercare() -> (any AftercareProbe)? { WorldProbe(world: world) }

  func judge(_ gate: GateSpec, for plan: Plan, run: RunID?, at now: Timestamp) async -> GateReport {
    GateReport(gate: gate.name, verdict: .passed, reason: "the world says yes")
  }

  func file(
    _ tasks: [Promotion.FollowUpTask], of promotion: Promotion, by spec: FollowUpSpec
  ) async throws(ConnectorError) -> String {
    if let refusal = world.state.withLock({ $0.trackerRefusal }) { throw ConnectorError(.refused, refusal) }
    world.set { $0.filed.append(tasks) }
    return "T-\(tasks.count)"
  }

  func pass(_ order: ExitOrder) async throws(ConnectorError) -> String {
    let isClosed = world.state.withLock { state in
      state.passed.append(order)
      return state.closed.contains(order.gate.id)
    }
    if isClosed { throw ConnectorError(.refused, "no alert was seen") }
    return "passed"
  }

  func tell(_ message: Message) async -> String? {
    if let refusal = world.state.withLock({ $0.messengerRefusal }) { return refusal }
    world.set { $0.tells.append(message) }
    return nil
  }

  func shelves() -> [any RequestShelf]? { world.state.withLock { $0.shelves } }
}
