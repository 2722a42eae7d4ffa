internal import SlipwayModel

/// A person's word with what was proven of who says it; nil where the word needs no proof.
struct SpokenWord: Sendable {
  var submission: Submission
  var identity: Identity?
}

/// Finding out who speaks, before the run hears it: a run never waits for an identity provider, least of all one that is to go back.
extension Engine {
  /// How long it may take to find out who somebody is.
  private static var proofTime: Span { .seconds(20) }

  /// Proves who says a word on a run, where the word needs it.
  ///
  /// - Throws: ``EngineError`` when it could not be proven in a way that the plan accepts.
  func spoken(_ submission: Submission, to promotion: Promotion) async throws -> SpokenWord {
    guard case .decide(_, let decision) = submission.content, let word = decision.signedWord else {
      return SpokenWord(submission: submission)
    }
    return SpokenWord(
      submission: submission,
      identity: try await identity(of: submission, promotion.statement(of: word), under: promotion.plan.identity))
  }

  /// Who handed `submission` in, proven as `spec` accepts it.
  func identity(
    of submission: Submission, _ statement: DecisionStatement, under spec: IdentitySpec
  ) async throws -> Identity {
    let now = house.time.now()
    let found = await Deadline.bound(Self.proofTime, house.time) { [house] () -> Result<Identity, EngineError> in
      do throws(EngineError) {
        return .success(
          try await house.witness.prove(
            submission.credential, by: submission.by, statement: statement, under: spec, at: now))
      } catch {
        return .failure(error)
      }
    }
    guard let found else {
      throw EngineError(
        .unreachable, "who \(submission.by) is could not be found out within \(Self.proofTime); say it again")
    }
    let identity = try found.get()
    guard spec.accepts(identity.kind) || Mutant.believeAnyProof.isActive else {
      throw EngineError(
        .notPermitted,
        "'\(statement.word)' needs proof of who says it, and \(identity.kind.words) is none here; accepted: \(spec.ways.isEmpty ? "nothing" : spec.ways.joined(separator: ", or "))"
      )
    }
    return identity
  }
}

extension Submission {
  /// Whether somebody outside has to be asked who speaks, which may take its time.
  var needsOutsideProof: Bool {
    switch credential {
    case .oidc, .ssh: true
    case .local, .claimed: false
    }
  }
}

extension Engine {
  /// Who asks to go back. The user of the operating system is enough for a role that is held by name, whatever the file accepts, or an identity
  /// provider that is down would stand in the way of going back; a name that is merely claimed is not.
  func whoGoesBack(
    _ submission: Submission, _ target: EnvironmentName, _ incident: String, _ pipeline: Pipeline
  ) async throws -> Identity {
    if submission.credential == .local {
      return Identity(person: submission.by, kind: .local, provenAt: house.time.now())
    }
    return try await identity(
      of: submission, .rollback(of: target, incident: incident), under: pipeline.identity)
  }
}
