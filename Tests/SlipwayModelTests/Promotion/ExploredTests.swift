import Foundation
import SlipwayModel
import Testing

/// What the walk through every state found, one case each.
@Suite("Promotion: found by exploration")
struct ExploredTests {
  @Test("a word after the clock was set back does not make the run wait until the clock has caught up")
  func wordAfterJump() throws {
    let driver = try Driver(Sample.plan())
    driver.results["deploy"] = [.errored("no")]
    try driver.drive(to: "deploy")
    try driver.drive { if case .uncertain = try $0.record("deploy").status { true } else { false } }
    driver.now = driver.now - .hours(2_400)
    driver.apply(.held(by: "ann", reason: "look"))
    driver.apply(.resumedBy("ann"))
    let resumed = driver.now
    #expect(try driver.finish() == .success)
    #expect(driver.now - resumed < .hours(1))
  }

  @Test("gates that wait side by side are all looked at at once after the clock was set back")
  func gatesAfterJump() throws {
    let driver = try Driver(Sample.plan())
    driver.verdicts = ["g1": [.waiting(until: .start + .hours(1))], "g2": [.waiting(until: .start + .hours(1))]]
    try driver.drive { $0.promotion.records.prefix(2).allSatisfy { $0.reports.count == 1 } }
    driver.now = driver.now - .hours(2_400)
    let jumped = driver.now
    try driver.drive(to: "approve")
    #expect(driver.now - jumped < .minutes(1))
  }

  @Test("a gate whose time has come is not begun while another one is being judged")
  func oneGateAtATime() throws {
    let driver = try Driver(Sample.plan())
    driver.verdicts["g1"] = [.waiting(until: .start + .minutes(1))]
    try driver.drive { try $0.record("gate-g1").reports.count == 1 }
    let second = try driver.index("gate-g2")
    driver.apply(.stepIntended(step: second, attempt: 1, deadline: driver.now + .hours(1)))
    driver.now = driver.now + .minutes(2)
    guard case .wait(let wait) = driver.promotion.next(at: driver.now) else {
      Issue.record("another gate is begun: \(driver.promotion.next(at: driver.now))")
      return
    }
    #expect(wait.kind == .step)
  }

  @Test("a run held on a first shift that nobody could find out about asks again before it stands still")
  func heldOnUnknownShare() throws {
    let driver = try Driver(Sample.plan())
    driver.results["shift-10"] = [.errored("lost")]
    driver.observations["shift-10"] = [.unclear("in between")]
    try driver.drive(to: "shift-10")
    try driver.drive { driver in
      let record = try driver.record("shift-10")
      return record.attempts == 1 && record.status == .pending
    }
    // The write had got through all the same.
    driver.happen(.shift(percent: 10, settles: false))
    driver.apply(.held(by: "ann", reason: "look"))
    try driver.drive { $0.currentID == "watch-10" }
    #expect(try driver.record("shift-10").status == .succeeded)
    #expect(driver.promotion.suspension != nil)
    #expect(driver.performed("shift-10") == 1)
  }
}
