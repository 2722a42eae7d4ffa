import SlipwayModel
import Testing

/// What a slot still answers when its traffic is gone (traffic-planes, section 4).
@Suite("Promotion: draining")
struct DrainTests {
  private let spec = RollbackSpec(drain: .seconds(20))

  private func ids(_ steps: [Step]) -> [String] { steps.map(\.id.text) }

  @Test("C5: blue is drained once green is on record, and before its removal is put on the calendar")
  func forward() throws {
    let plan = try Sample.plan(Sample.spec(rollback: spec))
    #expect(ids(plan.steps).suffix(4) == ["record", "drain-blue", "schedule-blue-removal", "notify"])
    #expect(plan.steps.first { $0.id == "drain-blue" }?.action == .drain(.blue, patience: .seconds(20)))
    #expect(try !ids(Sample.plan(Sample.spec(rollback: spec), hasBlue: false).steps).contains("drain-blue"))
    #expect(try !ids(Sample.plan(Sample.spec(rollback: RollbackSpec(drain: nil))).steps).contains("drain-blue"))
  }

  @Test("C7: going back drains green after its traffic is off and before anything else is taken back")
  func back() throws {
    let plan = try Sample.plan(Sample.spec(rollback: spec))
    #expect(
      ids(plan.rollbackSteps([.traffic, .green])).prefix(3) == [
        "rollback-shift-0", "rollback-drain-green", "rollback-verify",
      ])
    #expect(!ids(plan.rollbackSteps([.green])).contains("rollback-drain-green"))
    let restores = try Sample.plan(Sample.spec(rollback: spec, migration: .restorable))
    #expect(
      ids(restores.rollbackSteps([.traffic, .green, .migration])).prefix(3) == [
        "rollback-shift-0", "rollback-drain-green", "rollback-restore",
      ])
  }

  @Test("C7: a drain that fails stops neither a promotion nor a rollback")
  func failing() throws {
    let driver = try Driver(Sample.plan(Sample.spec(gates: [], approval: nil, weights: [100], rollback: spec)))
    driver.results["drain-blue"] = [.failed("it hangs")]
    #expect(try driver.finish() == .success)
    #expect(driver.promotion.records.first { $0.step.id == "drain-blue" }?.status == .failed)
  }
}
