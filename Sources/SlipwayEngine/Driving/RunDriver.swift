internal import SlipwayConnectors
internal import SlipwayJournal
internal import SlipwayModel

/// Drives one open run: asks the machine what to do, journals the intent, has it done and read back, journals the result.
///
/// Everything a person says reaches the run through ``take(_:)`` and is looked at before anything else; when it turns the run around, the effect that is
/// under way is cancelled and its end awaited, so that a late write can never follow the rollback's.
actor RunDriver {
  let run: RunID
  private let house: House
  private var history: RunHistory
  private let performer: StepPerformer
  /// Signals in the order they came. They are kept in the driver itself, so that "is anybody driving" and "here is a word" are one turn.
  private var signals: [Signal] = []
  private var waiter: CheckedContinuation<Void, Never>?
  private var isDriving = false
  private var effects = 0
  /// Messages that are on their way; waited for only when nothing else is left to do.
  private var messengers: [Task<Void, Never>] = []
  /// What blue's counters said before anything began; the far end of the reference window.
  private var before: CounterSample?

  /// How long an effect may take to end after it was cancelled.
  private static let grace = Span.seconds(5)
  /// A wait longer than this costs a row instead of a task.
  private static let patience = Span.seconds(20)

  init(_ history: RunHistory, house: House) throws {
    run = history.promotion.run
    self.history = history
    self.house = house
    let plan = history.promotion.plan
    performer = StepPerformer(
      plan: plan, run: run, connectors: try house.catalog.connectors(for: plan.environment), catalog: house.catalog,
      freezes: house.freezes(), time: house.time)
  }

  /// Whether nobody is at work on the run at this moment.
  var isIdle: Bool { !isDriving }

  // MARK: People

  /// Takes a person's word: validated against the state of this moment, journaled, answered.
  func take(_ submission: Submission) async -> Reply {
    guard isDriving else {
      // Nobody else may write to the run in the meantime; a driver that comes now finds it busy and comes again.
      isDriving = true
      let reply = await hear(submission)
      await leave()
      return reply
    }
    return await withCheckedContinuation { continuation in
      post(.word(submission) { continuation.resume(returning: $0) })
    }
  }

  private func hear(_ submission: Submission) async -> Reply {
    do {
      let event = try event(for: submission)
      if let refusal = history.promotion.refusal(of: event) { throw EngineError(.refused, refusal) }
      try await write([event], by: submission.by.text, id: submission.id)
      return Reply(accepted: true, run: run, message: "\(event.kind): run \(run) is \(history.promotion.status)")
    } catch let error as EngineError {
      return Reply(refusing: error)
    } catch {
      return Reply(refusing: EngineError(.broken, "\(error)"))
    }
  }

  private func event(for submission: Submission) throws -> Event {
    let person = submission.by
    switch submission.content {
    case .decide(_, .approve(let plan, let comment)):
      let roles = history.promotion.plan.roles.filter { $0.value.contains(person) }.map(\.key).sorted()
      return .approved(
        Approval(
          person: person, roles: roles, plan: plan ?? history.promotion.digest, at: house.time.now(), comment: comment))
    case .decide(_, .hold(let reason)): return .held(by: person, reason: reason)
    case .decide(_, .resume): return .resumedBy(person)
    case .decide(_, .reject(let reason)): return .rejected(by: person, reason: reason)
    case .decide(_, .pause(let reason)): return .paused(by: person, reason: reason)
    case .decide(_, .abort(let reason)): return .aborted(by: person, reason: reason)
    case .decide(_, .confirm(let step, let note)):
      guard
        let index = history.promotion.records.firstIndex(where: {
          $0.step.id.text == step || $0.step.id.text == "confirm-\(step)"
        })
      else {
        let known = history.promotion.records.filter { $0.step.kind == .confirm }.map(\.step.id.text).joined(
          separator: ", ")
        throw EngineError(
          .notFound, "run \(run) has no step '\(step)' to confirm; it has: \(known.isEmpty ? "none" : known)")
      }
      return .confirmed(step: index, by: person, note: note)
    case .rollback(_, _, let incident): return .rollbackAsked(by: person, incident: incident)
    case .ledger, .promote: throw EngineError(.badInput, "this is no decision on a run")
    }
  }

  // MARK: Driving

  /// Drives until the run is over or has to wait longer than a task is worth.
  ///
  /// - Throws: a journal error, after which nothing was begun that is not on disk; or ``EngineError`` when the run's own state is broken.
  func drive() async throws {
    guard !isDriving else { return }
    isDriving = true
    do {
      try await goOn()
    } catch {
      refuseAll("\(error)")
      throw error
    }
    for messenger in messengers { await messenger.value }
    messengers = []
    await leave()
  }

  private func goOn() async throws {
    if history.promotion.records.contains(where: { $0.isBegunByDriver }) { try await write([.resumed]) }
    while !Task.isCancelled {
      await hearAll()
      switch history.promotion.next(at: house.time.now()) {
      case .finished: return
      case .record(let event):
        try await write([event])
        if case .escalated(_, let reason) = event { escalate(reason) }
      case .perform(let stepRun): try await perform(stepRun)
      case .readBack(let stepRun):
        try await underWay(stepRun) { [performer] in await performer.readBack(stepRun) }
      case .measure(let stepRun):
        let history = history
        try await underWay(stepRun) { [performer] in await performer.measure(stepRun.index, history) }
      case .writeEvidence(_, let attempt): try await writeEvidence(attempt)
      case .wait(let wait):
        guard let until = wait.until, until - house.time.now() <= Self.patience else { return }
        await sleep(until: until)
      }
    }
  }

  /// Answers whoever spoke in the very last moment; only then is nobody driving.
  private func leave() async {
    await hearAll()
    isDriving = false
  }

  private func refuseAll(_ reason: String) {
    while let signal = take() {
      if case .word(_, let answer) = signal {
        answer(Reply(refusing: EngineError(.broken, "run \(run) cannot be driven: \(reason)")))
      }
    }
    isDriving = false
  }

  private func hearAll() async {
    while let signal = take() {
      if case .word(let submission, let answer) = signal { answer(await hear(submission)) }
    }
  }

  // MARK: Signals

  private func post(_ signal: Signal) {
    signals.append(signal)
    wake()
  }

  private func take() -> Signal? { signals.isEmpty ? nil : signals.removeFirst() }

  private func wake() {
    waiter?.resume()
    waiter = nil
  }

  /// Waits until there is a signal, or the task is cancelled.
  private func waitForSignal() async {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        if signals.isEmpty, !Task.isCancelled { waiter = continuation } else { continuation.resume() }
      }
    } onCancel: {
      Task { await self.wake() }
    }
  }

  private func sleep(until time: Timestamp) async {
    let wait = max(Span.milliseconds(1), time - house.time.now())
    let timer = Task { [house] in
      try await house.time.sleep(for: wait)
      post(.tick(0))
    }
    await waitForSignal()
    timer.cancel()
  }

  private func perform(_ stepRun: StepRun) async throws {
    let intent = Event.stepIntended(step: stepRun.index, attempt: stepRun.attempt, deadline: stepRun.deadline)
    switch stepRun.step.action {
    case .record(let change): try await record(stepRun, change, after: intent)
    case .schedule(let span): try await schedule(stepRun, span, after: intent)
    case .gate, .recheck, .approve, .confirm, .deploy, .verify, .shift, .watch, .notify, .destroy:
      try await prepare(stepRun)
      let sequence = try await write([intent])
      let ledger = await house.ledger()
      let note = house.progress
      let run = run
      try await underWay(stepRun) { [performer] in
        await performer.perform(stepRun, generation: UInt64(max(0, sequence)), ledger: ledger) { text in
          note(run, stepRun.step.id, text)
        }
      }
    }
  }

  /// Looks at blue before the first deployment and again before the first shift: what it answered in between is what green is compared with.
  private func prepare(_ stepRun: StepRun) async throws {
    guard history.promotion.plan.operation == .promote, case .forward = history.promotion.phase else { return }
    switch stepRun.step.action {
    case .deploy where before == nil: before = try? await performer.reading(house.time.now())
    case .shift where history.reference.isEmpty && !history.promotion.hasTouchedTraffic:
      if let before, let after = try? await performer.reading(house.time.now()) {
        try await write([.referenced(before: before, after: after)])
      }
    default: break
    }
  }

  /// Runs an effect to its end, its deadline, or until a person's word makes it pointless.
  private func underWay(_ stepRun: StepRun, _ body: @escaping @Sendable () async -> Event) async throws {
    effects += 1
    let number = effects
    let effect = Task {
      let event = await body()
      post(.ended(number, event))
    }
    let timer = alarm(number, at: stepRun.deadline)
    defer {
      effect.cancel()
      timer.cancel()
    }
    while !Task.isCancelled {
      await waitForSignal()
      switch take() {
      case .ended(number, let event)?:
        try await write([event], ledger: ledgerEvents(stepRun, event))
        return
      case .word(let submission, let answer)?:
        answer(await hear(submission))
        if history.promotion.current != stepRun.index { return await settle(effect, number) }
      case .tick(number)?:
        await settle(effect, number)
        let late = StepResult.errored("\(stepRun.step.id) did not end within \(stepRun.step.timeout)")
        try await write([.stepReported(step: stepRun.index, attempt: stepRun.attempt, result: late)])
        return
      case .ended?, .tick?, nil: continue
      }
    }
    await settle(effect, number)
  }

  /// Cancels an effect and waits for its end, but not for ever.
  private func settle(_ effect: Task<Void, Never>, _ number: Int) async {
    effect.cancel()
    let timer = alarm(-number, at: house.time.now() + Self.grace)
    defer { timer.cancel() }
    var kept: [Signal] = []
    waiting: while true {
      await waitForSignal()
      switch take() {
      case .ended(number, _)?, .tick(-number)?: break waiting
      case .word(let submission, let answer)?: kept.append(.word(submission, answer))
      case .ended?, .tick?: continue
      case nil: if Task.isCancelled { break waiting }
      }
    }
    for signal in kept { post(signal) }
  }

  private func alarm(_ number: Int, at time: Timestamp) -> Task<Void, any Error> {
    let wait = max(Span.milliseconds(1), time - house.time.now())
    return Task { [house] in
      try await house.time.sleep(for: wait)
      post(.tick(number))
    }
  }

  // MARK: Writing down

  /// Journals events in one commit, with what follows from them; only then are they true.
  @discardableResult
  private func write(
    _ events: [Event], by actor: String = "slipway", id: String? = nil, ledger: [LedgerEvent] = [],
    rows: [ProjectionWrite] = [], at moment: Timestamp? = nil
  ) async throws -> Int64 {
    let now = moment ?? house.time.now()
    var after = history
    var entries: [Entry] = []
    for event in events {
      after.fold(event, at: now, sequence: history.sequence)
      entries.append(try RunHistory.entry(event, of: run, at: now, by: actor, id: entries.isEmpty ? id : nil))
    }
    let broken = after.promotion.violations
    guard broken.isEmpty else {
      throw EngineError(
        .broken,
        "run \(run) would break a rule of safety (\(broken.joined(separator: "; "))); it was stopped where it is")
    }
    for event in ledger { entries.append(try RunHistory.entry(event, at: now, by: actor)) }
    let sequences = try await house.journal.append(
      Append(
        entries, run: after.promotion.row(at: now), rows: rows + house.rows(for: ledger), ifStreamAt: history.sequence))
    guard let first = sequences.first else { throw EngineError(.broken, "the journal gave no sequence number") }
    for (event, sequence) in zip(events, sequences) { history.fold(event, at: now, sequence: sequence) }
    for event in ledger { await house.apply(event, at: now) }
    for event in events { house.observe(run, event, history.promotion) }
    return first
  }

  private func record(_ stepRun: StepRun, _ change: EnvironmentChange, after intent: Event) async throws {
    let plan = history.promotion.plan
    let placement = Placement(slot: plan.green, release: plan.release, run: run, since: house.time.now())
    let event: LedgerEvent
    let said: String
    switch change {
    case .promoted: (event, said) = (.environmentServes(plan.to, placement), "\(plan.to) serves \(plan.release.id)")
    case .rolledBack:
      event = .environmentRolledBack(plan.to, failed: placement)
      said = "\(plan.release.id) failed in \(plan.to); \(plan.blue.map { "\($0.release.id)" } ?? "nothing") serves"
    }
    let report = Event.stepReported(step: stepRun.index, attempt: stepRun.attempt, result: .succeeded(said))
    try await write([intent, report], ledger: [event])
  }

  private func schedule(_ stepRun: StepRun, _ span: Span, after intent: Event) async throws {
    guard let blue = history.promotion.plan.blue else {
      let report = Event.stepReported(
        step: stepRun.index, attempt: stepRun.attempt, result: .succeeded("there is no blue"))
      try await write([intent, report])
      return
    }
    let task = SlotRemoval(environment: history.promotion.plan.to, placement: blue)
    let now = house.time.now()
    let due = now + span
    let report = Event.stepReported(
      step: stepRun.index, attempt: stepRun.attempt,
      result: .succeeded("\(blue.release.id) stays in slot \(blue.slot) until \(due), then it is removed"))
    try await write([intent, report], rows: [.task(try task.scheduled(by: run, at: due))], at: now)
  }

  private func ledgerEvents(_ stepRun: StepRun, _ event: Event) -> [LedgerEvent] {
    let result: StepResult
    switch event {
    case .stepReported(_, _, let reported): result = reported
    case .readBack(_, _, .done(let detail)): result = .succeeded(detail)
    default: return []
    }
    guard case .succeeded = result, case .destroy(let role) = stepRun.step.action else { return [] }
    let plan = history.promotion.plan
    let slot = role == .green ? plan.green : plan.blue?.slot
    return slot.map { [.slotEmptied(plan.to, $0)] } ?? []
  }

  private func writeEvidence(_ attempt: Int) async throws {
    do {
      let published = try await house.writeEvidence(history.promotion)
      try await write([.evidenceWritten(folder: published.folder, manifest: published.manifest)])
    } catch let error as JournalError {
      throw error
    } catch {
      try await write([.evidenceFailed(reason: "\(error)", attempt: attempt)])
    }
  }

  /// Tells people without waiting for the messenger: traffic is being brought back at the same time.
  private func escalate(_ reason: String) {
    let plan = history.promotion.plan
    let message = Message(
      event: "escalated", project: plan.project, run: run, release: plan.release.id, environment: plan.to, text: reason)
    messengers.append(Task { [house] in _ = await house.catalog.tell(message) })
  }
}

extension StepRecord {
  /// Whether a driver, not a person, had begun it.
  var isBegunByDriver: Bool {
    if case .intended = status { true } else { false }
  }
}
