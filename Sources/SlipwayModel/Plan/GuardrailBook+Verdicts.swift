/// What the guardrails say of a plan.
extension GuardrailBook {
  /// One verdict for each guardrail there is.
  package func verdicts(on plan: Plan) -> [GuardrailVerdict] {
    GuardrailID.allCases.map { id in
      let rule = rule(id)
      guard rule.enforce else {
        return GuardrailVerdict(
          id: id, enforced: false, kept: true,
          how: "turned off by \(rule.by?.text ?? "nobody named"): \(rule.reason)")
      }
      let (kept, how) = verdict(rule, plan)
      return GuardrailVerdict(
        id: id, enforced: true, kept: kept, how: kept ? how : "\(how); enforced by \(place(id)): \(rule.reason)")
    }
  }

  private func verdict(_ rule: Guardrail, _ plan: Plan) -> (kept: Bool, how: String) {
    switch rule.id {
    case .noProprietaryModules: return modules(plan)
    case .evidenceRequired: return (true, "the run is over only once its evidence is written and signed")
    case .rollbackByDefault:
      return plan.rollback.automatic
        ? (true, "a breach takes traffic back without asking") : (false, "automatic rollback is switched off")
    case .productionRequiresStaging, .approvalRequired, .calendarRespected, .rollbackPlanRequired,
      .verificationRequired:
      guard plan.environment.protected else { return (true, "'\(plan.to)' is not protected") }
      return protectedVerdict(rule, plan)
    }
  }

  private func protectedVerdict(_ rule: Guardrail, _ plan: Plan) -> (kept: Bool, how: String) {
    switch rule.id {
    case .productionRequiresStaging:
      let isAsked = plan.gates.contains { if case .verified(let place) = $0 { place == plan.from } else { false } }
      if isAsked, let from = plan.from { return (true, "gate verified-in-\(from)") }
      return setAside(rule, plan) ?? (false, "nothing asks whether the release was verified before '\(plan.to)'")
    case .approvalRequired:
      guard let approval = plan.approval, !approval.rules.isEmpty else {
        return (false, "nobody is asked before '\(plan.to)' is touched")
      }
      return (true, approval.rules.map { "\($0.count) × \($0.role)" }.joined(separator: " and ") + " agree first")
    case .calendarRespected:
      let calendar = plan.waived.filter { $0 == GateSpec.noFreeze.name || $0.hasPrefix("window-") }
      if calendar.isEmpty, plan.gates.contains(.noFreeze) {
        return (true, "gates " + plan.gates.filter(\.looksAtCalendar).map(\.name).joined(separator: ", "))
      }
      return setAside(rule, plan) ?? (false, "windows or freezes are not asked")
    case .rollbackPlanRequired:
      guard plan.blue != nil else { return (true, "first deployment: going back means serving nothing, as before") }
      return plan.gates.contains(.rollbackTarget)
        ? (true, "gate rollback-target") : (false, "nothing asks whether there is something to go back to")
    case .verificationRequired:
      guard !plan.terms.skipSmokeTests else { return (false, "smoke tests are to be skipped") }
      return (true, "health, version and the smoke tests of the pipeline file")
    case .noProprietaryModules, .evidenceRequired, .rollbackByDefault: return (true, "")
    }
  }

  /// A plan that takes an exception which the registry lets set the rule aside.
  private func setAside(_ rule: Guardrail, _ plan: Plan) -> (kept: Bool, how: String)? {
    guard let exception = plan.exception, rule.except.contains(exception.word) else { return nil }
    return (true, "set aside by \(exception.name), which \(place(rule.id)) allows: \(exception.reason)")
  }

  private func modules(_ plan: Plan) -> (kept: Bool, how: String) {
    guard case .postgres(let data)? = plan.environment.data, let odoo = data.odoo else {
      return (true, "'\(plan.to)' has no modules")
    }
    return odoo.allowsProprietary
      ? (false, "'\(plan.to)' allows proprietary modules")
      : (true, "a proprietary module that is installed fails the verification of green's data")
  }

  /// What the pipeline file says against the enforced guardrails.
  package func contradictions(in pipeline: Pipeline) -> [GuardrailContradiction] {
    var found: [GuardrailContradiction] = []
    func say(_ id: GuardrailID, _ place: GuardrailContradiction.Place, _ what: String) {
      guard rule(id).enforce else { return }
      found.append(GuardrailContradiction(id: id, place: place, what: what))
    }
    for environment in pipeline.environments {
      if case .postgres(let data)? = environment.data, data.odoo?.allowsProprietary == true {
        say(.noProprietaryModules, .modules(environment.name), "'\(environment.name)' allows proprietary modules")
      }
    }
    for spec in pipeline.promotions {
      if !spec.rollback.automatic {
        say(.rollbackByDefault, .rollback(spec.to), "automatic rollback is switched off")
      }
      guard pipeline.environment(spec.to)?.protected == true else { continue }
      let isVerified = spec.gates.contains { if case .verified(let place) = $0 { place == spec.from } else { false } }
      if spec.from == nil || !isVerified {
        say(
          .productionRequiresStaging, .promotion(spec.to),
          "nothing asks whether a release was verified before '\(spec.to)'")
      }
      if spec.approval == nil { say(.approvalRequired, .promotion(spec.to), "nobody is asked before '\(spec.to)'") }
      let opened: [(Bool, ExceptionWord, GuardrailID)] = [
        (spec.exceptions.hotfix != nil, .hotfix, .productionRequiresStaging),
        (spec.exceptions.emergency != nil, .emergency, .calendarRespected),
        (spec.exceptions.freeze != nil, .freeze, .calendarRespected),
      ]
      for (isOpen, word, id) in opened where isOpen && !rule(id).except.contains(word) {
        say(id, .exception(spec.to, word), "the exception '\(word.rawValue)' sets it aside")
      }
    }
    return found
  }
}

/// A line of the pipeline file that an enforced guardrail does not allow.
package struct GuardrailContradiction: Sendable, Equatable {
  package enum Place: Sendable, Equatable {
    case promotion(EnvironmentName)
    case rollback(EnvironmentName)
    case exception(EnvironmentName, ExceptionWord)
    case modules(EnvironmentName)
  }

  package var id: GuardrailID
  package var place: Place
  package var what: String
}

extension GateSpec {
  fileprivate var looksAtCalendar: Bool {
    switch self {
    case .noFreeze, .window: true
    default: false
    }
  }
}
