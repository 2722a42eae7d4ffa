internal import AsyncHTTPClient
internal import Foundation
internal import SlipwayEngine
internal import SlipwayIdentity
internal import SlipwayModel
internal import Synchronization

/// Proves people by the ways that the pipeline file names.
final class LiveWitness: Witness {
  private let folder: String
  private let environment: [String: String]
  private let client: HTTPClient
  /// The last prover with what it was made for; it knows the provider's keys, and when it asked for them last.
  private let last = Mutex<(spec: IdentitySpec, prover: IdentityProver)?>(nil)

  init(folder: String, environment: [String: String], client: HTTPClient) {
    self.folder = folder
    self.environment = environment
    self.client = client
  }

  func prove(
    _ credential: Credential, by person: Person, statement: DecisionStatement, under spec: IdentitySpec,
    at now: Timestamp
  ) async throws(EngineError) -> Identity {
    do {
      return try await prover(for: spec).prove(credential, by: person, statement: statement, at: now)
    } catch {
      throw EngineError(Self.code(error.code), error.message)
    }
  }

  private func prover(for spec: IdentitySpec) -> IdentityProver {
    last.withLock { last in
      if let last, last.spec == spec { return last.prover }
      let prover = IdentityProver(spec: spec, folder: folder, environment: environment, client: client)
      last = (spec, prover)
      return prover
    }
  }

  private static func code(_ code: IdentityError.Code) -> EngineError.Code {
    switch code {
    case .providerUnreachable, .providerGarbage, .timedOut: .unreachable
    case .misconfigured: .badInput
    case .notAccepted, .malformed, .tooLarge, .algorithm, .unknownKey, .badSignature, .wrongIssuer, .wrongAudience,
      .expired, .notYetValid, .clockBehind, .wrongNonce, .signInTooOld, .wrongPerson, .unverifiedEmail, .denied,
      .wrongState, .wrongNamespace, .unknownSigner, .signerNotValid, .notSigned:
      .notPermitted
    }
  }
}
