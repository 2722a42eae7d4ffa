import SlipwayConnectors
import SlipwayModel

struct SimulatedCatalog: ConnectorCatalog {
  let world: World
  let onMessage: @Sendable (Message) -> Void

  func connectors(for environment: EnvironmentSpec) throws(ConnectorError) -> EnvironmentConnectors {
    guard let place = world.place(environment.name) else {
      throw ConnectorError(.misconfigured, "there is no environment \(environment.name)")
    }
    let link = Link(world: world, place: place)
    return EnvironmentConnectors(
      deployer: link, plane: link, source: PlaneCounters(link), verifier: link,
      data: environment.data == nil ? nil : link)
  }

  func judge(_ gate: GateSpec, for plan: Plan, run: RunID?, at now: Timestamp) async -> GateReport {
    guard let place = world.place(plan.to) else {
      return GateReport(gate: gate.name, verdict: .error, reason: "nowhere")
    }
    do {
      _ = try await world.ask(.gate, place, .init(land: { .success(true) }, stale: { .success(true) }))
      return GateReport(gate: gate.name, verdict: .passed, reason: "the world says yes")
    } catch  where error.code == .refused {
      return GateReport(gate: gate.name, verdict: .failed, reason: error.message)
    } catch {
      return GateReport(gate: gate.name, verdict: .error, reason: error.message)
    }
  }

  func file(
    _ tasks: [Promotion.FollowUpTask], of promotion: Promotion, by spec: FollowUpSpec
  ) async throws(ConnectorError) -> String {
    guard let place = world.place(promotion.plan.to) else { throw ConnectorError(.refused, "nobody there") }
    _ = try await world.ask(.tell, place, .init(land: { .success(true) }, stale: { .success(true) }))
    return "filed"
  }

  func tell(_ message: Message) async -> String? {
    guard let place = world.place(message.environment) else { return "nobody there" }
    do {
      _ = try await world.ask(
        .tell, place,
        .init(
          land: {
            onMessage(message)
            return .success(true)
          }, stale: { .success(true) }))
      return nil
    } catch {
      return error.message
    }
  }
}

/// What leads from the engine to one place.
struct Link: @unchecked Sendable {  // there is one thread
  let world: World
  let place: Place

  private var time: Int64 { world.timeline.elapsed }
  private func log(_ text: String) { world.log("  \(place.name): \(text)") }
}

extension Link: Deployer {
  func deploy(_ deployment: Deployment) async throws(ConnectorError) -> String {
    let order = world.nextNumber
    let slot = deployment.slot
    let effect = Effect(.deploy, place, deployment.run)
    return try await world.ask(
      .deploy, place, effect: effect,
      .init(
        land: {
          guard isNewest(order, slot) else { return .failure(ConnectorError(.refused, "a newer order was given")) }
          // What runs already as ordered is left alone.
          if place.slots[slot]?.release == deployment.release.id, place.answers(slot) {
            return .success("runs already")
          }
          start(deployment.release.id, slot)
          return .success("deployed")
        },
        half: {
          guard isNewest(order, slot) else { return }
          place.serve(until: time)
          place.slots[slot] = nil
          log("slot \(slot) is empty: half a deployment")
        }, stale: { .success("deployed, as I say") }))
  }

  private func isNewest(_ order: Int, _ slot: Slot) -> Bool {
    guard order >= place.orders[slot, default: 0] else { return false }
    place.orders[slot] = order
    return true
  }

  private func start(_ release: ReleaseID, _ slot: Slot) {
    place.serve(until: time)
    let truth = world.story.truth(of: release)
    place.slots[slot] = Place.Resident(release: release, truth: truth, since: time)
    log("slot \(slot) holds \(release)")
    guard case .dying(let span) = truth else { return }
    let began = time
    world.timeline.after(span) {
      guard place.slots[slot]?.release == release, place.slots[slot]?.since == began else { return }
      place.serve(until: time)
      place.slots[slot]?.isDead = true
      log("\(release) in slot \(slot) dies")
    }
  }

  func contents(of deployment: Deployment) async throws(ConnectorError) -> SlotContents {
    let before = found(deployment.slot)
    return try await world.ask(
      .contents, place,
      .init(
        land: { .success(found(deployment.slot)) }, stale: { .success(before == .empty ? .release("0.0") : .empty) }))
  }

  private func found(_ slot: Slot) -> SlotContents { place.slots[slot].map { .release($0.release) } ?? .empty }

  func destroy(_ deployment: Deployment) async throws(ConnectorError) -> String {
    let order = world.nextNumber
    let slot = deployment.slot
    return try await world.ask(
      .destroy, place, effect: Effect(.destroy(slot), place, deployment.run),
      .init(
        land: {
          guard isNewest(order, slot) else { return .failure(ConnectorError(.refused, "a newer order was given")) }
          place.serve(until: time)
          place.slots[slot] = nil
          log("slot \(slot) is emptied")
          return .success("removed")
        }, stale: { .success("removed, as I say") }))
  }

