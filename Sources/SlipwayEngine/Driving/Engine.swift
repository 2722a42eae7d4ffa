internal import Foundation
package import SlipwayConnectors
package import SlipwayJournal
package import SlipwayModel

/// Drives every open run of one state: takes in what people say, starts what is due, and waits for what is next.
///
/// There is one engine per state at a time: whoever holds the journal's lock. Everything it does is in the journal before it is done, so it may be killed at
/// any instant; the next one goes on from there.
package actor Engine {
  private let house: House
  private let pipeline: @Sendable () throws -> Pipeline
  private let inbox: Inbox
  private var drivers: [RunID: RunDriver] = [:]
  private var active: Set<RunID> = []
  /// Runs that could not be driven, with the reason; they are left alone until the next start.
  private(set) package var stuck: [RunID: String] = [:]
  /// The latest time that was seen, also by earlier drivers.
  private var lastSeen: Timestamp
  /// What made the journal fail, once it did; nothing is driven after that.
  private var failure: (any Error)?

  /// How often the inbox is looked at while driving.
  private static let pulse = Duration.milliseconds(25)
  private static let most = 256

  /// - Parameters:
  ///   - state: where everything lies.
  ///   - journal: opened for writing, which makes this process the driver.
  ///   - catalog: makes connectors.
  ///   - pipeline: reads the pipeline file as it is now; asked at each new plan.
  ///   - time: clock and timers.
  ///   - author: writes evidence.
  ///   - observer: told about everything.
  /// - Throws: a journal error, or ``EngineError`` when an entry of the ledger cannot be read.
  package init(
    state: StateFolder, journal: Journal, catalog: any ConnectorCatalog,
    pipeline: @escaping @Sendable () throws -> Pipeline, time: any TimeSource, author: EvidenceAuthor,
    observer: any RunObserver
  ) async throws {
    self.pipeline = pipeline
    inbox = Inbox(state)
    let ledger = try await RunArchive(journal.reader).ledger()
    let last = try await journal.reader.entries(after: journal.tip.seq - 1, limit: 1).last
    lastSeen = last?.entry.at ?? time.now()
    house = House(
      state: state, journal: journal, catalog: catalog, time: time, book: LedgerBook(ledger),
      project: (try? pipeline())?.project ?? "", freezes: { (try? pipeline())?.freezes ?? [] }, author: author,
      observer: observer)
  }

  /// How many runs are held in memory; those that wait for long are not among them.
  package var heldDrivers: Int { drivers.count }

  // MARK: Desk

  /// Takes in what somebody hands in; answered when it is on disk or refused.
  package func submit(_ submission: Submission) async -> Reply {
    do {
      if let run = try await earlier(submission.id) {
        return Reply(accepted: true, run: run, message: "handed in before; nothing was done twice")
      }
      switch submission.content {
      case .ledger(let event): return try await enter(event, submission)
      case .promote(let release, let target):
        let plan = try Planner(pipeline: pipeline(), ledger: await house.ledger()).promotion(of: release, to: target)
        return try await begin(plan, submission)
      case .rollback(let target, let release, let incident):
        return try await rollBack(target, to: release, incident: incident, submission)
      case .decide(let run, _): return await (try driver(of: run)).take(submission)
      }
    } catch let error as PlanError {
      return Reply(
        refusing: EngineError(
          error.code == .unknownRelease || error.code == .unknownEnvironment ? .notFound : .refused, error.message))
    } catch let error as EngineError {
      return Reply(refusing: error)
    } catch {
      return Reply(refusing: EngineError(.broken, "\(error)"))
    }
  }

  private func earlier(_ id: String) async throws -> RunID? {
    guard let stored = try await house.journal.reader.entry(id: id) else { return nil }
    return RunID(stored.entry.stream)
  }

  private func enter(_ event: LedgerEvent, _ submission: Submission) async throws -> Reply {
    try await check(event)
    let now = house.time.now()
    let entry = try RunHistory.entry(event, at: now, by: submission.by.text, id: submission.id)
    _ = try await house.journal.append(Append([entry], rows: house.rows(for: [event])))
    await house.apply(event, at: now)
    return Reply(accepted: true, message: "\(event.kind): \(event.stream)")
  }

  private func check(_ event: LedgerEvent) async throws {
    let ledger = await house.ledger()
    switch event {
    case .releaseAdded(let release):
      if let known = ledger.releases[release.id], known != release {
        throw EngineError(
          .refused,
          "release \(release.id) is registered with other contents (artifact \(known.artifact)); a release never changes, register a new one"
        )
      }
    case .releaseQuarantined(let id, _):
      guard ledger.releases[id] != nil else { throw EngineError(.notFound, "release '\(id)' is not registered") }
    case .reportAdded(let report):
      guard ledger.releases[report.release] != nil else {
        throw EngineError(
          .notFound, "release '\(report.release)' is not registered; add it with: slipway release add \(report.release)"
        )
      }
    case .freezeRemoved(let name):
      guard ledger.freezes[name] != nil else {
        let known = ledger.freezes.keys.sorted().joined(separator: ", ")
        throw EngineError(
          .notFound, "there is no freeze '\(name)' from the command line; there are: \(known.isEmpty ? "none" : known)")
      }
    case .freezeAdded, .environmentServes, .environmentRolledBack, .slotEmptied: break
    }
  }

  private func begin(_ plan: Plan, _ submission: Submission) async throws -> Reply {
    if let open = try await openRuns(of: plan.to).first {
      throw EngineError(
        .refused,
        "run \(open.run) is open on \(plan.to) (\(open.status)); one promotion per environment: wait for it or abort it"
      )
    }
    let now = house.time.now()
    let run = RunID(at: now, randomness: UInt32.random(in: 0...UInt32.max))
    let digest = try plan.digest
    let request = Request(run: run, plan: plan, digest: digest, by: submission.by)
    let promotion = Promotion(request, at: now)
    let entry = try RunHistory.entry(.requested(request), of: run, at: now, by: submission.by.text, id: submission.id)
    _ = try await house.journal.append(Append([entry], run: promotion.row(at: now)))
    house.observe(run, .requested(request), promotion)
    return Reply(
      accepted: true, run: run,
      message: "run \(run): \(plan.operation.rawValue) \(plan.release.id) to \(plan.to), plan \(digest)")
  }

  /// An open promotion is turned around; without one a run of its own goes back.
  private func rollBack(
    _ target: EnvironmentName, to release: ReleaseID?, incident: String, _ submission: Submission
  ) async throws -> Reply {
    let pipeline = try pipeline()
    try Permission.mayRollBack(submission.by, target, pipeline)
    if let open = try await openRuns(of: target).first, release == nil {
      return await (try driver(of: open.run)).take(submission)
    }
    let plan = try Planner(pipeline: pipeline, ledger: await house.ledger())
      .rollback(of: target, to: release, incident: incident)
    return try await begin(plan, submission)
  }

  private func openRuns(of environment: EnvironmentName) async throws -> [RunRow] {
    try await house.journal.reader.runs(of: environment, limit: 1_000).filter { $0.finishedAt == nil }
  }

  private func driver(of run: RunID) async throws -> RunDriver {
    if let driver = drivers[run] { return driver }
    let entries = try await RunArchive(house.journal.reader).entries(of: run.text)
    // Another task may have made it while the journal was read.
    if let driver = drivers[run] { return driver }
    let driver = try RunDriver(try RunHistory(run, entries: entries), house: house)
    drivers[run] = driver
    return driver
  }

  // MARK: Driving

  /// Drives what is due.
  ///
  /// - Parameters:
  ///   - followed: runs whose end is waited for; empty with `forever` false: returns when nothing is due.
  ///   - forever: goes on until the task is cancelled.
  ///   - deadline: when to stop waiting for the followed runs; nil for never.
  /// - Throws: the journal's error when it failed; what was begun is found by the next driver.
  package func drive(following followed: Set<RunID>, forever: Bool, until deadline: Timestamp?) async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      defer { group.cancelAll() }
      while !Task.isCancelled {
        if let failure { throw failure }
        await takeInbox()
        let now = house.time.now()
        // After the clock was set back every wake-up lies too far ahead: then all that wait for a time are looked at once.
        let horizon = now < lastSeen ? Timestamp(milliseconds: .max) : now
        lastSeen = now
        for row in try await house.journal.reader.due(at: horizon, limit: Self.most) where mayStart(row.run) {
          active.insert(row.run)
          group.addTask { await self.drive(row.run) }
        }
        try await removeDueSlots(at: now)
        if !forever {
          if followed.isEmpty, active.isEmpty,
            try await house.journal.reader.due(at: house.time.now(), limit: 1).allSatisfy({ stuck[$0.run] != nil })
          {
            return
          }
          if !followed.isEmpty, try await areOver(followed) { return }
          if let deadline, now >= deadline { return }
        }
        // The inbox is a matter of real processes, so this wait is real whatever clock the runs go by.
        try? await Task.sleep(for: Self.pulse)
      }
    }
  }

  private func mayStart(_ run: RunID) -> Bool {
    !active.contains(run) && stuck[run] == nil && active.count < Self.most
  }

  private func areOver(_ runs: Set<RunID>) async throws -> Bool {
    for run in runs {
      if stuck[run] != nil { continue }
      if active.contains(run) { return false }
      guard let row = try await house.journal.reader.run(run) else { continue }
      if row.finishedAt == nil { return false }
    }
    return true
  }

  private func drive(_ run: RunID) async {
    defer { active.remove(run) }
    do {
      let driver = try await driver(of: run)
      try await driver.drive()
      // A waiting run costs its row and nothing else.
      if await driver.isIdle { drivers[run] = nil }
    } catch let error as JournalError {
      failure = failure ?? error
    } catch {
      stuck[run] = "\(error)"
      drivers[run] = nil
      house.progress(run, "run", "stopped: \(error)")
    }
  }

  private func takeInbox() async {
    for submission in inbox.waiting() { inbox.answer(submission.id, await submit(submission)) }
  }

  // MARK: Scheduled work

  private func removeDueSlots(at now: Timestamp) async throws {
    for task in try await house.journal.reader.dueTasks(at: now, limit: 16) where task.type == SlotRemoval.type {
      guard let removal = try? CanonicalJSON.decode(SlotRemoval.self, from: Data(task.metadata.utf8)) else { continue }
      switch removal.isDue(await house.ledger(), openRuns: try await openRuns(of: removal.environment)) {
      case .later: continue
      case .never: try await close(task, removal, emptied: false, at: now)
      case .now:
        let intent = Entry(
          stream: "environment:\(removal.environment)", kind: FinishedTask.intentKind, at: now, actor: "slipway",
          body: try CanonicalJSON.encode(removal))
        _ = try await house.journal.append(Append([intent]))
        guard await remove(removal) else { continue }
        try await close(task, removal, emptied: true, at: now)
      }
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
