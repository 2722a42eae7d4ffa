/// Steps that people have a part in (C10).
///
/// Before such a step stands one that asks. An assisted step is begun once somebody agreed. A manual one is *handed out* by the question: from then on a
/// person may have done it, so for everything that goes back it counts as begun; once confirmed it is only looked at.
extension Promotion {
  /// The manual step that the question at `index` hands out; nil for any other step.
  package func handedOut(by index: Int) -> Int? {
    guard records.indices.contains(index), case .confirm = records[index].step.action, index + 1 < forwardCount,
      isByHand(index + 1)
    else { return nil }
    return index + 1
  }

  /// The step that a person has in hand at this moment.
  package var inHand: Step? {
    guard case .forward(let index, _) = phase, records.indices.contains(index), records[index].attempts > 0 else {
      return nil
    }
    return handedOut(by: index).map { records[$0].step }
  }

  /// Until when the question that is asked now may be answered; nil when none is.
  package var confirmationEnds: Timestamp? {
    guard case .forward(let index, _) = phase, records.indices.contains(index), records[index].step.kind == .confirm
    else { return nil }
    return records[index].startedAt.map { $0 + records[index].step.timeout }
  }

  /// Whether an attempt was begun, or a person was asked to make one, which may have happened since.
  func isBegun(_ index: Int) -> Bool {
    if records[index].attempts > 0 { return true }
    guard !Mutant.forgetHandedOut.isActive else { return false }
    return index > 0 && handedOut(by: index - 1) == index && records[index - 1].attempts > 0
  }

  /// Whether a person does the step and Slipway only looks.
  func isByHand(_ index: Int) -> Bool { index < forwardCount && records[index].step.level == .manual }

  /// What a person said of the step, or of the question before it.
  package func confirmation(of index: Int) -> Confirmation? {
    if let own = records[index].confirmation { return own }
    let id = records[index].step.id
    return records.first { record in
      if case .confirm(let spec) = record.step.action { spec.step == id } else { false }
    }?.confirmation
  }

  /// A person said that it was done, and the world says otherwise: what was found is told, and it is asked again. Nothing is guessed.
  mutating func handBack(_ index: Int, _ found: String, at time: Timestamp) {
    guard case .forward(_, let suspension) = phase, index > 0 else { return }
    let id = records[index].step.id
    let who = confirmation(of: index)?.by.text ?? "somebody"
    for place in [index - 1, index] {
      records[place].status = .pending
      records[place].errors = 0
      records[place].startedAt = nil
      records[place].finishedAt = nil
      records[place].confirmation = nil
    }
    records[index].detail = found
    records[index - 1].detail = "\(who) confirmed it, but \(found)"
    remark("slipway", "\(id) was confirmed by \(who), but \(found); it is asked again", at: time)
    phase = .forward(step: index - 1, suspension: suspension)
  }

  /// What is noted in databases says that the release is through; while something before it is open, it is not noted.
  mutating func leaveOpen(after index: Int, _ gate: ExitGate) {
    guard gate.isBlocking else { return }
    for later in records.indices.prefix(forwardCount).dropFirst(index + 1) {
      guard let next = records[later].step.exitGate, case .sql = next.deed else { continue }
      records[later].status = .skipped
      records[later].detail = "not done, because exit gate '\(gate.id)' is open"
    }
  }

  // MARK: Watching while people are asked

  /// The watch that is in hand: the current one, or, while a person is asked, the one before; green has traffic meanwhile, and somebody has to look.
  package var watchInHand: Int? {
    guard case .forward(let step, _) = phase, step < forwardCount else { return nil }
    if records[step].step.kind == .watch { return step }
    guard records[step].step.kind == .confirm, !Mutant.forgetToWatch.isActive else { return nil }
    let last = records.indices.prefix(step).last { [.watch, .shift].contains(records[$0].step.kind) }
    return last.flatMap { records[$0].step.kind == .watch ? $0 : nil }
  }

  /// When the watch that goes on behind a question is looked at next; nil when none does.
  func nextLook(behind question: Int, at now: Timestamp) -> Timestamp? {
    guard let watch = watchInHand, watch != question else { return nil }
    guard let progress = records[watch].watch, now >= progress.lastAt else { return now }
    return progress.lastAt + plan.watch.every
  }

  /// Goes back to the question before a shift that was not begun, when the run is stopped: what was agreed to is asked anew, and green is watched on.
  ///
  /// One that was tried is asked about first.
  mutating func reopenQuestion(isShareKnown: Bool) {
    guard case .forward(let step, let suspension?) = phase, case .shift = records[step].step.action,
      records[step].status == .pending, isShareKnown || records[step].attempts == 0, step > 0,
      case .confirm(let spec) = records[step - 1].step.action,
      spec.step == records[step].step.id
    else { return }
    records[step - 1].status = .pending
    records[step - 1].startedAt = nil
    records[step - 1].finishedAt = nil
    records[step - 1].detail = "asked again, because the run was stopped before it began"
    records[step - 1].confirmation = nil
    phase = .forward(step: step - 1, suspension: suspension)
  }
}

/// What a person said of a step.
package struct Confirmation: Codable, Sendable, Equatable {
  package var by: Person
  package var at: Timestamp
  package var note: String

  package init(by: Person, at: Timestamp, note: String) {
    self.by = by
    self.at = at
    self.note = note
  }
}
