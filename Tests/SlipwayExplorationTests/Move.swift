import SlipwayModel

/// One thing that may happen next; together with the scene before it, it decides the scene after.
enum Move: Hashable, Sendable {
  /// The engine does what the machine decided, up to the point where something else has a say.
  case decide
  /// The effect under way gets as far as this in the world.
  case happen(World.Contents)
  /// The attempt under way ends with this word.
  case report(Word)
  /// The gates under way say this, the first of them and all others.
  case judge(GateWord, others: GateWord)
  case observe(Sight)
  case look(WatchVerdict)
  /// A look at the counters that did not end in time.
  case lookInVain
  case evidence(Bool)
  /// The tasks of a rejection are filed, or cannot be.
  case file(Bool)
  /// The engine crashes while they are being filed.
  case fileCut
  /// A freeze begins where an effect would; it is taken away before its end.
  case freeze, thaw
  case crash
  case say(Saying, Speaker)
  case clock(Clock)
  /// Somebody asks for the second release.
  case rival

  enum Word: UInt8, CaseIterable, Sendable { case succeeded, failed, errored, undecided, waiting }
  enum GateWord: UInt8, CaseIterable, Sendable { case passed, failed, waiting, undecided, error, silent }
  enum Sight: UInt8, CaseIterable, Sendable { case done, undone, unclear, unreadable, overdue }
  enum Saying: UInt8, CaseIterable, Sendable {
    case approve, revoke, hold, pause, resume, reject, abort, rollBack, confirm
  }
  enum Clock: UInt8, CaseIterable, Sendable {
    /// To the moment that the run waits for.
    case wakeUp
    /// Beyond every wait and every time-out.
    case farAhead
    /// Before everything that has happened.
    case setBack
  }
}

extension Scene {
  /// Everything that may happen next. What people are refused, and what comes too late, is no move: ``Scene/strays`` shows that it changes nothing.
  func moves(in setting: Setting, after decision: Decision) -> [Move] {
    if isBeyond(setting.horizon) { return [] }
    var moves: [Move] = []
    moves.reserveCapacity(20)
    switch decision {
    case .finished: return rivalMoves(setting)
    case .record(let event): moves += beginnings(isStoppable: promotion.isStoppedByFreeze(event))
    case .perform(let run): moves += beginnings(isStoppable: promotion.isStoppedByFreeze(run))
    case .readBack(let run): moves += sights(of: run)
    case .measure: moves += WatchVerdict.allCases.map(Move.look) + [.lookInVain]
    case .writeEvidence: moves += [.evidence(true), .evidence(false)]
    case .followUp: moves += [.file(true), .file(false), .fileCut]
    case .wait(let wait): if let until = wait.until, until > now { moves.append(.clock(.wakeUp)) }
    }
    if promotion.isFrozen { moves.append(.thaw) }
    if let index = underWay { moves += endings(of: promotion.records[index].step) }
    // Whoever has a step in hand gets as far with it as they get, before they say so.
    if let step = promotion.inHand {
      moves += [World.Contents.half, .whole].filter { changes(step.action, $0) }.map(Move.happen)
    }
    moves += sayings
    if setting.hasWildClock { moves += [.clock(.farAhead), .clock(.setBack)] }
    return moves + rivalMoves(setting)
  }

  /// The engine looks at the calendar before it begins what a freeze may stop.
  private func beginnings(isStoppable: Bool) -> [Move] {
    let isCovered = world.frozenUntil.map { $0 > now } ?? false
    if !isStoppable { return [.decide] }
    return isCovered ? [.freeze] : [.decide, .freeze]
  }

  /// Whether the part of the way that this setting is about lies behind.
  func isBeyond(_ horizon: StepID?) -> Bool {
    guard let horizon = isRival ? "deploy" : horizon else { return false }
    return promotion.records.contains { $0.step.id == horizon && $0.attempts > 0 }
  }

  private func rivalMoves(_ setting: Setting) -> [Move] { setting.rival == nil || isRival ? [] : [.rival] }

  private func endings(of step: Step) -> [Move] {
    var moves: [Move] = [.crash]
    // What a person has done is only looked at, and a look does not lie.
    if step.level == .manual {
      return moves + [.report(.errored), .report(isTrue(step.action) ? .succeeded : .failed)]
    }
    switch step.action {
    case .gate:
      return moves + Move.GateWord.allCases.map { .judge($0, others: .passed) }
    case .recheck(let gates):
      moves += Move.GateWord.allCases.map { .judge($0, others: .passed) }
      if gates.count > 1 { moves += Move.GateWord.allCases.dropFirst().map { .judge(.passed, others: $0) } }
      return moves + [.judge(.failed, others: .error)]
    default: break
    }
    moves += Move.Word.allCases.dropFirst().map(Move.report)
    if isTrue(step.action) { moves.append(.report(.succeeded)) }
    return moves + [World.Contents.half, .whole].filter { changes(step.action, $0) }.map(Move.happen)
  }

  /// A connector that can be asked never lies; one that cannot says so.
  private func sights(of run: StepRun) -> [Move] {
    var sights: [Move.Sight] = [.unclear, .unreadable, .overdue]
    // A data plane can always say what it does, and there a person's word is not taken instead.
    if run.step.level == .manual, run.step.kind == .shift { sights.removeFirst() }
    if run.step.kind != .notify { sights.append(isTrue(run.step.action) ? .done : .undone) }
    return sights.map(Move.observe)
  }

  private var sayings: [Move] {
    var moves: [Move] = []
    for (saying, speaker) in Scene.dictionary where refusal(of: saying, by: speaker) == nil {
      moves.append(.say(saying, speaker))
    }
    return moves
  }

  /// Who may come and say what; who is refused is found out at each state.
  static let dictionary: [(Move.Saying, Speaker)] =
    Speaker.allCases.map { (.approve, $0) } + [
      (.revoke, .ann), (.hold, .ann), (.pause, .bob), (.resume, .ann), (.reject, .bob), (.abort, .ann),
      (.rollBack, .bob),
      (.confirm, .dan),
    ]

  func event(of saying: Move.Saying, by speaker: Speaker) -> Event {
    let person = speaker.person
    switch saying {
    case .approve:
      let plan = speaker == .eve ? Sample.otherPlan : promotion.digest
      return .approved(
        Approval(person: person, roles: speaker.roles, plan: plan, at: now, identity: speaker.identity(at: now)))
    case .revoke: return .revoked(by: person, reason: "second thoughts")
    case .hold: return .held(by: person, reason: "wait")
    case .pause: return .paused(by: person, reason: "wait")
    case .resume: return .resumedBy(person)
    case .reject: return .rejected(by: person, reason: "no")
    case .abort: return .aborted(by: person, reason: "stop")
    case .rollBack: return .rollbackAsked(by: person, incident: "INC-1")
    case .confirm: return .confirmed(step: promotion.current ?? 0, by: person, note: "done")
    }
  }

  func refusal(of saying: Move.Saying, by speaker: Speaker) -> String? {
    promotion.refusal(of: event(of: saying, by: speaker))
  }
}
