import SlipwayModel

/// Words that come too late, twice, too early or from somebody who has no say: none may change anything.
extension Scene {
  func broken(byStraysAfter decision: Decision) -> String? {
    // After the clock was set back the first word of any kind brings waits forward, so what strays are held against has heard one.
    var base = promotion
    base.apply(.escalated(step: 99, reason: "late"), at: now)
    if now >= promotion.touchedAt, !base.stands(as: promotion) { return "a word about no step changed the run" }
    for event in strays {
      var copy = promotion
      copy.apply(event, at: now)
      if !copy.stands(as: base) { return "\(event.kind) that came too late, twice or unasked changed the run" }
    }
    for (saying, speaker) in Scene.dictionary {
      let event = event(of: saying, by: speaker)
      guard let refusal = promotion.refusal(of: event) else { continue }
      var copy = promotion
      copy.apply(event, at: now)
      if !copy.stands(as: base) { return "\(speaker) is refused ('\(refusal)'), but it changed the run" }
    }
    return nil
  }

  private var strays: [Event] {
    var events: [Event] = [.stepReported(step: 99, attempt: 1, result: .succeeded("late"))]
    if underWay == nil { events.append(.resumed) }
    var isClosing = false
    if case .closing = promotion.phase { isClosing = true }
    if !isClosing { events.append(.escalated(step: nil, reason: "late")) }
    if !isClosing { events.append(.evidenceWritten(folder: "late", manifest: Sample.otherPlan)) }
    if !promotion.mayThaw { events.append(.thawed) }
    if !isClosing {
      events += [
        .followUpIntended(attempt: 1), .followedUp(reference: "late"), .followUpFailed(reason: "late", attempt: 1),
      ]
    }
    events.append(.evidenceFailed(reason: "late", attempt: promotion.evidenceAttempts))
    guard let index = promotion.current else { return events }
    events += strays(at: index)
    for other in [index - 1, index + 1] where promotion.records.indices.contains(other) {
      let record = promotion.records[other]
      if case .intended = record.status { continue }
      if case .uncertain = record.status { continue }
      events.append(.stepReported(step: other, attempt: record.attempts, result: .succeeded("late")))
      events.append(.readBack(step: other, attempt: record.attempts, observation: .done("late")))
      if record.step.kind == .watch, other != promotion.watchInHand { events.append(look(at: other)) }
    }
    return events
  }

  private func strays(at index: Int) -> [Event] {
    let record = promotion.records[index]
    let attempts = record.attempts
    var events: [Event] = [
      .stepReported(step: index, attempt: attempts - 1, result: .succeeded("late")),
      .stepReported(step: index, attempt: attempts + 1, result: .succeeded("early")),
      .readBack(step: index, attempt: attempts - 1, observation: .done("late")),
    ]
    if record.step.kind != .watch { events.append(look(at: index)) }
    if record.step.kind != .confirm, record.step.kind != .approve { events.append(.expired(step: index)) }
    switch record.status {
    case .intended:
      events.append(.stepIntended(step: index, attempt: attempts, deadline: now))
      events.append(.stepIntended(step: index, attempt: attempts + 1, deadline: now))
      events.append(.readBack(step: index, attempt: attempts, observation: .done("unasked")))
    case .uncertain:
      events.append(.stepReported(step: index, attempt: attempts, result: .succeeded("late")))
      events.append(.stepIntended(step: index, attempt: attempts + 1, deadline: now))
    case .pending, .retrying, .waiting, .succeeded, .failed, .skipped:
      guard record.step.kind != .approve, record.step.kind != .confirm else { break }
      events.append(.stepReported(step: index, attempt: attempts, result: .succeeded("late")))
      events.append(.readBack(step: index, attempt: attempts, observation: .done("late")))
    }
    return events
  }

  private func look(at index: Int) -> Event {
    .measured(step: index, sample: nil, judgement: WatchJudgement(verdict: .healthy, reason: "late"))
  }
}

extension Promotion {
  /// Whether nothing but the time of the newest event differs.
  func stands(as other: Promotion) -> Bool {
    phase == other.phase && records == other.records && approvals == other.approvals && cause == other.cause
      && remarks.count == other.remarks.count && evidenceAttempts == other.evidenceAttempts
      && followUp == other.followUp && sourceTrouble == other.sourceTrouble && finishedAt == other.finishedAt
      && evidenceRetryAt == other.evidenceRetryAt
  }
}
