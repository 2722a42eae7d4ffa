package import AsyncHTTPClient
internal import SlipwayConnectors
package import SlipwayModel

/// Proves that a person is who they say, in one of the ways that the pipeline file accepts (E8).
package struct IdentityProver: Sendable {
  private let spec: IdentitySpec
  private let tokens: TokenProof?
  private let signatures: SSHProof?

  /// - Parameters:
  ///   - spec: what the pipeline file accepts.
  ///   - folder: the pipeline file's folder, where a relative allowed-signers file is looked up.
  ///   - environment: the variables that `ssh-keygen` gets, PATH among them.
  ///   - client: one that follows no redirects.
  ///   - patience: how long one answer of the provider is waited for.
  package init(
    spec: IdentitySpec, folder: String, environment: [String: String], client: HTTPClient,
    patience: Span = .seconds(10)
  ) {
    self.spec = spec
    tokens = spec.oidc.map {
      TokenProof(spec: $0, provider: OIDCProvider(spec: $0, client: client, timeout: patience))
    }
    let commands = CommandRunner(
      folder: folder, inherited: environment, secrets: SecretSource(environment: [:], folder: folder))
    signatures = spec.ssh.map { SSHProof(spec: $0, folder: folder, commands: commands) }
  }

  /// Checks `credential`.
  ///
  /// `.local` and `.claimed` prove nothing here: that the submission was written by this user is seen where it is taken in.
  ///
  /// - Parameters:
  ///   - credential: what the person handed in.
  ///   - person: who they say they are.
  ///   - statement: what they say; the proof must be for this and nothing else.
  ///   - now: against which times in the proof are judged.
  /// - Returns: who they were proven to be.
  /// - Throws: ``IdentityError`` with a reason of its own for each thing that can be wrong.
  package func prove(
    _ credential: Credential, by person: Person, statement: DecisionStatement, at now: Timestamp
  ) async throws(IdentityError) -> Identity {
    switch credential {
    case .local where spec.local: return Identity(person: person, kind: .local, provenAt: now)
    case .claimed where spec.claimed: return Identity(person: person, kind: .claimed, provenAt: now)
    case .oidc(let token):
      guard let tokens else { throw refusal("a token of a sign-in") }
      return try await tokens.prove(token, by: person, statement: statement, at: now)
    case .ssh(let signature):
      guard let signatures else { throw refusal("a signature of an SSH key") }
      return try await signatures.prove(signature, by: person, statement: statement, at: now)
    case .local: throw refusal("the user of the operating system")
    case .claimed: throw refusal("a name that is merely claimed")
    }
  }

  private func refusal(_ what: String) -> IdentityError {
    let ways = spec.ways
    let next =
      ways.isEmpty
      ? "it accepts nothing: add a way to 'identity:'"
      : "it accepts \(ways.joined(separator: ", or ")): use that, or add this way to 'identity:'"
    return IdentityError(.notAccepted, "the pipeline file does not accept \(what) as proof of who somebody is; \(next)")
  }
}
