import Foundation
import SlipwayModel

/// Makes a move, and holds what the machine does against what is really so.
extension Scene {
  /// - Returns: the rule that the move broke, in words; nil when all is well.
  mutating func make(_ move: Move, after decision: Decision, in setting: Setting) -> String? {
    let before = promotion
    var broken: String?
    switch move {
    case .decide: broken = decide(decision)
    case .happen(let contents):
      if let step = underWay.map({ promotion.records[$0].step }) ?? promotion.inHand { happen(step.action, contents) }
    case .report(let word): broken = report(word)
    case .judge(let first, let others): broken = judge(first, others)
    case .observe(let sight): broken = observe(sight, decision)
    case .look(let verdict): broken = look(verdict, decision)
    case .lookInVain: broken = look(nil, decision)
    case .evidence(let isWritten): evidence(isWritten)
    case .file(let isFiled):
      let attempt = (promotion.followUp?.attempts ?? 0) + 1
      promotion.apply(.followUpIntended(attempt: attempt), at: now)
      promotion.apply(
        isFiled ? .followedUp(reference: "T-1") : .followUpFailed(reason: "no answer", attempt: attempt), at: now)
    case .fileCut:
      promotion.apply(.followUpIntended(attempt: (promotion.followUp?.attempts ?? 0) + 1), at: now)
      promotion.apply(.resumed, at: now)
    case .freeze:
      let until = world.frozenUntil.map { $0 > now ? $0 : now + Sample.freeze } ?? now + Sample.freeze
      world.frozenUntil = until
      promotion.apply(.frozen(until: until, reason: "the books are closed"), at: now)
    case .thaw:
      world.frozenUntil = nil
      if !world.isTouched { world.areGatesOld = true }
      promotion.apply(.thawed, at: now)
    case .crash: promotion.apply(.resumed, at: now)
    case .say(let saying, let speaker): broken = say(saying, speaker)
    case .clock(let clock): turn(clock, decision)
    case .rival: return beginRival(setting)
    }
    if before.current != promotion.current { world.asking = .notBegun }
    return broken ?? rulesOfTurning(before, move)
  }

  private func rulesOfTurning(_ before: Promotion, _ move: Move) -> String? {
    guard case .forward = before.phase else { return nil }
    if case .forward = promotion.phase { return nil }
    if case .closing(.success) = promotion.phase { return nil }
    if case .say = move { return nil }
    return isPastReturn ? "the run turned around by itself although its data cannot follow" : nil
  }

  /// Whether only a person may turn the run around: data that nothing leads back, or that would be left behind.
  private var isPastReturn: Bool {
    let plan = promotion.plan
    if plan.greenData == .shared { return world.isDataTouched && plan.migration == .irreversible }
    return world.isShifted && plan.rollback.writes == .ask
  }

  // MARK: The engine

  private mutating func decide(_ decision: Decision) -> String? {
    switch decision {
    case .record(let event):
      let broken = handOut(event)
      promotion.apply(event, at: now)
      return noted(event) ?? broken
    case .perform(let run) where run.step.level == .manual:
      promotion.apply(.stepIntended(step: run.index, attempt: run.attempt, deadline: run.deadline), at: now)
      return world.isConfirmed ? nil : "\(run.step.id) is looked at before anybody said that it was done"
    case .perform(let run):
      let broken =
        run.step.level == .assisted && !world.isConfirmed
        ? "\(run.step.id) begins although nobody agreed to it" : rules(beforeBeginning: run)
      promotion.apply(.stepIntended(step: run.index, attempt: run.attempt, deadline: run.deadline), at: now)
      begin(run.step.action)
      switch run.step.action {
      case .record(.exit): break
      case .record, .schedule:
        // These are written into the journal with the run's own entry, so there is no moment in between.
        promotion.apply(.stepReported(step: run.index, attempt: run.attempt, result: .succeeded("noted")), at: now)
        writeDown(run.step.action)
      default: break
      }
      return broken
    case .readBack, .measure, .writeEvidence, .followUp, .wait, .finished: return nil
    }
  }