  func crashes(_ slot: Slot) async throws(ConnectorError) -> Int? {
    try await world.ask(
      .crashes, place, .init(land: { .success(place.crashes(in: slot, at: time)) }, stale: { .success(0) }))
  }
}

extension Link: TrafficPlane {
  var frontDoor: String { "world://\(place.name)" }

  func cut(_ slot: Slot) async throws(ConnectorError) {}

  var capabilities: PlaneCapabilities {
    PlaneCapabilities(settles: .zero, cuts: true)
  }

  func readSplit() async throws(ConnectorError) -> Split {
    let before = place.history.dropLast().last?.split ?? place.split
    return try await world.ask(.readSplit, place, .init(land: { .success(place.split) }, stale: { .success(before) }))
  }

  func apply(_ split: Split, targets: [Slot: String], generation: UInt64) async throws(ConnectorError) {
    _ = try await world.ask(
      .apply, place, effect: Effect(.shift(split, generation), place, nil),
      .init(
        land: {
          guard place.apply(split, generation, at: time) else {
            log("a split of generation \(generation) comes too late")
            return .failure(ConnectorError(.refused, "generation \(generation) is behind \(place.generation)"))
          }
          log("split \(split)")
          return .success(true)
        },
        half: {
          place.applyHalf(split, generation, at: time)
          log("half a split: \(place.split)")
        }, stale: { .success(true) }))
  }

  func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample {
    let place = place
    return try await world.ask(
      .counters, place,
      .init(
        land: {
          let sample = place.sample(now: now, at: time)
          place.lastSample = sample
          return .success(sample)
        }, stale: { .success(staleSample(now)) }))
  }

  /// A source that has nothing, begins anew, or says what it said before.
  private func staleSample(_ now: Timestamp) -> CounterSample {
    switch world.nextNumber % 3 {
    case 0: return CounterSample(at: now, source: "world", slots: [:])
    case 1:
      place.beginCountersAnew()
      return place.sample(now: now, at: time)
    default:
      var sample = place.lastSample ?? CounterSample(at: now, source: "world", slots: [:])
      sample.at = now
      return sample
    }
  }

  func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int? { 0 }
}

extension Link: Verifier {
  func verify(_ verification: Verification, progress: @Sendable (String) -> Void) async -> [CheckOutcome] {
    let deployment = verification.deployment
    do {
      let illness = try await world.ask(
        .verify, place,
        .init(
          land: { .success(place.illness(of: deployment.release.id, in: deployment.slot)) },
          stale: { .success("no answer") }))
      return [CheckOutcome(name: "health", passed: illness == nil, detail: illness ?? "well", seconds: 0)]
    } catch {
      return error.code == .refused
        ? [] : [CheckOutcome(name: "health", passed: false, detail: error.message, seconds: 0)]
    }
  }

  func probe(_ verification: Verification) async -> String? {
    let deployment = verification.deployment
    do {
      return try await world.ask(
        .probe, place,
        .init(
          land: { .success(place.illness(of: deployment.release.id, in: deployment.slot)) },
          stale: { .success("no answer") }))
    } catch {
      return error.message
    }
  }
}

extension Link: DataStore {
  func carryOut(
    _ order: DataOrder, progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) -> DataResult {
    let (run, deed) = (order.run, order.deed)
    let said = try await world.ask(
      .carryOut, place, effect: Effect(.data(deed), place, run),
      .init(
        land: {
          log("\(deed.rawValue) of \(run)")
          switch deed {
          case .backup: place.snapshots.insert(run)
          case .migrate: place.migrated.insert(run)
          case .restore:
            place.migrated.remove(run)
            place.restored.insert(run)
          case .green:
            place.ownData.insert(run)
            if order.greenData == .copy { place.paused.insert(run) }
          case .resumeWrites: place.paused.remove(run)
          case .setAside: place.ownData.remove(run)
          case .snapshot, .swap, .swapBack: break
          }
          return .success(deed.rawValue)
        }, stale: { .success("\(deed.rawValue), as I say") }))
    return DataResult(said, DataReport(deed: deed))
  }

  func hasHappened(_ order: DataOrder) async throws(ConnectorError) -> Observation {
    let run = order.run
    return try await world.ask(
      .hasHappened, place,
      .init(
        land: {
          let isDone =
            switch order.deed {
            case .backup: place.snapshots.contains(run)
            case .migrate: place.migrated.contains(run)
            case .restore: place.restored.contains(run)
            case .green: place.ownData.contains(run)
            case .resumeWrites: !place.paused.contains(run)
            case .setAside: !place.ownData.contains(run)
            case .snapshot, .swap, .swapBack: false
            }
          return .success(isDone ? .done("it has") : .undone("it has not"))
        }, stale: { .success(.unclear("in between")) }))
  }

  func variables(of slot: Slot, isLive: Bool) -> [String: String] { [:] }
  func loss(_ order: DataOrder) async throws(ConnectorError) -> DataLoss? { nil }
  func readiness(live: Slot?) async -> DataReadiness { DataReadiness(checks: []) }
  func remove(_ aside: AsideData) async throws(ConnectorError) {}
  func contents(of slot: Slot, live: Slot?) -> AsideData? { nil }
}
