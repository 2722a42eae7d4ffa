import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: random walks")
struct RandomWalkTests {
  @Test(
    "F1: whatever the world, people, crashes and clocks do, every rule holds, a replay gives the same state, and the run can always be ended"
  )
  func walks() throws {
    let seeds = 3_000
    let plans = try Self.plans()
    var events = 0
    var outcomes: [Outcome: Int] = [:]
    for seed in 0..<seeds {
      var walker = try Walker(plans[seed % plans.count], seed: UInt64(seed))
      let length = Int.random(in: 1...200, using: &walker.random)
      while walker.events.count < length, !walker.promotion.isFinished, walker.faults.isEmpty { try walker.stumble() }
      if walker.faults.isEmpty { try walker.walkFairly() }
      events += walker.events.count
      if let outcome = walker.promotion.outcome { outcomes[outcome, default: 0] += 1 }
      #expect(walker.faults.isEmpty, "seed \(seed): \(walker.faults)\n\(walker.story)")
      if !walker.faults.isEmpty { break }
    }
    print(
      "random walks: \(seeds) runs, \(events) events, \(outcomes.map { "\($0.key.rawValue) \($0.value)" }.sorted())")
    #expect(outcomes.count == Outcome.allCases.count, "every outcome was reached: \(outcomes)")
  }

  private static func plans() throws -> [Plan] {
    let migrations = try MigrationSpec.allCases.map { try Sample.plan(Sample.spec(gates: [], migration: $0)) }
    let impatient = WatchSpec(every: .seconds(20), patience: .minutes(1), whenUndecided: .rollBack)
    return [
      try Sample.fullPlan(), try Sample.plan(), try Sample.plan(hasBlue: false), try Sample.rollbackPlan(),
      try Sample.plan(Sample.spec(gates: [], approval: nil, watch: impatient)),
      try Sample.plan(
        Sample.spec(weights: [100], rollback: RollbackSpec(automatic: false, keepGreen: true, drain: nil))),
    ] + migrations
  }
}

/// One run on a world that does as it likes.
private struct Walker {
  private(set) var promotion: Promotion
  private(set) var events: [(event: Event, at: Timestamp)] = []
  private(set) var faults: [String] = []
  var random: SplitMix64
  private let request: Request
  private var now: Timestamp
  private var share = 0
  private var hasGreen = false
  private var isMigrated = false
  private var deeds: Set<DataDeed> = []
  private var hasSnapshot = false
  /// Steps with an effect whose last attempt nobody has asked back yet.
  private var unasked: Set<Int> = []

  init(_ plan: Plan, seed: UInt64) throws {
    random = SplitMix64(seed: seed)
    request = try Sample.request(plan)
    now = .start
    promotion = Promotion(request, at: now)
  }

  var story: String { events.suffix(30).map { "\($0.at) \($0.event)".prefix(160) }.joined(separator: "\n") }

  private mutating func apply(_ event: Event) throws {
    events.append((event, now))
    promotion.apply(event, at: now)
    faults += promotion.violations
    if random.chance(4) {
      let copy = try CanonicalJSON.decode(Promotion.self, from: CanonicalJSON.encode(promotion))
      if copy != promotion { faults.append("JSON changes the state") }
    }
  }

  private func replayed() -> Promotion {
    var copy = Promotion(request, at: .start)
    for (event, time) in events { copy.apply(event, at: time) }
    return copy
  }

  // MARK: Chaos

  mutating func stumble() throws {
    switch Int.random(in: 0..<100, using: &random) {
    case 0..<66: try decide(isFair: false)
    case 66..<80: try speak()
    case 80..<87: try apply(.resumed)
    case 87..<94: if let old = events.randomElement(using: &random) { try apply(old.event) }
    default: if random.chance(30) { jump() }
    }
    if random.chance(2), replayed() != promotion { faults.append("a replay gives another state") }
  }

  private mutating func jump() {
    let size: Int64 = [1_000, 60_000, 86_400_000, 40_000_000_000].randomElement(using: &random) ?? 1
    now = now + .milliseconds(Int64.random(in: -size...size, using: &random))
  }

