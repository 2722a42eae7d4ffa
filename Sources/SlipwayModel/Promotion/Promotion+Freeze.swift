/// A freeze that begins under a run: it stops the run where stopping is safe, never in the middle of a change, and never a way back.
extension Promotion {
  /// Whether the next thing is an effect on the way forward that a freeze may keep from beginning.
  ///
  /// Green at 100 % is settled and recorded: half a promotion left standing over a freeze would be worse than a whole one.
  package func isStoppedByFreeze(_ next: StepRun) -> Bool {
    guard plan.operation == .promote, case .forward(let step, nil) = phase, step == next.index,
      plan.gates.contains(.noFreeze), records[step].status == .pending
    else { return false }
    return isSafePoint(step)
  }

  /// Whether the run may stand still before this step: nothing is half done then, and there is still a way on and a way back.
  private func isSafePoint(_ step: Int) -> Bool {
    if let work = handedOut(by: step) { return records[step].attempts == 0 && isSafe(records[work].step.action) }
    // What a person has done is looked at, freeze or not.
    return !isByHand(step) && isSafe(records[step].step.action)
  }

  /// Whether a question that hands out work is about to be asked in a freeze.
  package func isStoppedByFreeze(_ next: Event) -> Bool {
    guard case .stepIntended(let index, let attempt, let deadline) = next, handedOut(by: index) != nil else {
      return false
    }
    return isStoppedByFreeze(StepRun(index: index, step: records[index].step, attempt: attempt, deadline: deadline))
  }

  private func isSafe(_ action: Action) -> Bool {
    switch action {
    // Blue takes writes again as soon as it may, freeze or not.
    case .data(.resumeWrites): return false
    case .data, .deploy, .shift(_, settles: false): return true
    case .gate, .recheck, .approve, .confirm, .verify, .shift, .watch, .record, .schedule, .notify, .drain, .destroy:
      return false
    }
  }

  /// Whether a freeze holds the run now.
  package var isFrozen: Bool { suspension?.thawsAt != nil }

  mutating func freeze(until time: Timestamp, _ reason: String, at now: Timestamp) {
    guard case .forward(let step, nil) = phase, plan.operation == .promote, step < forwardCount, isSafePoint(step),
      records[step].status == .pending
    else { return }
    let suspension = Suspension(
      kind: .held, by: "freeze", reason: reason, at: now, restartsWatch: false, thawsAt: time)
    phase = .forward(step: step, suspension: suspension)
    remark("slipway", "held by a freeze until \(time): \(reason)", at: now)
    if !Mutant.forgetToWatch.isActive { keepWatching() }
    askWhatGreenGets(at: now)
  }

  mutating func thaw(at time: Timestamp) {
    for index in waitingForCalendar { records[index].status = .waiting(until: time) }
    guard isFrozen else { return }
    goOn("slipway", "the freeze is over", at: time)
  }

  /// Whether a freeze that is taken away may let the run go on before its time.
  package var mayThaw: Bool { isFrozen || !waitingForCalendar.isEmpty }

  /// Gates that look at the calendar and wait for it.
  private var waitingForCalendar: [Int] {
    guard case .forward = phase else { return [] }
    return records.indices.filter { index in
      guard case .waiting = records[index].status else { return false }
      switch records[index].step.action {
      case .gate(let gate): return Self.looksAtCalendar(gate)
      case .recheck(let gates): return gates.contains(where: Self.looksAtCalendar)
      case .approve, .confirm, .data, .deploy, .verify, .shift, .watch, .record, .schedule,
        .notify, .drain, .destroy:
        return false
      }
    }
  }

  private static func looksAtCalendar(_ gate: GateSpec) -> Bool {
    switch gate {
    case .noFreeze, .window: true
    case .verified, .soak, .reviews, .tests, .vulnerabilities, .coverage, .immutableReference, .provenance,
      .rollbackTarget, .command, .dependencies, .sameCommit, .dataReady:
      false
    }
  }
}
