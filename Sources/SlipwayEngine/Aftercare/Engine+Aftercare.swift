internal import SlipwayAnalysis
internal import SlipwayConnectors
internal import SlipwayJournal
internal import SlipwayModel

/// The looks at one release as the engine holds them between two looks; all of it can be read from the journal again.
struct Care: Sendable {
  var state: AftercareState
  /// The last sequence number of its stream.
  var sequence: Int64
  let promotion: Promotion
}

/// Looking after releases that serve (E14): durable timers, each look an entry of the journal.
extension Engine {
  /// How long one message to people may take.
  private static var tellingTime: Span { .seconds(30) }
  /// How long one look may take altogether; every question has a bound of its own below it.
  private static var lookTime: Span { .minutes(10) }

  /// Begins to look after every release that serves, wants it, and is not looked after yet.
  ///
  /// It follows from the ledger and the plan alone, so that whoever was killed between the end of a promotion and this is made up for by the next driver.
  func openAftercare() async throws {
    for (name, state) in await house.ledger().environments.sorted(by: { $0.key < $1.key }) {
      guard let live = state.live, careKnown.insert(live.run).inserted else { continue }
      do {
        try await open(live, in: name)
      } catch let error as JournalError {
        careKnown.remove(live.run)
        throw error
      } catch {
        house.progress(live.run, "after", "cannot be looked after: \(error)")
      }
    }
  }

  private func open(_ live: Placement, in environment: EnvironmentName) async throws {
    // What is looked after in the environment and serves no more ends now, not at its next look.
    for other in try await caredFor(environment) where other != live.run {
      hastened.insert(AftercareTask.id(of: other))
    }
    // Most often the run has just been driven, and nothing has to be read.
    if let driver = drivers[live.run], await driver.promotion.plan.environment.after == nil { return }
    let archive = RunArchive(house.journal.reader)
    let history = try RunHistory(live.run, entries: try await archive.entries(of: live.run.text))
    let plan = history.promotion.plan
    guard plan.operation == .promote, let spec = plan.environment.after,
      try await house.journal.reader.head(of: AftercareEvent.stream(of: live.run)) == 0
    else { return }
    let baseline = plan.blue.flatMap { AftercareJudge.baseline(of: $0.slot, in: history.reference) }
    let order = AftercareOrder(
      run: live.run, project: plan.project, environment: environment, release: live.release.id, slot: live.slot,
      since: live.since, spec: spec, baseline: baseline)
    let event = AftercareEvent.opened(order)
    let now = house.time.now()
    let rows = event.row(of: live.run, at: now).map { [ProjectionWrite.task($0)] } ?? []
    _ = try await house.journal.append(
      Append([try event.entry(of: live.run, at: now)], rows: rows, ifStreamAt: 0))
    cared?[environment, default: []].insert(live.run)
  }

  /// The runs of an environment whose releases are looked after; asked of the journal once.
  private func caredFor(_ environment: EnvironmentName) async throws -> Set<RunID> {
    if let cared { return cared[environment] ?? [] }
    var found: [EnvironmentName: Set<RunID>] = [:]
    for task in try await house.journal.reader.openTasks(of: AftercareTask.type) {
      guard let run = AftercareTask.run(of: task), let row = try await house.journal.reader.run(run) else { continue }
      found[row.environment, default: []].insert(run)
    }
    cared = cared ?? found
    return found[environment] ?? []
  }

  /// After the clock was set back nobody's time can be relied upon: whoever is looked after is looked at now.
  func hastenAftercare() async throws {
    for task in try await house.journal.reader.openTasks(of: AftercareTask.type) { hastened.insert(task.id) }
  }

  /// Does what is due of the looks that `task` is the timer of; harmless when nothing is.
  ///
  /// - Returns: whether it went as it should; otherwise it is tried again soon.
  func lookAfter(_ task: ScheduledTask) async throws -> Bool {
    guard let run = AftercareTask.run(of: task) else { return false }
    guard var care = try await care(of: run) else { return false }
    defer { cares[run] = care.state.isClosed ? nil : care }
    do {
      if care.state.ending == nil { try await goOn(&care) }
      if Task.isCancelled { return false }
      try await tellFindings(&care)
      // Not before: whoever was interrupted has to be as much in haste the next time.
      hastened.remove(task.id)
      guard care.state.ending != nil else { return true }
      return try await close(&care)
    } catch let error as JournalError where error.code == .conflict {
      cares[run] = nil
      return false
    }
  }

  private func care(of run: RunID) async throws -> Care? {
    if let care = cares[run] { return care }
    let archive = RunArchive(house.journal.reader)
    let entries = try await archive.entries(of: AftercareEvent.stream(of: run))
    guard let state = try AftercareState.folded(entries), let last = entries.last else { return nil }
    return Care(state: state, sequence: last.seq, promotion: try await archive.promotion(run))
  }

