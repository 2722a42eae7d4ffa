import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: the way forward")
struct ForwardTests {
  @Test("C5: a healthy canary goes 10, 50, 100 percent, settles, is recorded, and ends with evidence")
  func happy() throws {
    let driver = try Driver(Sample.plan())
    #expect(driver.promotion.status == "requested")
    let outcome = try driver.finish()
    #expect(outcome == .success)
    #expect(driver.share == 100)
    #expect(driver.promotion.greenPercent == 100)
    #expect(driver.promotion.records.allSatisfy { $0.status == .succeeded })
    #expect(driver.promotion.evidenceFolder == "evidence")
    #expect(driver.promotion.cause == nil)
    #expect(
      driver.ids == [
        "gate-g1", "gate-g2", "approve", "recheck", "deploy", "verify-green", "shift-10", "watch-10", "shift-50",
        "watch-50", "shift-100", "watch-100", "verify-live", "settle", "record", "schedule-blue-removal", "notify",
      ])
  }

  @Test("every phase has its word")
  func words() throws {
    let driver = try Driver(Sample.plan())
    var words: [String] = []
    for _ in 0..<200 where !driver.promotion.isFinished {
      if words.last != driver.promotion.status { words.append(driver.promotion.status) }
      if !driver.turn(), driver.promotion.status == "awaiting_approval" { driver.approve() }
    }
    words.append(driver.promotion.status)
    #expect(words == ["requested", "gating", "awaiting_approval", "running", "success"])
  }

  @Test("a first deployment without blue takes all or nothing, and going back means serving nothing")
  func firstDeployment() throws {
    var driver = try Driver(Sample.plan(hasBlue: false))
    #expect(driver.ids.filter { $0.hasPrefix("shift") } == ["shift-100"])
    #expect(!driver.ids.contains("schedule-blue-removal"))
    #expect(try driver.finish() == .success)
    driver = try Driver(Sample.plan(hasBlue: false))
    try driver.drive(to: "watch-100")
    driver.looks = [.breach]
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.share == 0)
    #expect(!driver.ids.contains("rollback-verify"))
    #expect(driver.promotion.plan.split(percent: 0, settles: false) == .none)
  }

  @Test(
    "every confirmation waits for a person, and one that is not given in time goes back",
    arguments: ConfirmSpec.Place.allCases)
  func confirmations(place: ConfirmSpec.Place) throws {
    let id = StepID("confirm-\(place.rawValue)")
    // Approvals that outlast a confirmation: what happens when they do not is another matter.
    let approval = ApprovalSpec(rules: [ApprovalRule(role: "manager")], validFor: .hours(72))
    let driver = try Driver(
      Sample.plan(
        Sample.spec(
          approval: approval,
          confirms: ConfirmSpec.Place.allCases.map { ConfirmSpec(id: $0.rawValue, instructions: "look", place: $0) })))
    try driver.drive(to: id)
    driver.turn()
    let index = try driver.index(id)
    guard case .wait(let wait) = driver.promotion.next(at: driver.now) else { Issue.record("no wait"); return }
    #expect(wait.kind == .confirmation && driver.promotion.confirmationEnds == driver.now + .hours(24))
    #expect(driver.apply(.confirmed(step: index + 1, by: "ann", note: "wrong one")) == false)
    let late = driver.copy()
    late.now = late.now + .hours(25)
    let outcome = try late.finish()
    #expect(outcome == (place == .afterRollout ? .rolledBack : .failed))
    #expect(late.share == 0)
    #expect(try driver.finish() == .success)
    #expect(try driver.record(id).detail == "confirmed by ann: done")
  }

  @Test("an errored step is tried again with growing pauses, asked back in between, and fails after its last attempt")
  func retries() throws {
    let driver = try Driver(Sample.plan())
    try driver.drive(to: "deploy")
    driver.results["deploy"] = Array(repeating: .errored("no answer"), count: 10)
    var pauses: [Span] = []
    while driver.currentID == "deploy" {
      if case .wait(let wait) = driver.promotion.next(at: driver.now), let until = wait.until {
        pauses.append(until - driver.now)
      }
      driver.turn()
    }
    #expect(pauses == [.seconds(1), .seconds(2), .seconds(4)])
    #expect(driver.performed("deploy") == 4)
    #expect(try driver.record("deploy").detail == "no answer (after 4 attempts)")
    #expect(try driver.finish() == .failed)
    #expect(driver.decisions.count { if case .readBack = $0 { true } else { false } } == 3)
  }

  @Test("a verdict is never retried", arguments: [StepResult.failed("no"), .undecided("who knows")])
  func verdicts(result: StepResult) throws {
    let driver = try Driver(Sample.plan())
    driver.results["verify-green"] = [result]
    #expect(try driver.finish() == .failed)
    #expect(driver.performed("verify-green") == 1)
    #expect(!driver.ids.contains("rollback-shift-0"))
    #expect(driver.performed("rollback-destroy-green") == 1)
  }

  @Test("reading back: done is not done again, undone and unclear are done again")
  func readBack() throws {
    for (observation, times) in [(Observation.done("there"), 1), (.undone("gone"), 2), (.unclear("half"), 2)] {
      let driver = try Driver(Sample.plan())
      driver.results["deploy"] = [.errored("cut off")]
      driver.observations["deploy"] = [observation]
      #expect(try driver.finish() == .success)
      #expect(driver.performed("deploy") == times)
    }
  }

  @Test("a world that cannot be asked is asked again, and after the step's time the run goes back")
  func unreadable() throws {
    var driver = try Driver(Sample.plan())
    driver.results["shift-50"] = [.errored("cut off")]
    driver.observations["shift-50"] = Array(repeating: .unreadable("nobody there"), count: 3)
    #expect(try driver.finish() == .success)
    driver = try Driver(Sample.plan())
    driver.results["shift-50"] = [.errored("cut off")]
    driver.observations["shift-50"] = Array(repeating: .unreadable("nobody there"), count: 1_000)
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.performed("shift-50") == 1)
    #expect(driver.share == 0)
  }

  @Test("a report that was lost is an error after the deadline, and the step goes on")
  func lost() throws {
    let driver = try Driver(Sample.plan())
    try driver.drive(to: "verify-green")
    let index = try driver.index("verify-green")
    driver.apply(.stepIntended(step: index, attempt: 1, deadline: driver.now + .minutes(10)))
    guard case .wait(let wait) = driver.promotion.next(at: driver.now) else { Issue.record("no wait"); return }
    #expect(wait.kind == .step)
    driver.now = driver.now + .hours(1)
    #expect(try driver.finish() == .failed)
  }

  @Test("late, doubled and foreign reports change nothing")
  func late() throws {
    let driver = try Driver(Sample.plan())
    try driver.drive(to: "shift-10")
    let (deploy, shift) = (try driver.index("deploy"), try driver.index("shift-10"))
    let before = driver.promotion
    let digest = Digest(of: Data())
    let foreign: [Event] = [
      .requested(driver.request), .stepReported(step: deploy, attempt: 1, result: .failed("late")),
      .stepReported(step: shift, attempt: 1, result: .succeeded("not begun")),
      .stepReported(step: shift, attempt: 0, result: .succeeded("no attempt")),
      .stepIntended(step: deploy, attempt: 2, deadline: driver.now),
      .stepIntended(step: shift, attempt: 2, deadline: driver.now),
      .stepIntended(step: 999, attempt: 1, deadline: driver.now),
      .stepIntended(step: -1, attempt: 1, deadline: driver.now),
      .gatesReported(step: 0, attempt: 1, reports: []), .readBack(step: shift, attempt: 0, observation: .done("no")),
      .readBack(step: deploy, attempt: 1, observation: .undone("no")), .expired(step: 0), .expired(step: shift),
      .confirmed(step: shift, by: "ann", note: ""), .escalated(step: 999, reason: ""),
      .measured(
        step: try driver.index("watch-10"), sample: nil, judgement: WatchJudgement(verdict: .breach, reason: "")),
      .evidenceWritten(folder: "x", manifest: digest), .evidenceFailed(reason: "x", attempt: 1), .resumedBy("ann"),
    ]
    for event in foreign {
      #expect(driver.apply(event) == false, "\(event)")
      #expect(driver.promotion == before, "\(event)")
    }
    driver.apply(.stepIntended(step: shift, attempt: 1, deadline: driver.now))
    #expect(!driver.apply(.stepReported(step: shift, attempt: 2, result: .succeeded("wrong attempt"))))
    #expect(driver.apply(.stepReported(step: shift, attempt: 1, result: .succeeded("right"))))
    #expect(!driver.apply(.stepReported(step: shift, attempt: 1, result: .succeeded("again"))))
  }

  @Test("a message that fails or may have been sent stops nothing and is not sent twice")
  func messages() throws {
    var driver = try Driver(Sample.plan())
    driver.results["notify"] = [.failed("chat is down")]
    #expect(try driver.finish() == .success)
    for observation in [Observation.unclear("?"), .unreadable("?"), .undone("?")] {
      driver = try Driver(Sample.plan())
      try driver.drive(to: "watch-50")
      driver.looks = [.breach]
      try driver.drive(to: "rollback-notify")
      let index = try driver.index("rollback-notify")
      driver.apply(.stepIntended(step: index, attempt: 1, deadline: driver.now + .seconds(30)))
      driver.apply(.resumed)
      driver.observations["rollback-notify"] = [observation]
      #expect(try driver.finish() == .rolledBack)
      #expect(driver.performed("rollback-notify") == 0)
      #expect(try driver.record("rollback-notify").status == .skipped)
    }
  }

  @Test("evidence that cannot be written is tried until it can, its words are kept once, and the end waits for it")
  func evidence() throws {
    let driver = try Driver(Sample.plan())
    driver.evidenceFailures = 20
    #expect(try driver.finish() == .success)
    #expect(driver.promotion.evidenceAttempts == 20)
    #expect(driver.promotion.remarks.count { $0.text.contains("disk full") } == 1)
    #expect(driver.now - .start < .hours(1))
    #expect(driver.escalations == 1, "people are told once")
  }

  @Test("a plan without steps, which no planner makes, ends as failed instead of trapping")
  func empty() throws {
    var plan = try Sample.plan()
    plan.steps = []
    let driver = try Driver(plan)
    #expect(try driver.finish() == .failed)
  }
}