  private mutating func speak() throws {
    let index = promotion.current ?? 0
    let words: [Event] = [
      approval(by: "ann"), approval(by: "bob"), approval(by: "carol"), .held(by: "ann", reason: "r"), .resumedBy("ann"),
      .resumedBy("bob"), .paused(by: "bob", reason: "r"), .confirmed(step: index, by: "ann", note: "n"),
      .expired(step: index), .revoked(by: "ann", reason: "r"), .lapsed, .thawed, .sourceLooked(trouble: "r"),
      .sourceLooked(trouble: nil), .frozen(until: now + .minutes(5), reason: "r"),
      .escalated(step: index, reason: "r"),
    ]
    let rare: [Event] = [
      .aborted(by: "ann", reason: "r"), .rollbackAsked(by: "ann", incident: "i"), .rejected(by: "ann", reason: "r"),
    ]
    if let word = (random.chance(15) ? rare : words).randomElement(using: &random) { try apply(word) }
  }

  private func approval(by person: Person) -> Event {
    .approved(Approval(person: person, roles: ["manager"], plan: promotion.digest, at: now))
  }

  // MARK: The driver

  private mutating func decide(isFair: Bool) throws {
    switch promotion.next(at: now) {
    case .finished: return
    case .record(let event): try apply(event)
    case .perform(let run): try perform(run, isFair: isFair)
    case .readBack(let run):
      unasked.remove(run.index)
      try apply(.readBack(step: run.index, attempt: run.attempt, observation: observation(run, isFair: isFair)))
    case .measure(let run):
      let verdicts: [WatchVerdict] = isFair || random.chance(75) ? [.healthy] : WatchVerdict.allCases
      let judgement = WatchJudgement(verdict: verdicts.randomElement(using: &random) ?? .error, reason: "r")
      try apply(.measured(step: run.index, sample: nil, judgement: judgement))
    case .writeEvidence(_, let attempt):
      if isFair || random.chance(60) {
        try apply(.evidenceWritten(folder: "f", manifest: Digest(of: Data())))
      } else {
        try apply(.evidenceFailed(reason: "r", attempt: attempt))
      }
    case .followUp(let attempt):
      try apply(.followUpIntended(attempt: attempt))
      if random.chance(20) { return try apply(.resumed) }
      try apply(random.chance(60) ? .followedUp(reference: "T-1") : .followUpFailed(reason: "r", attempt: attempt))
    case .wait(let wait):
      // People mostly answer in time.
      let isShort = wait.kind != .approval && wait.kind != .confirmation
      if let until = wait.until {
        now = isFair || random.chance(isShort ? 70 : 5) ? max(now, until) : now + .seconds(1)
      }
    }
  }

  private mutating func perform(_ run: StepRun, isFair: Bool) throws {
    check(run)
    try apply(.stepIntended(step: run.index, attempt: run.attempt, deadline: run.deadline))
    now = now + .milliseconds(Int64.random(in: 0...3_000, using: &random))
    if run.step.kind == .gate { return try apply(gates(run, isFair: isFair)) }
    let luck = isFair ? 0 : Int.random(in: 0..<100, using: &random)
    let result: StepResult?
    switch luck {
    case 0..<70: result = .succeeded("s")
    case 70..<84: result = .errored("e")
    case 84..<89: result = .failed("f")
    case 89..<91: result = .undecided("u")
    case 91..<93: result = .waiting(until: now + .hours(1), reason: "w")
    default: result = nil
    }
    if luck < 70 || (luck < 84 || luck >= 93) && random.chance(50) { happen(run.step.action) }
    if let result { try apply(.stepReported(step: run.index, attempt: run.attempt, result: result)) }
  }

  /// What must hold of every attempt, seen from the world.
  private mutating func check(_ run: StepRun) {
    if promotion.suspension != nil { faults.append("\(run.step.id) is begun while the run is suspended") }
    if case .shift(let percent, _) = run.step.action, case .forward = promotion.phase, percent < share {
      faults.append("\(run.step.id) lowers green's share from \(share)")
    }
    // On the way back, also by hand, a write that nobody can confirm is made again; it is harmless by contract.
    guard run.step.action.hasEffect, case .forward = promotion.phase, run.step.retry.attempts != nil else { return }
    if unasked.contains(run.index) { faults.append("\(run.step.id) is begun twice without asking back") }
    unasked.insert(run.index)
  }

