extension Promotion {
  /// What to do at `now`. Pure: asking changes nothing, and asking twice gives the same answer.
  package func next(at now: Timestamp) -> Decision {
    switch phase {
    case .finished(let outcome): return .finished(outcome)
    case .closing(let outcome):
      if let index = untoldFailure { return tell(index) }
      if let filing = nextFollowUp(at: now, isDue: { isDue($0, at: now) }) { return filing }
      if evidenceAttempts >= 3, !isEvidenceEscalated {
        let reason =
          "evidence could not be written \(evidenceAttempts) times; until it is, no other run starts on \(plan.to)"
        return .record(.escalated(step: nil, reason: reason))
      }
      if let retry = evidenceRetryAt, !isDue(retry, at: now) {
        return .wait(Wait(kind: .retry, until: retry, reason: "evidence could not be written; trying again"))
      }
      return .writeEvidence(outcome, attempt: evidenceAttempts + 1)
    case .back(let step):
      if Mutant.rollbackWaitsForPerson.isActive {
        return .wait(Wait(kind: .person, until: nil, reason: "somebody must agree to going back"))
      }
      // Traffic first, telling second.
      if let index = untoldFailure, records[forwardCount + step].step.kind != .shift { return tell(index) }
      return next(in: forwardCount + step, at: now)
    case .forward(let step, let suspension):
      if gateGroup.contains(step) { return nextGate(at: now, suspension) }
      return nextForward(step, suspension, at: now)
    }
  }

  /// A step of going back, or of a rollback by hand, that failed for good and that nobody was told about.
  private var untoldFailure: Int? {
    let first = plan.operation == .rollback ? 0 : forwardCount
    return records.indices.first { index in
      (index >= first || records[index].step.exitGate != nil) && records[index].status == .failed
        && !records[index].isEscalated
    }
  }

  private func tell(_ index: Int) -> Decision {
    .record(.escalated(step: index, reason: "\(records[index].step.id): \(records[index].detail)"))
  }

  private func nextForward(_ index: Int, _ suspension: Suspension?, at now: Timestamp) -> Decision {
    let record = records[index]
    if let thaw = suspension?.thawsAt, isDue(thaw, at: now) { return .record(.thawed) }
    if case .approve(let spec) = record.step.action { return nextApproval(index, spec, suspension, at: now) }
    if hasLapsed(at: now), !isUnderWay(record) { return .record(.lapsed) }
    if let due = nextLook(behind: index, at: now) {
      if due <= now { return look(watchInHand ?? index, at: now) }
      if suspension != nil { return .wait(Wait(kind: .watch, until: due, reason: "watched on while people are asked")) }
    }
    if let suspension, !isUnderWay(record), !isWatch(record), !Mutant.ignoreHold.isActive {
      return .wait(stand(suspension))
    }
    return next(in: index, at: now)
  }

  /// What a stopped run waits for: a person, or the end of a freeze.
  private func stand(_ suspension: Suspension) -> Wait {
    Wait(kind: suspension.thawsAt == nil ? .person : .freeze, until: suspension.thawsAt, reason: suspension.sentence)
  }

  /// Whether a wait is over. One that was reckoned by a clock that has been set back since is over too, or it would last until the clock has caught up;
  /// looking once more is harmless and gives a new time.
  private func isDue(_ time: Timestamp, at now: Timestamp) -> Bool { time <= now || now < touchedAt }

  /// An attempt that has begun is brought to its end even while suspended: a half-made change is worse than a made one.
  private func isUnderWay(_ record: StepRecord) -> Bool {
    switch record.status {
    case .intended, .uncertain: true
    case .pending, .retrying, .waiting, .succeeded, .failed, .skipped: false
    }
  }

  private func isWatch(_ record: StepRecord) -> Bool { record.step.kind == .watch }

  /// The next thing for one record, whichever way the run goes.
  private func next(in index: Int, at now: Timestamp) -> Decision {
    let record = records[index]
    switch record.status {
    case .pending: return begin(index, at: now)
    case .retrying(let time):
      guard isDue(time, at: now) else { return pause(index, until: time) }
      return begin(index, at: now)
    case .waiting(let time):
      guard isDue(time, at: now) else { return .wait(Wait(kind: .gate, until: time, reason: record.detail)) }
      return begin(index, at: now)
    case .uncertain(let time):
      guard isDue(time, at: now) else { return pause(index, until: time) }
      return .readBack(stepRun(index, attempt: record.attempts, at: now))
    case .intended(let deadline):
      // The engine ends an attempt at its deadline; this is for a report that got lost, also when the clock was set back meanwhile.
      let latest = deadline + .seconds(10)
      guard now >= latest || latest - now > (record.step.timeout + .seconds(10)) * 2 else {
        return .wait(Wait(kind: .step, until: latest, reason: "\(record.step.id) is under way"))
      }
      let lost = StepResult.errored("no result by \(deadline)")
      return .record(.stepReported(step: index, attempt: record.attempts, result: lost))
    case .succeeded, .failed, .skipped:
      // A settled record is never the current one; waiting for a person is the safe answer to a journal from elsewhere.
      return .wait(Wait(kind: .person, until: nil, reason: "\(record.step.id) is settled but still in hand"))
    }
  }

