import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: a freeze that begins under it")
struct FreezeUnderWayTests {
  private func driver(_ steps: [Int] = [10, 100]) throws -> Driver {
    try Driver(Sample.plan(Sample.spec(gates: [.noFreeze], weights: steps)))
  }

  private func frozen(_ driver: Driver, _ span: Span = .hours(2)) -> Event {
    .frozen(until: driver.now + span, reason: "frozen by 'year-end'")
  }

  @Test("E6: it stops the run before the next step of traffic, green is watched on, and it goes on by itself")
  func stops() throws {
    let driver = try driver()
    try driver.drive(to: "shift-100")
    guard case .perform(let next) = driver.promotion.next(at: driver.now) else {
      Issue.record("no shift is due")
      return
    }
    #expect(driver.promotion.isStoppedByFreeze(next))
    let end = driver.now + .hours(2)
    #expect(driver.apply(frozen(driver)))
    #expect(driver.promotion.status == "held")
    #expect(driver.promotion.isFrozen)
    let looks = driver.decisions.count { if case .measure = $0 { true } else { false } }
    try driver.drive { $0.now >= end }
    #expect(
      driver.decisions.count { if case .measure = $0 { true } else { false } } > looks + 100, "nobody watched green")
    #expect(driver.share == 10)
    #expect(try driver.finish() == .success)
  }

  @Test("E6: a breach under a freeze goes back at once, and nothing of going back is stopped")
  func breach() throws {
    let driver = try driver()
    try driver.drive(to: "shift-100")
    driver.apply(frozen(driver))
    driver.looks = [.breach]
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.share == 0)
    #expect(driver.now < .start + .hours(2))
  }

  @Test(
    "E6, E17: nobody lets it go on while the freeze lasts, but it can be aborted; a person's hold outlasts the freeze")
  func people() throws {
    let driver = try driver()
    try driver.drive(to: "deploy")
    driver.apply(frozen(driver))
    #expect(try #require(driver.promotion.refusal(of: .resumedBy("ann"))).contains("freeze"))
    let held = driver.copy()
    #expect(held.apply(.held(by: "ann", reason: "wait for me")))
    #expect(!held.promotion.isFrozen)
    held.now = held.now + .hours(3)
    #expect(held.promotion.status == "held")
    #expect(held.apply(.resumedBy("ann")))
    #expect(driver.apply(.aborted(by: "ann", reason: "no")))
    #expect(try driver.finish() == .aborted)
  }

  @Test("E6: never in the middle of a change, at gates, or once green has everything")
  func places() throws {
    let driver = try driver()
    #expect(!driver.apply(frozen(driver)), "gates wait by themselves")
    try driver.drive(to: "settle")
    guard case .perform(let settle) = driver.promotion.next(at: driver.now) else {
      Issue.record("no settling is due")
      return
    }
    #expect(!driver.promotion.isStoppedByFreeze(settle))
    #expect(!driver.apply(frozen(driver)))
  }

  @Test("E6: a plan without the gate, and a rollback by hand, are not stopped")
  func without() throws {
    let free = try Driver(Sample.plan())
    try free.drive(to: "deploy")
    guard case .perform(let next) = free.promotion.next(at: free.now) else {
      Issue.record("no deployment is due")
      return
    }
    #expect(!free.promotion.isStoppedByFreeze(next))
    let back = try Driver(Sample.rollbackPlan())
    #expect(!back.apply(frozen(back)))
  }
}
