extension Promotion {
  /// Why a person's word is not taken in this state; nil when it is. The engine asks before it journals, so nothing void is written.
  package func refusal(of event: Event) -> String? {
    if case .rollbackAsked = event, isOpenToRollback { return nil }
    if isFinished || outcome != nil { return "run \(run) is over: \(outcome?.rawValue ?? status)" }
    switch event {
    case .approved(let approval): return refusal(of: approval)
    case .rejected:
      return hasBegun ? "run \(run) has begun to change \(plan.to); use abort or rollback instead" : nil
    case .held, .paused:
      if case .back = phase { return "run \(run) is going back, which nothing stops" }
      if let suspension, !isFrozen { return "run \(run) is \(suspension.kind.rawValue) already by \(suspension.by)" }
      return nil
    case .resumedBy:
      guard let suspension else { return "run \(run) is neither held nor paused" }
      guard let end = suspension.thawsAt, !Mutant.resumeInFreeze.isActive else { return nil }
      return "a freeze holds run \(run) until \(end) (\(suspension.reason)); it goes on by itself then, or abort it"
    case .revoked(let person, _): return refusalToRevoke(by: person)
    case .aborted, .rollbackAsked:
      if case .back = phase { return "run \(run) is going back already" }
      return plan.operation == .rollback && hasMovedTraffic ? "run \(run) is itself a rollback and goes on" : nil
    case .confirmed(let index, _, _): return refusalToConfirm(index)
    case .requested, .resumed, .stepIntended, .stepReported, .dataReported, .gatesReported, .readBack, .measured,
      .referenced,
      .expired, .lapsed, .frozen, .thawed, .sourceLooked, .followUpIntended, .followedUp, .followUpFailed, .escalated,
      .evidenceWritten,
      .evidenceFailed:
      return nil
    }
  }

  /// Whether the run succeeded and only its evidence is missing: going back waits for nobody's disk.
  private var isOpenToRollback: Bool {
    if case .closing(.success) = phase { plan.operation == .promote && hasTouchedTraffic } else { false }
  }

  private func refusalToConfirm(_ index: Int) -> String? {
    guard index == current, case .confirm = records[index].step.action, records[index].startedAt != nil else {
      return "run \(run) does not wait for that confirmation now"
    }
    // A step that is begun or looked at while the run stands still would leave green unwatched.
    if let suspension, case .confirm(let spec) = records[index].step.action, spec.step != nil {
      return "run \(run) is \(suspension.kind.rawValue) by \(suspension.by); let it go on first: slipway resume \(run)"
    }
    return nil
  }

  /// Whether anything outside was touched.
  package var hasBegun: Bool {
    wasBegun(\.changesTarget)
  }

  /// Folds a person's word in; one that ``refusal(of:)`` names changes nothing.
  mutating func word(_ event: Event, at time: Timestamp) {
    guard refusal(of: event) == nil else { return }
    switch event {
    case .approved(let approval):
      approvals.append(approval)
      remark(approval.person.text, "approved" + (approval.comment.map { ": \($0)" } ?? ""), at: time)
    case .held(let person, let reason): suspend(.held, person, reason, at: time)
    case .paused(let person, let reason): suspend(.paused, person, reason, at: time)
    case .resumedBy(let person): resume(person, at: time)
    case .rejected(let person, let reason):
      remark(person.text, "rejected: \(reason)", at: time)
      cause = Cause(kind: .byHand, reason: reason, by: person.text)
      causeAt = time
      skipRest()
      followUp = FollowUp()
      phase = .closing(.rejected)
    case .revoked(let person, let reason): revoke(person, reason, at: time)
    case .aborted(let person, let reason):
      remark(person.text, "aborted: \(reason)", at: time)
      goBack(Cause(kind: .aborted, reason: reason, by: person.text), at: time)
    case .rollbackAsked(let person, let incident):
      remark(person.text, "asked to go back, incident \(incident)", at: time)
      goBack(Cause(kind: .byHand, reason: "asked by \(person)", by: person.text, incident: incident), at: time)
    case .confirmed(let index, let person, let note): confirm(index, person, note, at: time)
    case .requested, .resumed, .stepIntended, .stepReported, .dataReported, .gatesReported, .readBack, .measured,
      .referenced,
      .expired, .lapsed, .frozen, .thawed, .sourceLooked, .followUpIntended, .followedUp, .followUpFailed, .escalated,
      .evidenceWritten,
      .evidenceFailed:
      break
    }
  }

  private mutating func suspend(_ kind: Suspension.Kind, _ person: Person, _ reason: String, at time: Timestamp) {
    guard case .forward(let step, _) = phase else { return }
    let suspension = Suspension(kind: kind, by: person.text, reason: reason, at: time, restartsWatch: false)
    phase = .forward(step: step, suspension: suspension)
    remark(person.text, "\(kind.rawValue): \(reason)", at: time)
    if !Mutant.forgetToWatch.isActive { keepWatching() }
    if !Mutant.standOnUnknownShare.isActive { askWhatGreenGets(at: time) }
  }

  /// A run that is stopped between a watch and the next shift goes on with the watch: green has traffic, and somebody has to look.
  mutating func keepWatching(isShareKnown: Bool = false) {
    reopenQuestion(isShareKnown: isShareKnown)
    guard case .forward(let step, let suspension?) = phase, case .shift = records[step].step.action,
      records[step].status == .pending, step > 0, case .watch = records[step - 1].step.action
    else { return }
    records[step - 1].status = .pending
    records[step - 1].finishedAt = nil
    phase = .forward(step: step - 1, suspension: suspension)
  }

  /// A first shift that was tried and could not be found out about may have given green traffic; before the run stands still on it, it is asked about again.
  mutating func askWhatGreenGets(at time: Timestamp) {
    guard let index = current, records[index].step.kind == .shift, records[index].attempts > 0,
      records[index].status == .pending
    else { return }
    records[index].status = .uncertain(at: time)
  }

  private mutating func resume(_ person: Person, at time: Timestamp) { goOn(person.text, "resumed", at: time) }

  /// Ends a suspension.
  mutating func goOn(_ by: String, _ text: String, at time: Timestamp) {
    guard case .forward(var step, let suspension?) = phase else { return }
    if suspension.restartsWatch { records[watchInHand ?? step].watch = nil }
    if let recheck = recheckIndex, step == recheck + 1, !hasBegun, !Mutant.resumeWithoutRecheck.isActive {
      // The run may have been held for days: what the gates said before is looked at again before the first effect.
      records[recheck].status = .pending
      step = recheck
    }
    phase = .forward(step: step, suspension: nil)
    sourceTrouble = nil
    remark(by, text, at: time)
  }

  var recheckIndex: Int? {
    plan.steps.firstIndex { if case .recheck = $0.action { true } else { false } }
  }

  private mutating func confirm(_ index: Int, _ person: Person, _ note: String, at time: Timestamp) {
    guard case .forward(let step, let suspension) = phase, step == index else { return }
    records[index].status = .succeeded
    records[index].detail = "confirmed by \(person): \(note)"
    records[index].confirmation = Confirmation(by: person, at: time, note: note)
    records[index].finishedAt = time
    remark(person.text, "confirmed \(records[index].step.id): \(note)", at: time)
    phase = step + 1 < forwardCount ? .forward(step: step + 1, suspension: suspension) : .closing(.success)
  }
}
