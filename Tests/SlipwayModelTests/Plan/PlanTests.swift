import Foundation
import SlipwayModel
import Testing

@Suite("Plan")
struct PlanTests {
  @Test("B4: the order of steps is fixed, manual steps stand in their places")
  func order() throws {
    #expect(
      try Sample.fullPlan().steps.map(\.id.text) == [
        "gate-g1", "gate-g2", "approve", "confirm-before-deploy", "recheck", "deploy", "verify-green",
        "confirm-before-traffic", "shift-10", "watch-10", "shift-50", "watch-50", "shift-100", "watch-100",
        "confirm-after-rollout", "verify-live", "settle", "record", "schedule-blue-removal", "notify",
      ])
  }

  @Test("B7: [100] alone is blue-green: one shift, one watch")
  func blueGreen() throws {
    let plan = try Sample.plan(Sample.spec(weights: [100]))
    let moves = plan.steps.filter { $0.kind == .shift || $0.kind == .watch }
    #expect(
      moves.map(\.action) == [
        .shift(percent: 100, settles: false), .watch(percent: 100, duration: .minutes(1)),
        .shift(percent: 100, settles: true),
      ])
    #expect(plan.split(percent: 100, settles: false) == Split(green: .b, percent: 100, blue: .a))
    #expect(plan.split(percent: 100, settles: true).fallback == .b)
    #expect(plan.split(percent: 0, settles: false) == Split(green: .b, percent: 0, blue: .a))
  }

  @Test("every effect has an undo and every step a finite number of tries on the way forward")
  func undo() throws {
    for step in try Sample.fullPlan().steps {
      #expect(step.retry.attempts != nil, "\(step.id)")
      #expect(step.timeout > .zero, "\(step.id)")
      if case .shift = step.action { #expect(step.undo == .trafficToBlue) }
      if case .deploy = step.action { #expect(step.undo == .destroyGreen) }
    }
  }

  @Test(
    "E17: a protected environment gets the freeze gate, and the rollback gate where there is a blue, unasked and once")
  func protected() throws {
    let plan = try Sample.plan(protected: true)
    #expect(plan.gates == [Sample.gate("g1"), Sample.gate("g2"), .noFreeze, .rollbackTarget])
    #expect(try Sample.plan(hasBlue: false, protected: true).gates.last == .noFreeze)
    let named = try Sample.plan(Sample.spec(gates: [.rollbackTarget, .noFreeze]), protected: true)
    #expect(named.gates == [.rollbackTarget, .noFreeze])
    #expect(try Sample.plan().gates.count == 2)
  }

  @Test(
    "gates are looked at again wherever people or a gate may make the run wait, with time enough for their commands")
  func recheck() throws {
    let slow = GateSpec.command(name: "e2e", run: "e2e", timeout: .hours(1))
    func recheck(_ gates: [GateSpec], _ approval: ApprovalSpec?) throws -> Step? {
      try Sample.plan(Sample.spec(gates: gates, approval: approval)).steps.first { $0.id == "recheck" }
    }
    #expect(try recheck([slow], nil) == nil)
    #expect(try recheck([], Sample.approval) == nil)
    #expect(try recheck([slow], Sample.approval)?.timeout == .hours(1))
    #expect(try recheck([.tests(minimum: 1)], Sample.approval)?.timeout == .minutes(5))
    for gate in [GateSpec.noFreeze, .window("office"), .soak(in: "staging", atLeast: .hours(1))] {
      #expect(try recheck([gate, slow], nil)?.action == .recheck([gate, slow]))
    }
  }

  @Test("F3: equal plans have equal digests, also after encoding and decoding")
  func stable() throws {
    let plan = try Sample.fullPlan()
    let copy = try CanonicalJSON.decode(Plan.self, from: CanonicalJSON.encode(plan))
    #expect(copy == plan)
    #expect(try copy.digest == plan.digest)
    #expect(try Sample.fullPlan().digest == plan.digest)
  }

  static let changes: [(name: String, change: @Sendable (inout Plan) -> Void)] = [
    ("release", { $0.release.id = "9" }), ("artifact", { $0.release.artifact = "x" }),
    ("artifact digest", { $0.release.digest = Digest(of: Data("x".utf8)) }), ("commit", { $0.release.commit = "c" }),
    ("configuration", { $0.environment.health.path = "/" }),
    ("deploy command", { $0.environment.deploy = .commands(CommandsSpec(run: "x", addressA: "a:1", addressB: "b:1")) }),
    ("order", { $0.steps.swapAt(0, 1) }), ("step left out", { $0.steps.removeLast() }),
    ("timeout", { $0.steps[0].timeout = .hours(9) }), ("blue", { $0.blue?.run = "x" }), ("no blue", { $0.blue = nil }),
    ("slot", { $0.green = .a }), ("window", { $0.windows["office"] = Window(zone: "UTC", ranges: []) }),
    ("roles", { $0.roles["manager"] = ["eve"] }), ("rules", { $0.watch.minimumRequests += 1 }),
    ("rollback", { $0.rollback.automatic = false }), ("target", { $0.to = "elsewhere" }),
    ("incident", { $0.incident = "I" }),
    ("operation", { $0.operation = .rollback }), ("project", { $0.project = "x" }),
  ]

  @Test("F3: any change gives another digest", arguments: changes.map(\.name))
  func sensitive(name: String) throws {
    let plan = try Sample.plan()
    var other = plan
    try #require(Self.changes.first { $0.name == name }).change(&other)
    #expect(try other.digest != plan.digest)
  }

  @Test("what cannot be planned is refused with a reason and a way out")
  func errors() {
    func code(_ ledger: Ledger, _ release: ReleaseID, _ target: EnvironmentName) -> PlanError.Code? {
      do throws(PlanError) {
        _ = try Planner(pipeline: Sample.pipeline(), ledger: ledger).promotion(of: release, to: target)
        return nil
      } catch {
        #expect(!error.message.isEmpty)
        return error.code
      }
    }
    var ledger = Sample.ledger()
    #expect(code(ledger, "9.9", "production") == .unknownRelease)
    #expect(code(ledger, "1.1", "moon") == .unknownEnvironment)
    #expect(code(ledger, "1.0", "production") == .alreadyLive)
    #expect(code(ledger, "1.1", "production") == nil)
    ledger.apply(.releaseQuarantined("1.1", reason: "CVE"), at: .start)
    #expect(code(ledger, "1.1", "production") == .quarantined)
    var pipeline = Sample.pipeline()
    pipeline.promotions = []
    #expect(throws: PlanError.self) {
      try Planner(pipeline: pipeline, ledger: ledger).promotion(of: "1.2", to: "production")
    }
  }

  @Test("D5: a rollback by hand goes to the release before, or to a named one, never to the one that serves")
  func rollback() throws {
    var ledger = Sample.ledger()
    func rollback(_ id: ReleaseID?) throws -> Plan {
      try Planner(pipeline: Sample.pipeline(), ledger: ledger).rollback(of: "production", to: id, incident: "INC-1")
    }
    #expect(throws: PlanError(.noTarget, "'production' has served only 1.0; name a release with --to")) {
      try rollback(nil)
    }
    #expect(throws: PlanError.self) { try rollback("1.0") }
    #expect(throws: PlanError.self) { try rollback("9.9") }
    #expect(try rollback("1.2").release.id == "1.2")
    ledger.apply(
      .environmentServes("production", Placement(slot: .b, release: Sample.new, run: "r", since: .start)), at: .start)
    let plan = try rollback(nil)
    #expect(plan.release == Sample.old && plan.green == .a && plan.blue?.release == Sample.new)
    #expect(throws: PlanError.self) {
      try Planner(pipeline: Sample.pipeline(), ledger: Ledger()).rollback(of: "production", to: nil, incident: "I")
    }
  }

  @Test(
    "C7: a release that was taken back after it was recorded no longer serves in the ledger, and blue's removal is void"
  )
  func takenBackAfterRecord() {
    var ledger = Sample.ledger()
    let green = Placement(slot: .b, release: Sample.new, run: "r", since: .start)
    ledger.apply(.environmentServes("production", green), at: .start)
    #expect(ledger.environments["production"]?.previous == Sample.blue)
    ledger.apply(.environmentRolledBack("production", failed: green), at: .start + .hours(1))
    let state = ledger.environments["production"]
    #expect(state?.live == Sample.blue)
    #expect(state?.previous == nil)
    #expect(state?.verified(Sample.new) == nil)
    #expect(state?.currentStay(of: Sample.old, at: .start + .hours(2))?.span == .hours(1))
    ledger = Sample.ledger()
    ledger.apply(.environmentRolledBack("production", failed: green), at: .start)
    #expect(ledger.environments["production"]?.live == Sample.blue)
    #expect(ledger.environments["production"]?.currentStay(of: Sample.old, at: .start)?.span == .hours(100))
  }
}
