/// What of the world a run has begun to change; what was never begun is not taken back.
package struct Touched: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  package static let traffic = Touched(rawValue: 1)
  /// Green's slot.
  package static let green = Touched(rawValue: 2)
  /// Data that were migrated.
  package static let migration = Touched(rawValue: 4)
  /// Data of green's own.
  package static let greenData = Touched(rawValue: 8)
}

extension Plan {
  /// The steps that take a run back, in order: a pure function of what was touched (C7).
  ///
  /// Traffic first, then the data, then a look at blue, then green's removal; what was never begun is not taken back. Traffic never waits for
  /// anything else, least of all for green.
  package func rollbackSteps(_ touched: Touched) -> [Step] {
    var steps: [Step] = []
    let restores =
      touched.contains(.migration) && greenData == .shared
      && (migration == .restorable || Mutant.restoreIrreversible.isActive)
    if touched.contains(.traffic), !Mutant.rollbackSkipsTraffic.isActive {
      steps.append(
        Step(
          id: "rollback-shift-0", action: .shift(percent: 0, settles: false), timeout: shiftTime(.seconds(15)),
          retry: Mutant.giveUpGoingBack.isActive ? .few : .untilDone, undo: .impossible))
    }
    // Before the data come back: what green still answers may write to them.
    if touched.contains(.traffic), let drain = rollback.drain {
      steps.append(.drain(.green, patience: drain, id: "rollback-drain-green"))
    }
    if touched.contains(.greenData), pausesWrites { steps.append(resumeWrites("rollback-resume-writes", .untilDone)) }
    if restores { steps.append(dataStep("rollback-restore", .restore)) }
    if touched.contains(.traffic) || restores, blue != nil {
      steps.append(
        Step(
          id: "rollback-verify", action: .verify(.blue, []), timeout: .minutes(2),
          retry: RetryPolicy(attempts: 3, firstDelay: .seconds(1), longestDelay: .seconds(5)), undo: .nothing))
    }
    if !touched.isDisjoint(with: [.green, .greenData]) { steps += removal(of: touched) }
    if Mutant.cutFirst.isActive, steps.count > 1 { steps.swapAt(0, 1) }
    if Mutant.destroyGreenFirst.isActive { steps.reverse() }
    if Mutant.restoreBeforeTraffic.isActive, restores, touched.contains(.traffic) { steps.swapAt(0, 1) }
    return steps
  }

  /// What is left of green: its record, its slot, its data.
  private func removal(of touched: Touched) -> [Step] {
    var steps: [Step] = []
    if touched.contains(.green) {
      steps.append(
        Step(id: "rollback-record", action: .record(.rolledBack), timeout: .seconds(30), retry: .few, undo: .nothing))
      if !rollback.keepGreen {
        steps.append(
          Step(
            id: "rollback-destroy-green", action: .destroy(.green), timeout: .minutes(5), retry: .few, undo: .impossible
          ))
      }
    }
    if touched.contains(.greenData), !rollback.keepGreen { steps.append(dataStep("rollback-set-aside", .setAside)) }
    steps.append(
      Step(
        id: "rollback-notify", action: .notify(.rolledBack), timeout: .seconds(30), retry: .once, undo: .impossible))
    return steps
  }
}

extension Promotion {
  /// The steps that take back what was done so far.
  ///
  /// A rollback by hand, once its traffic was moved, has no way back of its own. One that never got there leaves traffic where it was, which has to be
  /// made sure of when a shift was begun.
  package var rollbackSteps: [Step] {
    switch plan.operation {
    case .promote: plan.rollbackSteps(touched)
    case .rollback where hasMovedTraffic: []
    case .rollback: Array(plan.rollbackSteps(touched.intersection(.traffic)).prefix(1))
    }
  }

  /// Turns the run around.
  mutating func goBack(_ reason: Cause, at time: Timestamp) {
    switch phase {
    case .forward, .closing(.success): break
    case .back, .closing, .finished: return
    }
    cause = reason
    causeAt = time
    evidenceRetryAt = nil
    let steps = rollbackSteps
    skipRest()
    records += steps.map(StepRecord.init)
    phase = steps.isEmpty ? .closing(outcomeOfGoingBack) : .back(step: 0)
  }

  /// What a run that turned around ends as.
  var outcomeOfGoingBack: Outcome {
    // Blue serves again, but not on its data, or unable to write to them: nobody may call that taken back.
    let lacksData = records.dropFirst(forwardCount).contains {
      [.data(.restore), .data(.resumeWrites)].contains($0.step.action) && $0.status != .succeeded
    }
    if lacksData, !Mutant.rolledBackWithoutData.isActive { return .failed }
    return switch cause?.kind {
    case .aborted: .aborted
    case .breach, .undecided, .failedStep, .byHand, nil:
      hasTouchedTraffic && plan.operation == .promote ? .rolledBack : .failed
    }
  }
}
