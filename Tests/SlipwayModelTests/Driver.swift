import Foundation
import SlipwayModel
import Testing

/// Drives a promotion as the engine does, on a world of a few numbers, with every answer under the test's control.
final class Driver {
  private(set) var promotion: Promotion
  private(set) var events: [(event: Event, at: Timestamp)] = []
  private(set) var decisions: [Decision] = []
  let request: Request
  var now: Timestamp

  /// Green's share of traffic in the world, and what its slot holds.
  var share = 0
  var isSettled = false
  var hasGreen = false
  var isMigrated = false
  var hasSnapshot = false
  var deeds: [DataDeed] = []
  /// Answers to attempts, oldest first; what is not named succeeds.
  var results: [StepID: [StepResult]] = [:]
  /// Answers to asking back; what is not named is the truth.
  var observations: [StepID: [Observation]] = [:]
  /// Verdicts of gates; what is not named passes.
  var verdicts: [String: [Verdict]] = [:]
  /// Verdicts of looks; what is not named is healthy.
  var looks: [WatchVerdict] = []
  var evidenceFailures = 0
  /// How long each attempt takes.
  var pace = Span.seconds(1)

  init(_ plan: Plan, by: Person = "carol", at time: Timestamp = .start) throws {
    request = try Sample.request(plan, by: by)
    promotion = Promotion(request, at: time)
    now = time
  }

  /// One that goes on by itself from here.
  func copy() -> Driver { Driver(copying: self) }

  private init(copying other: Driver) {
    (promotion, events, decisions, request, now) = (
      other.promotion, other.events, other.decisions, other.request, other.now
    )
    (share, isSettled, hasGreen) = (other.share, other.isSettled, other.hasGreen)
    (isMigrated, hasSnapshot) = (other.isMigrated, other.hasSnapshot)
    (results, observations) = (other.results, other.observations)
    (verdicts, looks, evidenceFailures, pace) = (other.verdicts, other.looks, other.evidenceFailures, other.pace)
  }

  var ids: [String] { promotion.records.map(\.step.id.text) }
  var currentID: String? { promotion.current.map { promotion.records[$0].step.id.text } }

  func record(_ id: StepID) throws -> StepRecord {
    try #require(promotion.records.first { $0.step.id == id }, "no step \(id)")
  }

  func index(_ id: StepID) throws -> Int {
    try #require(promotion.records.firstIndex { $0.step.id == id }, "no step \(id)")
  }

  /// How often attempts at a step were begun.
  func performed(_ id: StepID) -> Int {
    decisions.count { if case .perform(let run) = $0 { run.step.id == id } else { false } }
  }

  var escalations: Int { events.count { if case .escalated = $0.event { true } else { false } } }

  @discardableResult
  func apply(_ event: Event) -> Bool {
    events.append((event, now))
    let before = promotion
    promotion.apply(event, at: now)
    #expect(promotion.violations.isEmpty, "\(promotion.violations) after \(event.kind)")
    return !promotion.stands(as: before)
  }

  @discardableResult
  func approve(_ person: Person = "ann", _ roles: [RoleName] = ["manager"], plan: Digest? = nil) -> Bool {
    apply(.approved(Approval(person: person, roles: roles, plan: plan ?? promotion.digest, at: now)))
  }

  /// Takes one decision and carries it out; false when only a person can go on or the run is over.
  @discardableResult
  func turn() -> Bool {
    let decision = promotion.next(at: now)
    #expect(decision == promotion.next(at: now), "asking twice gives two answers")
    decisions.append(decision)
    switch decision {
    case .finished: return false
    case .record(let event): apply(event)
    case .perform(let run): perform(run)
    case .readBack(let run):
      apply(
        .readBack(step: run.index, attempt: run.attempt, observation: take(&observations, run.step.id) ?? truth(run)))
    case .measure(let run):
      let verdict = looks.isEmpty ? .healthy : looks.removeFirst()
      apply(
        .measured(step: run.index, sample: nil, judgement: WatchJudgement(verdict: verdict, reason: verdict.rawValue)))
    case .writeEvidence(_, let attempt):
      if evidenceFailures > 0 {
        evidenceFailures -= 1
        apply(.evidenceFailed(reason: "disk full", attempt: attempt))
      } else {
        apply(.evidenceWritten(folder: "evidence", manifest: Digest(of: Data())))
      }
    case .followUp(let attempt):
      apply(.followUpIntended(attempt: attempt))
      apply(.followedUp(reference: "T-1"))
    case .wait(let wait):
      guard let until = wait.until else { return false }
      #expect(until > now || wait.kind == .watch, "a wait that is over is no wait: \(wait)")
      if wait.kind == .approval || wait.kind == .confirmation { return false }
      now = max(now, until)
    }
    return true
  }

