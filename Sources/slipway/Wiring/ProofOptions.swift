internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayIdentity
internal import SlipwayModel

/// How somebody proves who says a word.
struct ProofOptions: ParsableArguments {
  @Option(
    name: .long, help: "Sign with this SSH key (a private key, or a public one whose private key an agent holds).")
  var sign: String?
  @Option(name: .long, help: "A file with an ID token whose nonce is that of 'slipway statement'.") var idToken: String?
  @Flag(name: .long, help: "Sign in with the identity provider of the pipeline file.") var signIn = false
  @Option(name: .long, help: "With --sign-in: where the answer is awaited on 127.0.0.1; default: any free port.")
  var port = 0

  private var isGiven: Bool { sign != nil || idToken != nil || signIn }

  /// The proof for `statement`; nil where none was asked for.
  ///
  /// - Throws: ``CommandError`` when several are asked for, or the proof could not be made.
  func credential(_ workshop: Workshop, for statement: DecisionStatement) async throws -> Credential? {
    let ways = [sign != nil, idToken != nil, signIn].count { $0 }
    guard ways <= 1 else { throw CommandError(.usage, "one proof is enough: --sign, --id-token or --sign-in") }
    do throws(IdentityError) {
      if let sign {
        let signer = SSHSigner(environment: ProcessInfo.processInfo.environment)
        return .ssh(signature: try await signer.sign(statement, key: sign) { Self.pass(on: $0) })
      }
      if signIn { return .oidc(token: try await signedIn(workshop, statement)) }
    } catch {
      throw CommandError(Self.status(error.code), error.message)
    }
    return try idToken.map { .oidc(token: try Self.token(in: $0)) }
  }

  private func signedIn(
    _ workshop: Workshop, _ statement: DecisionStatement
  ) async throws(IdentityError) -> String {
    let spec: OIDCSpec?
    do { spec = try workshop.pipeline().identity.oidc } catch { throw IdentityError(.misconfigured, "\(error)") }
    guard let spec else {
      throw IdentityError(
        .misconfigured, "the pipeline file names no identity provider; add 'identity: {oidc: {issuer: …, client: …}}'")
    }
    let secrets = SecretSource(
      environment: ProcessInfo.processInfo.environment, folder: workshop.options.root.path)
    return try await OIDCSignIn(spec: spec, secrets: secrets, client: LiveCatalog.client)
      .token(for: statement, at: SystemTime().now(), port: port) { address in
        Self.say("to sign in, open this address in a browser:\n\(address)")
      }
  }

  /// What ssh-keygen asks of the person; the names of its temporary files are nobody's business.
  private static func pass(on notice: String) {
    let lines = notice.split(separator: "\n").filter {
      !$0.hasPrefix("Signing file ") && !$0.hasPrefix("Write signature to ")
    }
    if !lines.isEmpty { say(lines.joined(separator: "\n")) }
  }

  private static func say(_ text: String) { StandardStream.error.write(Data("\(text)\n".utf8)) }

  private static func token(in file: String) throws -> String {
    do throws(ConnectorError) {
      let data = try BoundedFile.contents(of: file, limit: 1 << 20)
      return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
    } catch {
      throw CommandError(.badInput, "the ID token in '\(file)' cannot be read: \(error.message)")
    }
  }

  private static func status(_ code: IdentityError.Code) -> ExitStatus {
    switch code {
    case .providerUnreachable, .providerGarbage, .timedOut: .unreachable
    case .misconfigured: .configuration
    default: .notPermitted
    }
  }

  /// The proof for asking for a promotion; the plan is made only where a proof is given.
  func credential(_ workshop: Workshop, plan: () async throws -> Plan) async throws -> Credential? {
    guard isGiven else { return nil }
    return try await credential(workshop, for: .promotion(of: try await plan().digest))
  }
}
