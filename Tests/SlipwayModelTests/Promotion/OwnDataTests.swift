import SlipwayModel
import Testing

@Suite("Promotion: data of green's own")
struct OwnDataTests {
  private static func driver(
    _ greenData: GreenData, writes: LeftWrites = .setAside, keepGreen: Bool = false
  ) throws -> Driver {
    try Driver(
      Sample.plan(
        Sample.spec(
          gates: [], approval: nil, weights: [100],
          rollback: RollbackSpec(keepGreen: keepGreen, writes: writes, drain: nil),
          greenData: greenData)))
  }

  @Test("B4: the order is snapshot, backup, restore as green, deploy, look, switch, watch, finalize")
  func order() throws {
    func steps(_ data: GreenData) throws -> [String] { try Self.driver(data).ids.filter { !$0.hasPrefix("gate-") } }
    let ids = try steps(.source)
    #expect(
      ids == [
        "snapshot", "backup", "restore", "deploy", "verify-green", "shift-100", "watch-100", "verify-live", "settle",
        "record", "schedule-blue-removal", "notify",
      ])
    let copied = try steps(.copy)
    #expect(Array(copied.prefix(3)) == ["backup", "restore", "deploy"])
    #expect(copied.contains("resume-writes") && !copied.contains("snapshot"))
  }

  @Test(
    "C7: the way back follows what was done to green's data",
    arguments: [
      (GreenData.source, StepID("backup"), [String]()),
      (.source, "restore", ["rollback-set-aside", "rollback-notify"]),
      (.copy, "restore", ["rollback-resume-writes", "rollback-set-aside", "rollback-notify"]),
      (
        .source, "verify-green",
        ["rollback-record", "rollback-destroy-green", "rollback-set-aside", "rollback-notify"]
      ),
      (
        .copy, "watch-100",
        [
          "rollback-shift-0", "rollback-resume-writes", "rollback-verify", "rollback-record", "rollback-destroy-green",
          "rollback-set-aside", "rollback-notify",
        ]
      ),
    ])
  func tree(greenData: GreenData, place: StepID, way: [String]) throws {
    let driver = try Self.driver(greenData)
    try driver.drive(to: place)
    driver.turn()
    driver.apply(.aborted(by: "ann", reason: "no"))
    #expect(driver.promotion.rollbackSteps.map(\.id.text) == way)
    #expect(try driver.finish() == .aborted)
  }

  @Test(
    "C7: where the file wants to be asked, a breach stops the run instead of leaving writes behind; a person turns it round"
  )
  func asks() throws {
    let driver = try Self.driver(.source, writes: .ask)
    try driver.drive(to: "watch-100")
    driver.looks = [.breach]
    driver.turn()
    #expect(driver.promotion.status == "paused")
    #expect(driver.promotion.suspension?.reason.contains("since the cutover") == true)
    driver.apply(.rollbackAsked(by: "ann", incident: "INC-1"))
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.deeds.contains(.setAside))
  }

  @Test("C7: before traffic was touched nothing can be lost, and nobody is asked")
  func asksNotTooEarly() throws {
    let driver = try Self.driver(.source, writes: .ask)
    driver.results["verify-green"] = [.failed("a module is missing")]
    #expect(try driver.finish() == .failed)
    #expect(driver.deeds.contains(.setAside))
  }

  @Test("C7: blue that does not take writes again is no rollback, and green's data are kept")
  func resumeFails() throws {
    let plan = try Sample.plan(
      Sample.spec(
        gates: [], approval: nil, weights: [100], rollback: RollbackSpec(writes: .setAside, drain: nil),
        greenData: .copy)
    )
    let ids = plan.rollbackSteps([.traffic, .green, .greenData])
    // It is tried without end, because a blue that cannot write serves nobody.
    #expect(ids.first { $0.id == "rollback-resume-writes" }?.retry.attempts == nil)
  }

  @Test("C7: going back by hand follows what the promotion did about data")
  func byHand() throws {
    func ids(_ data: PlacedData?, one: Bool = false, emptied: Bool = false) throws -> [String] {
      var ledger = Sample.ledger()
      let placement = Placement(slot: .b, release: Sample.new, run: "bad", since: .start, data: data)
      ledger.apply(.environmentServes("production", placement), at: .start)
      if emptied { ledger.apply(.slotEmptied("production", .a), at: .start) }
      var pipeline = Sample.pipeline(Sample.spec(greenData: .copy))
      if one, case .postgres(var spec)? = pipeline.environments[1].data {
        spec.databases = .one("shop")
        pipeline.environments[1].data = .postgres(spec)
      }
      return try Planner(pipeline: pipeline, ledger: ledger).rollback(of: "production", to: nil, incident: "I").steps
        .map(\.id.text)
    }
    let end = ["settle", "record", "verify-live"]
    #expect(try ids(nil) == ["deploy", "verify-green", "shift-100"] + end + ["notify"])
    let restorable = PlacedData(greenData: .shared, migration: .restorable, servedSince: .start)
    #expect(
      try ids(restorable) == ["deploy", "shift-100", "restore", "verify-green"] + end + ["notify"])
    let own = PlacedData(greenData: .copy, migration: nil, servedSince: .start)
    #expect(
      try ids(own) == ["deploy", "verify-green", "shift-100"] + end + ["empty-slot", "set-aside", "notify"])
    #expect(
      try ids(own, one: true) == ["shift-100", "verify-green"] + end + ["empty-slot", "set-aside", "notify"])
    #expect(throws: PlanError.self) { try ids(own, emptied: true) }
  }
}
