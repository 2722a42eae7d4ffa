internal import ArgumentParser
internal import Foundation
internal import SlipwayEngine
internal import SlipwayModel

/// How somebody proves who says a word.
struct ProofOptions: ParsableArguments {
  @Option(
    name: .long, help: "Sign with this SSH key (a private key, or a public one whose private key an agent holds).")
  var sign: String?
  @Option(name: .long, help: "A file with an ID token whose nonce is that of 'slipway statement'.") var idToken: String?
  @Flag(name: .long, help: "Sign in with the identity provider of the pipeline file.") var signIn = false

  private var isGiven: Bool { sign != nil || idToken != nil || signIn }

  /// The proof for `statement`; nil where none was asked for.
  ///
  /// - Throws: ``CommandError`` when several are asked for, or the proof could not be made.
  func credential(_ workshop: Workshop, for statement: DecisionStatement) async throws -> Credential? {
    let ways = [sign != nil, idToken != nil, signIn].count { $0 }
    guard ways <= 1 else { throw CommandError(.usage, "one proof is enough: --sign, --id-token or --sign-in") }
    return nil
  }

  /// The proof for asking for an exception that not everybody may ask for.
  func credential(
    _ workshop: Workshop, for ask: PromotionAsk, plan: () async throws -> Plan
  ) async throws -> Credential? {
    guard isGiven, case .breakGlass? = ask.exception else { return nil }
    let digest = try await plan().digest
    return try await credential(workshop, for: DecisionStatement(word: "break-glass", run: "new", plan: digest))
  }
}
