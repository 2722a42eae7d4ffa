/// One run as a pure state machine: events in, the next thing to do out. It does no I/O, reads no clock, knows no connector.
///
/// Every rule of order, waiting, agreement, breach and going back lives here. The same events give the same state, so a restart is a replay.
package struct Promotion: Codable, Sendable, Equatable {
  package let run: RunID
  package let plan: Plan
  /// What approvals are bound to.
  package let digest: Digest
  package let requester: Person
  package let requestedAt: Timestamp
  /// The time of the newest event; a clock that stands before it was set back.
  package internal(set) var touchedAt: Timestamp
  package internal(set) var phase: Phase = .forward(step: 0, suspension: nil)
  /// The plan's steps in order, and after them those of going back once that began.
  package internal(set) var records: [StepRecord]
  package internal(set) var approvals: [Approval] = []
  /// How often approvals were taken back or grew too old; whoever agrees again says so anew (``DecisionStatement/round``).
  package internal(set) var round = 0
  /// Why the run goes or went back.
  package internal(set) var cause: Cause?
  /// When going back was decided.
  package internal(set) var causeAt: Timestamp?
  package internal(set) var evidenceFolder: String?
  package internal(set) var evidenceAttempts = 0
  package internal(set) var evidenceRetryAt: Timestamp?
  /// Whether people were told that the evidence cannot be written.
  package internal(set) var isEvidenceEscalated = false
  package internal(set) var finishedAt: Timestamp?
  /// The filing of a rejection's tasks; nil where there are none to file.
  package internal(set) var followUp: FollowUp?
  /// What is wrong with the environment that the release comes from, while the run is held; nil when nothing is known to be.
  package internal(set) var sourceTrouble: String?
  /// People's words and the machine's own decisions, in order, for the log.
  package internal(set) var remarks: [Remark] = []

  /// Begins a run.
  package init(_ request: Request, at time: Timestamp) {
    run = request.run
    plan = request.plan
    digest = request.digest
    requester = request.by
    requestedAt = time
    touchedAt = time
    records = request.plan.steps.map(StepRecord.init)
    // The planner makes no such plan; one from elsewhere must not be driven into the void.
    if records.isEmpty { phase = .closing(.failed) }
  }

  /// The stretch of a run's life.
  package enum Phase: Codable, Sendable, Equatable {
    case forward(step: Int, suspension: Suspension?)
    /// Going back; the step counts from the first record of going back.
    case back(step: Int)
    /// Everything is decided; evidence is being written.
    case closing(Outcome)
    case finished(Outcome)
  }

  /// Someone or something stopped the run from going on; watching goes on.
  package struct Suspension: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
      case held, paused
    }

    package var kind: Kind
    package var by: String
    package var reason: String
    package var at: Timestamp
    /// Set when a rule asked for it: after a resume the watch begins anew, or it would stop at once for the same figures.
    package var restartsWatch: Bool
    /// When the freeze that stopped the run ends; nil for a stop by a person or a rule.
    package var thawsAt: Timestamp?

    /// Who stopped the run and why, for people.
    package var sentence: String { "\(kind.rawValue) by \(by): \(reason)" }
  }

  /// Something said or decided.
  package struct Remark: Codable, Sendable, Equatable {
    package var at: Timestamp
    package var by: String
    package var text: String
  }

  /// Why a run goes back or stops.
  package struct Cause: Codable, Sendable, Equatable {
    package enum Kind: String, Codable, Sendable {
      case breach, undecided, failedStep = "failed_step", aborted, byHand = "by_hand"
    }

    package var kind: Kind
    package var reason: String
    package var by: String
    package var incident: String?
  }
}

extension Promotion {
  /// How many records belong to the way forward.
  package var forwardCount: Int { plan.steps.count }

  /// The outcome, once it is decided.
  package var outcome: Outcome? {
    switch phase {
    case .closing(let outcome), .finished(let outcome): outcome
    case .forward, .back: nil
    }
  }

