extension Promotion {
  /// Folds `event` in. Total: an event that does not fit the state changes nothing.
  package mutating func apply(_ event: Event, at time: Timestamp) {
    if isFinished { return }
    if time < touchedAt, !Mutant.waitForClock.isActive { bringForward(to: time) }
    fold(event, at: time)
    touchedAt = time
  }

  private mutating func fold(_ event: Event, at time: Timestamp) {
    switch event {
    case .requested, .referenced: break
    case .resumed: interrupt(at: time)
    case .stepIntended(let index, let attempt, let deadline): intend(index, attempt, deadline, at: time)
    case .stepReported(let index, let attempt, let result): report(index, attempt, result, at: time)
    case .dataReported(let index, let attempt, let data, let result):
      fold(data, index, attempt, result, at: time)
    case .gatesReported(let index, let attempt, let reports):
      guard isInHand(index), attempt == records[index].attempts, isOpen(records[index]) else { return }
      records[index].reports = reports
      answer(index, Self.together(reports, records[index].step.action), at: time)
    case .readBack(let index, let attempt, let observation): observe(index, attempt, observation, at: time)
    case .measured(let index, let sample, let judgement): judge(index, sample, judgement, at: time)
    case .approved, .revoked, .held, .paused, .resumedBy, .rejected, .aborted, .rollbackAsked, .confirmed:
      word(event, at: time)
    case .lapsed: lapse(at: time)
    case .frozen(let until, let reason): freeze(until: until, reason, at: time)
    case .thawed: thaw(at: time)
    case .sourceLooked(let trouble): look(atSource: trouble, at: time)
    case .followUpIntended(let attempt): fileIntended(attempt)
    case .followedUp(let reference): file(reference, at: time)
    case .followUpFailed(let reason, let attempt): fileFailed(reason, attempt, at: time)
    case .expired(let index): expire(index, at: time)
    case .escalated(let index, let reason):
      if let index {
        guard records.indices.contains(index), !records[index].isEscalated else { return }
        records[index].isEscalated = true
      } else {
        guard case .closing = phase, !isEvidenceEscalated else { return }
        isEvidenceEscalated = true
      }
      remark("slipway", "escalated: \(reason)", at: time)
    case .evidenceWritten(let folder, _):
      guard case .closing(let outcome) = phase else { return }
      evidenceFolder = folder
      finishedAt = time
      phase = .finished(outcome)
    case .evidenceFailed(let reason, let attempt):
      guard case .closing(let outcome) = phase, attempt == evidenceAttempts + 1 else { return }
      if Mutant.endWithoutEvidence.isActive { phase = .finished(outcome) }
      evidenceAttempts = attempt
      evidenceRetryAt = time + RetryPolicy.untilDone.delay(after: attempt)
      let start = "evidence could not be written: "
      // Tried every few seconds for as long as it takes; the same words are not kept each time.
      if remarks.last(where: { $0.text.hasPrefix(start) })?.text != start + reason {
        remark("slipway", start + reason, at: time)
      }
    }
  }

  mutating func remark(_ by: String, _ text: String, at time: Timestamp) {
    remarks.append(Remark(at: time, by: by, text: text))
  }

  // MARK: Steps

  private mutating func intend(_ index: Int, _ attempt: Int, _ deadline: Timestamp, at time: Timestamp) {
    // A watch is looked at, not carried out.
    guard isInHand(index), attempt == records[index].attempts + 1, records[index].step.kind != .watch else { return }
    switch records[index].status {
    case .pending, .retrying, .waiting: break
    case .intended, .uncertain, .succeeded, .failed, .skipped: return
    }
    records[index].attempts = attempt
    records[index].startedAt = min(records[index].startedAt ?? time, time)
    switch records[index].step.action {
    case .approve, .confirm: break  // people work on these; the status stays pending until they answer
    case .gate, .recheck, .data, .deploy, .verify, .shift, .watch, .record, .schedule, .notify,
      .drain, .destroy:
      records[index].status = .intended(deadline: deadline)
    }
  }

