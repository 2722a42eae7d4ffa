internal import SlipwayConnectors
internal import SlipwayJournal
internal import SlipwayModel

/// Drives one open run: asks the machine what to do, journals the intent, has it done and read back, journals the result.
///
/// Everything a person says reaches the run through ``take(_:)`` and is looked at before anything else; when it turns the run around, the effect that is
/// under way is cancelled and its end awaited, so that a late write can never follow the rollback's.
actor RunDriver {
  let run: RunID
  let house: House
  var history: RunHistory
  let performer: StepPerformer
  /// Signals in the order they came. They are kept in the driver itself, so that "is anybody driving" and "here is a word" are one turn.
  private var signals: [Signal] = []
  private var waiter: CheckedContinuation<Void, Never>?
  private var isDriving = false
  private var effects = 0
  /// Messages that are on their way; waited for only when nothing else is left to do.
  var messengers: [Task<Void, Never>] = []
  /// What blue's counters said before anything began; the far end of the reference window.
  var before: CounterSample?
  /// See ``earlierEvaluations()``; nil until it was asked for.
  var earlier: [RuleEvaluation]?

  private static let neverBegun = StepResult.errored("given up before it began")
  /// How long an effect may take to end after it was cancelled.
  private static let grace = Span.seconds(5)
  private static let tellingTime = Span.seconds(30)
  /// A wait longer than this costs a row instead of a task.
  private static let patience = Span.seconds(20)

  init(_ history: RunHistory, house: House) throws {
    run = history.promotion.run
    self.history = history
    self.house = house
    let plan = history.promotion.plan
    performer = StepPerformer(
      plan: plan, run: run, connectors: try house.catalog.connectors(for: plan.environment), catalog: house.catalog,
      surroundings: house.surroundings, time: house.time)
  }

  var promotion: Promotion { history.promotion }

  /// Whether nobody is at work on the run at this moment.
  var isIdle: Bool { !isDriving }

  /// Takes the run in hand where nobody has it; ``leave()`` gives it back.
  func isSet() -> Bool {
    guard !isDriving else { return false }
    isDriving = true
    return true
  }

  /// The performer, with what it has to know of this moment.
  private var performerNow: StepPerformer {
    var copy = performer
    copy.servedSince = history.promotion.servedSince
    return copy
  }

  // MARK: People

  /// Takes a person's word: validated against the state of this moment, journaled, answered.
  func take(_ word: SpokenWord) async -> Reply {
    guard isDriving else {
      // Nobody else may write to the run in the meantime; a driver that comes now finds it busy and comes again.
      isDriving = true
      let reply = await hear(word)
      await leave()
      return reply
    }
    return await withCheckedContinuation { continuation in
      post(.word(word) { continuation.resume(returning: $0) })
    }
  }

  private func hear(_ word: SpokenWord) async -> Reply {
    do {
      let event = try event(for: word)
      if let refusal = history.promotion.refusal(of: event) {
        throw EngineError(history.promotion.isForbidden(event) ? .notPermitted : .refused, refusal)
      }
      try await write(
        [event], by: word.submission.by.text, id: word.submission.id, ledger: consequences(of: event))
      return Reply(accepted: true, run: run, message: "\(event.kind): run \(run) is \(history.promotion.status)")
    } catch let error as EngineError {
      return Reply(refusing: error)
    } catch {
      return Reply(refusing: EngineError(.broken, "\(error)"))
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
    // Whoever tells people may take its time, and a word for this run must not wait for it.
    _ = await Deadline.bound(Self.tellingTime, house.time) { [messengers] in
      for messenger in messengers { await messenger.value }
    }
    messengers = []
    await leave()
  }

  private func goOn() async throws {
    if history.promotion.records.contains(where: { $0.isBegunByDriver }), !Mutant.forgetResumed.isActive {
      try await write([.resumed])
    }
    while !Task.isCancelled {
      await hearAll()
      let next = history.promotion.next(at: house.time.now())
      if try await isStoppedByCalendar(next) { continue }
      switch next {
      case .finished: return
      case .record(let event):
        try await prepareHandOut(event)
        try await write([event])
        if case .escalated(_, let reason) = event { escalate(reason) }
        await announce(event)
      case .perform(let stepRun): try await perform(stepRun)
      case .readBack(let stepRun):
        try await underWay(stepRun) { [performer = performerNow] in await performer.readBack(stepRun) }
      case .measure(let stepRun):
        let (history, earlier) = (history, try await earlierEvaluations())
        try await underWay(stepRun) { [performer] in await performer.measure(stepRun.index, history, earlier) }
      case .followUp(let attempt): try await followUp(attempt)
      case .writeEvidence(_, let attempt): try await writeEvidence(attempt)
      case .wait(let wait):
        guard let until = wait.until, until - house.time.now() <= Self.patience else { return }
        await sleep(until: until)
      }
    }
  }

  /// Answers whoever spoke in the very last moment; only then is nobody driving.
  func leave() async {
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
      if case .word(let word, let answer) = signal { answer(await hear(word)) }
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
    let timer = Task { [house] in
      try await house.time.wait(until: time)
      post(.tick(0))
    }
    await waitForSignal()
    timer.cancel()
  }

  private func perform(_ stepRun: StepRun) async throws {
    let intent = Event.stepIntended(step: stepRun.index, attempt: stepRun.attempt, deadline: stepRun.deadline)
    switch stepRun.step.action {
    case .record(.exit(let gate)): try await pass(stepRun, gate, after: intent)
    case .record(let change): try await record(stepRun, change, after: intent)
    case .schedule(let span): try await schedule(stepRun, span, after: intent)
    case .gate, .recheck, .approve, .confirm, .data, .deploy, .verify, .shift, .watch, .notify,
      .drain, .destroy:
      try await prepare(stepRun)
      if Mutant.effectBeforeIntent.isActive {
        _ = await performer.perform(stepRun, generation: UInt64(max(0, history.sequence)), ledger: house.ledger()) {
          _ in
        }
      }
      let sequence = try await write([intent])
      let ledger = await house.ledger()
      let note = house.progress
      let run = run
      try await underWay(stepRun) { [performer = performerNow] in
        await performer.perform(stepRun, generation: UInt64(max(0, sequence)), ledger: ledger) { text in
          note(run, stepRun.step.id, text)
        }
      }
    }
  }

  /// Runs an effect to its end, its deadline, or until a person's word makes it pointless.
  func underWay(_ stepRun: StepRun, _ body: @escaping @Sendable () async -> Event) async throws {
    effects += 1
    let number = effects
    let effect = Task {
      // Whoever was cancelled before its first turn must not begin.
      let event =
        Task.isCancelled
        ? Event.stepReported(step: stepRun.index, attempt: stepRun.attempt, result: Self.neverBegun)
        : await body()
      post(.ended(number, event))
    }
    if Mutant.resultNotAwaited.isActive, stepRun.step.action.hasEffect {
      try await write([.stepReported(step: stepRun.index, attempt: stepRun.attempt, result: .succeeded("it will be"))])
      return
    }
    let timer = Mutant.forgetDeadline.isActive ? Task {} : alarm(number, at: stepRun.deadline)
    defer {
      effect.cancel()
      timer.cancel()
    }
    while !Task.isCancelled {
      await waitForSignal()
      switch take() {
      case .ended(number, let event)?:
        let now = house.time.now()
        try await write(
          [event], ledger: ledgerEvents(stepRun, event), rows: try promotion.tasks(after: event, at: now), at: now)
        return
      case .word(let word, let answer)?:
        answer(await hear(word))
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
    if Mutant.cancelledNotAwaited.isActive { return }
    let timer = alarm(-number, at: house.time.now() + Self.grace)
    defer { timer.cancel() }
    var kept: [Signal] = []
    waiting: while true {
      await waitForSignal()
      switch take() {
      case .ended(number, _)?, .tick(-number)?: break waiting
      case .word(let word, let answer)?: kept.append(.word(word, answer))
      case .ended?, .tick?: continue
      case nil: if Task.isCancelled { break waiting }
      }
    }
    if Mutant.dropWords.isActive { return }
    for signal in kept { post(signal) }
  }

  private func alarm(_ number: Int, at time: Timestamp) -> Task<Void, any Error> {
    let wait = max(Span.milliseconds(1), time - house.time.now())
    return Task { [house] in
      try await house.time.sleep(for: wait)
      post(.tick(number))
    }
  }
}