  /// Drives until `condition` holds, people are needed, or the run is over.
  func drive(until condition: (Driver) throws -> Bool = { _ in false }) throws {
    for _ in 0..<2_000 {
      if try condition(self) { return }
      if !turn() { return }
    }
    Issue.record("the run came to no end: \(promotion.phase)")
  }

  /// Drives to the step, with an approval and all confirmations on the way.
  func drive(to id: StepID) throws {
    try driveWithPeople { $0.currentID == id.text }
  }

  /// Drives to the end, with an approval and all confirmations on the way.
  func finish() throws -> Outcome {
    try driveWithPeople { $0.promotion.isFinished }
    return try #require(promotion.outcome)
  }

  private func driveWithPeople(until condition: (Driver) throws -> Bool) throws {
    for _ in 0..<20 {
      try drive(until: condition)
      if try condition(self) { return }
      if promotion.status == "awaiting_approval" { approve() }
      if promotion.suspension != nil { apply(.resumedBy("ann")) }
      if let index = promotion.current { apply(.confirmed(step: index, by: "ann", note: "done")) }
    }
    Issue.record("people could not bring the run on from \(promotion.phase)")
  }

  // MARK: The world

  private func perform(_ run: StepRun) {
    apply(.stepIntended(step: run.index, attempt: run.attempt, deadline: run.deadline))
    now = now + pace
    if run.step.kind == .gate { return apply(report(run)).ignore() }
    let result = take(&results, run.step.id) ?? .succeeded("done")
    if case .succeeded = result { happen(run.step.action) }
    apply(.stepReported(step: run.index, attempt: run.attempt, result: result))
  }

  private func report(_ run: StepRun) -> Event {
    var names: [String] = []
    switch run.step.action {
    case .gate(let gate): names = [gate.name]
    case .recheck(let gates): names = gates.map(\.name)
    default: break
    }
    let reports = names.map { name in
      let verdict = verdicts[name]?.isEmpty ?? true ? .passed : verdicts[name]?.removeFirst() ?? .passed
      return GateReport(gate: name, verdict: verdict, reason: verdict.word)
    }
    return .gatesReported(step: run.index, attempt: run.attempt, reports: reports)
  }

  func happen(_ action: Action) {
    switch action {
    case .shift(let percent, let settles): (share, isSettled) = (percent, settles)
    case .deploy: hasGreen = true
    case .destroy: hasGreen = false
    case .data(.backup): hasSnapshot = true
    case .data(.migrate): isMigrated = true
    case .data(.restore): isMigrated = false
    case .data(let deed): deeds.append(deed)
    default: break
    }
  }

  func truth(_ run: StepRun) -> Observation {
    switch run.step.action {
    case .shift(let percent, let settles):
      share == percent && isSettled == settles ? .done("so it is") : .undone("it is \(share)")
    case .deploy: hasGreen ? .done("there") : .undone("empty")
    case .destroy: hasGreen ? .undone("there") : .done("empty")
    case .data(.backup): hasSnapshot ? .done("there") : .undone("none")
    case .data(.migrate): isMigrated ? .done("migrated") : .undone("not")
    case .data(.restore): isMigrated ? .undone("not") : .done("restored")
    case .data(let deed): deeds.contains(deed) ? .done("it has") : .undone("not")
    default: .unclear("cannot be asked")
    }
  }

  private func take<Value>(_ queue: inout [StepID: [Value]], _ id: StepID) -> Value? {
    guard let first = queue[id]?.first else { return nil }
    queue[id]?.removeFirst()
    return first
  }
}

extension Bool {
  func ignore() {}
}

extension Promotion {
  /// Whether nothing but the time of the newest event differs.
  func stands(as other: Promotion) -> Bool {
    phase == other.phase && records == other.records && approvals == other.approvals && cause == other.cause
      && remarks == other.remarks && evidenceAttempts == other.evidenceAttempts && finishedAt == other.finishedAt
      && causeAt == other.causeAt && evidenceRetryAt == other.evidenceRetryAt
  }
}