  /// Whether `index` is what the run is working on: the current step, or any of the gates judged together.
  func isInHand(_ index: Int) -> Bool {
    if case .forward(let step, _) = phase, gateGroup.contains(step) { return gateGroup.contains(index) }
    return index == current
  }

  private mutating func report(_ index: Int, _ attempt: Int, _ result: StepResult, at time: Timestamp) {
    // Asking back that did not end in time is an answer nobody could read; asked again without end, going back would never write.
    if case .errored(let reason) = result, records.indices.contains(index), case .uncertain = records[index].status {
      return observe(index, attempt, .unreadable(reason), at: time)
    }
    // A look that did not end in time is a look without an answer, or a source that hangs would hold the watch for ever.
    if case .errored(let reason) = result, index == watchInHand, attempt == 1 {
      return judge(index, nil, WatchJudgement(verdict: .error, reason: reason), at: time)
    }
    // A late or doubled report carries an attempt that is no longer under way and changes nothing.
    guard isInHand(index), isOpen(records[index]) else { return }
    guard attempt == records[index].attempts || Mutant.acceptLateReport.isActive else { return }
    answer(index, checked(result, records[index]), at: time)
  }

  /// A report on data is an attempt's result, or what was found of one that an interruption left in doubt.
  private mutating func fold(
    _ data: DataReport, _ index: Int, _ attempt: Int, _ result: StepResult, at time: Timestamp
  ) {
    guard isInHand(index), attempt == records[index].attempts else { return }
    if case .uncertain = records[index].status, case .succeeded(let detail) = result {
      records[index].data = data
      return observe(index, attempt, .done(detail), at: time)
    }
    if isOpen(records[index]) { records[index].data = data }
    report(index, attempt, result, at: time)
  }

  /// A gate passes by what it reports and an approval by those who gave it, never by a bare word.
  private func checked(_ result: StepResult, _ record: StepRecord) -> StepResult {
    guard case .succeeded = result else { return result }
    switch record.step.action {
    case .gate, .recheck: return .errored("\(record.step.id) gave no report of what was found")
    case .approve(let spec):
      let missing = spec.missing(in: approvals)
      return missing.isEmpty ? result : .errored("needs " + missing.joined(separator: " and "))
    case .confirm, .data, .deploy, .verify, .shift, .watch, .record, .schedule, .notify,
      .drain, .destroy:
      return result
    }
  }

  /// What the reports on a gate say; a gate that nobody judged is in error.
  private static func together(_ reports: [GateReport], _ action: Action) -> StepResult {
    let asked: [String]
    switch action {
    case .gate(let gate): asked = [gate.name]
    case .recheck(let gates): asked = gates.map(\.name)
    case .approve, .confirm, .data, .deploy, .verify, .shift, .watch, .record, .schedule,
      .notify, .drain, .destroy:
      asked = []
    }
    let said = GateReport.together(reports)
    guard case .succeeded = said else { return said }
    let silent = asked.filter { name in !reports.contains { $0.gate == name } }
    return silent.isEmpty ? said : .errored("not judged: \(silent.joined(separator: ", "))")
  }

  private mutating func answer(_ index: Int, _ result: StepResult, at time: Timestamp) {
    switch result {
    case .succeeded(let detail): settle(index, .succeeded, detail, at: time)
    case .undecided(let detail) where Mutant.undecidedIsSuccess.isActive: settle(index, .succeeded, detail, at: time)
    case .errored(let detail) where Mutant.errorIsSuccess.isActive: settle(index, .succeeded, detail, at: time)
    // A step that never gives up takes no for an answer from nobody: traffic must get back to blue.
    case .failed(let reason) where records[index].step.retry.attempts == nil: retry(index, reason, at: time)
    case .undecided(let reason) where records[index].step.retry.attempts == nil: retry(index, reason, at: time)
    case .failed(let reason): settle(index, .failed, reason, at: time)
    case .undecided(let reason): settle(index, .failed, "undecided: \(reason)", at: time)
    case .waiting(let until, let reason):
      guard records[index].step.kind == .gate else {
        return retry(index, "waits without being a gate: \(reason)", at: time)
      }
      records[index].status = .waiting(until: until)
      records[index].errors = 0
      records[index].detail = reason
    case .errored(let reason): retry(index, reason, at: time)
    }
  }