  private mutating func gates(_ run: StepRun, isFair: Bool) -> Event {
    var names: [String] = []
    if case .gate(let gate) = run.step.action { names = [gate.name] }
    if case .recheck(let gates) = run.step.action { names = gates.map(\.name) }
    let reports = names.map { name in
      let others: [Verdict] = [
        .failed, .waiting(until: now + .hours(1)), .waiting(until: now + .minutes(1)), .error, .undecided,
      ]
      let verdict = isFair || random.chance(90) ? .passed : others.randomElement(using: &random) ?? .error
      return GateReport(gate: name, verdict: verdict, reason: "r")
    }
    return .gatesReported(step: run.index, attempt: run.attempt, reports: reports)
  }

  private mutating func happen(_ action: Action) {
    switch action {
    case .shift(let percent, _): share = percent
    case .deploy: hasGreen = true
    case .destroy: hasGreen = false
    case .data(.backup): hasSnapshot = true
    case .data(.migrate): isMigrated = true
    case .data(.restore):
      if share > 0 { faults.append("data are restored while green has \(share) percent") }
      isMigrated = false
    case .data(let deed):
      if deed == .setAside, share > 0 { faults.append("data are set aside while green has \(share) percent") }
      deeds.insert(deed)
    case .gate, .recheck, .approve, .confirm, .verify, .watch, .record, .schedule, .notify, .drain: break
    }
  }

  private mutating func observation(_ run: StepRun, isFair: Bool) -> Observation {
    if !isFair, random.chance(30) { return random.chance(50) ? .unreadable("r") : .unclear("r") }
    switch run.step.action {
    case .shift(let percent, _): return share == percent ? .done("d") : .undone("u")
    case .deploy: return hasGreen ? .done("d") : .undone("u")
    case .destroy: return hasGreen ? .undone("u") : .done("d")
    case .data(.backup): return hasSnapshot ? .done("d") : .undone("u")
    case .data(.migrate): return isMigrated ? .done("d") : .undone("u")
    case .data(.restore): return isMigrated ? .undone("u") : .done("d")
    case .data(let deed): return deeds.contains(deed) ? .done("d") : .undone("u")
    case .gate, .recheck, .approve, .confirm, .verify, .watch, .record, .schedule, .notify, .drain:
      return .unclear("r")
    }
  }

  // MARK: Fairness

  /// From here on everything works and people answer: the run must end, and the world must be as the outcome says.
  mutating func walkFairly() throws {
    for _ in 0..<400 where !promotion.isFinished && faults.isEmpty {
      try decide(isFair: true)
      guard case .wait(let wait) = promotion.next(at: now) else { continue }
      switch wait.kind {
      case .approval:
        try apply(approval(by: promotion.approvals.contains { $0.person == "ann" } ? "bob" : "ann"))
      case .confirmation: try apply(.confirmed(step: promotion.current ?? 0, by: "ann", note: "n"))
      case .step, .gate, .watch, .retry, .person, .freeze: break
      }
      if promotion.suspension != nil { try apply(.resumedBy("ann")) }
    }
    guard case .finished(let outcome) = promotion.phase else {
      return faults.append("the run does not end: \(promotion.phase), \(promotion.next(at: now))")
    }
    if replayed() != promotion { faults.append("a replay gives another state") }
    let begun = promotion.hasTouchedTraffic
    switch outcome {
    case .success: if share != 100 { faults.append("success with \(share) percent") }
    case .rolledBack, .aborted:
      if begun, share != 0 { faults.append("\(outcome) with \(share) percent") }
      if request.plan.migration == .restorable, isMigrated { faults.append("\(outcome) on migrated data") }
    case .failed:
      if begun, share != 0, request.plan.operation == .promote { faults.append("failed with \(share) percent") }
    case .rejected, .blocked: if share != 0 || hasGreen { faults.append("\(outcome) and touched") }
    }
  }
}
