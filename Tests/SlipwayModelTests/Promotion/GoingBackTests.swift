import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: going back")
struct GoingBackTests {
  private func broken(_ change: (Driver) -> Void = { _ in }) throws -> Driver {
    let driver = try Driver(Sample.plan())
    try driver.drive(to: "watch-50")
    driver.looks = [.breach]
    change(driver)
    return driver
  }

  @Test(
    "C7: the way back is a function of what was touched",
    arguments: [
      (false, false, [String]()), (false, true, ["rollback-record", "rollback-destroy-green", "rollback-notify"]),
      (
        true, true,
        ["rollback-shift-0", "rollback-verify", "rollback-record", "rollback-destroy-green", "rollback-notify"]
      ),
      (true, false, ["rollback-shift-0", "rollback-verify"]),
    ])
  func table(traffic: Bool, green: Bool, ids: [String]) throws {
    var plan = try Sample.plan()
    var touched: Touched = []
    if traffic { touched.insert(.traffic) }
    if green { touched.insert(.green) }
    #expect(plan.rollbackSteps(touched).map(\.id.text) == ids)
    plan.rollback.keepGreen = true
    #expect(
      plan.rollbackSteps(touched).map(\.id.text)
        == ids.filter { $0 != "rollback-destroy-green" })
    plan.blue = nil
    #expect(
      !plan.rollbackSteps(touched).contains {
        $0.id == "rollback-verify"
      })
  }

  @Test("C7: the way back that is shown is the way back that is gone, in every state")
  func shown() throws {
    for state in try TurningTests.states(Sample.plan()) where state.promotion.outcome == nil {
      let driver = state.copy()
      let shown = driver.promotion.rollbackSteps
      driver.apply(.aborted(by: "ann", reason: ""))
      #expect(driver.promotion.records.dropFirst(driver.promotion.forwardCount).map(\.step) == shown)
    }
  }

  @Test("C5: a breach goes back at once, traffic first")
  func breach() throws {
    let driver = try broken()
    driver.turn()
    #expect(driver.promotion.status == "rolling_back")
    #expect(driver.promotion.cause?.kind == .breach)
    guard case .perform(let run) = driver.promotion.next(at: driver.now) else {
      Issue.record("nothing is done"); return
    }
    #expect(run.step.action == .shift(percent: 0, settles: false))
    #expect(try driver.finish() == .rolledBack)
  }

  @Test("traffic back to blue never gives up, neither for errors nor for verdicts, and people are told once")
  func stubborn() throws {
    let driver = try broken()
    let answers: [StepResult] = [
      .errored("a"), .failed("b"), .undecided("c"), .waiting(until: .start + .hours(9_000), reason: "d"), .errored("e"),
    ]
    driver.results["rollback-shift-0"] = (0..<8).flatMap { _ in answers }
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.performed("rollback-shift-0") == 41)
    #expect(driver.escalations == 1)
    #expect(driver.now - .start < .hours(2))
    #expect(driver.share == 0)
  }

  @Test("going back writes 0 percent even when the plane cannot be asked, or asking hangs")
  func blind() throws {
    var driver = try broken()
    driver.results["rollback-shift-0"] = [.errored("no answer")]
    driver.observations["rollback-shift-0"] = [.unreadable("no answer")]
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.performed("rollback-shift-0") == 2)
    driver = try broken()
    driver.results["rollback-shift-0"] = [.errored("no answer")]
    try driver.drive { if case .readBack? = $0.decisions.last { true } else { $0.performed("rollback-shift-0") == 1 } }
    let index = try driver.index("rollback-shift-0")
    #expect(driver.apply(.stepReported(step: index, attempt: 1, result: .errored("did not end in time"))))
    #expect(try driver.finish() == .rolledBack)
  }

  @Test("an attempt at 0 percent that is due never waits behind a message to people")
  func trafficBeforeTelling() throws {
    let driver = try broken()
    driver.results["rollback-shift-0"] = Array(repeating: .errored("no"), count: 5)
    try driver.drive { $0.performed("rollback-shift-0") == 3 }
    guard case .record(.escalated) = driver.promotion.next(at: driver.now) else {
      Issue.record("nobody is told"); return
    }
    #expect(driver.promotion.next(at: driver.now + .minutes(1)) != driver.promotion.next(at: driver.now))
    if case .record = driver.promotion.next(at: driver.now + .minutes(1)) { Issue.record("the message goes first") }
  }

  @Test("E12: a rollback that cannot be verified tells people once, keeps green, and still ends")
  func unverified() throws {
    let driver = try broken()
    driver.results["rollback-verify"] = Array(repeating: .errored("blue answers 500"), count: 3)
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.performed("rollback-verify") == 3)
    #expect(driver.escalations == 1)
    #expect(driver.hasGreen)
    #expect(driver.performed("rollback-destroy-green") == 0)
    #expect(try driver.record("rollback-destroy-green").status == .skipped)
    #expect(driver.performed("rollback-notify") == 1)
  }

  @Test(
    "other failing steps of going back are told and do not hold the end",
    arguments: ["rollback-record", "rollback-destroy-green", "rollback-notify"])
  func others(id: String) throws {
    let driver = try broken()
    driver.results[StepID(id)] = Array(repeating: .failed("no"), count: 9)
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.escalations == 1)
  }

  @Test("nothing stops a run that goes back, and nobody asks twice")
  func unstoppable() throws {
    let driver = try broken()
    driver.turn()
    for say in Say.allCases { #expect(!driver.apply(say.event(driver)), "\(say)") }
    #expect(try driver.finish() == .rolledBack)
  }

  // MARK: Rollback by hand

  @Test("E13: a rollback by hand deploys, looks, switches, and ends as a success of its own")
  func byHand() throws {
    let driver = try Driver(Sample.rollbackPlan())
    #expect(driver.promotion.plan.green == .a && driver.promotion.plan.release == Sample.old)
    #expect(driver.promotion.plan.incident == "INC-7")
    #expect(try driver.finish() == .success)
    #expect(driver.share == 100)
    #expect(driver.ids == ["deploy", "verify-green", "shift-100", "settle", "record", "verify-live", "notify"])
  }

  @Test("a rollback by hand can be aborted until its traffic moved, at every point, and leaves traffic where it was")
  func byHandAborted() throws {
    for state in try TurningTests.states(Sample.rollbackPlan()) where state.promotion.outcome == nil {
      let driver = state.copy()
      let moved = driver.promotion.hasMovedTraffic
      let place = driver.currentID ?? ""
      #expect(driver.apply(.aborted(by: "ann", reason: "")) == !moved, "\(place)")
      #expect(try driver.finish() == (moved ? .success : .aborted), "\(place)")
      #expect(driver.share == (moved ? 100 : 0), "\(place)")
    }
  }

  @Test("a rollback by hand to a release that is not well does not hold the environment for ever")
  func byHandSick() throws {
    let driver = try Driver(Sample.rollbackPlan())
    driver.results["shift-100"] = Array(repeating: .failed("green is not well"), count: 5)
    try driver.drive { $0.escalations == 1 }
    #expect(driver.apply(.aborted(by: "ann", reason: "the old one is broken too")))
    #expect(try driver.finish() == .aborted)
    #expect(driver.share == 0)
  }

  @Test("a rollback by hand that fails is told")
  func byHandFails() throws {
    let driver = try Driver(Sample.rollbackPlan())
    driver.results["verify-live"] = [.failed("no")]
    #expect(try driver.finish() == .failed)
    #expect(driver.escalations == 1)
    #expect(driver.share == 100, "traffic was moved and stays")
  }
}