  private func isOpen(_ record: StepRecord) -> Bool {
    if case .approve = record.step.action { return record.status == .pending && record.startedAt != nil }
    if case .intended = record.status { return true }
    return false
  }

  private mutating func retry(_ index: Int, _ reason: String, at time: Timestamp) {
    if Mutant.believeUnread.isActive, case .back = phase { return settle(index, .succeeded, reason, at: time) }
    records[index].detail = reason
    records[index].errors += 1
    let record = records[index]
    if record.step.retry.isExhausted(after: record.errors) {
      settle(index, .failed, "\(reason) (after \(record.errors) attempt\(record.errors == 1 ? "" : "s"))", at: time)
      return
    }
    let again = time + record.step.retry.delay(after: record.errors)
    let isAsked = record.step.action.hasEffect && !Mutant.repeatWithoutAsking.isActive
    records[index].status = isAsked ? .uncertain(at: again) : .retrying(at: again)
  }

  mutating func settle(_ index: Int, _ status: StepStatus, _ detail: String, at time: Timestamp) {
    records[index].status = status
    records[index].detail = detail
    records[index].finishedAt = time
    switch phase {
    case .forward(let step, let suspension):
      if gateGroup.contains(step) { return closeGates(suspension) }
      if status == .failed { return fail(index, detail, at: time) }
      advance(from: step, suspension)
    case .back(let step): advanceBack(from: step)
    case .closing, .finished: break
    }
  }

  /// Once every gate has spoken: one that did not pass blocks the run; all passed, the run goes on.
  private mutating func closeGates(_ suspension: Suspension?) {
    let group = gateGroup
    guard records[group].allSatisfy({ $0.status.isSettled || isWaiting($0) }) else { return }
    if records[group].contains(where: { $0.status == .failed }) {
      skipRest()
      phase = .closing(.blocked)
    } else if records[group].allSatisfy({ $0.status == .succeeded }) {
      advance(from: group.upperBound - 1, suspension)
    }
  }

  private func isWaiting(_ record: StepRecord) -> Bool {
    if case .waiting = record.status { true } else { false }
  }

  mutating func advance(from step: Int, _ suspension: Suspension?) {
    if Mutant.skipRecheck.isActive, step + 1 == recheckIndex {
      records[step + 1].status = .succeeded
      return advance(from: step + 1, suspension)
    }
    let rest = records.indices.prefix(forwardCount).dropFirst(step + 1)
    if let next = rest.first(where: { records[$0].status != .skipped }) {
      phase = .forward(step: next, suspension: suspension)
    } else {
      phase = .closing(.success)
    }
  }

  /// Green is the last release known to have run; it is not removed while nobody could show that blue is well and has its data.
  private mutating func keepGreenUnlessBlueIsWell(after index: Int) {
    guard records[index].status == .failed, !Mutant.destroyGreenAnyway.isActive else { return }
    let reason: String
    switch records[index].step.action {
    case .verify: reason = "blue was not found well after the rollback"
    case .data(.restore): reason = "the data were not restored"
    case .data(.resumeWrites): reason = "blue does not take writes again"
    case .gate, .recheck, .approve, .confirm, .data, .deploy, .shift, .watch, .record, .schedule, .notify,
      .drain, .destroy:
      return
    }
    for later in records.indices
    where later > index && [.destroy(.green), .data(.setAside)].contains(records[later].step.action) {
      records[later].status = .skipped
      records[later].detail = "kept, because \(reason)"
    }
  }

  private mutating func advanceBack(from step: Int) {
    keepGreenUnlessBlueIsWell(after: forwardCount + step)
    let rest = records.indices.dropFirst(forwardCount + step + 1)
    if let open = rest.first(where: { !records[$0].status.isSettled }) {
      phase = .back(step: open - forwardCount)
    } else {
      phase = .closing(outcomeOfGoingBack)
    }
  }

  mutating func skipRest() {
    for index in records.indices where !records[index].status.isSettled { records[index].status = .skipped }
  }
}