  /// A person who is handed a step may begin at once, so what must be true before it must be true now.
  private mutating func handOut(_ event: Event) -> String? {
    guard case .stepIntended(let index, let attempt, let deadline) = event else { return nil }
    if promotion.records[index].step.kind == .confirm { world.isConfirmed = false }
    guard let work = promotion.handedOut(by: index) else { return nil }
    let step = promotion.records[work].step
    // Asked once more by a clock that was set back, or after a look: what the person did meanwhile stands.
    let broken =
      promotion.records[index].attempts == 0
      ? rules(beforeBeginning: StepRun(index: work, step: step, attempt: attempt, deadline: deadline)) : nil
    let asking = world.asking
    begin(step.action)
    world.asking = asking
    return broken
  }

  private mutating func noted(_ event: Event) -> String? {
    switch event {
    case .stepIntended(let index, _, _) where promotion.records[index].step.kind == .approve:
      world.askedAt = world.askedAt.map { min($0, now) } ?? now
    case .stepReported(let index, _, .succeeded) where promotion.records[index].step.kind == .approve:
      if !world.isTouched { world.areGatesOld = true }
    case .thawed:
      if let until = world.frozenUntil, until > now { return "the run goes on before the freeze is over" }
      world.frozenUntil = nil
      if !world.isTouched { world.areGatesOld = true }
    case .lapsed:
      let kept = Set(promotion.approvals.map(\.person))
      for speaker in Speaker.allCases where !kept.contains(speaker.person) { world.agreed &= ~speaker.bit }
      world.askedAt = nil
    case .expired(let index):
      guard case .approve(let spec) = promotion.plan.steps[index].action, let asked = world.askedAt else { return nil }
      if now < asked + spec.expires { return "the time to approve ran out before its end" }
    default: break
    }
    return nil
  }

  private mutating func begin(_ action: Action) {
    guard action.hasEffect else { return }
    world.isTouched = true
    world.asking = .begun
    if action == .deploy { world.isVerified = false }
    if action.kind == .shift { world.isShifted = true }
    if action == .data(.migrate) { world.isDataTouched = true }
  }

  private mutating func writeDown(_ action: Action) {
    switch action {
    case .record(.exit): break
    case .record(let change): world.recordsGreen = change == .promoted
    case .schedule: world.isRemovalPlanned = true
    default: break
    }
  }

  private mutating func evidence(_ isWritten: Bool) {
    if isWritten {
      world.hasEvidence = true
      promotion.apply(.evidenceWritten(folder: "evidence", manifest: Sample.otherPlan), at: now)
    } else {
      promotion.apply(.evidenceFailed(reason: "disk full", attempt: promotion.evidenceAttempts + 1), at: now)
    }
  }

  // MARK: Answers

  private mutating func report(_ word: Move.Word) -> String? {
    guard let index = underWay else { return nil }
    let record = promotion.records[index]
    let result: StepResult =
      switch word {
      case .succeeded: .succeeded("done")
      case .failed: .failed("the world says no")
      case .errored: .errored("could not be done")
      case .undecided: .undecided("cannot say")
      case .waiting: .waiting(until: now + Sample.gateWait, reason: "later")
      }
    promotion.apply(.stepReported(step: index, attempt: record.attempts, result: result), at: now)
    return conclude(index, isGood: word == .succeeded, "an attempt that ended as '\(word)'")
  }

