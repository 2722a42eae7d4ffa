extension Promotion {
  /// What is true of every state; a broken one is a bug, and the engine refuses to go on with it.
  ///
  /// - Returns: the broken rules in words; empty in every reachable state.
  package var violations: [String] { violationsOfOrder + violationsOfAgreement + violationsOfEnding }

  private var violationsOfOrder: [String] {
    var broken: [String] = []
    let forward = records.prefix(forwardCount)
    var isOpenBefore = false
    var isGreenVerified = false
    var isCopied = false
    var weight = 0
    for (index, record) in forward.enumerated() {
      switch record.status {
      case .intended, .uncertain, .retrying, .succeeded:
        if isOpenBefore, !isGate(record) { broken.append("\(record.step.id) was begun before its turn") }
      case .pending, .waiting, .failed, .skipped: break
      }
      if case .verify(.green, _) = record.step.action, record.status == .succeeded { isGreenVerified = true }
      if record.step.action == .data(.backup), record.status == .succeeded { isCopied = true }
      if record.step.action == .data(.migrate), record.attempts > 0, !isCopied, plan.greenData == .shared {
        broken.append("data were changed before a snapshot of them was read back")
      }
      if case .shift(let percent, let settles) = record.step.action {
        if percent < weight || (percent == weight && !settles) {
          broken.append("\(record.step.id) does not raise green's share")
        }
        weight = percent
        if isBegun(index), !isGreenVerified, !plan.verifiesAfterShift {
          broken.append("traffic was touched before green was verified")
        }
      }
      if record.status != .succeeded, !isAside(record) { isOpenBefore = true }
    }
    if records.filter({ if case .intended = $0.status { true } else { false } }).count > 1 {
      broken.append("two steps are under way at once")
    }
    return broken + violationsOfTheWayBack
  }

  /// Data follow traffic, and where they cannot, only a person turns the run around.
  private var violationsOfTheWayBack: [String] {
    var broken: [String] = []
    let back = records.dropFirst(forwardCount)
    let isTrafficOff = !hasTouchedTraffic || back.contains { isShift($0) && $0.status == .succeeded }
    if back.contains(where: { [.data(.restore), .data(.setAside)].contains($0.step.action) && $0.attempts > 0 }),
      !isTrafficOff
    {
      broken.append("data were restored or set aside while green had traffic")
    }
    if isFrozen, plan.operation == .rollback { broken.append("a freeze holds a rollback") }
    if let cause, isPastReturn, cause.kind != .aborted, cause.kind != .byHand {
      broken.append("the run turned around by itself although its data cannot follow")
    }
    return broken
  }

  private func isShift(_ record: StepRecord) -> Bool { record.step.kind == .shift }

  private var violationsOfAgreement: [String] {
    var broken: [String] = []
    if Set(approvals.map(\.person)).count != approvals.count { broken.append("a person's approval counts twice") }
    for approval in approvals {
      if !plan.identity.accepts(approval.identity.kind) || approval.identity.person != approval.person {
        broken.append("nobody proved that \(approval.person) approved")
      }
      let lacks = approval.roles.contains { plan.roles[$0]?.needsMFA == true } && !approval.identity.mfa
      if lacks { broken.append("\(approval.person) approved without a second factor") }
    }
    if approvals.contains(where: { $0.plan != digest }) { broken.append("an approval is for another plan") }
    if let approval = plan.approval {
      if !approval.ownRequest, approvals.contains(where: { $0.person == requester }) {
        broken.append("\(requester) approved their own request")
      }
      if hasBegun, !approval.missing(in: approvals).isEmpty {
        broken.append("\(plan.to) was touched without the approval that the plan asks for")
      }
    }
    return broken
  }

  private var violationsOfEnding: [String] {
    var broken: [String] = []
    if case .finished = phase, evidenceFolder == nil { broken.append("the run ended without evidence") }
    guard let outcome else {
      if case .back = phase, cause == nil { broken.append("the run goes back without a cause") }
      return broken
    }
    if records.contains(where: { !$0.status.isSettled }) { broken.append("the run is over with open steps") }
    let isTakenBack = records.contains { $0.step.id == "rollback-shift-0" && $0.status == .succeeded }
    let isRestored = records.contains { $0.step.action == .data(.restore) && $0.status == .succeeded }
    switch outcome {
    case .success:
      if records.prefix(forwardCount).contains(where: { $0.status != .succeeded && !isAside($0) }) {
        broken.append("the run succeeded without all of its steps")
      }
    case .rolledBack:
      if !isTakenBack { broken.append("the run is rolled back, but blue was never read back at 100 %") }
      if plan.migration == .restorable, plan.greenData == .shared, hasTouchedData, !isRestored {
        broken.append("the run is rolled back, but its data were never read back as restored")
      }
    case .aborted, .failed:
      if plan.operation == .promote, hasTouchedTraffic, !isTakenBack {
        broken.append("the run ended with traffic touched, but blue was never read back at 100 %")
      }
    case .rejected, .blocked:
      if hasBegun { broken.append("the run is \(outcome.rawValue), but \(plan.to) was touched") }
    }
    return broken
  }

  /// Gates are judged together, in any order.
  private func isGate(_ record: StepRecord) -> Bool { if case .gate = record.step.action { true } else { false } }

  /// What may fail without stopping what comes after it: a message, a client that stays, an exit gate.
  private func isAside(_ record: StepRecord) -> Bool {
    [.notify, .drain].contains(record.step.kind) || record.step.exitGate != nil
  }
}
