/// Ways around single rules that the file opens, each with its own people; what is not named here nobody can do (E17).
package struct ExceptionSpec: Codable, Sendable, Equatable {
  /// At any hour and in a freeze, for an incident (E7); these people agree instead of the ordinary ones.
  package var emergency: Agreement?
  /// In a freeze (E7); these people agree beside the ordinary ones.
  package var freeze: Agreement?
  /// Without a stay in the environment before (D8); these people, at least two, agree instead of the ordinary ones.
  package var hotfix: Agreement?
  package var breakGlass: BreakGlass?

  package init(
    emergency: Agreement? = nil, freeze: Agreement? = nil, hotfix: Agreement? = nil, breakGlass: BreakGlass? = nil
  ) {
    self.emergency = emergency
    self.freeze = freeze
    self.hotfix = hotfix
    self.breakGlass = breakGlass
  }

  /// Who agrees to an exception, and by when it is looked at again.
  package struct Agreement: Codable, Sendable, Equatable {
    package var rules: [ApprovalRule]
    package var expires: Span
    /// Within this time after the run began another person has to look at it again; nil when nobody has to.
    package var review: Span?

    package init(rules: [ApprovalRule], expires: Span = .hours(4), review: Span? = nil) {
      self.rules = rules
      self.expires = expires
      self.review = review
    }
  }

  /// Gates that did not pass are set aside by name, for one promotion.
  package struct BreakGlass: Codable, Sendable, Equatable {
    /// Who may ask for it.
    package var roles: [RoleName]
    /// Who agrees beside the ordinary people; never the person who asked.
    package var agreement: Agreement

    package init(roles: [RoleName], agreement: Agreement) {
      self.roles = roles
      self.agreement = agreement
    }
  }
}

/// The way around a rule that one promotion was asked to take; part of its plan, so that whoever approves has seen it.
package enum PromotionException: Codable, Sendable, Equatable {
  case emergency(incident: String)
  case freeze(reason: String)
  case hotfix(reason: String)
  case breakGlass(gates: [String], reason: String)

  /// The field's word for it.
  package var name: String {
    switch self {
    case .emergency: "emergency"
    case .freeze: "freeze exception"
    case .hotfix: "hotfix"
    case .breakGlass: "break-glass"
    }
  }

  /// Why it was asked for.
  package var reason: String {
    switch self {
    case .emergency(let incident): "incident \(incident)"
    case .freeze(let reason), .hotfix(let reason), .breakGlass(_, let reason): reason
    }
  }

  /// What stays in the way of everybody, whoever asks (E17): nobody sets these aside by break-glass.
  package static func isSacred(_ gate: GateSpec) -> Bool {
    switch gate {
    case .verified, .immutableReference, .provenance, .rollbackTarget, .window, .noFreeze, .sameCommit, .dataReady: true
    case .soak, .reviews, .tests, .vulnerabilities, .coverage, .command, .dependencies: false
    }
  }

  /// Whether the exception sets `gate` aside.
  package func waives(_ gate: GateSpec) -> Bool {
    switch (self, gate) {
    case (.emergency, .window), (.emergency, .noFreeze), (.freeze, .noFreeze): true
    case (.hotfix, .verified), (.hotfix, .soak), (.hotfix, .sameCommit): true
    case (.breakGlass(let gates, _), _): gates.contains(gate.name) && !Self.isSacred(gate)
    case (.emergency, _), (.freeze, _), (.hotfix, _): false
    }
  }
}

/// A look back that an exception demands: who went around what, and until when another person has to have looked at it.
package struct ReviewTask: Codable, Sendable, Equatable {
  package var run: RunID
  package var environment: EnvironmentName
  package var release: ReleaseID
  package var exception: PromotionException
  package var by: Person
  package var due: Timestamp

  package init(
    run: RunID, environment: EnvironmentName, release: ReleaseID, exception: PromotionException, by: Person,
    due: Timestamp
  ) {
    self.run = run
    self.environment = environment
    self.release = release
    self.exception = exception
    self.by = by
    self.due = due
  }
}
