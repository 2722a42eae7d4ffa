import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: clocks that jump")
struct ClockTests {
  /// A run that waits in many ways: for a gate, in every retry, for people, in watches, for its evidence.
  private func troubled() throws -> Driver {
    let driver = try Driver(Sample.fullPlan())
    driver.verdicts["g1"] = [.waiting(until: .start + .hours(1)), .error]
    for id in ["deploy", "shift-10", "shift-50", "settle"] as [StepID] {
      driver.results[id] = [.errored("no")]
      driver.observations[id] = [.unreadable("no"), .undone("no")]
    }
    driver.evidenceFailures = 2
    return driver
  }

  private func states() throws -> [Driver] {
    let driver = try troubled()
    var states: [Driver] = []
    for _ in 0..<300 where !driver.promotion.isFinished {
      states.append(driver.copy())
      if driver.turn() { continue }
      if driver.promotion.status == "awaiting_approval" { driver.approve() }
      if let index = driver.promotion.current {
        driver.apply(.confirmed(step: index, by: "ann", note: ""))
      }
    }
    #expect(driver.promotion.outcome == .success)
    return states
  }

  @Test(
    "F7: a clock set back by ten years or a second in any state holds nothing: the run succeeds in its usual time",
    arguments: [Span.hours(87_600), .seconds(1)])
  func back(span: Span) throws {
    // Where the gate has not spoken yet, the time that it will name is ten years off by any clock.
    for state in try states() where state.verdicts["g1"]?.count != 2 {
      state.now = state.now - span
      let (place, jumped) = (state.currentID ?? state.promotion.status, state.now)
      #expect(try state.finish() == .success, "\(place)")
      #expect(state.now - jumped < .hours(3), "\(place) took \(state.now - jumped)")
    }
  }

  @Test(
    "F7: a clock set forward by ten years in any state ends every run, with blue at 100 percent unless it succeeds"
  )
  func forward() throws {
    for state in try states() {
      state.now = state.now + .hours(87_600)
      let (place, jumped) = (state.currentID ?? state.promotion.status, state.now)
      let outcome = try state.finish()
      #expect(state.share == (outcome == .success ? 100 : 0), "\(place)")
      #expect(state.now - jumped < .hours(30), "\(place)")
    }
  }

  @Test(
    "a person's time runs anew when the clock by which they were asked was years ahead",
    arguments: ["approve", "confirm-before-traffic"])
  func people(id: String) throws {
    let driver = try Driver(Sample.fullPlan())
    try driver.drive(to: StepID(id))
    driver.now = driver.now + .hours(50_000)
    driver.turn()
    driver.now = driver.now - .hours(50_000)
    let began = driver.now
    driver.turn()
    guard case .wait(let wait) = driver.promotion.next(at: driver.now) else {
      Issue.record("no wait")
      return
    }
    #expect(wait.until == began + .hours(24))
    driver.now = began + .hours(24)
    driver.turn()
    #expect(driver.promotion.status != "awaiting_approval" && driver.currentID != id)
  }

  @Test("a report that was lost is found lost in twice its time, also when the clock was set back")
  func lost() throws {
    let driver = try Driver(Sample.plan())
    try driver.drive(to: "shift-10")
    let index = try driver.index("shift-10")
    driver.apply(.stepIntended(step: index, attempt: 1, deadline: driver.now + .seconds(30)))
    driver.now = driver.now - .hours(9_000)
    guard case .record(.stepReported(_, _, .errored)) = driver.promotion.next(at: driver.now) else {
      Issue.record("it waits for the clock")
      return
    }
  }
}
