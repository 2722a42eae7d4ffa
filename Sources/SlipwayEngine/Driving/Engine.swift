internal import Foundation
package import SlipwayConnectors
package import SlipwayJournal
package import SlipwayModel

/// Drives every open run of one state: takes in what people say, starts what is due, and waits for what is next.
///
/// There is one engine per state at a time: whoever holds the journal's lock. Everything it does is in the journal before it is done, so it may be killed at
/// any instant; the next one goes on from there.
package actor Engine {
  let house: House
  let pipeline: @Sendable () throws -> Pipeline
  let desk: any Desk
  private let randomness: @Sendable () -> UInt32
  var drivers: [RunID: RunDriver] = [:]
  var active: Set<RunID> = []
  /// Runs that could not be driven, with the reason; they are left alone until the next start.
  package internal(set) var stuck: [RunID: String] = [:]
  /// The latest time that was seen, also by earlier drivers.
  var lastSeen: Timestamp
  /// What made the journal fail, once it did; nothing is driven after that.
  var failure: (any Error)?
  /// Environments for which a run is being written down, and those of which a slot is being emptied: never both, and one at a time, for between the look
  /// whether an environment is free and the entry that takes it others get their turn.
  var opening: Set<EnvironmentName> = []
  var emptying: Set<EnvironmentName> = []
  /// Words of which somebody outside is being asked who says them.
  var proving: [String: Task<Void, Never>] = [:]
  /// Runs that are to be looked at before their time.
  var nudged: Set<RunID> = []
  /// Scheduled work that is under way.
  var removing: Set<String> = []
  /// Scheduled work that did not come to its end, and when it is tried again.
  var removeAgain: [String: Timestamp] = [:]
  /// Scheduled work that is looked at before its time.
  var hastened: Set<String> = []
  /// Runs of which it was asked whether their release wants to be looked after, and the looks that are going on.
  var careKnown: Set<RunID> = []
  var cares: [RunID: Care] = [:]
  /// The runs that are looked after, by environment; nil until it was asked for.
  var cared: [EnvironmentName: Set<RunID>]?
  /// Whether something happened since the driving loop last looked, and how to wake it.
  var hasNews = false
  var sleeper: CheckedContinuation<Void, Never>?

  /// - Parameters:
  ///   - state: where everything lies.
  ///   - journal: opened for writing, which makes this process the driver.
  ///   - catalog: makes connectors.
  ///   - pipeline: reads the pipeline file as it is now; asked at each new plan.
  ///   - time: clock and timers.
  ///   - author: writes evidence.
  ///   - observer: told about everything.
  ///   - desk: where submissions come in while driving; nil for the inbox of `state`.
  ///   - surroundings: reads what lies beside the journal and matters to a plan, anew for each judgement; nil for the freezes of the pipeline file alone.
  ///   - witness: finds out who speaks.
  ///   - randomness: parts the ids of runs that begin in the same millisecond.
  /// - Throws: a journal error, or ``EngineError`` when an entry of the ledger cannot be read.
  package init(
    state: StateFolder, journal: Journal, catalog: any ConnectorCatalog,
    pipeline: @escaping @Sendable () throws -> Pipeline, time: any TimeSource, author: EvidenceAuthor,
    observer: any RunObserver, desk: (any Desk)? = nil,
    surroundings: (@Sendable (Plan, Ledger) throws -> Surroundings)? = nil, witness: any Witness = LocalWitness(),
    randomness: @escaping @Sendable () -> UInt32 = { .random(in: .min ... .max) }
  ) async throws {
    self.pipeline = pipeline
    self.desk = desk ?? InboxDesk(state)
    self.randomness = randomness
    let ledger = try await RunArchive(journal.reader).ledger()
    let last = try await journal.reader.entries(after: journal.tip.seq - 1, limit: 1).last
    lastSeen = last?.entry.at ?? time.now()
    house = House(
      state: state, journal: journal, catalog: catalog, time: time, book: LedgerBook(ledger),
      project: (try? pipeline())?.project ?? "",
      surroundings: surroundings ?? { _, _ in Surroundings(freezes: try pipeline().freezes) }, author: author,
      witness: witness, observer: observer,
      herald: RequestHerald(
        state: state, archive: RunArchive(journal.reader), catalog: catalog, time: time, author: author,
        observer: observer))
  }

  /// How many runs are held in memory; those that wait for long are not among them.
  package var heldDrivers: Int { drivers.count }

  // MARK: Desk

  /// Takes in what somebody hands in; answered when it is on disk or refused.
  package func submit(_ submission: Submission) async -> Reply {
    // What was said may have made something due.
    defer { wake() }
    do {
      if let run = try await earlier(submission.id) {
        return Reply(accepted: true, run: run, message: "handed in before; nothing was done twice")
      }
      switch submission.content {
      case .ledger(let event): return try await enter(event, submission)
      case .promote(let release, let target, let ask):
        let pipeline = try pipeline()
        let ledger = await house.ledger()
        let plan = try Planner(pipeline: pipeline, ledger: ledger).promotion(of: release, to: target, asking: ask)
        try await mayAsk(plan, submission, pipeline, ledger)
        return try await begin(plan, submission)
      case .rollback(let target, let release, let incident):
        return try await rollBack(target, to: release, incident: incident, submission)
      case .decide(let run, _):
        let driver = try await driver(of: run)
        return await driver.take(try await spoken(submission, to: await driver.promotion))
      }
    } catch let error as PlanError {
      let code: EngineError.Code =
        switch error.code {
        case .unknownRelease, .unknownEnvironment: .notFound
        case .terms: .badInput
        default: .refused
        }
      return Reply(refusing: EngineError(code, error.message))
    } catch let error as EngineError {
      return Reply(refusing: error)
    } catch {
      return Reply(refusing: EngineError(.broken, "\(error)"))
    }
  }

  private func earlier(_ id: String) async throws -> RunID? {
    guard !Mutant.forgetSubmissionIDs.isActive, let stored = try await house.journal.reader.entry(id: id) else {
      return nil
    }
    return RunID(stored.entry.stream)
  }

  private func enter(_ event: LedgerEvent, _ submission: Submission) async throws -> Reply {
    try await check(event, submission)
    let now = house.time.now()
    // Who ordered it is what the submission proves, whatever the event claims.
    let event = event.signed(by: submission.by, at: now)
    let entry = try RunHistory.entry(event, at: now, by: submission.by.text, id: submission.id)
    _ = try await house.journal.append(Append([entry], rows: house.rows(for: [event])))
    await house.apply(event, at: now)
    if case .freezeRemoved = event { try? await lookAtCalendarAgain() }
    return Reply(accepted: true, message: "\(event.kind): \(event.stream)")
  }

  private func begin(_ plan: Plan, _ submission: Submission) async throws -> Reply {
    if emptying.contains(plan.to) {
      throw EngineError(
        .refused,
        "a slot of \(plan.to) is being emptied at this moment, as its rollback window is over; ask again shortly")
    }
    guard opening.insert(plan.to).inserted else {
      throw EngineError(
        .refused,
        "another run is being opened on \(plan.to) at this moment; one promotion per environment: see slipway list"
      )
    }
    defer { opening.remove(plan.to) }
    let open = Mutant.openWithoutAsking.isActive ? [] : try await openRuns(of: plan.to)
    if let refusal = plan.refusal(
      besides: open.map { OpenRun(run: $0.run, environment: $0.environment, status: $0.status) })
    {
      throw EngineError(.refused, refusal)
    }
    let now = house.time.now()
    let run = RunID(at: now, randomness: randomness())
    let digest = try plan.digest
    let request = Request(run: run, plan: plan, digest: digest, by: submission.by)
    let promotion = Promotion(request, at: now)
    let ledger = Self.consequences(of: request, at: now)
    var entries = [
      try RunHistory.entry(.requested(request), of: run, at: now, by: submission.by.text, id: submission.id)
    ]
    for event in ledger { entries.append(try RunHistory.entry(event, at: now, by: submission.by.text)) }
    _ = try await house.journal.append(
      Append(entries, run: promotion.row(at: now), rows: house.rows(for: ledger)))
    for event in ledger { await house.apply(event, at: now) }
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
    try Permission.mayRollBack(try await whoGoesBack(submission, target, incident, pipeline), target, pipeline)
    if let open = try await openRuns(of: target).first, release == nil {
      return await (try driver(of: open.run)).take(SpokenWord(submission: submission))
    }
    let plan = try Planner(pipeline: pipeline, ledger: await house.ledger())
      .rollback(of: target, to: release, incident: incident)
    return try await begin(plan, submission)
  }

  func openRuns(of environment: EnvironmentName) async throws -> [RunRow] {
    try await house.journal.reader.runs(of: environment, limit: 1_000).filter { $0.finishedAt == nil }
  }

  func driver(of run: RunID) async throws -> RunDriver {
    if let driver = drivers[run] { return driver }
    let entries = try await RunArchive(house.journal.reader).entries(of: run.text)
    // Another task may have made it while the journal was read.
    if let driver = drivers[run] { return driver }
    let driver = try RunDriver(try RunHistory(run, entries: entries), house: house)
    drivers[run] = driver
    return driver
  }
}
