internal import Foundation
internal import SlipwayConnectors
internal import SlipwayJournal
internal import SlipwayModel

/// Emptying slots when their time has come (B9).
extension Engine {
  /// How long emptying a slot may take, and how long after a failure it is tried again.
  private static var removalTime: Span { .minutes(10) }
  private static var removalPause: Span { .seconds(30) }

  /// Scheduled work that is to be begun: removals, and looks at what serves.
  func dueTasks(at now: Timestamp) async throws -> [ScheduledTask] {
    let reader = house.journal.reader
    var tasks = try await reader.dueTasks(at: now, limit: 16 + removing.count + removeAgain.count)
    if !hastened.isEmpty {
      let early = try await reader.openTasks(among: Array(hastened)).filter { $0.executeAt > now }
      hastened.formIntersection(Set((tasks + early).map(\.id)))
      tasks += early
    }
    return tasks.filter { task in
      guard [SlotRemoval.type, DataRemoval.type, AftercareTask.type].contains(task.type), !removing.contains(task.id)
      else { return false }
      // A pause that was reckoned by a clock that has been set back since is over.
      return removeAgain[task.id].map { $0 <= now || $0 - now > Self.removalPause } ?? true
    }
  }

  /// Carries out one task beside everything else: a tool that hangs must hold up nobody's promotion.
  func carryOutBeside(_ task: ScheduledTask) async {
    defer {
      removing.remove(task.id)
      wake()
    }
    do {
      guard try await carryOut(task) else {
        // Whoever was only interrupted goes on with the next drive.
        if !Task.isCancelled { removeAgain[task.id] = house.time.now() + Self.removalPause }
        return
      }
      removeAgain[task.id] = nil
    } catch let error as JournalError where error.code == .cancelled {
      // Whoever drives has enough; the task lies where it was.
    } catch let error as JournalError {
      failure = failure ?? error
    } catch {
      removeAgain[task.id] = house.time.now() + Self.removalPause
    }
  }

  private func carryOut(_ task: ScheduledTask) async throws -> Bool {
    if task.type == AftercareTask.type { return try await lookAfter(task) }
    let metadata = Data(task.metadata.utf8)
    if task.type == DataRemoval.type {
      guard let removal = try? CanonicalJSON.decode(DataRemoval.self, from: metadata) else { return false }
      return try await carryOut(removal, task)
    }
    guard let removal = try? CanonicalJSON.decode(SlotRemoval.self, from: metadata) else { return false }
    return try await carryOut(removal, task)
  }

  private func carryOut(_ removal: DataRemoval, _ task: ScheduledTask) async throws -> Bool {
    guard !opening.contains(removal.environment), emptying.insert(removal.environment).inserted else { return false }
    defer { emptying.remove(removal.environment) }
    // A run that is open may still need what was there before it.
    guard try await openRuns(of: removal.environment).isEmpty else { return false }
    try await intend(removal, removal.environment)
    guard await Deadline.bound(Self.removalTime, house.time, { await self.remove(removal) }) ?? false else {
      return false
    }
    let finished = FinishedTask(task, wasNeeded: true)
    let entry = Entry(
      stream: "environment:\(removal.environment)", kind: FinishedTask.kind, at: house.time.now(), actor: "slipway",
      body: try CanonicalJSON.encode(finished))
    _ = try await house.journal.append(Append([entry], rows: [.task(finished.row)]))
    return true
  }

  private func intend(_ removal: some Encodable, _ environment: EnvironmentName) async throws {
    let intent = Entry(
      stream: "environment:\(environment)", kind: FinishedTask.intentKind, at: house.time.now(), actor: "slipway",
      body: try CanonicalJSON.encode(removal))
    _ = try await house.journal.append(Append([intent]))
  }

  /// Whether the task is done with.
  private func carryOut(_ removal: SlotRemoval, _ task: ScheduledTask) async throws -> Bool {
    guard !opening.contains(removal.environment), emptying.insert(removal.environment).inserted else { return false }
    defer { emptying.remove(removal.environment) }
    let now = house.time.now()
    switch removal.isDue(await house.ledger(), openRuns: try await openRuns(of: removal.environment)) {
    case .later: return false
    case .never:
      try await close(task, removal, emptied: false, at: now)
      return true
    case .now:
      try await intend(removal, removal.environment)
      guard await Deadline.bound(Self.removalTime, house.time, { await self.remove(removal) }) ?? false else {
        return false
      }
      try await close(task, removal, emptied: true, at: house.time.now())
      return true
    }
  }

  /// Emptying a slot is harmless when repeated, so a crash in between only repeats it.
  private func remove(_ removal: SlotRemoval) async -> Bool {
    guard let environment = try? pipeline().environment(removal.environment),
      let connectors = try? house.catalog.connectors(for: environment)
    else { return false }
    let deployment = Deployment(
      environment: removal.environment, slot: removal.placement.slot, release: removal.placement.release,
      run: removal.placement.run)
    guard (try? await connectors.deployer.destroy(deployment)) != nil,
      let contents = try? await connectors.deployer.contents(of: deployment)
    else { return false }
    // What still holds a release is tried again; a tool that cannot be asked is believed.
    guard contents == .empty || contents == .unknown else { return false }
    let live = await house.ledger().environments[removal.environment]?.live?.slot
    guard let store = connectors.data, let data = store.contents(of: removal.placement.slot, live: live) else {
      return true
    }
    return (try? await store.remove(data)) != nil
  }

  private func close(_ task: ScheduledTask, _ removal: SlotRemoval, emptied: Bool, at now: Timestamp) async throws {
    let finished = FinishedTask(task, wasNeeded: emptied)
    let event = LedgerEvent.slotEmptied(removal.environment, removal.placement.slot)
    var entries = [
      Entry(
        stream: event.stream, kind: FinishedTask.kind, at: now, actor: "slipway",
        body: try CanonicalJSON.encode(finished))
    ]
    if emptied { entries.append(try RunHistory.entry(event, at: now, by: "slipway")) }
    _ = try await house.journal.append(Append(entries, rows: [.task(finished.row)]))
    if emptied { await house.apply(event, at: now) }
  }
}