  private mutating func observe(_ sight: Move.Sight, _ decision: Decision) -> String? {
    guard case .readBack(let run) = decision else { return nil }
    world.asking = sight == .unreadable || sight == .overdue ? .askedInVain : .answered
    let event: Event =
      switch sight {
      case .done: .readBack(step: run.index, attempt: run.attempt, observation: .done("so it is"))
      case .undone: .readBack(step: run.index, attempt: run.attempt, observation: .undone("it is not so"))
      case .unclear: .readBack(step: run.index, attempt: run.attempt, observation: .unclear("in between"))
      case .unreadable: .readBack(step: run.index, attempt: run.attempt, observation: .unreadable("no answer"))
      case .overdue: .stepReported(step: run.index, attempt: run.attempt, result: .errored("no answer in time"))
      }
    promotion.apply(event, at: now)
    let isGood = sight == .done || sight == .unclear && run.step.level == .manual
    return conclude(run.index, isGood: isGood, "a read-back that said '\(sight)'")
  }

  /// What follows for the rules once a step is done; nothing but a good word may make it so.
  private mutating func conclude(_ index: Int, isGood: Bool, _ what: String) -> String? {
    let record = promotion.records[index]
    guard record.status == .succeeded else { return nil }
    guard isGood else { return "\(record.step.id) counts as done by \(what)" }
    switch record.step.action {
    case .verify(.green, _): world.isVerified = true
    case .verify(.blue, _): world.isBlueWell = true
    case .verify(.front, _): world.isFrontVerified = true
    case .shift: (world.watched, world.lastLook) = (.zero, nil)
    default: break
    }
    return nil
  }

  private mutating func judge(_ first: Move.GateWord, _ others: Move.GateWord) -> String? {
    guard let index = underWay else { return nil }
    let record = promotion.records[index]
    var names: [String] = []
    if case .gate(let gate) = record.step.action { names = [gate.name] }
    if case .recheck(let gates) = record.step.action { names = gates.map(\.name) }
    var reports: [GateReport] = []
    for (place, name) in names.enumerated() {
      let word = place == 0 ? first : others
      let bit = UInt8(1) << UInt8(promotion.plan.gates.firstIndex { $0.name == name } ?? 0)
      if word == .passed { world.passed |= bit } else { world.passed &= ~bit }
      guard let verdict = word.verdict(at: now) else { continue }
      reports.append(GateReport(gate: name, verdict: verdict, reason: verdict.word))
    }
    let isGood = first == .passed && (names.count == 1 || others == .passed)
    if isGood, record.step.id == "recheck" { world.areGatesOld = false }
    promotion.apply(.gatesReported(step: index, attempt: record.attempts, reports: reports), at: now)
    return conclude(index, isGood: isGood, "gates that said '\(first)' and '\(others)'")
  }

  private mutating func look(_ verdict: WatchVerdict?, _ decision: Decision) -> String? {
    guard case .measure(let run) = decision, case .watch(let percent, let duration) = run.step.action else {
      return nil
    }
    let wasStopped = promotion.suspension != nil
    let wasOver = promotion.records[run.index].status == .succeeded
    let every = promotion.plan.watch.every
    // A source that does not answer takes its time.
    let longest = verdict == nil || verdict == .error ? every + .seconds(15) : every * 2
    world.watched = world.watched + (world.lastLook.map { min(max(.zero, now - $0), longest) } ?? .zero)
    world.lastLook = now
    if let verdict {
      let judgement = WatchJudgement(verdict: verdict, reason: verdict.rawValue)
      promotion.apply(.measured(step: run.index, sample: nil, judgement: judgement), at: now)
    } else {
      promotion.apply(.stepReported(step: run.index, attempt: run.attempt, result: .errored("no answer")), at: now)
    }
    if promotion.records[run.index].status == .succeeded, !wasOver {
      world.provenShare = percent
      guard verdict == .healthy else {
        return "the watch at \(percent) % ended well with '\(verdict?.rawValue ?? "no answer")'"
      }
      return world.watched < duration ? "the watch at \(percent) % ended after \(world.watched) of \(duration)" : nil
    }
    return ruleOfStopping(
      verdict, wasStopped, !wasOver && world.watched >= duration + promotion.plan.watch.patience)
  }

