import Foundation
import SlipwayModel
import Testing

@Suite("What is chosen for one promotion, and what stands above it")
struct PromotionTermsTests {
  private func plan(_ terms: PromotionTerms, protected: Bool = false) throws -> Plan {
    try Planner(pipeline: Sample.pipeline(protected: protected), ledger: Sample.ledger())
      .promotion(of: "1.1", to: "production", asking: PromotionAsk(terms: terms))
  }

  @Test("B2: what was chosen is in the plan, and so in its digest")
  func chosen() throws {
    let ordinary = try plan(PromotionTerms())
    #expect(ordinary.rollback.keepBlue == .hours(24))
    let chosen = try plan(PromotionTerms(rollbackWindowHours: 72, skipSmokeTests: true, automaticRollback: false))
    #expect(chosen.rollback.keepBlue == .hours(72) && !chosen.rollback.automatic)
    #expect(chosen.steps.contains { $0.action == .schedule(after: .hours(72)) })
    #expect(try chosen.digest != ordinary.digest)
    let same = try plan(PromotionTerms(rollbackWindowHours: 24))
    #expect(same.steps == ordinary.steps)
  }

  @Test("B2: everything that cannot be chosen is said at once", arguments: [-1, 0, 169, Int.max])
  func refused(hours: Int) throws {
    let terms = PromotionTerms(rollbackWindowHours: hours, skipSmokeTests: true, automaticRollback: false)
    let error = try #require(throws: PlanError.self) { try plan(terms, protected: true) }
    #expect(error.code == .terms)
    #expect(error.message.split(separator: "\n").count == 3, "\(error)")
    for word in ["\(hours) hours", "smoke tests", "automatic rollback"] { #expect(error.message.contains(word)) }
  }

  @Test("B2: the ends of the range are in it", arguments: [1, 168])
  func ends(hours: Int) throws {
    #expect(
      try plan(PromotionTerms(rollbackWindowHours: hours), protected: true).rollback.keepBlue == .hours(Int64(hours)))
  }

  @Test("B2: project and environments must belong together, all mistakes at once")
  func inputs() {
    let pipeline = Sample.pipeline(protected: true)
    let good = PromotionInputs(project: "shop", staging: "staging", production: "production", terms: PromotionTerms())
    #expect(good.mistakes(in: pipeline).isEmpty)
    var bad = good
    bad.project = "other"
    bad.staging = "nowhere"
    bad.terms.skipSmokeTests = true
    #expect(bad.mistakes(in: pipeline).count == 3, "\(bad.mistakes(in: pipeline))")
    var round = good
    round.staging = "production"
    #expect(round.mistakes(in: pipeline).count == 1)
    var back = good
    (back.staging, back.production) = ("production", "staging")
    #expect(back.mistakes(in: pipeline).first?.contains("nothing is promoted from 'production' to 'staging'") == true)
  }

  // MARK: Guardrails

  private static func book(_ rules: [Guardrail] = []) -> GuardrailBook {
    GuardrailBook(file: "guardrails.yaml", digest: Digest(of: [UInt8(1)]), rules: rules)
  }

  /// A pipeline in which everything is as the guardrails want it.
  private static func guarded(_ rules: [Guardrail] = []) -> Pipeline {
    var pipeline = Sample.pipeline(
      Sample.spec(gates: [.verified(in: "staging")]), protected: true)
    pipeline.guardrails = book(rules)
    pipeline.notify = [NotifySpec(run: "tell")]
    return pipeline
  }

  private func plan(_ pipeline: Pipeline, _ ask: PromotionAsk = PromotionAsk()) throws -> Plan {
    try Planner(pipeline: pipeline, ledger: Sample.ledger()).promotion(of: "1.1", to: "production", asking: ask)
  }

  @Test("B12: a plan carries the registry's digest and how each guardrail was kept; another registry is another plan")
  func kept() throws {
    let plan = try plan(Self.guarded())
    let record = try #require(plan.guardrails)
    #expect(record.verdicts.map(\.id) == GuardrailID.allCases)
    #expect(record.verdicts.allSatisfy { $0.kept && $0.enforced && !$0.how.isEmpty })
    var other = Self.guarded()
    other.guardrails?.digest = Digest(of: [UInt8(2)])
    #expect(try self.plan(other).digest != plan.digest)
    #expect(try self.plan(Sample.pipeline()).guardrails == nil)
  }

