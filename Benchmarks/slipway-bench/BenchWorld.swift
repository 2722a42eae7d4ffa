internal import Foundation
internal import Glibc
internal import SlipwayConnectors
internal import SlipwayModel
internal import Synchronization

/// A small world that real engines act on, of as many environments as needed: its memory is a file to which each effect appends one line,
/// so it outlives the engine's process as a real one does, and the lines can be counted.
final class BenchWorld: Sendable {
  struct Place {
    var slots: [Slot: ReleaseID] = [:]
    var split = Split.none
    var requests: UInt64 = 0
  }

  private let places: Mutex<[EnvironmentName: Place]>
  private let descriptor: Int32
  /// How long an effect takes; nothing for an effect that is done at once.
  private let pause: Duration

  init(in folder: URL, pause: Duration = .zero) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let path = Self.log(in: folder).path
    let lines = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
    descriptor = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw BenchError(what: "cannot open \(path)") }
    self.pause = pause
    var places: [EnvironmentName: Place] = [:]
    for line in lines.split(separator: "\n") { Self.fold(line.split(separator: " ").map(String.init), &places) }
    self.places = Mutex(places)
  }

  static func log(in folder: URL) -> URL { folder.appendingPathComponent("effects.log") }

  func close() { Glibc.close(descriptor) }

  func place(_ name: EnvironmentName) -> Place { places.withLock { $0[name] ?? Place() } }

  func look(_ name: EnvironmentName) -> Place {
    places.withLock { places in
      places[name, default: Place()].requests += 100
      return places[name] ?? Place()
    }
  }

  /// Carries an effect out: what is in the log has happened, and nothing else has.
  func act(_ words: String...) async {
    if pause > .zero { try? await Task.sleep(for: pause) }
    places.withLock { places in
      let line = Array((words.joined(separator: " ") + "\n").utf8)
      precondition(write(descriptor, line, line.count) == line.count, "the effects file cannot be written")
      Self.fold(words, &places)
    }
  }

  private static func fold(_ words: [String], _ places: inout [EnvironmentName: Place]) {
    guard words.count >= 3 else { return }
    let name = EnvironmentName(words[1])
    switch words[0] {
    case "deploy": places[name, default: Place()].slots[Slot(rawValue: words[2]) ?? .a] = ReleaseID(words[3])
    case "destroy": places[name, default: Place()].slots[Slot(rawValue: words[2]) ?? .a] = nil
    case "shift":
      let split = Split(
        readBackA: Int(words[2]) ?? 0, b: Int(words[3]) ?? 0, fallback: words.count > 4 ? Slot(rawValue: words[4]) : nil
      )
      places[name, default: Place()].split = split ?? .none
    default: break
    }
  }
}

/// One environment of the world, as deployer, data plane and verifier.
struct BenchPlace: Deployer, TrafficPlane, Verifier {
  let world: BenchWorld
  let name: EnvironmentName

  var frontDoor: String { "world://\(name)" }

  func cut(_ slot: Slot) async throws(ConnectorError) {}

  var capabilities: PlaneCapabilities {
    PlaneCapabilities(settles: .zero, cuts: true)
  }

  func deploy(_ deployment: Deployment) async throws(ConnectorError) -> String {
    await world.act("deploy", name.text, deployment.slot.rawValue, deployment.release.id.text)
    return "deployed"
  }

  func contents(of deployment: Deployment) async throws(ConnectorError) -> SlotContents {
    world.place(name).slots[deployment.slot].map(SlotContents.release) ?? .empty
  }

  func destroy(_ deployment: Deployment) async throws(ConnectorError) -> String {
    await world.act("destroy", name.text, deployment.slot.rawValue)
    return "destroyed"
  }

  func crashes(_ slot: Slot) async throws(ConnectorError) -> Int? { 0 }
  func readSplit() async throws(ConnectorError) -> Split { world.place(name).split }

  func apply(_ split: Split, targets: [Slot: String], generation: UInt64) async throws(ConnectorError) {
    if let fallback = split.fallback {
      await world.act("shift", name.text, "\(split.a)", "\(split.b)", fallback.rawValue)
    } else {
      await world.act("shift", name.text, "\(split.a)", "\(split.b)")
    }
  }

  func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample {
    let requests = world.look(name).requests
    return CounterSample(
      at: now, source: "world",
      slots: [.a: SlotCounters(requests: requests), .b: SlotCounters(requests: requests)])
  }

  func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int? { 0 }

  func verify(_ verification: Verification, progress: @Sendable (String) -> Void) async -> [CheckOutcome] {
    [CheckOutcome(name: "health", passed: true, detail: "well", seconds: 0)]
  }

  func probe(_ verification: Verification) async -> String? { nil }
}

struct BenchCatalog: ConnectorCatalog {
  let world: BenchWorld

  func connectors(for environment: EnvironmentSpec) throws(ConnectorError) -> EnvironmentConnectors {
    let place = BenchPlace(world: world, name: environment.name)
    return EnvironmentConnectors(deployer: place, plane: place, source: PlaneCounters(place), verifier: place)
  }

  func judge(_ gate: GateSpec, for plan: Plan, run: RunID?, at now: Timestamp) async -> GateReport {
    GateReport(gate: gate.name, verdict: .passed, reason: "the world says yes")
  }

  func file(
    _ tasks: [Promotion.FollowUpTask], of promotion: Promotion, by spec: FollowUpSpec
  ) async throws(ConnectorError) -> String {
    "filed"
  }

  func tell(_ message: Message) async -> String? {
    await world.act("notify", message.environment.text, message.run.text)
    return nil
  }
}

extension Pipeline {
  /// So many environments, each promoted to in eight steps: deploy, verify, shift, watch, verify, settle, record, notify.
  static func bench(_ environments: Int, approval: ApprovalSpec? = nil) -> Pipeline {
    let names = (0..<environments).map { EnvironmentName("e\($0)") }
    return Pipeline(
      project: "bench", roles: ["manager": ["ann"]],
      environments: names.map { name in
        EnvironmentSpec(
          name: name, deploy: .commands(CommandsSpec(run: "deploy", addressA: "127.0.0.1:1", addressB: "127.0.0.1:2")),
          traffic: .router(RouterSpec(listen: "127.0.0.1:3")))
      },
      promotions: names.map { name in
        PromotionSpec(
          from: nil, to: name, approval: approval, rollout: RolloutSpec(steps: [100], watch: .zero),
          watch: WatchSpec(every: .milliseconds(1), minimumRequests: 0, patience: .seconds(60)))
      })
  }
}