  private func goOn(_ care: inout Care) async throws {
    let order = care.state.order
    let live = await house.ledger().environments[order.environment]?.live
    if live?.run != order.run {
      let other = live.map { "release \($0.release.id) of run \($0.run)" } ?? "nothing"
      return try await write(.ending(.superseded(by: other)), &care)
    }
    let due = care.state.due(at: house.time.now())
    if !due.isEmpty {
      guard var look = await look(due, care), !Task.isCancelled else { return }
      // Questions may have taken longer than the time between two looks.
      let schedule = AftercareSchedule(order)
      let now = house.time.now()
      for index in look.phases.indices {
        look.phases[index].next = schedule.next(of: look.phases[index].phase, after: now)
      }
      var after = care.state
      after.apply(.looked(look, next: nil), at: now)
      try await write(.looked(look, next: after.next), &care)
    }
    if care.state.next == nil { try await write(.ending(.completed), &care) }
  }

  private func look(_ due: [AftercareLook.PhaseLook], _ care: Care) async -> AftercareLook? {
    let now = house.time.now()
    let looker = AftercareLooker(
      state: care.state, plan: care.promotion.plan, catalog: house.catalog, time: house.time)
    let look = await Deadline.bound(Self.lookTime, house.time) { await looker.look(due, at: now) }
    if look != nil || Task.isCancelled { return look }
    let outcomes = due.flatMap { one in
      care.state.order.spec[one.phase].checks.map {
        AftercareOutcome(one.phase, $0.name, .error, "the look took longer than \(Self.lookTime)")
      }
    }
    return AftercareLook(phases: due, outcomes: outcomes)
  }

  private func write(_ event: AftercareEvent, _ care: inout Care) async throws {
    let now = house.time.now()
    let run = care.state.order.run
    let rows = event.row(of: run, at: now).map { [ProjectionWrite.task($0)] } ?? []
    let sequences = try await house.journal.append(
      Append([try event.entry(of: run, at: now)], rows: rows, ifStreamAt: care.sequence))
    care.state.apply(event, at: now)
    care.sequence = sequences.last ?? care.sequence
  }

  // MARK: People

  /// Tells people of what began and what ended. What nobody took is told again at the next look.
  private func tellFindings(_ care: inout Care) async throws {
    let untold = care.state.untold
    var (began, ended): ([Int], [Int]) = ([], [])
    for index in care.state.findings.indices where untold.began.contains(index) || untold.ended.contains(index) {
      let finding = care.state.findings[index]
      guard
        await tell(finding.ended == nil ? "after_finding" : "after_recovered", care, finding.words(care.state.order))
      else { continue }
      if untold.began.contains(index) { began.append(index) }
      if untold.ended.contains(index) { ended.append(index) }
    }
    guard !began.isEmpty || !ended.isEmpty else { return }
    try await write(.told(began: began, ended: ended), &care)
  }

  private func tell(_ event: String, _ care: Care, _ text: String) async -> Bool {
    let order = care.state.order
    house.progress(order.run, "after", text)
    let message = Message(
      event: event, project: order.project, run: order.run, release: order.release, environment: order.environment,
      text: text)
    let problem = await Deadline.bound(Self.tellingTime, house.time) { [house] in await house.catalog.tell(message) }
    // Nil twice over: it took too long, or there was no problem.
    guard let problem else { return false }
    if let problem { house.progress(order.run, "after", "people could not be told: \(problem)") }
    return problem == nil
  }

  // MARK: Evidence

  private func close(_ care: inout Care) async throws -> Bool {
    let run = care.state.order.run
    let entries = try await RunArchive(house.journal.reader).entries(of: AftercareEvent.stream(of: run))
    let published: (folder: String, manifest: Digest)
    do {
      published = try house.author.write(
        care.state, entries: entries, into: house.state.aftercare(of: care.promotion))
    } catch {
      house.progress(run, "after", "evidence could not be written and is tried again: \(error)")
      return false
    }
    try await write(.closed(folder: published.folder, manifest: published.manifest), &care)
    cared?[care.state.order.environment]?.remove(run)
    _ = await tell("after_over", care, care.state.lastWords(published.folder))
    return true
  }
}

extension AftercareFinding {
  /// What people are told: what was found, or that it is over; with the command that goes back where that is asked for.
  func words(_ order: AftercareOrder) -> String {
    let head = "\(order.release) in \(order.environment), \(check):"
    if let ended { return "\(head) well again since \(ended); it had begun at \(began): \(text)" }
    guard consequence == .askRollback else { return "\(head) \(text)" }
    return "\(head) \(text). Should it go back? slipway rollback \(order.environment) --incident INCIDENT "
      + "(nothing is done by itself; what would be lost: the same with --dry-run)"
  }
}

extension AftercareState {
  /// What people are told at the end.
  func lastWords(_ folder: String) -> String {
    let open = findings.filter { $0.ended == nil }
    let found = open.isEmpty ? "" : "; not ended: \(open.map(\.check).joined(separator: ", "))"
    switch ending {
    case .superseded(let other)?:
      return "\(order.release) in \(order.environment) is looked after no more, \(other) serves; \(sentence)\(found); "
        + "evidence: \(folder)"
    case .completed?, nil:
      return
        "\(order.release) in \(order.environment) was looked after to the end: \(sentence)\(found); evidence: \(folder)"
    }
  }
}
