import SlipwayModel
import Testing

@Suite("Promotion: data")
struct DataTests {
  private static func driver(_ migration: MigrationSpec, weights: [Int] = [10, 100]) throws -> Driver {
    try Driver(Sample.plan(Sample.spec(gates: [], approval: nil, weights: weights, migration: migration)))
  }

  @Test("C3, C4: the data are copied before anything changes, and migrated before green is looked at")
  func order() throws {
    let ids = try Self.driver(.restorable).ids
    #expect(Array(ids.prefix(4)) == ["backup", "deploy", "migrate", "verify-green"])
    let without = try Driver(Sample.plan()).ids
    #expect(!without.contains("backup") && !without.contains("migrate"))
  }

  @Test(
    "C7: the way back follows what was done",
    arguments: [
      (MigrationSpec.compatible, StepID("verify-green"), ["rollback-record", "rollback-destroy-green"]),
      (.compatible, "watch-10", ["rollback-shift-0", "rollback-verify", "rollback-record", "rollback-destroy-green"]),
      (.restorable, "deploy", ["rollback-record", "rollback-destroy-green"]),
      (
        .restorable, "verify-green",
        ["rollback-restore", "rollback-verify", "rollback-record", "rollback-destroy-green"]
      ),
      (
        .restorable, "watch-10",
        ["rollback-shift-0", "rollback-restore", "rollback-verify", "rollback-record", "rollback-destroy-green"]
      ),
      (
        .irreversible, "watch-10", ["rollback-shift-0", "rollback-verify", "rollback-record", "rollback-destroy-green"]
      ),
    ])
  func tree(migration: MigrationSpec, place: StepID, way: [String]) throws {
    let driver = try Self.driver(migration)
    try driver.drive(to: place)
    driver.turn()
    driver.apply(.aborted(by: "ann", reason: "no"))
    #expect(Array(driver.ids.dropFirst(driver.promotion.forwardCount)) == way + ["rollback-notify"])
    #expect(try driver.finish() == .aborted)
    #expect(driver.isMigrated == (migration != .restorable && place != "deploy"))
    #expect(driver.share == 0)
  }

  @Test("C7: a restore waits until blue is read back at 100 %, and is not made twice while nobody can be asked")
  func restoreAfterTraffic() throws {
    let driver = try Self.driver(.restorable)
    try driver.drive(to: "watch-10")
    driver.results["rollback-shift-0"] = [.errored("down"), .errored("down")]
    driver.results["rollback-restore"] = [.errored("no answer")]
    driver.observations["rollback-restore"] = [.unreadable("no answer"), .done("restored")]
    driver.looks = [.breach]
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.performed("rollback-shift-0") == 3)
    #expect(driver.performed("rollback-restore") == 1)
  }

  @Test("C7: blue without its data is no rollback: the run fails, people are told, green is kept")
  func restoreFails() throws {
    let driver = try Self.driver(.restorable)
    try driver.drive(to: "watch-10")
    driver.results["rollback-restore"] = [.failed("the snapshot is damaged")]
    driver.looks = [.breach]
    #expect(try driver.finish() == .failed)
    #expect(driver.share == 0 && driver.hasGreen && driver.escalations == 1)
    #expect(try driver.record("rollback-destroy-green").status == .skipped)
  }

  @Test(
    "C7: what cannot be taken back freezes in place, whatever went wrong, and only a person turns it round",
    arguments: ["migrate", "verify-green", "shift-10", "verify-live"] as [StepID])
  func frozen(step: StepID) throws {
    let driver = try Self.driver(.irreversible)
    driver.results[step] = [.failed("trouble")]
    try driver.drive()
    #expect(driver.promotion.status == "paused")
    #expect(driver.promotion.suspension?.reason.contains("cannot be taken back") == true)
    let patient = driver.copy()
    patient.apply(.resumedBy("ann"))
    #expect(try patient.finish() == .success, "once mended, it goes on from there")
    driver.apply(.rollbackAsked(by: "ann", incident: "INC-1"))
    let outcome = try driver.finish()
    #expect(outcome == (driver.promotion.hasTouchedTraffic ? .rolledBack : .failed))
    #expect(driver.share == 0 && driver.performed("rollback-restore") == 0)
  }

  @Test(
    "C7: a breach after an irreversible migration stops the run where it is", arguments: [WatchVerdict.breach, .noData])
  func frozenWatch(verdict: WatchVerdict) throws {
    let driver = try Driver(
      Sample.plan(
        Sample.spec(
          gates: [], approval: nil,
          watch: WatchSpec(every: .seconds(20), patience: .minutes(1), whenUndecided: .rollBack),
          migration: .irreversible)))
    try driver.drive(to: "watch-10")
    driver.looks = Array(repeating: verdict, count: 60)
    try driver.drive { $0.promotion.suspension != nil }
    #expect(driver.promotion.status == "paused" && driver.share == 10)
    driver.looks = []
    driver.apply(.resumedBy("ann"))
    #expect(try driver.finish() == .success)
  }

  @Test("F1: a migration that was cut off is asked about before it is done again")
  func interrupted() throws {
    for (seen, times) in [(Observation.done("there"), 1), (.undone("not there"), 2), (.unclear("half"), 2)] {
      let driver = try Self.driver(.restorable)
      try driver.drive(to: "migrate")
      let index = try driver.index("migrate")
      guard case .perform(let run) = driver.promotion.next(at: driver.now) else {
        Issue.record("the migration is not next")
        return
      }
      driver.apply(.stepIntended(step: index, attempt: run.attempt, deadline: run.deadline))
      driver.apply(.resumed)
      driver.observations["migrate"] = [seen]
      #expect(try driver.finish() == .success)
      #expect(try driver.record("migrate").attempts == times)
    }
  }
}
