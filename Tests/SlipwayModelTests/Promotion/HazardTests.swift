// What Argo Rollouts (AR) and Flagger (FL) teach, row by row; the numbers are those of the research notes, sections 3, 4 and 6.
//
// Rows that do not apply to this room, and why:
// - 3: 1, 17, 19 are about writing routes (connectors); 9, 11, 12 about conditions and metric sources (file reader, analysis); 16 about replica counts, which
//   slots do not have; 18 is FL/AR's header routes, whose lesson "done when observed" is row T15 here.
// - E1-E13, P1-P22, M1-M23, R1-R20: conditions, sources and counting of measurements; they belong to the judge (SlipwayAnalysis), except what follows from
//   its verdicts: E3, M1, M16, M21, R10 below.
// - T4, T5, T7, T8, T10-T12, T14, T16-T18, T28: replica counts, experiments and surge; slots are whole. T26, T27, T31: scale-down delays and rollback
//   windows by revision; a kept blue is a durable task of the engine. T32: runs of analysis are not objects of their own.
// - F1, F2, F9, F10, F14, F19, F20, F21: copying workloads, mirrors and A/B by header. F18: live weights are read back by the engine.
// - G2, G4, G6-G8, G10-G12, G14-G18, G20, G21: file reader, metric sources, web hooks and readiness of pods.
import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: hazards known from Argo Rollouts and Flagger")
struct HazardTests {
  private func at(_ id: StepID, _ plan: Plan? = nil) throws -> Driver {
    let driver = try Driver(plan ?? Sample.plan())
    try driver.drive(to: id)
    return driver
  }

  // MARK: Section 3

