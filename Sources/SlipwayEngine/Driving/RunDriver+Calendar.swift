internal import SlipwayModel

/// Freezes that begin or end under a run.
extension RunDriver {
  /// Looks at the calendar before an effect on the way forward, and whether a freeze that holds the run is still there.
  ///
  /// - Returns: whether the run was stopped or let go, so that the machine has to be asked again.
  func isStoppedByCalendar(_ next: Decision) async throws -> Bool {
    switch next {
    case .perform(let stepRun)
    where history.promotion.isStoppedByFreeze(stepRun) && !Mutant.ignoreFreezeUnderWay.isActive:
      guard let (until, reason) = await freeze() else { return false }
      try await write([.frozen(until: until, reason: reason)])
      return true
    case .record(let event) where history.promotion.isStoppedByFreeze(event) && !Mutant.ignoreFreezeUnderWay.isActive:
      guard let (until, reason) = await freeze() else { return false }
      try await write([.frozen(until: until, reason: reason)])
      return true
    case .wait, .measure:
      guard history.promotion.isFrozen, await freeze() == nil else { return false }
      try await write([.thawed])
      return true
    case .perform, .readBack, .record, .writeEvidence, .followUp, .finished: return false
    }
  }

  func isStillFrozen() async -> Bool { await freeze() != nil }

  /// The freeze that covers the environment now. While the calendar cannot be read nobody knows, which stops the run as a freeze does.
  private func freeze() async -> (until: Timestamp, reason: String)? {
    let now = house.time.now()
    let report: GateReport?
    do {
      let plan = history.promotion.plan
      let ledger = await house.ledger()
      let judge = GateJudge(plan: plan, ledger: ledger, surroundings: try house.surroundings(plan, ledger))
      report = judge.judge(.noFreeze, at: now)
    } catch {
      return (now + Self.calendarPause, "the calendar cannot be read: \(error)")
    }
    switch report?.verdict {
    case .passed: return nil
    case .waiting(let until): return (until, report?.reason ?? "frozen")
    case .failed: return (now + Self.longPause, report?.reason ?? "")
    case .undecided, .error, nil:
      return (now + Self.calendarPause, report?.reason ?? "the calendar says nothing")
    }
  }

  /// How long to wait before a calendar that could not be read is looked at again.
  private static var calendarPause: Span { .seconds(30) }
  /// The same for a release that may go nowhere, such as one in quarantine.
  private static var longPause: Span { .minutes(10) }
}
