import SlipwayModel

/// The rules of safety, seen from the world; none of them asks the machine whether it keeps them.
extension Scene {
  /// What must be true before an attempt begins.
  func rules(beforeBeginning run: StepRun) -> String? {
    let plan = promotion.plan
    let id = run.step.id
    var isBack = false
    if case .back = promotion.phase { isBack = true }
    if promotion.suspension != nil { return "\(id) begins while a person has stopped the run" }
    if isBack, let broken = rulesOfGoingBack(run.step) { return broken }
    // Green that serves everything is settled all the same: half a promotion over a freeze would be worse.
    var isSettling = false
    if case .shift(_, settles: true) = run.step.action { isSettling = true }
    if !isBack, !isSettling, run.step.action.changesTarget, let until = world.frozenUntil, until > now {
      return "\(id) begins in a freeze"
    }
    guard run.step.action.hasEffect else { return rules(of: run.step) }
    if let broken = rulesOfRepeating(run.step, isBack) { return broken }
    if !world.isTouched, !isBack {
      if case .approve(let spec)? = plan.steps.first(where: { $0.kind == .approve })?.action,
        world.agreed.nonzeroBitCount < spec.rules.reduce(0, { $0 + $1.count })
      {
        return "\(id) begins before enough of the right people have agreed to this plan in time"
      }
      if let spec = plan.approval,
        let old = promotion.approvals.first(where: { now - $0.at >= spec.validFor && spec.rules.count > 0 })
      {
        return "\(id) begins on \(old.person)'s approval, which is \(now - old.at) old"
      }
      let gates = plan.gates.count
      if world.passed != UInt8((1 << gates) - 1) { return "\(id) begins although not every gate has passed" }
      if world.areGatesOld, plan.steps.contains(where: { $0.id == "recheck" }) {
        return "\(id) begins although nobody looked at the gates again after people took their time"
      }
    }
    return rules(of: run.step)
  }

  private func rulesOfRepeating(_ step: Step, _ isBack: Bool) -> String? {
    switch world.asking {
    case .notBegun, .answered: nil
    case .begun: "\(step.id) is begun again without asking whether it has happened"
    case .askedInVain:
      (isBack || step.retry.attempts == nil) && step.action != .data(.restore)
        ? nil : "\(step.id) is begun again although nobody could say whether it has happened"
    }
  }

  private func rulesOfGoingBack(_ step: Step) -> String? {
    switch step.action {
    case .shift(percent: 0, settles: false): nil
    case .verify(.blue, _), .data(.restore), .data(.resumeWrites), .data(.setAside), .record(.rolledBack),
      .destroy(.green), .drain(.green, _), .notify(.rolledBack):
      world.isGreenServing ? "\(step.id) begins on the way back while green may still get traffic" : nil
    default: "\(step.id) has no place on the way back"
    }
  }

  private func rules(of step: Step) -> String? {
    switch step.action {
    case .deploy:
      return world.isGreenServing ? "\(step.id) begins in a slot that gets traffic" : nil
    case .destroy(.blue): return "\(step.id) begins, but nobody may touch blue's slot"
    case .destroy(.green):
      if world.isGreenServing { return "\(step.id) begins while green may still get traffic" }
      return world.isShifted && promotion.plan.blue != nil && !world.isBlueWell
        ? "\(step.id) removes the last release known to run before blue was found well" : nil
    case .shift(let percent, let settles): return rules(ofShift: percent, settles, step)
    case .data(let deed): return rules(of: deed, step)
    case .notify(.emergency):
      return world.isTouched ? "\(step.id) comes after something was touched" : nil
    case .record(.exit):
      return world.recordsGreen ? nil : "\(step.id) is passed before the version record names green"
    case .record(.promoted), .notify(.promoted), .schedule:
      return world.share == 100 && world.isSettled && !world.isTorn
        ? nil : "\(step.id) is said of a green that does not serve everything"
    case .record(.rolledBack), .notify(.rolledBack):
      return world.isGreenServing && promotion.plan.operation == .promote
        ? "\(step.id) is said while green may get traffic" : nil
    case .drain(.green, _):
      return world.isGreenServing ? "\(step.id) begins while green may still get traffic" : nil
    case .drain(.blue, _):
      return world.share == 100 && !world.isTorn ? nil : "\(step.id) begins while blue may still get traffic"
    case .gate, .recheck, .approve, .confirm, .verify, .watch: return nil
    }
  }

  private func rules(of deed: DataDeed, _ step: Step) -> String? {
    switch deed {
    case .backup: return world.data == .empty ? nil : "\(step.id) would copy data that are migrated already"
    case .migrate:
      if promotion.plan.greenData != .shared {
        return world.own == .whole ? nil : "\(step.id) begins without data of green's own"
      }
      return world.copy == .whole ? nil : "\(step.id) begins without a whole copy of the data"
    case .restore: return rulesOfRestoring(step)
    case .green: return world.slot == .empty ? nil : "\(step.id) makes data under a release that runs on them"
    case .resumeWrites:
      if case .forward = promotion.phase, world.share != 100 || world.isTorn {
        return "\(step.id) lets blue take writes that green would not have"
      }
      return nil
    case .setAside:
      return world.isGreenServing ? "\(step.id) takes data away while green may still get traffic" : nil
    case .snapshot, .swap, .swapBack: return nil
    }
  }

  private func rulesOfRestoring(_ step: Step) -> String? {
    if world.isGreenServing { return "\(step.id) begins while green may still get traffic" }
    if world.copy != .whole { return "\(step.id) begins without a whole copy of the data" }
    return promotion.plan.migration == .restorable
      ? nil : "\(step.id) begins although this migration leads nowhere back"
  }