  @Test(
    "AR/FL 2, T13: another release mid-run is another run; this one first takes green to 0, looks at blue, and only then empties the slot"
  )
  func order() throws {
    let driver = try at("watch-50")
    driver.apply(.aborted(by: "ann", reason: "superseded"))
    _ = try driver.finish()
    let performed = driver.decisions.compactMap {
      if case .perform(let run) = $0 { run.step.id.text } else { nil }
    }
    #expect(
      performed.suffix(5) == [
        "rollback-shift-0", "rollback-verify", "rollback-record", "rollback-destroy-green",
        "rollback-notify",
      ])
  }

  @Test(
    "AR/FL 3: deciding to roll back never waits behind a router write",
    arguments: [StepResult.errored("api"), .failed("api")])
  func writeInTheWay(result: StepResult) throws {
    let driver = try at("shift-50")
    let index = try driver.index("shift-50")
    driver.apply(.stepIntended(step: index, attempt: 1, deadline: driver.now + .seconds(30)))
    #expect(driver.apply(.rollbackAsked(by: "ann", incident: "INC")))
    guard case .perform(let run) = driver.promotion.next(at: driver.now) else {
      Issue.record("it waits")
      return
    }
    #expect(run.step.id == "rollback-shift-0")
    #expect(!driver.apply(.stepReported(step: index, attempt: 1, result: result)))
  }

  @Test("AR/FL 4, F12: a green that flaps makes no progress; its verification has an end")
  func flapping() throws {
    let driver = try at("verify-green")
    driver.results["verify-green"] = [.errored("ready, not ready, ready")]
    #expect(try driver.finish() == .failed)
    #expect(driver.share == 0)
  }

  @Test("AR/FL 5, T24: going back after the switch depends on no step on green, crashed or not")
  func crashedGreen() throws {
    let driver = try at("watch-100")
    driver.hasGreen = false
    driver.looks = [.breach]
    driver.results["rollback-destroy-green"] = Array(repeating: .errored("gone"), count: 9)
    driver.observations["rollback-destroy-green"] = Array(repeating: .unreadable("gone"), count: 9)
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.share == 0)
  }

  @Test("AR/FL 6, T6: abort wins after everything was promoted too, until the run is over")
  func abortAtTheEnd() throws {
    for id in ["verify-live", "settle", "record", "schedule-blue-removal", "notify"] as [StepID] {
      let driver = try at(id)
      #expect(driver.apply(.aborted(by: "ann", reason: "")))
      #expect(try driver.finish() == .aborted)
      #expect(driver.share == 0 && !driver.isSettled)
    }
  }

  @Test("AR/FL 7, T20, E3: undecided holds until a named person decides; no silent second try")
  func undecided() throws {
    let driver = try at("watch-10")
    driver.looks = Array(repeating: .undecided, count: 20) + Array(repeating: .healthy, count: 50)
    try driver.drive { $0.promotion.suspension != nil }
    for _ in 0..<60 { driver.turn() }
    #expect(driver.currentID == "watch-10" && driver.share == 10)
    driver.apply(.resumedBy("bob"))
    #expect(driver.promotion.remarks.last?.by == "bob")
    #expect(try driver.finish() == .success)
  }

  @Test("AR/FL 8, M1: deviates: an analysis that ended without a measurement is never a pass")
  func neverMeasured() throws {
    let driver = try at("watch-10")
    let index = try driver.index("watch-10")
    driver.now = driver.now + .hours(1)
    driver.apply(.stepReported(step: index, attempt: 1, result: .succeeded("terminated")))
    #expect(driver.currentID == "watch-10")
    guard case .measure = driver.promotion.next(at: driver.now) else {
      Issue.record("nothing is measured")
      return
    }
  }

  @Test("AR/FL 10, M16, P22: a gate that could not run is an error and blocks")
  func gateNotRun() throws {
    let driver = try Driver(Sample.plan())
    driver.verdicts["g1"] = Array(repeating: .error, count: 9)
    #expect(try driver.finish() == .blocked)
    #expect(!driver.promotion.hasBegun)
  }

  @Test("AR/FL 13, T19: the watch begins when the weight was read back, not when it was asked for")
  func clockStart() throws {
    let driver = try at("shift-10")
    driver.results["shift-10"] = [.errored("slow")]
    driver.observations["shift-10"] = [.unreadable("slow"), .done("10")]
    try driver.drive(to: "watch-10")
    let readBack = driver.now
    driver.turn()
    #expect(try driver.record("watch-10").watch?.startedAt == readBack)
  }

  @Test(
    "AR/FL 14: a word names the plan it acts on, a report its attempt; stale ones change nothing")
  func stale() throws {
    let driver = try Driver(Sample.plan())
    #expect(!driver.approve("ann", ["manager"], plan: Digest(of: Data("yesterday".utf8))))
    #expect(
      !driver.apply(
        .gatesReported(
          step: 0, attempt: 1, reports: [GateReport(gate: "g1", verdict: .passed, reason: "")])))
  }

  @Test(
    "AR/FL 15, T33: no traffic before green was verified, at a first deployment too",
    arguments: [true, false])
  func unready(hasBlue: Bool) throws {
    let driver = try at("verify-green", Sample.plan(hasBlue: hasBlue))
    driver.results["verify-green"] = [.failed("not ready")]
    #expect(try driver.finish() == .failed)
    #expect(!driver.promotion.hasTouchedTraffic && driver.share == 0)
  }

  @Test(
    "AR/FL 20, T9, T30: going back twice is going back once, never raises green's share, and after the end is nothing"
  )
  func twice() throws {
    let driver = try at("watch-50")
    driver.apply(.aborted(by: "ann", reason: ""))
    #expect(!driver.apply(.aborted(by: "ann", reason: "")))
    #expect(!driver.apply(.rollbackAsked(by: "ann", incident: "")))
    var shares: [Int] = [driver.share]
    while !driver.promotion.isFinished {
      driver.turn()
      shares.append(driver.share)
    }
    #expect(zip(shares, shares.dropFirst()).allSatisfy { $0 >= $1 })
    #expect(!driver.apply(.aborted(by: "ann", reason: "")))
    #expect(driver.ids.count { $0 == "rollback-shift-0" } == 1)
  }

  @Test("AR/FL 21: after a restart nothing is told twice")
  func toldOnce() throws {
    let driver = try at("notify")
    driver.apply(
      .stepIntended(
        step: try driver.index("notify"), attempt: 1, deadline: driver.now + .seconds(30)))
    for _ in 0..<3 { driver.apply(.resumed) }
    #expect(try driver.finish() == .success)
    #expect(driver.performed("notify") == 0)
  }

  @Test(
    "AR/FL 22, F8: deviates: what was verified is what serves, and the last copy that works is kept"
  )
  func lastCopy() throws {
    let driver = try at("verify-live")
    driver.results["verify-live"] = [.failed("no")]
    driver.results["rollback-verify"] = Array(repeating: .errored("no"), count: 3)
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.hasGreen && driver.performed("deploy") == 1)
  }

  @Test("AR/FL 23, F22: going back is taken first in every waiting state")
  func waiting() throws {
    let gates = try Driver(Sample.plan())
    gates.verdicts["g1"] = [.waiting(until: .start + .hours(99))]
    while gates.promotion.records[0].status != .waiting(until: .start + .hours(99)) { gates.turn() }
    let paused = try at("watch-10")
    paused.apply(.paused(by: "ann", reason: ""))
    for driver in [
      gates, try at("approve"), try at("confirm-before-traffic", Sample.fullPlan()), paused,
    ] {
      let place = driver.currentID ?? ""
      let before = driver.now
      #expect(driver.apply(.rollbackAsked(by: "ann", incident: "INC")), "\(place)")
      if case .wait = driver.promotion.next(at: driver.now) { Issue.record("\(place) waits") }
      _ = try driver.finish()
      #expect(driver.now - before < .minutes(1) && driver.share == 0, "\(place)")
    }
  }

  @Test(
    "AR/FL 24, G9, M21: deviates: no data is a verdict of its own and does what the plan says, never a pass, never a failure by itself",
    arguments: UndecidedPolicy.allCases)
  func noData(policy: UndecidedPolicy) throws {
    let watch = WatchSpec(every: .seconds(10), patience: .minutes(2), whenUndecided: policy)
    let driver = try at("watch-10", Sample.plan(Sample.spec(watch: watch)))
    driver.looks = Array(repeating: .noData, count: 12)
    try driver.drive { $0.looks.isEmpty }
    #expect(driver.currentID == "watch-10" && driver.promotion.suspension == nil, "patience lasts")
    driver.looks = Array(repeating: .noData, count: 60)
    try driver.drive { $0.promotion.suspension != nil || $0.promotion.isFinished }
    #expect(driver.promotion.status == (policy == .pause ? "paused" : "rolled_back"))
  }

  @Test(
    "AR/FL 25: a closed gate is looked at when it may open, says so once, and runs nothing else again"
  )
  func closedGate() throws {
    let driver = try Driver(Sample.plan())
    driver.verdicts["g1"] = (1...5).map { .waiting(until: .start + .hours($0)) }
    try driver.drive { $0.currentID == "approve" }
    #expect(driver.performed("gate-g1") == 6 && driver.performed("gate-g2") == 1)
    #expect(driver.promotion.remarks.isEmpty && driver.escalations == 0)
  }

  // MARK: Section 3, in brief

  @Test(
    "AR #995, #1774: a bad stable version does not keep a fix out: nothing asks blue before the way forward"
  )
  func badStable() throws {
    #expect(try !Sample.plan(protected: true).steps.contains { $0.action == .verify(.blue, []) })
  }

  @Test("AR #574, #2168: going back by hand does not go through the canary's steps again")
  func undoAtOnce() throws {
    #expect(
      try Sample.rollbackPlan().steps.filter { $0.kind == .shift }.map(\.id.text) == [
        "shift-100", "settle",
      ])
    #expect(try !Sample.rollbackPlan().steps.contains { $0.kind == .watch || $0.kind == .gate })
  }

  @Test("AR #1624: nothing changes a run that is over")
  func over() throws {
    let driver = try at("notify")
    _ = try driver.finish()
    let (before, index) = (driver.promotion, try driver.index("watch-100"))
    let breach = Event.measured(
      step: index, sample: nil, judgement: WatchJudgement(verdict: .breach, reason: ""))
    for event in [
      breach, .resumed, .expired(step: 2),
      .stepReported(step: index, attempt: 1, result: .failed("")),
    ] + driver.events.map(\.event) {
      #expect(!driver.apply(event))
    }
    #expect(driver.promotion == before)
  }

  @Test("FL #453, #616: what has succeeded can still be taken back while blue is kept")
  func afterPromotion() throws { #expect(try Sample.rollbackPlan().release == Sample.old) }

  @Test(
    "FL #634, #30, G13, G19: only content makes another plan: the same release and file give the same digest"
  )
  func content() throws {
    #expect(try Sample.plan().digest == Sample.plan().digest)
    var plan = try Sample.plan()
    plan.release.artifact += "-2"
    #expect(try plan.digest != Sample.plan().digest)
  }

  // MARK: Section 4

  @Test(
    "row T1, T2, T3, G1: green's share follows the steps read back, never ahead of them; nothing after the last step is undecided"
  )
  func shares() throws {
    let driver = try Driver(Sample.plan())
    driver.approve()
    var shares: [Int?] = []
    try driver.drive { driver in
      if shares.last != driver.promotion.greenPercent {
        shares.append(driver.promotion.greenPercent)
      }
      return false
    }
    #expect(shares.compactMap(\.self) == [0, 10, 50, 100])
  }

  @Test(
    "row T15: a write that fails, or is not seen, is not done: asked back, made again, at the end too",
    arguments: ["shift-10", "shift-100", "settle"])
  func notSeen(id: String) throws {
    let driver = try at(StepID(id))
    driver.results[StepID(id)] = [.errored("asked for it, but the plane says otherwise")]
    driver.observations[StepID(id)] = [.undone("otherwise")]
    #expect(try driver.finish() == .success)
    #expect(driver.performed(StepID(id)) == 2)
  }

  @Test("row T21, T22: a person's pause outlasts a timed one")
  func userPause() throws {
    let driver = try at("watch-10")
    driver.turn()
    driver.apply(.paused(by: "ann", reason: ""))
    driver.now = driver.now + .hours(5)
    for _ in 0..<30 { driver.turn() }
    #expect(driver.currentID == "watch-10")
  }

  @Test("row T23, F4, F5: without the person's yes nothing is promoted, however long it is healthy")
  func noYes() throws {
    let driver = try at("confirm-after-rollout", Sample.fullPlan())
    driver.turn()
    driver.now = driver.now + .hours(23)
    // Green is looked at while people are asked.
    while case .measure = driver.promotion.next(at: driver.now) { driver.turn() }
    guard case .wait(let wait) = driver.promotion.next(at: driver.now) else {
      Issue.record("no wait")
      return
    }
    #expect(wait.kind == .confirmation)
  }

  @Test(
    "row T25, F7, F11: a limit that is crossed, a deadline that is missed, a rollback that is asked for: each ends with green at 0"
  )
  func threeWays() throws {
    let (breach, deadline, asked) = (try at("watch-50"), try at("verify-live"), try at("watch-50"))
    breach.looks = [.breach]
    deadline.results["verify-live"] = [.errored("did not end within 10m")]
    asked.apply(.rollbackAsked(by: "ann", incident: "I"))
    for driver in [breach, deadline, asked] {
      #expect(try driver.finish() == .rolledBack)
      #expect(driver.share == 0 && !driver.hasGreen)
    }
  }

  @Test("row F3, F17, G5: what was counted for another run or an earlier watch does not count")
  func reset() throws {
    let driver = try at("watch-50")
    #expect(try driver.record("watch-50").watch == nil)
    #expect(
      try Driver(Sample.plan()).promotion.records.allSatisfy { $0.attempts == 0 && $0.watch == nil }
    )
  }

  @Test(
    "row F6, F15, F16: the order of a whole run: gates, yes, deploy, look, shift and watch in turn, settle, tell once"
  )
  func wholeOrder() throws {
    let driver = try Driver(Sample.plan(Sample.spec(weights: [50, 100])))
    #expect(try driver.finish() == .success)
    let performed = driver.decisions.compactMap {
      if case .perform(let run) = $0 { run.step.id.text } else { nil }
    }
    #expect(
      performed == [
        "gate-g1", "gate-g2", "recheck", "deploy", "verify-green", "shift-50", "shift-100",
        "verify-live", "settle", "record",
        "schedule-blue-removal", "notify",
      ])
  }

  @Test("row F13: deviates: no setting skips verification, watch or evidence")
  func noSkip() throws {
    for plan in [
      try Sample.plan(Sample.spec(gates: [], approval: nil)), try Sample.plan(hasBlue: false),
    ] {
      #expect(plan.steps.contains { $0.action == .verify(.green, []) })
      #expect(plan.steps.contains { $0.kind == .watch })
    }
  }

  @Test(
    "row G3: deviates: a share that no step names never jumps to 100: an unclear read-back makes the same step again"
  )
  func unknownShare() throws {
    let driver = try at("shift-10")
    driver.results["shift-10"] = [.errored("x")]
    driver.observations["shift-10"] = [.unclear("37 %")]
    try driver.drive(to: "watch-10")
    #expect(
      driver.share == 10 && driver.performed("shift-10") == 2 && driver.performed("shift-50") == 0)
  }

  @Test("row R10: taken up in the middle of a watch, the watch goes on and does not begin anew")
  func watchGoesOn() throws {
    let driver = try at("watch-10")
    for _ in 0..<6 { driver.turn() }
    let before = try driver.record("watch-10").watch
    driver.apply(.resumed)
    #expect(try driver.record("watch-10").watch == before)
  }

  // MARK: Section 6

  @Test("6.2: a gate that demands nothing is no gate")
  func noDemand() throws {
    let judge = GateJudge(plan: try Sample.plan(), ledger: Sample.ledger(), surroundings: Surroundings())
    for gate in [GateSpec.reviews([]), .vulnerabilities(limits: [:]), .tests(minimum: 0)] {
      #expect(judge.judge(gate, at: .start)?.verdict == .undecided)
    }
  }

  @Test(
    "6.3, 6.4: the way back is 0 percent, seen, then blue looked at, then green removed; safe when every step is repeated"
  )
  func repeated() throws {
    let driver = try at("watch-50")
    driver.looks = [.breach]
    driver.turn()
    for id in driver.promotion.rollbackSteps.map(\.id) {
      driver.results[id] = [.errored("once more")]
    }
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.share == 0 && !driver.hasGreen)
  }

  @Test("6.6: deviates: an approval is bound to plan, person and role, and serves one run")
  func singleUse() throws {
    let first = try Driver(Sample.plan())
    first.approve()
    var plan = try Sample.plan()
    plan.environment.health.path = "/other"
    let second = try Driver(plan)
    #expect(!second.apply(.approved(first.promotion.approvals[0])))
  }

  @Test("6.8: deadlines are absolute: a restart neither lengthens nor shortens an approval's time")
  func absolute() throws {
    let driver = try at("approve")
    driver.turn()
    guard case .wait(let before) = driver.promotion.next(at: driver.now) else {
      Issue.record("no wait")
      return
    }
    driver.now = driver.now + .hours(5)
    driver.apply(.resumed)
    guard case .wait(let after) = driver.promotion.next(at: driver.now) else {
      Issue.record("no wait")
      return
    }
    #expect(before.until == after.until)
  }

  @Test(
    "6.10: from a breach to the write of 0 percent there is one decision and nothing in between")
  func oneDecision() throws {
    let driver = try at("watch-50")
    driver.looks = [.breach]
    driver.turn()
    driver.turn()
    #expect(driver.share == 0)
    #expect(driver.promotion.causeAt.map { driver.now - $0 } == driver.pace)
  }
}
