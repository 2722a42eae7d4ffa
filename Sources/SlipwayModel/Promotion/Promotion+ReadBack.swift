extension Promotion {
  /// After a restart nothing that was begun is believed: what changes the world is read back, what only looks is done again.
  mutating func interrupt(at time: Timestamp) {
    for index in records.indices {
      guard case .intended = records[index].status else { continue }
      if Mutant.forgetReadBack.isActive { records[index].status = .pending }
      guard case .intended = records[index].status else { continue }
      switch records[index].step.action {
      case .data, .deploy, .shift, .destroy, .notify:
        records[index].status = .uncertain(at: time)
      case .gate, .recheck, .verify, .watch, .record, .schedule, .drain: records[index].status = .pending
      case .approve, .confirm: break
      }
    }
  }

  mutating func observe(_ index: Int, _ attempt: Int, _ observation: Observation, at time: Timestamp) {
    guard isInHand(index), attempt == records[index].attempts, case .uncertain = records[index].status else { return }
    let isMessage = records[index].step.kind == .notify
    switch observation {
    case .done(let detail): settle(index, .succeeded, detail + " (read back)", at: time)
    // A message that may have been sent is not sent twice.
    case .undone(let detail) where isMessage, .unclear(let detail) where isMessage,
      .unreadable(let detail) where isMessage:
      settle(index, .skipped, "may or may not have been sent: \(detail)", at: time)
    case .undone(let detail) where isByHand(index) && !Mutant.believeConfirmation.isActive:
      handBack(index, detail, at: time)
    case .undone(let detail) where isByHand(index): settle(index, .succeeded, detail, at: time)
    case .unclear(let detail) where isByHand(index):
      settle(index, .succeeded, "\(detail); it counts as done by the word of who confirmed it", at: time)
    case .unclear(let detail) where isStoppedInShift(index): askAgain(index, attempt, detail, at: time)
    case .unclear(let detail) where Mutant.unclearIsDone.isActive: settle(index, .succeeded, detail, at: time)
    case .undone(let detail), .unclear(let detail):
      records[index].detail = detail
      records[index].status = .pending
      keepWatching(isShareKnown: true)
    case .unreadable(let reason): askAgain(index, attempt, reason, at: time)
    }
  }

  /// A stopped run may stand still only where green's share is known: with a share, it is watched.
  private func isStoppedInShift(_ index: Int) -> Bool {
    suspension != nil && records[index].step.kind == .shift
  }

  /// Whether a write of going back may be made again while nobody can say whether it happened; a rollback by hand goes back with its way forward.
  private func mayRepeat(_ index: Int) -> Bool {
    // A second restore would throw away what blue was given since the first one, so that one is asked about again.
    if records[index].step.action == .data(.restore), !Mutant.repeatRestore.isActive { return false }
    if case .back = phase { return true }
    return records[index].step.retry.attempts == nil
  }

  private mutating func askAgain(_ index: Int, _ attempt: Int, _ reason: String, at time: Timestamp) {
    records[index].detail = reason
    // How often a person was asked says nothing about how often the look failed.
    let tries = isByHand(index) ? records[index].errors : attempt
    let again = time + records[index].step.retry.delay(after: max(3, tries))
    if mayRepeat(index) {
      // Going back does not wait for an answer: the write is harmless when repeated, and each attempt counts towards telling people.
      records[index].status = .retrying(at: again)
      return
    }
    records[index].status = .uncertain(at: again)
    // A clock that was set back must not give the step years.
    let started = min(records[index].startedAt ?? time, time)
    records[index].startedAt = started
    if time - started > records[index].step.timeout {
      settle(index, .failed, "cannot be read back: \(reason)", at: time)
    }
  }

  /// The clock was set back: what was to be looked at again at a time that has not come yet is looked at now, or this event, which is the newest from
  /// here on, would hide the jump and the run would wait until the clock has caught up.
  mutating func bringForward(to time: Timestamp) {
    if let retry = evidenceRetryAt { evidenceRetryAt = min(retry, time) }
    for index in records.indices {
      switch records[index].status {
      case .uncertain(let at): records[index].status = .uncertain(at: min(at, time))
      case .retrying(let at): records[index].status = .retrying(at: min(at, time))
      case .waiting(let until): records[index].status = .waiting(until: min(until, time))
      case .pending, .intended, .succeeded, .failed, .skipped: continue
      }
    }
  }
}