  private func rules(ofShift percent: Int, _ settles: Bool, _ step: Step) -> String? {
    if percent == 0 { return nil }
    if percent < 0 || percent > 100 { return "\(step.id) asks for \(percent) %" }
    if !promotion.plan.steps.contains(where: { $0.action == step.action }) {
      return "\(step.id) asks for a share that is not in the plan"
    }
    if world.slot != .whole { return "\(step.id) gives traffic to a slot without the whole release" }
    if !world.isVerified { return "\(step.id) gives traffic to a green that nobody has verified" }
    if percent < world.share { return "\(step.id) takes traffic from green on the way forward" }
    let isByHand = promotion.plan.operation == .rollback
    if settles, !isByHand, !world.isFrontVerified {
      return "\(step.id) ends blue's duty before the front door was verified"
    }
    if settles, world.share != 100 { return "\(step.id) ends blue's duty before green has all traffic" }
    if world.share > 0, percent > world.share || settles, !isByHand, world.provenShare != world.share {
      return "\(step.id) raises green's share although the watch at \(world.share) % is not over and well"
    }
    return nil
  }

  // MARK: What is true of every state

  /// - Returns: the first broken rule; nil when all is well.
  func broken(_ decision: Decision) -> String? {
    if let first = promotion.violations.first { return first }
    if world.isGreenServing, world.slot != .whole {
      return "green may get traffic, but its slot does not hold the release"
    }
    if world.isRemovalPlanned, case .forward = promotion.phase, !world.isSettled {
      return "blue's removal is planned while blue still has its duty"
    }
    switch promotion.phase {
    case .finished(let outcome): return rules(ofEndingAs: outcome)
    case .back: return rules(goingBack: decision)
    case .closing: return rules(ofWaiting: decision)
    case .forward: return rules(ofWaiting: decision) ?? rulesOfLookingAfterGreen(decision)
    }
  }

  private func rulesOfLookingAfterGreen(_ decision: Decision) -> String? {
    guard case .wait(let wait) = decision else { return nil }
    // What a person has in hand is theirs until they say so.
    if promotion.inHand?.kind == .shift, world.share != world.provenShare { return nil }
    if wait.kind == .confirmation, world.share > 0, !world.isSettled, !world.isTorn {
      return wait.until.map { $0 - now > promotion.plan.watch.every } ?? true
        ? "the run waits for a confirmation with \(world.share) % on green, and nobody watches it" : nil
    }
    guard wait.kind == .person || wait.kind == .freeze else { return nil }
    if promotion.suspension == nil { return "the run waits for a person whom nobody told: \(wait.reason)" }
    guard wait.until == nil || wait.kind == .freeze else { return nil }
    return world.share > 0 && world.share < 100 && !world.isTorn
      ? "the run is stopped with \(world.share) % on green, and nobody watches it" : nil
  }

  private func rules(goingBack decision: Decision) -> String? {
    if case .wait(let wait) = decision, wait.kind != .step && wait.kind != .retry || wait.until == nil {
      return "going back waits for somebody: \(wait.reason)"
    }
    if world.isGreenServing, let current = promotion.current, promotion.records[current].step.kind != .shift {
      return "going back is at \(promotion.records[current].step.id) while green may still get traffic"
    }
    return rules(ofWaiting: decision)
  }

  /// No wait outlasts what was planned, whatever the clock did.
  private func rules(ofWaiting decision: Decision) -> String? {
    guard case .wait(let wait) = decision, let until = wait.until else { return nil }
    if until <= now { return "the run waits for a moment that has passed: \(wait.reason)" }
    let longest: Span =
      switch wait.kind {
      case .retry: .minutes(1)
      case .gate: .hours(1)
      case .freeze: Sample.freeze
      case .watch: promotion.plan.watch.every
      case .approval, .confirmation, .person: Sample.day
      case .step: Sample.day * 3
      }
    return until - now > longest ? "the run waits \(until - now) (\(wait.kind.rawValue): \(wait.reason))" : nil
  }

  private func rules(ofEndingAs outcome: Outcome) -> String? {
    if !world.hasEvidence { return "the run is over without evidence" }
    let plan = promotion.plan
    switch outcome {
    case .success:
      if world.share != 100 || !world.isSettled || world.isTorn || world.slot != .whole {
        return "the run succeeded, but green does not serve everything"
      }
      if world.isPaused { return "the run succeeded, but blue's data still take no writes" }
      if plan.greenData != .shared, world.own != .whole { return "the run succeeded, but green has no data" }
      if !world.recordsGreen { return "the run succeeded, but the version record does not name green" }
      return world.agreed == 0 && plan.approval != nil ? "the run succeeded without an approval" : nil
    case .rejected, .blocked:
      return world.isTouched ? "the run is \(outcome.rawValue), but something was touched" : nil
    case .rolledBack, .aborted, .failed:
      if plan.operation == .rollback, world.share == 100, world.isSettled, !world.isTorn { return nil }
      if world.isGreenServing || world.isSettled {
        return "the run is \(outcome.rawValue), but blue does not serve everything"
      }
      if world.recordsGreen { return "the run is \(outcome.rawValue), but the version record names green" }
      if world.isPaused, outcome != .failed { return "the run is \(outcome.rawValue), but blue takes no writes" }
      if plan.migration == .restorable, plan.greenData == .shared, world.data != .empty, outcome != .failed {
        return "the run is \(outcome.rawValue), but its data were not brought back"
      }
      return nil
    }
  }
}
