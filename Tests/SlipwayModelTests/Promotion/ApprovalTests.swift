import Foundation
import SlipwayModel
import Testing

@Suite("Promotion: approvals over their life")
struct ApprovalTests {
  private func driver(_ rules: [ApprovalRule] = [ApprovalRule(role: "manager")], validFor: Span? = nil) throws -> Driver
  {
    try Driver(
      Sample.plan(Sample.spec(approval: ApprovalSpec(rules: rules, expires: .hours(24), validFor: validFor))))
  }

  private func driver(changing change: (inout Plan) -> Void) throws -> Driver {
    var plan = try Sample.plan()
    change(&plan)
    return try Driver(plan)
  }

  private func approval(_ driver: Driver, _ identity: Identity, roles: [RoleName] = ["manager"]) -> Event {
    .approved(
      Approval(
        person: identity.person, roles: roles, plan: driver.promotion.digest, at: driver.now, identity: identity))
  }

  @Test("E8: a role with a second factor and a team is held only by whoever proved both")
  func proven() throws {
    let role = RoleSpec(groups: ["managers"], teams: ["payments"], needsMFA: true)
    let driver = try driver {
      $0.roles["manager"] = role
      $0.identity = IdentitySpec(oidc: OIDCSpec(issuer: "https://login.example", client: "slipway"))
    }
    try driver.drive()
    let whole = Identity(
      person: "zoe", kind: .oidc, groups: ["managers", "x"], teams: ["payments"], mfa: true, provenAt: driver.now)
    var without = whole
    without.mfa = false
    #expect(try #require(driver.promotion.refusal(of: approval(driver, without))).contains("manager"))
    var elsewhere = whole
    elsewhere.teams = ["search"]
    #expect(driver.promotion.refusal(of: approval(driver, elsewhere)) != nil)
    var stranger = whole
    stranger.groups = []
    #expect(driver.promotion.refusal(of: approval(driver, stranger)) != nil)
    var unchecked = whole
    unchecked.kind = .claimed
    #expect(try #require(driver.promotion.refusal(of: approval(driver, unchecked))).contains("nobody checked"))
    #expect(driver.apply(approval(driver, whole)))
    #expect(try driver.finish() == .success)
  }

  @Test("E8, F3: a proof that names another person, or roles nobody granted, counts for nothing")
  func otherPerson() throws {
    let driver = try driver()
    try driver.drive()
    let bob = Identity(person: "bob", kind: .local, provenAt: driver.now)
    let forged = Approval(
      person: "ann", roles: ["manager"], plan: driver.promotion.digest, at: driver.now, identity: bob)
    #expect(try #require(driver.promotion.refusal(of: .approved(forged))).contains("bob"))
    let tester = Identity(person: "eve", kind: .local, provenAt: driver.now)
    #expect(driver.promotion.refusal(of: approval(driver, tester)) == "eve does not hold role manager")
    #expect(driver.promotion.isForbidden(approval(driver, tester)))
  }

  @Test("E8: an approval is taken back before anything was touched, and has to be given again")
  func revoked() throws {
    let driver = try driver()
    try driver.drive(to: "recheck")
    #expect(driver.promotion.refusal(of: .revoked(by: "bob", reason: "no")) != nil, "only one's own")
    #expect(driver.apply(.revoked(by: "ann", reason: "second thoughts")))
    #expect(driver.promotion.status == "awaiting_approval")
    #expect(driver.promotion.approvals.isEmpty)
    #expect(driver.approve("ann"))
    #expect(try driver.finish() == .success)
    #expect(driver.promotion.refusal(of: .revoked(by: "ann", reason: "late")) != nil)
  }

  @Test("E8, F3: what was signed before an approval was taken back or grew old is worth nothing afterwards")
  func rounds() throws {
    let driver = try driver(validFor: .hours(2))
    try driver.drive()
    let first = driver.promotion.statement(of: "approve")
    #expect(first.text == "slipway decision: approve\nrun: \(first.run)\nplan: \(first.plan)\n")
    #expect(driver.approve("ann"))
    #expect(driver.promotion.statement(of: "approve") == first, "others sign the same")
    #expect(driver.apply(.revoked(by: "ann", reason: "no")))
    let second = driver.promotion.statement(of: "approve")
    #expect(second.text == first.text + "round: 1\n" && second.nonce != first.nonce)
    #expect(driver.approve("ann"))
    driver.now = driver.now + .hours(3)
    try driver.drive()
    #expect(driver.promotion.statement(of: "approve").round == 2)
  }

  @Test("E8: once something was touched an approval stands")
  func tooLateToRevoke() throws {
    let driver = try driver()
    try driver.drive(to: "verify-green")
    #expect(try #require(driver.promotion.refusal(of: .revoked(by: "ann", reason: "late"))).contains("abort"))
  }

  @Test("E8: an approval that is older than it counts is asked for again before the first effect")
  func aged() throws {
    let driver = try driver(validFor: .hours(2))
    driver.verdicts["g1"] = [.passed, .waiting(until: driver.now + .hours(3))]
    try driver.drive(to: "recheck")
    try driver.drive { $0.promotion.status == "awaiting_approval" }
    #expect(driver.promotion.approvals.isEmpty)
    #expect(!driver.promotion.hasBegun)
    #expect(driver.approve("ann"))
    #expect(try driver.finish() == .success)
  }

  @Test("E8: of two approvals the older lapses while the second is waited for")
  func agedWhileWaiting() throws {
    let driver = try driver([ApprovalRule(role: "manager", count: 2)], validFor: .hours(2))
    try driver.drive()
    #expect(driver.approve("ann"))
    driver.now = driver.now + .hours(3)
    #expect(driver.approve("bob"))
    try driver.drive()
    #expect(driver.promotion.approvals.map(\.person) == ["bob"])
    #expect(driver.promotion.status == "awaiting_approval")
    #expect(driver.approve("ann"))
    #expect(try driver.finish() == .success)
  }

  @Test("E8: whoever counts for one rule counts for another only where that one says so")
  func distinct() {
    let now = Timestamp.start
    let bob = Approval(person: "bob", roles: ["manager", "lead"], plan: Digest(of: Data()), at: now)
    let strict = ApprovalSpec(rules: [ApprovalRule(role: "manager"), ApprovalRule(role: "lead")])
    #expect(strict.missing(in: [bob]).count == 1)
    let loose = ApprovalSpec(rules: [ApprovalRule(role: "manager"), ApprovalRule(role: "lead", distinct: false)])
    #expect(loose.missing(in: [bob]).isEmpty)
    #expect(loose.missing(in: []).count == 2)
    let two = ApprovalSpec(rules: [ApprovalRule(role: "manager", count: 2, distinct: false)])
    #expect(two.missing(in: [bob]).count == 1)
  }
}
