import Foundation
import SlipwayModel
import Testing

@Suite("Plan: ways around a rule")
struct ExceptionTests {
  private static let agreement = ExceptionSpec.Agreement(
    rules: [ApprovalRule(role: "lead")], expires: .hours(1), review: .hours(72))

  private static let gates: [GateSpec] = [
    .verified(in: "staging"), .soak(in: "staging", atLeast: .hours(1)), .tests(minimum: 1), .window("office"),
    .noFreeze,
  ]

  private func planner(
    _ exceptions: ExceptionSpec, notify: [NotifySpec] = [NotifySpec(run: "./page.sh")],
    _ events: [LedgerEvent] = []
  ) -> Planner {
    var spec = Sample.spec(gates: Self.gates)
    spec.exceptions = exceptions
    var pipeline = Sample.pipeline(spec)
    pipeline.notify = notify
    var ledger = Sample.ledger()
    for event in events { ledger.apply(event, at: .start) }
    return Planner(pipeline: pipeline, ledger: ledger)
  }

  private func plan(_ exception: PromotionException, _ exceptions: ExceptionSpec) throws -> Plan {
    try planner(exceptions).promotion(of: "1.1", to: "production", asking: PromotionAsk(exception: exception))
  }

  @Test("E7: an emergency sets window and freeze aside, its own people agree, and those on call are told first")
  func emergency() throws {
    let plan = try plan(.emergency(incident: "INC-7"), ExceptionSpec(emergency: Self.agreement))
    #expect(plan.waived == ["window-office", "no-freeze"])
    #expect(plan.gates.map(\.name) == ["verified-in-staging", "soak-in-staging", "tests"])
    #expect(plan.approval?.rules == Self.agreement.rules)
    #expect(plan.approval?.expires == .hours(1))
    #expect(plan.review == .hours(72))
    let ids = plan.steps.map(\.id)
    let alert = try #require(ids.firstIndex(of: "alert"))
    #expect(alert < (try #require(ids.firstIndex(of: "approve"))))
  }