  private func ruleOfStopping(_ verdict: WatchVerdict?, _ wasStopped: Bool, _ isOver: Bool) -> String? {
    guard case .forward(_, let suspension) = promotion.phase, verdict != .healthy else { return nil }
    let mayTurn = !isPastReturn
    if verdict == .breach, promotion.plan.rollback.automatic, mayTurn { return "a breach did not turn the run around" }
    let saysNothing = verdict != .breach && verdict != .pause && verdict != .environment
    if isOver, promotion.plan.watch.whenUndecided == .rollBack, mayTurn, saysNothing, !wasStopped {
      return "a watch that came to no verdict in time did not turn the run around"
    }
    if verdict == .breach || verdict == .pause || isOver, !wasStopped, suspension == nil {
      return "the run goes on after a watch that said '\(verdict?.rawValue ?? "no answer")'"
    }
    return nil
  }

  // MARK: People and time

  private mutating func say(_ saying: Move.Saying, _ speaker: Speaker) -> String? {
    let suspension = promotion.suspension
    promotion.apply(event(of: saying, by: speaker), at: now)
    switch saying {
    case .approve:
      guard case .approve(let spec)? = promotion.plan.steps.first(where: { $0.kind == .approve })?.action else {
        return "an approval was taken that nobody asked for"
      }
      let isInTime = world.askedAt.map { now < $0 + spec.expires } ?? true
      if speaker.mayAgree, isInTime { world.agreed |= speaker.bit }
    case .revoke:
      world.agreed &= ~speaker.bit
      if promotion.records.contains(where: { $0.step.kind == .approve && $0.startedAt == nil }) { world.askedAt = nil }
    case .resume:
      if let thaw = suspension?.thawsAt, thaw > now { return "a person lets the run go on in a freeze" }
      if !world.isTouched { world.areGatesOld = true }
      if suspension?.restartsWatch ?? false { (world.watched, world.lastLook) = (.zero, nil) }
    case .confirm:
      world.isConfirmed = true
      if !world.isTouched { world.areGatesOld = true }
    case .hold, .pause, .reject, .abort, .rollBack: break
    }
    return nil
  }

  private mutating func turn(_ clock: Move.Clock, _ decision: Decision) {
    switch clock {
    case .wakeUp: if case .wait(let wait) = decision, let until = wait.until { now = until }
    case .farAhead: now = times.upperBound + Sample.day * 1_000
    case .setBack: now = times.lowerBound - Sample.day * 100
    }
    times = min(times.lowerBound, now)...max(times.upperBound, now)
  }

  /// Somebody asks for the second release; as long as the first run is open, the rule refuses.
  private mutating func beginRival(_ setting: Setting) -> String? {
    guard let plan = try? setting.rival?(world.recordsGreen ? Sample.new : Sample.old) else { return nil }
    let open = OpenRun(run: promotion.run, environment: promotion.plan.to, status: promotion.status)
    if plan.refusal(besides: promotion.isFinished ? [] : [open]) != nil { return nil }
    if !promotion.isFinished { return "two runs are open on \(plan.to)" }
    // What serves is blue for the new run, and the other slot is green, whatever was left in it.
    let isSlotFree = !world.recordsGreen && world.slot == .empty
    self = Scene.beginning(plan, World(slot: isSlotFree ? .empty : .whole), at: now, isRival: true)
    return nil
  }

  static func beginning(_ plan: Plan, _ world: World, at time: Timestamp, isRival: Bool = false) -> Scene {
    let request = Request(run: "run", plan: plan, digest: (try? plan.digest) ?? Sample.otherPlan, by: "carol")
    return Scene(promotion: Promotion(request, at: time), world: world, now: time, times: time...time, isRival: isRival)
  }
}

extension Move.GateWord {
  fileprivate func verdict(at now: Timestamp) -> Verdict? {
    switch self {
    case .passed: .passed
    case .failed: .failed
    case .waiting: .waiting(until: now + Sample.gateWait)
    case .undecided: .undecided
    case .error: .error
    case .silent: nil
    }
  }
}
