/// A rule that stands above the pipeline file (B12, E17).
package enum GuardrailID: String, Codable, Sendable, CaseIterable {
  case productionRequiresStaging = "production-requires-staging"
  case noProprietaryModules = "no-proprietary-modules"
  case rollbackByDefault = "rollback-by-default"
  case evidenceRequired = "evidence-required"
  case approvalRequired = "approval-required"
  case calendarRespected = "calendar-respected"
  case rollbackPlanRequired = "rollback-plan-required"
  case verificationRequired = "verification-required"

  /// What it says, as people read it.
  package var meaning: String {
    switch self {
    case .productionRequiresStaging:
      "a protected environment gets only what was verified in the environment before"
    case .noProprietaryModules: "no proprietary (Enterprise) module may be installed"
    case .rollbackByDefault: "a breach takes traffic back without asking"
    case .evidenceRequired: "no run is over before its evidence is written"
    case .approvalRequired: "somebody agrees before a protected environment is touched"
    case .calendarRespected: "windows and freezes hold promotions into a protected environment up"
    case .rollbackPlanRequired: "a protected environment is touched only while there is something to go back to"
    case .verificationRequired: "the candidate passes its smoke tests before a protected environment serves it"
    }
  }

  /// Whether nobody may turn it off where an environment is protected (E17).
  package var isSacred: Bool { self != .noProprietaryModules }
}

/// The kinds of exception, as the pipeline file spells them.
package enum ExceptionWord: String, Codable, Sendable, CaseIterable {
  case emergency, freeze, hotfix
  case breakGlass = "break_glass"
}

extension PromotionException {
  package var word: ExceptionWord {
    switch self {
    case .emergency: .emergency
    case .freeze: .freeze
    case .hotfix: .hotfix
    case .breakGlass: .breakGlass
    }
  }
}

/// One line of the registry.
package struct Guardrail: Codable, Sendable, Equatable {
  package var id: GuardrailID
  package var enforce: Bool
  package var reason: String
  /// Who turned it off; nil while it is enforced.
  package var by: Person?
  /// Exceptions that may set it aside, where the pipeline file opens them.
  package var except: [ExceptionWord]
  /// Where it stands in the registry; nil when it is not named there.
  package var line: Int?

  package init(
    id: GuardrailID, enforce: Bool = true, reason: String = "", by: Person? = nil, except: [ExceptionWord] = [],
    line: Int? = nil
  ) {
    self.id = id
    self.enforce = enforce
    self.reason = reason
    self.by = by
    self.except = except
    self.line = line
  }
}

/// The registry of guardrails; what it does not name is enforced.
package struct GuardrailBook: Codable, Sendable, Equatable {
  /// As the pipeline file names it.
  package var file: String
  package var digest: Digest
  package var rules: [Guardrail]

  package init(file: String, digest: Digest, rules: [Guardrail]) {
    self.file = file
    self.digest = digest
    self.rules = rules
  }

  package func rule(_ id: GuardrailID) -> Guardrail {
    rules.first { $0.id == id } ?? Guardrail(id: id, reason: "not named in \(file), so it is enforced")
  }

  /// The place of a rule, for messages.
  package func place(_ id: GuardrailID) -> String { rule(id).line.map { "\(file):\($0)" } ?? file }
}

/// What a guardrail said of one plan.
package struct GuardrailVerdict: Codable, Sendable, Equatable {
  package var id: GuardrailID
  package var enforced: Bool
  package var kept: Bool
  /// How it was kept, or what breaks it.
  package var how: String

  package init(id: GuardrailID, enforced: Bool, kept: Bool, how: String) {
    self.id = id
    self.enforced = enforced
    self.kept = kept
    self.how = how
  }
}

/// The registry under which a plan was made, and what each guardrail said of it.
package struct GuardrailRecord: Codable, Sendable, Equatable {
  package var file: String
  package var digest: Digest
  package var verdicts: [GuardrailVerdict]

  package init(file: String, digest: Digest, verdicts: [GuardrailVerdict]) {
    self.file = file
    self.digest = digest
    self.verdicts = verdicts
  }
}
