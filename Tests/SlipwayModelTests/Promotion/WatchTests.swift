import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: watching")
struct WatchTests {
  private func watching(_ change: (inout WatchSpec) -> Void = { _ in }, automatic: Bool = true) throws -> Driver {
    var watch = WatchSpec(every: .seconds(10), patience: .minutes(2))
    change(&watch)
    let driver = try Driver(
      Sample.plan(Sample.spec(watch: watch, rollback: RollbackSpec(automatic: automatic, drain: nil))))
    try driver.drive(to: "watch-10")
    return driver
  }

  @Test("the clock of a watch starts at its first look, which comes right after the weight was read back")
  func clock() throws {
    let driver = try watching()
    guard case .measure(let run) = driver.promotion.next(at: driver.now) else { Issue.record("no look"); return }
    #expect(run.deadline - driver.now <= .seconds(15))
    let began = driver.now
    try driver.drive(to: "shift-50")
    #expect(driver.now - began == .minutes(1))
    #expect(try driver.record("watch-10").watch?.looks == 7)
  }

  @Test("a source that hangs at every look uses up the patience by the clock, not by the looks")
  func hangingSource() throws {
    let driver = try watching { $0.every = .seconds(2) }
    let began = driver.now
    while driver.promotion.suspension == nil, driver.now - began < .hours(1) {
      switch driver.promotion.next(at: driver.now) {
      case .wait(let wait): driver.now = max(driver.now, wait.until ?? driver.now)
      case .measure(let run):
        driver.now = run.deadline
        driver.apply(.stepReported(step: run.index, attempt: 1, result: .errored("did not end")))
      case let other: Issue.record("\(other)"); return
      }
    }
    #expect(driver.promotion.suspension != nil)
    #expect(driver.now - began <= .minutes(4), "a minute of watch and two of patience, not \(driver.now - began)")
  }

  @Test("only healthy looks end a watch", arguments: [WatchVerdict.undecided, .noData, .error])
  func onlyHealthy(verdict: WatchVerdict) throws {
    var driver = try watching()
    driver.looks = Array(repeating: verdict, count: 100)
    let began = driver.now
    try driver.drive { $0.promotion.suspension != nil || $0.currentID != "watch-10" }
    #expect(driver.promotion.status == "paused")
    #expect(driver.promotion.suspension?.by == "slipway")
    #expect(driver.now - began == .minutes(3))
    driver = try watching { $0.whenUndecided = .rollBack }
    driver.looks = Array(repeating: verdict, count: 100)
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.promotion.cause?.kind == .undecided)
  }

  @Test("D4: a rule's pause stops the run, watching goes on, and a resume begins the watch anew")
  func rulePause() throws {
    let driver = try watching()
    driver.looks = [.healthy, .healthy, .healthy, .pause]
    try driver.drive { $0.promotion.suspension != nil }
    for _ in 0..<40 { driver.turn() }
    #expect(driver.currentID == "watch-10")
    driver.apply(.resumedBy("ann"))
    #expect(try driver.record("watch-10").watch == nil)
    let began = driver.now
    try driver.drive(to: "shift-50")
    #expect(driver.now - began >= .minutes(1))
  }

  @Test("a person's pause does not begin the watch anew, and a breach during it goes back")
  func personPause() throws {
    let driver = try watching()
    driver.turn()
    driver.apply(.paused(by: "ann", reason: "look"))
    for _ in 0..<40 { driver.turn() }
    #expect(driver.currentID == "watch-10")
    let bad = driver.copy()
    driver.apply(.resumedBy("ann"))
    let looks = try driver.record("watch-10").watch?.looks ?? 0
    try driver.drive(to: "shift-50")
    #expect(try driver.record("watch-10").watch?.looks ?? 0 <= looks + 1)
    bad.looks = [.breach]
    #expect(try bad.finish() == .rolledBack)
  }

  @Test("without automatic rollback a breach asks a person")
  func manual() throws {
    let driver = try watching(automatic: false)
    driver.looks = [.breach]
    driver.turn()
    #expect(driver.promotion.status == "paused")
    driver.apply(.rollbackAsked(by: "ann", incident: "INC-2"))
    #expect(try driver.finish() == .rolledBack)
  }

  @Test("paused between a watch and the next shift, the run goes back to watching")
  func keepsWatching() throws {
    let driver = try watching()
    try driver.drive(to: "shift-50")
    driver.apply(.paused(by: "ann", reason: "coffee"))
    #expect(driver.currentID == "watch-10")
    driver.looks = [.healthy, .breach]
    #expect(try driver.finish() == .rolledBack)
  }

  @Test("paused while a shift is uncertain that proves undone, the run goes back to watching and then on")
  func keepsWatchingUndone() throws {
    let driver = try watching()
    driver.results["shift-50"] = [.errored("cut off")]
    try driver.drive { $0.performed("shift-50") == 1 }
    driver.apply(.paused(by: "ann", reason: "coffee"))
    for _ in 0..<10 { driver.turn() }
    #expect(driver.currentID == "watch-10")
    driver.apply(.resumedBy("ann"))
    #expect(try driver.finish() == .success)
  }

  @Test("a watch with a pace longer than itself still lasts only its length")
  func slowPace() throws {
    let driver = try watching { $0.every = .minutes(60) }
    let began = driver.now
    try driver.drive(to: "shift-50")
    #expect(driver.now - began == .minutes(1))
  }

  @Test(
    "a clock set forward ends no watch, and one set back does not hold it",
    arguments: [Span.hours(5), .hours(-5), .hours(90_000), .hours(-90_000)])
  func jumps(jump: Span) throws {
    let driver = try watching()
    driver.turn()
    driver.now = driver.now + jump
    driver.turn()
    #expect(driver.currentID == "watch-10")
    let (jumped, looks) = (driver.now, try driver.record("watch-10").watch?.looks ?? 0)
    try driver.drive(to: "shift-50")
    #expect(driver.now - jumped <= .minutes(1))
    #expect(try driver.record("watch-10").watch?.looks ?? 0 >= looks + 4)
  }

  @Test("a look that hangs counts as one without an answer")
  func hangs() throws {
    let driver = try watching()
    let index = try driver.index("watch-10")
    for _ in 0..<60 where driver.promotion.suspension == nil {
      driver.now = driver.now + .seconds(15)
      driver.apply(.stepReported(step: index, attempt: 1, result: .errored("did not end")))
    }
    #expect(driver.promotion.status == "paused")
    #expect(try driver.record("watch-10").watch?.last.verdict == .error)
  }

  @Test("a journal entry cannot end a watch without a look")
  func noShortCut() throws {
    let driver = try watching()
    let index = try driver.index("watch-10")
    let before = driver.promotion
    driver.apply(.stepIntended(step: index, attempt: 1, deadline: driver.now))
    driver.apply(.stepReported(step: index, attempt: 1, result: .succeeded("trust me")))
    #expect(driver.promotion == before)
  }
}
