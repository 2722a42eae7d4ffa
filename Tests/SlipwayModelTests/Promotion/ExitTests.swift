import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: exit gates")
struct ExitTests {
  private static let alert = ExitGate(
    id: "alert", deed: .command(run: "fire", environment: [:], timeout: .seconds(20)))
  private static let stage = ExitGate(
    id: "stage",
    deed: .sql(
      SQLExit(database: SecretText("postgresql://h/d"), update: SQLTemplate("UPDATE s SET v = ${release}"))))
  private static let handoff = ExitGate(id: "handoff", deed: .handoff(path: "handoff.md"))

  private func driver(_ exits: [ExitGate]) throws -> Driver {
    var spec = Sample.spec(gates: [], approval: nil, weights: [100])
    spec.exits = exits
    return try Driver(Sample.plan(spec))
  }

  @Test("C9: exit gates come last, after the version record and before people are told")
  func order() throws {
    let driver = try driver([Self.alert, Self.stage, Self.handoff])
    #expect(
      driver.ids.suffix(6) == ["record", "schedule-blue-removal", "exit-alert", "exit-stage", "exit-handoff", "notify"])
    #expect(try driver.finish() == .success)
    #expect(try driver.record("exit-stage").step.kind == .record)
    #expect(
      try driver.promotion.records.allSatisfy { $0.status == .succeeded } && driver.record("exit-alert").attempts == 1)
  }

  @Test("C9: one that fails takes nothing back; people are told, nothing is noted after it, and the handoff is written")
  func failing() throws {
    let driver = try driver([Self.alert, Self.stage, Self.handoff])
    driver.results["exit-alert"] = Array(repeating: .errored("no alert was seen"), count: 10)
    #expect(try driver.finish() == .success)
    #expect(driver.share == 100 && driver.promotion.cause == nil)
    #expect(driver.performed("exit-alert") == 4)
    #expect(try driver.record("exit-alert").status == .failed)
    #expect(try driver.record("exit-stage").status == .skipped && driver.performed("exit-stage") == 0)
    #expect(try driver.record("exit-handoff").status == .succeeded)
    #expect(driver.escalations == 1)
  }

  @Test("C8: one that is not blocking keeps nothing back")
  func notBlocking() throws {
    var alert = Self.alert
    alert.isBlocking = false
    let driver = try driver([alert, Self.stage, Self.handoff])
    driver.results["exit-alert"] = [.failed("no alert was seen")]
    #expect(try driver.finish() == .success)
    #expect(try driver.record("exit-alert").status == .failed && driver.record("exit-stage").status == .succeeded)
  }

  @Test("C9, F1: one that was cut off is passed again")
  func cutOff() throws {
    let driver = try driver([Self.stage])
    try driver.drive(to: "exit-stage")
    let index = try driver.index("exit-stage")
    driver.apply(.stepIntended(step: index, attempt: 1, deadline: driver.now + .minutes(1)))
    driver.apply(.resumed)
    #expect(try driver.finish() == .success)
    #expect(try driver.record("exit-stage").attempts == 2)
  }

  @Test("C9: a rollback by a person is still taken while exit gates are passed")
  func goingBack() throws {
    let driver = try driver([Self.alert])
    try driver.drive(to: "exit-alert")
    driver.apply(.rollbackAsked(by: "ann", incident: "INC-1"))
    #expect(try driver.finish() == .rolledBack)
    #expect(driver.share == 0)
  }

  @Test("C11: every step of every plan has its criterion")
  func criteria() throws {
    let driver = try driver([Self.alert, Self.stage, Self.handoff])
    for record in driver.promotion.records {
      #expect(record.step.criterion(in: driver.promotion.plan).count > 10, "\(record.step.id)")
    }
    #expect(try driver.record("exit-stage").step.criterion(in: driver.promotion.plan) == "exactly 1 row changed")
  }
}
