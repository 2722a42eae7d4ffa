import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: levels of automation")
struct LevelTests {
  private func driver(_ automation: AutomationSpec, migration: MigrationSpec? = nil) throws -> Driver {
    var spec = Sample.spec(gates: [], approval: nil, weights: [10, 100], migration: migration)
    spec.automation = automation
    return try Driver(Sample.plan(spec))
  }

  /// Drives until a person is asked about `id`.
  private func ask(_ driver: Driver, _ id: String) throws {
    for _ in 0..<40 {
      try driver.drive { $0.currentID == "confirm-" + id && $0.promotion.confirmationEnds != nil }
      if driver.currentID == "confirm-" + id { return }
      try confirm(driver)
    }
    Issue.record("nobody was ever asked about \(id)")
  }

  private func confirm(_ driver: Driver, by person: Person = "dan") throws {
    let index = try #require(driver.promotion.current)
    if let work = driver.promotion.inHand { driver.happen(work.action) }
    #expect(driver.apply(.confirmed(step: index, by: person, note: "done, looked twice")))
  }

  @Test("C10: an assisted promotion begins nothing before somebody agreed, and who and why is kept", arguments: [1, 2])
  func assisted(times: Int) throws {
    let driver = try driver(AutomationSpec(.assisted))
    var asked: [String] = []
    for _ in 0..<40 where !driver.promotion.isFinished {
      try driver.drive()
      guard let id = driver.currentID, id.hasPrefix("confirm-") else { continue }
      let step = StepID(String(id.dropFirst(8)))
      #expect(driver.performed(step) == 0)
      asked.append(step.text)
      try confirm(driver)
    }
    #expect(driver.promotion.outcome == .success)
    #expect(asked == ["deploy", "verify-green", "shift-10", "shift-100", "verify-live", "settle"])
    let index = try driver.index("shift-10")
    #expect(driver.promotion.confirmation(of: index)?.by == "dan")
    #expect(driver.promotion.confirmation(of: index)?.note == "done, looked twice")
    #expect(driver.promotion.confirmation(of: try driver.index("watch-10")) == nil)
  }

  @Test("C10: a manual step is believed when the world says so")
  func manual() throws {
    let driver = try driver(AutomationSpec(.manual))
    try ask(driver, "shift-10")
    #expect(driver.promotion.inHand?.id == "shift-10")
    try confirm(driver)
    try driver.drive { $0.currentID == "watch-10" }
    #expect(driver.share == 10)
    #expect(try driver.record("shift-10").status == .succeeded)
    #expect(driver.promotion.greenPercent == 10)
  }

  @Test("C10: what was confirmed and is not so is asked again, with what was found", arguments: ["shift-10", "deploy"])
  func notSo(id: String) throws {
    let driver = try driver(AutomationSpec(.manual))
    driver.results[StepID(id)] = [.failed("read back: it is 0"), .failed("read back: it is 0")]
    try ask(driver, id)
    let index = try driver.index(StepID("confirm-" + id))
    for _ in 0..<2 {
      driver.apply(.confirmed(step: index, by: "dan", note: "done"))
      try driver.drive { $0.currentID == "confirm-" + id && $0.promotion.confirmationEnds != nil }
      #expect(driver.currentID == "confirm-" + id)
      guard case .wait(let wait) = driver.promotion.next(at: driver.now) else {
        Issue.record("nobody is asked")
        return
      }
      #expect(wait.kind == .confirmation && wait.reason.contains("dan confirmed it, but read back: it is 0"))
      #expect(driver.promotion.cause == nil)
    }
    #expect(try driver.finish() == .success)
  }

  @Test("C10: a look that fails for good asks again; nothing turns around and nothing is guessed")
  func unreadable() throws {
    let driver = try driver(AutomationSpec(.manual))
    try ask(driver, "shift-10")
    driver.results["shift-10"] = [.errored("no answer")]
    driver.observations["shift-10"] = Array(repeating: .unreadable("no answer"), count: 30)
    try confirm(driver)
    try driver.drive { $0.currentID == "confirm-shift-10" }
    #expect(driver.currentID == "confirm-shift-10")
    #expect(driver.promotion.outcome == nil)
    driver.observations = [:]
    #expect(try driver.finish() == .success)
  }

  @Test("C10: what cannot be asked back counts by the word of who confirmed it, and says so")
  func byWord() throws {
    let driver = try driver(AutomationSpec(.manual))
    try ask(driver, "deploy")
    driver.results["deploy"] = [.errored("cut off")]
    driver.observations["deploy"] = [.unclear("the tool cannot be asked")]
    try confirm(driver)
    try driver.drive { $0.currentID == "confirm-verify-green" }
    #expect(try driver.record("deploy").detail.contains("by the word of who confirmed it"))
  }