  private func begin(_ index: Int, at now: Timestamp) -> Decision {
    let record = records[index]
    switch record.step.action {
    case .watch: return nextLook(index, record, at: now)
    case .confirm(let spec):
      guard let started = asked(record, at: now) else {
        return .record(
          .stepIntended(step: index, attempt: record.attempts + 1, deadline: now + record.step.timeout))
      }
      let until = started + record.step.timeout
      guard until > now else { return .record(.expired(step: index)) }
      let found = record.detail.isEmpty ? "" : "; \(record.detail)"
      return .wait(
        Wait(
          kind: .confirmation, until: min(until, nextLook(behind: index, at: now) ?? until),
          reason: "confirm '\(spec.id)': \(spec.instructions)\(found)"))
    case .gate, .recheck, .data, .deploy, .verify, .shift, .record, .schedule, .notify, .drain, .destroy, .approve:
      // Where no pause ever was seen, people are told here at last.
      if needsEscalation(record, after: 6) { return escalate(index) }
      return .perform(stepRun(index, attempt: record.attempts + 1, at: now))
    }
  }

  /// The time before a step is tried again is the time for telling people: an attempt that is due never waits behind a message.
  private func pause(_ index: Int, until time: Timestamp) -> Decision {
    if needsEscalation(records[index], after: 3) { return escalate(index) }
    return .wait(Wait(kind: .retry, until: time, reason: records[index].detail))
  }

  /// After so many attempts at a step that never gives up, people are told, once.
  private func needsEscalation(_ record: StepRecord, after attempts: Int) -> Bool {
    record.step.retry.attempts == nil && record.attempts >= attempts && !record.isEscalated
  }

  private func escalate(_ index: Int) -> Decision {
    let record = records[index]
    return .record(
      .escalated(step: index, reason: "\(record.step.id) failed \(record.attempts) times: \(record.detail)"))
  }

  private func stepRun(_ index: Int, attempt: Int, at now: Timestamp) -> StepRun {
    let step = records[index].step
    return StepRun(index: index, step: step, attempt: attempt, deadline: now + step.timeout)
  }

  private func nextLook(_ index: Int, _ record: StepRecord, at now: Timestamp) -> Decision {
    if let progress = record.watch, case .watch(_, let duration) = record.step.action {
      // The last look falls on the end of the watch, however long the time between two looks is.
      let left = duration - progress.watched
      let due = progress.lastAt + (left > .zero ? min(left, plan.watch.every) : plan.watch.every)
      // A clock that was set back must not stop the watch.
      guard due <= now || now < progress.lastAt else {
        return .wait(Wait(kind: .watch, until: due, reason: progress.last.reason))
      }
    }
    return look(index, at: now)
  }

  private func look(_ index: Int, at now: Timestamp) -> Decision {
    var look = stepRun(index, attempt: 1, at: now)
    // A source that hangs is cut off long before the watch is over.
    look.deadline = now + min(look.step.timeout, lookTime)
    return .measure(look)
  }

  /// Since when people have been asked; nil when they were not yet, or by a clock that has been set back since, which would give them years.
  private func asked(_ record: StepRecord, at now: Timestamp) -> Timestamp? {
    record.startedAt.flatMap { $0 <= now ? $0 : nil }
  }

  // MARK: Gates and approval

  private func nextGate(at now: Timestamp, _ suspension: Suspension?) -> Decision {
    if let suspension {
      return .wait(Wait(kind: .person, until: nil, reason: suspension.sentence))
    }
    // One at a time, also when another that waited is due by now.
    if !Mutant.judgeGatesAtOnce.isActive, let busy = gateGroup.first(where: { isUnderWay(records[$0]) }) {
      return next(in: busy, at: now)
    }
    var earliest: Timestamp?
    var reason = ""
    for index in gateGroup {
      switch records[index].status {
      case .pending: return .perform(stepRun(index, attempt: records[index].attempts + 1, at: now))
      case .intended, .uncertain: continue
      case .retrying(let time), .waiting(let time):
        if isDue(time, at: now) { return .perform(stepRun(index, attempt: records[index].attempts + 1, at: now)) }
        if earliest.map({ time < $0 }) ?? true {
          earliest = time
          reason = records[index].detail
        }
      case .succeeded, .failed, .skipped: continue
      }
    }
    return .wait(Wait(kind: .gate, until: earliest, reason: reason))
  }

  private func nextApproval(
    _ index: Int, _ spec: ApprovalSpec, _ suspension: Suspension?, at now: Timestamp
  ) -> Decision {
    let record = records[index]
    if spec.standing(approvals, at: now).count < approvals.count { return .record(.lapsed) }
    guard let started = asked(record, at: now) else {
      return .record(.stepIntended(step: index, attempt: record.attempts + 1, deadline: now + spec.expires))
    }
    let until = started + spec.expires
    let missing = spec.missing(in: spec.standing(approvals, at: now))
    // Who has agreed in time is not turned away because nobody drove the run in the meantime.
    if !missing.isEmpty, until <= now { return .record(.expired(step: index)) }
    if let suspension {
      var wait = stand(suspension)
      if !missing.isEmpty { wait.until = min(wait.until ?? until, until) }
      return .wait(wait)
    }
    guard missing.isEmpty else {
      return .wait(Wait(kind: .approval, until: until, reason: "needs " + missing.joined(separator: " and ")))
    }
    let names = approvals.map(\.person.text).joined(separator: ", ")
    return .record(.stepReported(step: index, attempt: record.attempts, result: .succeeded("approved by \(names)")))
  }
}
