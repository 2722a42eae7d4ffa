/// What follows from a step that failed, and from people's time that ran out.
extension Promotion {
  mutating func fail(_ index: Int, _ reason: String, at time: Timestamp) {
    if isByHand(index) {
      return Mutant.believeConfirmation.isActive
        ? settle(index, .succeeded, reason, at: time) : handBack(index, reason, at: time)
    }
    let step = records[index].step
    switch step.action {
    case .verify where Mutant.shiftBeforeVerify.isActive: advance(from: index, suspension)
    case .data(.backup) where Mutant.migrateWithoutSnapshot.isActive: advance(from: index, suspension)
    case .recheck:
      skipRest()
      phase = .closing(.blocked)
    case .notify(.emergency):
      // Without those on call there is no emergency deployment.
      skipRest()
      phase = .closing(.blocked)
    // Nobody's message stops a promotion, nor does a client that stays.
    case .notify, .drain: advance(from: index, suspension)
    case .record(.exit(let gate)):
      leaveOpen(after: index, gate)
      advance(from: index, suspension)
    case .gate, .approve, .confirm, .data, .deploy, .verify, .shift, .watch, .record, .schedule,
      .destroy:
      turnOrFreeze(index, reason, at: time)
    }
  }

  /// A failed step turns the run around, unless its data cannot follow: then it stops here, the step is done again when a person lets it, and only a
  /// person turns it around.
  private mutating func turnOrFreeze(_ index: Int, _ reason: String, at time: Timestamp) {
    let step = records[index].step
    guard isPastReturn else {
      return goBack(Cause(kind: .failedStep, reason: "\(step.id): \(reason)", by: "slipway"), at: time)
    }
    records[index].status = step.action.hasEffect ? .uncertain(at: time) : .pending
    records[index].errors = 0
    records[index].startedAt = nil
    records[index].finishedAt = nil
    freeze("\(step.id): \(reason)", at: time)
  }

  mutating func expire(_ index: Int, at time: Timestamp) {
    guard index == current, let started = records[index].startedAt else { return }
    switch records[index].step.action {
    case .approve(let spec):
      guard time >= started + spec.expires, !spec.missing(in: spec.standing(approvals, at: time)).isEmpty else {
        return
      }
      records[index].status = .failed
      records[index].detail = "nobody decided in time; a time-out rejects"
      records[index].finishedAt = time
      skipRest()
      phase = .closing(.rejected)
    case .confirm:
      guard time >= started + records[index].step.timeout else { return }
      records[index].status = .failed
      records[index].detail = "not confirmed in time"
      records[index].finishedAt = time
      turnOrFreeze(index, "not confirmed in time", at: time)
    case .gate, .recheck, .data, .deploy, .verify, .shift, .watch, .record, .schedule, .notify,
      .drain, .destroy:
      break
    }
  }
}