  @Test("B12: what the registry does not name holds all the same")
  func unnamed() throws {
    var pipeline = Self.guarded()
    pipeline.promotions[1].gates = []
    let error = try #require(throws: PlanError.self) { try plan(pipeline) }
    #expect(error.code == .guardrail && error.message.contains("production-requires-staging"), "\(error)")
    pipeline.promotions[1].approval = nil
    let two = try #require(throws: PlanError.self) { try plan(pipeline) }
    #expect(two.message.contains("approval-required") && two.message.contains("guardrails.yaml"), "\(two)")
  }

  @Test("B12, E17: flags that break a guardrail are refused, protected or not")
  func flags() throws {
    var pipeline = Self.guarded()
    pipeline.environments[1].protected = false
    let terms = PromotionTerms(automaticRollback: false)
    let error = try #require(throws: PlanError.self) { try plan(pipeline, PromotionAsk(terms: terms)) }
    #expect(error.code == .guardrail && error.message.contains("rollback-by-default"), "\(error)")
    let off = Guardrail(id: .rollbackByDefault, enforce: false, reason: "we watch", by: "ann")
    pipeline.guardrails = Self.book([off])
    let verdict = try plan(pipeline, PromotionAsk(terms: terms)).guardrails?.verdicts.first { $0.id == off.id }
    #expect(verdict?.enforced == false && verdict?.how == "turned off by ann: we watch")
  }

  @Test(
    "B12: an exception sets a guardrail aside only where the registry names it",
    arguments: [ExceptionWord.hotfix, .emergency, .freeze])
  func exceptions(word: ExceptionWord) throws {
    let agreement = ExceptionSpec.Agreement(rules: [ApprovalRule(role: "lead", count: 2)])
    let (ask, guardrail): (PromotionException, GuardrailID)
    switch word {
    case .hotfix: (ask, guardrail) = (.hotfix(reason: "r"), .productionRequiresStaging)
    case .emergency: (ask, guardrail) = (.emergency(incident: "INC"), .calendarRespected)
    case .freeze, .breakGlass: (ask, guardrail) = (.freeze(reason: "r"), .calendarRespected)
    }
    var pipeline = Self.guarded()
    pipeline.promotions[1].exceptions = ExceptionSpec(emergency: agreement, freeze: agreement, hotfix: agreement)
    #expect(throws: PlanError.self) { try plan(pipeline, PromotionAsk(exception: ask)) }
    #expect(pipeline.guardrails?.contradictions(in: pipeline).count == 3)
    pipeline.guardrails = Self.book([Guardrail(id: guardrail, reason: "so", except: [word], line: 4)])
    let verdict = try plan(pipeline, PromotionAsk(exception: ask)).guardrails?.verdicts.first { $0.id == guardrail }
    #expect(verdict?.kept == true && verdict?.how.contains("guardrails.yaml:4 allows") == true, "\(verdict as Any)")
  }

  @Test("B12: proprietary modules are forbidden where the environment allows them")
  func modules() throws {
    var pipeline = Self.guarded()
    pipeline.environments[1].data = .postgres(
      PostgresDataSpec(
        server: SecretText("postgresql://x"), databases: .one("o"), odoo: OdooSpec(allowsProprietary: true)))
    let error = try #require(throws: PlanError.self) { try plan(pipeline) }
    #expect(error.message.contains("no-proprietary-modules"))
    #expect(pipeline.guardrails?.contradictions(in: pipeline).map(\.id) == [.noProprietaryModules])
    pipeline.guardrails = Self.book([Guardrail(id: .noProprietaryModules, enforce: false, reason: "paid", by: "ann")])
    #expect(try plan(pipeline).guardrails != nil)
    #expect(pipeline.guardrails?.contradictions(in: pipeline).isEmpty == true)
  }
}