  @Test("C10, F1: what a person was asked to do may have happened: an abort takes traffic back, confirmed or not")
  func abortInHand() throws {
    let driver = try driver(AutomationSpec(.manual))
    try ask(driver, "shift-10")
    driver.share = 10
    #expect(driver.promotion.hasTouchedTraffic)
    #expect(driver.promotion.greenPercent == nil)
    driver.apply(.aborted(by: "ann", reason: "stop"))
    #expect(driver.promotion.records.contains { $0.step.id == "rollback-shift-0" })
    #expect(try driver.finish() == .aborted)
    #expect(driver.share == 0)
  }

  @Test("C10: before anything was handed out nothing counts as begun")
  func notBegun() throws {
    let driver = try driver(AutomationSpec(.manual))
    #expect(!driver.promotion.hasBegun)
    try ask(driver, "deploy")
    #expect(driver.promotion.hasBegun)
    #expect(driver.promotion.refusal(of: .rejected(by: "ann", reason: "no")) != nil)
    let asked = try self.driver(AutomationSpec(.assisted))
    try ask(asked, "deploy")
    #expect(!asked.promotion.hasBegun)
  }

  @Test(
    "C10, B8: green is watched while somebody is asked, and a breach goes back without them",
    arguments: [
      AutomationLevel.assisted, .manual,
    ])
  func watchedMeanwhile(level: AutomationLevel) throws {
    let driver = try driver(AutomationSpec(level))
    try ask(driver, "shift-100")
    let looks = try #require(driver.promotion.records[driver.index("watch-10")].watch?.looks)
    for _ in 0..<3 {
      guard case .wait(let wait) = driver.promotion.next(at: driver.now) else { break }
      driver.now = try #require(wait.until)
      driver.turn()
    }
    #expect(try #require(driver.promotion.records[driver.index("watch-10")].watch?.looks) > looks)
    driver.looks = [.noData, .breach]
    for _ in 0..<4 where driver.promotion.cause == nil {
      if case .wait(let wait) = driver.promotion.next(at: driver.now) { driver.now = try #require(wait.until) }
      driver.turn()
    }
    #expect(driver.promotion.cause?.kind == .breach)
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.share == 0)
  }

  @Test("C10: a run that is held takes no confirmation of a step, and what was agreed to before a stop is asked again")
  func held() throws {
    let driver = try driver(AutomationSpec(.assisted))
    try ask(driver, "shift-100")
    let index = try driver.index("confirm-shift-100")
    driver.apply(.held(by: "ann", reason: "lunch"))
    #expect(driver.promotion.refusal(of: .confirmed(step: index, by: "dan", note: "go"))?.contains("resume") == true)
    driver.apply(.resumedBy("ann"))
    #expect(driver.apply(.confirmed(step: index, by: "dan", note: "go")))
    driver.apply(.paused(by: "ann", reason: "wait"))
    #expect(driver.currentID == "confirm-shift-100")
    driver.apply(.resumedBy("ann"))
    try driver.drive()
    #expect(driver.currentID == "confirm-shift-100" && driver.performed("shift-100") == 0)
  }

  @Test("C10: a freeze holds work back before it is handed out, never a look at what was done")
  func freeze() throws {
    var spec = Sample.spec(gates: [.noFreeze], approval: nil, weights: [100])
    spec.automation = AutomationSpec(.manual)
    let driver = try Driver(Sample.plan(spec))
    try driver.drive { $0.currentID == "confirm-deploy" }
    let handOut = driver.promotion.next(at: driver.now)
    guard case .record(let event) = handOut else {
      Issue.record("nobody is asked: \(handOut)")
      return
    }
    #expect(driver.promotion.isStoppedByFreeze(event))
    driver.apply(.frozen(until: driver.now + .hours(1), reason: "the books"))
    #expect(driver.promotion.isFrozen && !driver.promotion.hasBegun)
    driver.now = driver.now + .hours(1)
    driver.apply(.thawed)
    try driver.drive()
    driver.happen(.deploy)
    driver.apply(.confirmed(step: try driver.index("confirm-deploy"), by: "dan", note: "done"))
    guard case .perform(let run) = driver.promotion.next(at: driver.now) else {
      Issue.record("it is not looked at")
      return
    }
    #expect(run.step.id == "deploy" && !driver.promotion.isStoppedByFreeze(run))
  }

  @Test("C10: going back asks nobody", arguments: [AutomationLevel.assisted, .manual])
  func goingBack(level: AutomationLevel) throws {
    let driver = try driver(AutomationSpec(level))
    try driver.drive(to: "watch-10")
    driver.looks = [.breach]
    try driver.drive()
    #expect(driver.promotion.outcome == .rolledBack)
    #expect(
      driver.promotion.records.dropFirst(driver.promotion.forwardCount).allSatisfy { $0.step.level == .automatic })
  }
}