  package var isFinished: Bool {
    if case .finished = phase { true } else { false }
  }

  /// The index in ``records`` of the step that is in hand; nil when none is.
  package var current: Int? {
    switch phase {
    case .forward(let step, _): step < forwardCount ? step : nil
    case .back(let step): forwardCount + step < records.count ? forwardCount + step : nil
    case .closing, .finished: nil
    }
  }

  package var suspension: Suspension? {
    if case .forward(_, let suspension) = phase { suspension } else { nil }
  }

  /// The gates that are judged together at the start: a failing one never hides the others.
  var gateGroup: Range<Int> {
    let count = plan.steps.prefix { step in
      if case .gate = step.action { true } else { false }
    }.count
    return 0..<count
  }

  /// Whether an attempt to give green traffic was ever begun.
  package var hasTouchedTraffic: Bool { wasBegun { if case .shift = $0 { true } else { false } } }

  /// Whether a shift on the way forward was read back as done.
  package var hasMovedTraffic: Bool {
    records.prefix(forwardCount).contains { $0.step.kind == .shift && $0.status == .succeeded }
  }

  /// When green was first to get traffic; nil when that was never begun.
  package var servedSince: Timestamp? {
    let first = records.indices.prefix(forwardCount).first { records[$0].step.kind == .shift && isBegun($0) }
    guard let first else { return nil }
    // Whoever does it by hand may have done it as soon as they were asked.
    let asked = handedOut(by: first - 1) == first ? records[first - 1].startedAt : nil
    return asked ?? records[first].startedAt
  }

  /// Whether a migration was ever begun, which may have changed anything.
  package var hasTouchedData: Bool { wasBegun { $0 == .data(.migrate) } }

  /// What the run has begun to change.
  package var touched: Touched {
    var touched: Touched = []
    if hasTouchedTraffic { touched.insert(.traffic) }
    if hasTouchedGreen { touched.insert(.green) }
    if hasTouchedData { touched.insert(.migration) }
    if wasBegun({ $0 == .data(.green) }) { touched.insert(.greenData) }
    return touched
  }

  /// Why the machine may not turn the run around by itself, so that a person decides; nil when it may.
  package var pastReturn: String? {
    if Mutant.turnPastReturn.isActive { return nil }
    if plan.greenData == .shared {
      return plan.migration == .irreversible && hasTouchedData ? "the migration cannot be taken back" : nil
    }
    guard plan.rollback.writes == .ask, hasTouchedTraffic, plan.operation == .promote, plan.blue != nil else {
      return nil
    }
    return "going back would leave behind what was written to green since the cutover"
  }

  package var isPastReturn: Bool { pastReturn != nil }

  /// Whether green's slot was ever touched.
  package var hasTouchedGreen: Bool { wasBegun { $0 == .deploy } }

  func wasBegun(_ matches: (Action) -> Bool) -> Bool {
    records.indices.prefix(forwardCount).contains { matches(records[$0].step.action) && isBegun($0) }
  }

  /// The status word of the interface.
  package var status: String {
    switch phase {
    case .finished(let outcome): return outcome.rawValue
    case .back: return "rolling_back"
    case .closing: return records.count > forwardCount ? "rolling_back" : "running"
    case .forward(let index, let suspension):
      if let suspension { return suspension.kind.rawValue }
      guard index < forwardCount else { return "running" }
      if gateGroup.contains(index) {
        return records[gateGroup].allSatisfy({ $0.status == .pending }) ? "requested" : "gating"
      }
      if case .approve = records[index].step.action { return "awaiting_approval" }
      return "running"
    }
  }

  /// What green gets by the last shift that was read back; nil while a shift is uncertain or under way.
  package var greenPercent: Int? {
    var percent: Int? = 0
    for (index, record) in records.enumerated() {
      guard case .shift(let target, _) = record.step.action, isBegun(index) else { continue }
      // One that was begun and not read back as done, whether it failed or was cut off by an abort, may have happened.
      percent = record.status == .succeeded ? target : nil
    }
    return percent
  }
}