  @Test("E7: an emergency without those on call being told goes nowhere")
  func nobodyOnCall() throws {
    let exceptions = ExceptionSpec(emergency: Self.agreement)
    #expect(throws: PlanError.self) {
      try planner(exceptions, notify: []).promotion(
        of: "1.1", to: "production", asking: PromotionAsk(exception: .emergency(incident: "INC-7")))
    }
    let driver = try Driver(try plan(.emergency(incident: "INC-7"), exceptions))
    driver.results["alert"] = Array(repeating: .failed("nobody answers"), count: 4)
    #expect(try driver.finish() == .blocked)
    #expect(!driver.promotion.hasBegun)
  }

  @Test("E7: a freeze exception sets only the freeze aside, and more people agree, not others")
  func freeze() throws {
    let plan = try plan(.freeze(reason: "the bank asks"), ExceptionSpec(freeze: Self.agreement))
    #expect(plan.waived == ["no-freeze"])
    #expect(plan.approval?.rules == [ApprovalRule(role: "manager"), ApprovalRule(role: "lead")])
  }

  @Test("D8: a hotfix skips the stay in staging, and nothing else")
  func hotfix() throws {
    let two = ExceptionSpec.Agreement(rules: [ApprovalRule(role: "manager", count: 2)])
    let plan = try plan(.hotfix(reason: "payments fail"), ExceptionSpec(hotfix: two))
    #expect(plan.waived == ["verified-in-staging", "soak-in-staging"])
    #expect(plan.gates.map(\.name) == ["tests", "window-office", "no-freeze"])
    let driver = try Driver(plan)
    try driver.drive()
    #expect(driver.approve("ann"))
    try driver.drive()
    #expect(driver.promotion.status == "awaiting_approval", "one person is not two")
    #expect(driver.approve("bob"))
    #expect(try driver.finish() == .success)
  }

  @Test("E17: break-glass sets aside what it names, never what proves where the release was, when, or the way back")
  func breakGlass() throws {
    let exceptions = ExceptionSpec(breakGlass: .init(roles: ["lead"], agreement: Self.agreement))
    let plan = try plan(.breakGlass(gates: ["tests"], reason: "the runner is down"), exceptions)
    #expect(plan.waived == ["tests"])
    #expect(plan.approval?.rules == [ApprovalRule(role: "manager"), ApprovalRule(role: "lead")])
    for sacred in ["verified-in-staging", "window-office", "no-freeze", "no-such-gate"] {
      #expect(throws: PlanError.self, "\(sacred)") {
        try self.plan(.breakGlass(gates: [sacred], reason: "r"), exceptions)
      }
    }
    #expect(throws: PlanError.self) { try self.plan(.breakGlass(gates: [], reason: "r"), exceptions) }
  }

  @Test("E17: what the file does not open, nobody can ask for; and no exception goes without its reason")
  func closed() throws {
    let asks: [PromotionException] = [
      .emergency(incident: "INC-7"), .freeze(reason: "r"), .hotfix(reason: "r"),
      .breakGlass(gates: ["tests"], reason: "r"),
    ]
    for ask in asks {
      #expect(throws: PlanError.self, "\(ask)") { try self.plan(ask, ExceptionSpec()) }
    }
    let all = ExceptionSpec(emergency: Self.agreement, freeze: Self.agreement, hotfix: Self.agreement)
    for ask in [PromotionException.emergency(incident: " "), .freeze(reason: ""), .hotfix(reason: "\n")] {
      #expect(throws: PlanError.self, "\(ask)") { try self.plan(ask, all) }
    }
  }

  @Test("F3: an exception is part of what is approved")
  func digest() throws {
    let exceptions = ExceptionSpec(freeze: Self.agreement)
    let plain = try planner(exceptions).promotion(of: "1.1", to: "production")
    let one = try plan(.freeze(reason: "a"), exceptions)
    let other = try plan(.freeze(reason: "b"), exceptions)
    #expect(Set([try plain.digest, try one.digest, try other.digest]).count == 3)
  }

  @Test("A6: a release that was turned down comes back only with what was done about it, and says so")
  func resubmission() throws {
    let rejection = Rejection(run: "r-1", to: "production", by: "bob", reason: "slow")
    let planner = planner(ExceptionSpec(), [.releaseRejected("1.1", rejection)])
    let error = #expect(throws: PlanError.self) { try planner.promotion(of: "1.1", to: "production") }
    #expect(error?.message.contains("slow") == true)
    let plan = try planner.promotion(
      of: "1.1", to: "production", asking: PromotionAsk(resubmission: "index added"))
    #expect(plan.resubmission == Resubmission(rejection: rejection, note: "index added"))
    var ledger = planner.ledger
    ledger.apply(.releaseResubmitted("1.1", note: "index added"), at: .start)
    #expect(ledger.rejections.isEmpty)
  }

  @Test("E2, E3: a later look that fails takes verification and soak away; a good one begins both anew")
  func revoked() throws {
    var ledger = Ledger()
    let placement = Placement(slot: .a, release: Sample.new, run: "s", since: .start - .hours(10))
    ledger.apply(.environmentServes("staging", placement), at: placement.since)
    let plan = try Sample.plan(Sample.spec(gates: Self.gates))
    func verdict(_ gate: GateSpec, _ hours: Int64) -> GateReport? {
      GateJudge(plan: plan, ledger: ledger, surroundings: Surroundings()).judge(gate, at: .start + .hours(hours))
    }
    let (verified, soak) = (GateSpec.verified(in: "staging"), GateSpec.soak(in: "staging", atLeast: .hours(1)))
    #expect(verdict(verified, 0)?.verdict == .passed)
    #expect(verdict(soak, 0)?.verdict == .passed)
    ledger.apply(.verificationFailed("staging", "1.1", reason: "503"), at: .start)
    let report = try #require(verdict(verified, 1))
    #expect(
      report.verdict == .failed && report.reason.contains("503") && report.remedy?.contains("verify staging") == true)
    #expect(verdict(soak, 1)?.verdict == .failed)
    ledger.apply(.verificationPassed("staging", "1.1"), at: .start + .hours(2))
    #expect(verdict(verified, 2)?.verdict == .passed)
    #expect(verdict(soak, 2)?.verdict == .waiting(until: .start + .hours(3)))
    ledger.apply(.verificationFailed("staging", "1.0", reason: "503"), at: .start + .hours(2))
    #expect(verdict(verified, 3)?.verdict == .passed, "a look at another release says nothing of this one")
  }
}
