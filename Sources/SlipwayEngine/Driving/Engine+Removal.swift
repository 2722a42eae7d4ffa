internal import Foundation
internal import SlipwayConnectors
internal import SlipwayJournal
internal import SlipwayModel

/// Emptying slots when their time has come (B9).
extension Engine {
  /// How long emptying a slot may take, and how long after a failure it is tried again.
  private static var removalTime: Span { .minutes(10) }
  private static var removalPause: Span { .seconds(30) }

  func dueRemovals(at now: Timestamp) async throws -> [ScheduledTask] {
    try await house.journal.reader.dueTasks(at: now, limit: 16 + removing.count + removeAgain.count).filter { task in
      guard task.type == SlotRemoval.type, !removing.contains(task.id) else { return false }
      // A pause that was reckoned by a clock that has been set back since is over.
      return removeAgain[task.id].map { $0 <= now || $0 - now > Self.removalPause } ?? true
    }
  }

  /// Carries out one removal beside everything else: a tool that hangs must hold up nobody's promotion.
  func removeSlot(_ task: ScheduledTask) async {
    defer {
      removing.remove(task.id)
      wake()
    }
    do {
      guard
        let removal = try? CanonicalJSON.decode(SlotRemoval.self, from: Data(task.metadata.utf8)),
        try await carryOut(removal, task)
      else {
        removeAgain[task.id] = house.time.now() + Self.removalPause
        return
      }
      removeAgain[task.id] = nil
    } catch let error as JournalError {
      failure = failure ?? error
    } catch {
      removeAgain[task.id] = house.time.now() + Self.removalPause
    }
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
      let intent = Entry(
        stream: "environment:\(removal.environment)", kind: FinishedTask.intentKind, at: now, actor: "slipway",
        body: try CanonicalJSON.encode(removal))
      _ = try await house.journal.append(Append([intent]))
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
    return contents == .empty || contents == .unknown
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
