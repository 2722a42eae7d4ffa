import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: gates and approval")
struct GateGroupTests {
  private func three() throws -> Plan {
    try Sample.plan(Sample.spec(gates: [Sample.gate("g1"), Sample.gate("g2"), Sample.gate("g3")]))
  }

  @Test("B1: a failing gate never hides the others: all are judged, then the run is blocked")
  func allReported() throws {
    let driver = try Driver(three())
    driver.verdicts = ["g1": [.failed], "g3": [.undecided]]
    #expect(try driver.finish() == .blocked)
    #expect(
      driver.promotion.records.prefix(3).map { $0.reports.map(\.verdict) } == [[.failed], [.passed], [.undecided]])
    #expect(try driver.record("gate-g3").detail.hasPrefix("undecided"))
    #expect(!driver.promotion.hasBegun)
    #expect(driver.promotion.cause == nil)
  }

  @Test("no verdict but passed lets a run go on", arguments: [Verdict.failed, .undecided, .error])
  func onlyPassed(verdict: Verdict) throws {
    let driver = try Driver(three())
    driver.verdicts = ["g2": Array(repeating: verdict, count: 50)]
    #expect(try driver.finish() == .blocked)
    #expect(driver.performed("gate-g2") == (verdict == .error ? 4 : 1))
  }

  @Test("E3: a waiting gate is looked at again at its time and no earlier; the run says until when")
  func waiting() throws {
    let driver = try Driver(three())
    let times = [Timestamp.start + .hours(1), .start + .hours(3)]
    driver.verdicts = ["g1": times.map { .waiting(until: $0) }, "g3": [.waiting(until: .start + .hours(2))]]
    var seen: [Timestamp?] = []
    try driver.drive { driver in
      if case .wait(let wait) = driver.promotion.next(at: driver.now) { seen.append(wait.until) }
      return driver.currentID == "approve"
    }
    #expect(seen == [times[0], .start + .hours(2), times[1]])
    #expect(driver.now >= times[1])
    #expect(driver.performed("gate-g1") == 3 && driver.performed("gate-g2") == 1 && driver.performed("gate-g3") == 2)
  }

  @Test("a gate that waited long is still asked again after an error")
  func errorsNotLooks() throws {
    let driver = try Driver(three())
    driver.verdicts = ["g1": (1...10).map { .waiting(until: .start + .hours($0)) } + [.error, .error, .passed]]
    #expect(try driver.finish() == .success)
  }

  @Test("a gate passes by its own report alone: none, another gate's or a bare word do not")
  func ownReport() throws {
    let passing = { GateReport(gate: $0, verdict: .passed, reason: "") }
    let answers: [(Int) -> Event] = [
      { .gatesReported(step: $0, attempt: 1, reports: []) },
      { .gatesReported(step: $0, attempt: 1, reports: [passing("g2")]) },
      { .stepReported(step: $0, attempt: 1, result: .succeeded("trust me")) },
    ]
    for answer in answers {
      let driver = try Driver(three())
      driver.apply(.stepIntended(step: 0, attempt: 1, deadline: driver.now + .seconds(30)))
      driver.apply(answer(0))
      #expect(driver.promotion.records[0].status != .succeeded)
      #expect(driver.promotion.records[0].errors == 1)
    }
    #expect(GateReport.together([]) == .errored("no gate was judged"))
  }

  @Test("what several gates say: failed beats error beats undecided beats waiting beats passed")
  func together() {
    func said(_ verdicts: Verdict...) -> StepResult {
      GateReport.together(verdicts.map { GateReport(gate: "g", verdict: $0, reason: "r") })
    }
    let later = Timestamp.start + .hours(2)
    #expect(said(.passed, .error, .failed) == .failed("g: r"))
    #expect(said(.undecided, .error, .waiting(until: .start)) == .errored("g: r"))
    #expect(said(.undecided, .waiting(until: .start)) == .undecided("g: r"))
    #expect(
      said(.waiting(until: later), .waiting(until: .start), .passed) == .waiting(until: later, reason: "g: r; g: r"))
    #expect(said(.passed, .passed) == .succeeded("all 2 gates passed again"))
  }

  @Test("E6: at the recheck a closed window waits, a failing gate blocks; nothing was touched")
  func recheck() throws {
    var driver = try Driver(three())
    driver.verdicts = ["g1": [.passed, .waiting(until: .start + .hours(9)), .passed]]
    #expect(try driver.finish() == .success)
    #expect(driver.performed("recheck") == 2)
    driver = try Driver(three())
    driver.verdicts = ["g1": [.passed, .failed]]
    #expect(try driver.finish() == .blocked)
    #expect(driver.promotion.records.allSatisfy { $0.reports.count != 2 })
    #expect(try driver.record("recheck").reports.count == 3)
    #expect(driver.performed("deploy") == 0)
  }

  @Test("a run held before its first effect looks at the gates again when it goes on")
  func heldBeforeDeploy() throws {
    let driver = try Driver(three())
    try driver.drive(to: "deploy")
    driver.apply(.held(by: "ann", reason: "lunch"))
    driver.now = driver.now + .hours(72)
    driver.apply(.resumedBy("ann"))
    #expect(driver.currentID == "recheck")
    driver.verdicts = ["g1": [.failed]]
    #expect(try driver.finish() == .blocked)
  }

  // MARK: Approval

  private func plan(_ rules: [ApprovalRule], ownRequest: Bool = false) throws -> Plan {
    try Sample.plan(Sample.spec(approval: ApprovalSpec(rules: rules, expires: .hours(24), ownRequest: ownRequest)))
  }

  @Test("A5, E8: quorum needs different people over all rules, as many as each rule says")
  func quorum() throws {
    let rules = [ApprovalRule(role: "manager", count: 2), ApprovalRule(role: "lead")]
    let driver = try Driver(plan(rules))
    try driver.drive()
    #expect(driver.approve("bob", ["manager", "lead"]))
    #expect(driver.promotion.plan.approval?.missing(in: driver.promotion.approvals).count == 2)
    #expect(driver.approve("dan", ["lead"]))
    try driver.drive()
    #expect(driver.promotion.status == "awaiting_approval")
    #expect(driver.approve("ann", ["manager"]))
    try driver.drive { $0.promotion.status == "running" }
    #expect(driver.currentID == "recheck")
  }

  @Test("people are matched to rules so that as many as possible are met, whoever came first")
  func matching() {
    let spec = ApprovalSpec(rules: [ApprovalRule(role: "a"), ApprovalRule(role: "b"), ApprovalRule(role: "c")])
    let digest = Digest(of: Data())
    let people: [(Person, [RoleName])] = [("x", ["a", "b"]), ("y", ["a", "c"]), ("z", ["a"])]
    let approvals = people.map { Approval(person: $0.0, roles: $0.1, plan: digest, at: .start) }
    #expect(spec.missing(in: approvals).isEmpty)
    #expect(spec.missing(in: approvals + approvals).isEmpty)
    #expect(spec.missing(in: Array(repeating: approvals[0], count: 3)).count == 2)
    #expect(spec.missing(in: []).count == 3)
  }

  @Test("an approval without rules is given by nobody")
  func noRules() {
    #expect(!ApprovalSpec(rules: []).missing(in: []).isEmpty)
    #expect(!ApprovalSpec(rules: [ApprovalRule(role: "a", count: -1)]).missing(in: []).isEmpty)
  }

  @Test("E17: own request, wrong plan, missing role and second vote are refused by name")
  func refusals() throws {
    let driver = try Driver(plan([ApprovalRule(role: "manager", count: 2)]))
    #expect(!driver.approve("carol"))
    #expect(!driver.approve("ann", ["manager"], plan: Digest(of: Data("other".utf8))))
    #expect(!driver.approve("eve", ["tester"]))
    #expect(driver.approve("ann"))
    #expect(!driver.approve("ann"))
    #expect(driver.promotion.approvals.map(\.person) == ["ann"])
    var ownPlan = try plan([ApprovalRule(role: "manager")], ownRequest: true)
    ownPlan.roles["manager"] = ["carol"]
    let own = try Driver(ownPlan)
    #expect(own.approve("carol"))
  }

  @Test("an approval given while gates still run counts; one after the decision is refused")
  func early() throws {
    let driver = try Driver(three())
    #expect(driver.approve())
    #expect(try driver.finish() == .success)
    let late = try Driver(three())
    try late.drive(to: "deploy")
    #expect(!late.approve("bob"))
  }

  @Test("a time-out rejects and never approves; who agreed in time counts even when the run is driven later")
  func expiry() throws {
    let driver = try Driver(three())
    try driver.drive()
    let tooLate = driver.copy()
    driver.now = driver.now + .hours(23)
    driver.approve()
    driver.now = driver.now + .hours(20)
    #expect(try driver.finish() == .success)
    tooLate.now = tooLate.now + .hours(24)
    #expect(!tooLate.approve(), "nobody approves after the time is up")
    #expect(try tooLate.finish() == .rejected)
    #expect(!tooLate.promotion.hasBegun)
  }

  @Test("F3: an approval step is not passed by a bare report")
  func forged() throws {
    let driver = try Driver(three())
    try driver.drive()
    let index = try driver.index("approve")
    driver.apply(.stepReported(step: index, attempt: 1, result: .succeeded("trust me")))
    #expect(driver.promotion.records[index].status != .succeeded)
  }
}
