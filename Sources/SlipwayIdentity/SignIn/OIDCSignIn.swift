package import AsyncHTTPClient
internal import Crypto
internal import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// Signs a person in for one decision: authorization code with PKCE, answered on a loopback address (RFC 8252, RFC 7636).
package struct OIDCSignIn: Sendable {
  private static let requestTimeout = Span.seconds(10)

  private let spec: OIDCSpec
  private let secrets: SecretSource
  private let client: HTTPClient
  private let timeout: Span

  /// - Parameters:
  ///   - spec: the provider.
  ///   - secrets: resolves the client's secret, where there is one.
  ///   - client: one that follows no redirects.
  ///   - timeout: how long the person may take.
  package init(spec: OIDCSpec, secrets: SecretSource, client: HTTPClient, timeout: Span = .minutes(5)) {
    self.spec = spec
    self.secrets = secrets
    self.client = client
    self.timeout = timeout
  }

  /// Has the person sign in for `statement`.
  ///
  /// - Parameters:
  ///   - statement: what the person says; its nonce comes back in the token.
  ///   - now: when what is known of the provider was fetched.
  ///   - port: where the answer is awaited on 127.0.0.1, for a provider that knows one redirect address only; 0 takes any free one.
  ///   - show: gets the address that the person must open in a browser; may open it.
  /// - Returns: the ID token, not yet checked: ``IdentityProver`` does that.
  /// - Throws: ``IdentityError``: `denied`, `wrongState`, `timedOut`, `providerUnreachable`, `providerGarbage`, `misconfigured`.
  package func token(
    for statement: DecisionStatement, at now: Timestamp, port: Int = 0,
    show: @escaping @Sendable (String) async -> Void
  ) async throws(IdentityError) -> String {
    let known = try await OIDCProvider(spec: spec, client: client).known(at: now)
    guard let authorization = known.document.authorizationEndpoint, let exchange = known.document.tokenEndpoint else {
      throw IdentityError(
        .providerGarbage,
        "\(spec.issuer.shown) offers no sign-in by code: it names no authorization or no token endpoint")
    }
    let secret = try clientSecret()
    let attempt = Attempt(document: known.document, state: Self.random(), verifier: Self.random())
    let (code, redirect) = try await code(for: statement, attempt, authorization, port: port, show: show)
    let request = CodeExchange(
      spec: spec, endpoint: exchange, secret: secret, methods: known.document.tokenAuthentication,
      probe: HTTPProbe(client: client), timeout: Self.requestTimeout)
    return try await request.token(code: code, redirect: redirect, verifier: attempt.verifier)
  }

  /// What one attempt to sign in must find again in its answer.
  private struct Attempt: Sendable {
    let document: ProviderDocument
    let state: String
    let verifier: String
  }

  private func clientSecret() throws(IdentityError) -> Secret? {
    guard let text = spec.clientSecret else { return nil }
    do {
      return try secrets.resolve(text)
    } catch {
      throw IdentityError(.misconfigured, "'client_secret' of 'identity: oidc:': \(error.message)")
    }
  }

  private func code(
    for statement: DecisionStatement, _ attempt: Attempt, _ authorization: String, port: Int,
    show: @escaping @Sendable (String) async -> Void
  ) async throws(IdentityError) -> (code: String, redirect: String) {
    let reader = SignInAnswer.Reader(
      state: attempt.state, issuer: spec.issuer, mustNameIssuer: attempt.document.namesIssuer ?? false)
    let timeout = timeout
    return try await LoopbackListener.withAnswers(port: port, reader: reader) { (port, answers) in
      let redirect = "http://127.0.0.1:\(port)/callback"
      let address = address(authorization, statement, attempt, redirect)
      let result = await withTaskGroup(of: Result<String, IdentityError>.self) { group in
        group.addTask {
          await show(address)
          for await answer in answers { return answer }
          return .failure(IdentityError(.timedOut, "the sign-in was cancelled"))
        }
        group.addTask {
          try? await Task.sleep(for: timeout.duration)
          return .failure(
            IdentityError(
              .timedOut,
              "nobody signed in within \(timeout); try again, and open the address in a browser on this machine"))
        }
        let first = await group.next()
        group.cancelAll()
        return first ?? .failure(IdentityError(.timedOut, "the sign-in was cancelled"))
      }
      return result.map { ($0, redirect) }
    }
  }

  private func address(
    _ authorization: String, _ statement: DecisionStatement, _ attempt: Attempt, _ redirect: String
  ) -> String {
    let challenge = Base64URL.encode(Data(SHA256.hash(data: Data(attempt.verifier.utf8))))
    // Asked for where the provider says that it has them, because an unknown scope is an error to some.
    let wanted = ["email", "profile", "groups"].filter { attempt.document.scopes?.contains($0) ?? ($0 != "groups") }
    let fields = [
      ("response_type", "code"), ("client_id", spec.client), ("redirect_uri", redirect),
      ("scope", (["openid"] + wanted).joined(separator: " ")), ("state", attempt.state), ("nonce", statement.nonce),
      ("code_challenge", challenge), ("code_challenge_method", "S256"), ("prompt", "login"),
      ("max_age", String(spec.maxAge.milliseconds / 1_000)),
    ]
    return authorization + (authorization.contains("?") ? "&" : "?") + Form.encode(fields)
  }

  /// 256 bits that nobody can guess, as text.
  private static func random() -> String {
    var source = SystemRandomNumberGenerator()
    return Base64URL.encode(Data((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &source) }))
  }
}

/// `application/x-www-form-urlencoded`.
enum Form {
  static func encode(_ fields: [(String, String)]) -> String {
    fields.map { "\(encode($0.0))=\(encode($0.1))" }.joined(separator: "&")
  }

  static func encode(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"):
        result.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        result += (byte < 16 ? "%0" : "%") + String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}
