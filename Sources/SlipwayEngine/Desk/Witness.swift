package import SlipwayModel

/// Finds out who somebody is by what they hand in.
///
/// What is refused must say why and what to do next; nothing it says may contain a token. It may ask the outside world, so it is bounded by the caller.
package protocol Witness: Sendable {
  /// - Throws: ``EngineError`` (`notPermitted`, or `unreachable` when the identity provider cannot be asked).
  func prove(
    _ credential: Credential, by person: Person, statement: DecisionStatement, under spec: IdentitySpec,
    at now: Timestamp
  ) async throws(EngineError) -> Identity
}

/// Knows the users of this machine and nobody else.
package struct LocalWitness: Witness {
  package init() {}

  package func prove(
    _ credential: Credential, by person: Person, statement: DecisionStatement, under spec: IdentitySpec,
    at now: Timestamp
  ) async throws(EngineError) -> Identity {
    switch credential {
    case .local: return Identity(person: person, kind: .local, provenAt: now)
    case .claimed: return Identity(person: person, kind: .claimed, provenAt: now)
    case .oidc, .ssh:
      throw EngineError(.notPermitted, "tokens and signatures cannot be checked here")
    }
  }
}

extension Submission.Decision {
  /// The word as it is signed; nil for words that need no proof of who says them.
  ///
  /// What makes a run go further or ends it for good is proven; what only stops it is not, for stopping must always be possible.
  package var signedWord: String? {
    switch self {
    case .approve: "approve"
    case .reject: "reject"
    case .revoke: "revoke"
    case .hold, .resume, .pause, .abort, .confirm: nil
    }
  }
}
