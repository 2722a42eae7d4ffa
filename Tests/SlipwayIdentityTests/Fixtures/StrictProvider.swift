import AsyncHTTPClient
import Crypto
import Foundation
import Hummingbird
import Logging
import SlipwayModel
import Synchronization

/// An OpenID provider on a port of its own: strict about clients, codes and PKCE; does whatever a hostile one would when told to.
final class StrictProvider: Sendable {
  /// How the person, or the provider, answers a sign-in.
  enum Manner: Sendable { case agree, deny, wrongState, overloaded, unknownClient, foreignIssuer }

  struct State: Sendable {
    var keys: [[String: String]] = []
    /// Sent instead of the key set.
    var keyText: String?
    var keyStatus = 200
    var keyDelay = Duration.zero
    var keysAsked = 0
    /// Sent instead of the discovery document; `ISSUER` in it is replaced.
    var document: String?
    var documentsAsked = 0
    var manner = Manner.agree
    var secret: String?
    var byPost = false
    var codes: [String: Grant] = [:]
    var tokenAnswer: (status: Int, text: String)?
  }

  struct Grant: Sendable {
    var redirect: String
    var challenge: String
    var nonce: String
    var maxAge: Int
  }

  let state: Mutex<State>
  let key: SigningKey
  private let place = Mutex("")

  init(key: SigningKey) {
    self.key = key
    state = Mutex(State(keys: [key.entry("one")]))
  }

  var issuer: String { place.withLock { $0 } }

  func set(_ change: (inout State) -> Void) { state.withLock { change(&$0) } }
  var keysAsked: Int { state.withLock(\.keysAsked) }

  /// Claims of a good token for ``Sample/statement``.
  func claims(_ changes: [String: Any?] = [:], at now: Timestamp = Sample.now) -> [String: Any] {
    let seconds = Int(now.milliseconds / 1_000)
    var claims: [String: Any] = [
      "iss": issuer, "aud": "slipway", "sub": "42", "exp": seconds + 300, "iat": seconds - 5, "auth_time": seconds - 10,
      "nonce": Sample.statement.nonce, "email": "ann@example.com", "email_verified": true,
      "groups": ["release-managers", "staff"], "amr": ["pwd", "otp"],
    ]
    for (name, value) in changes { claims[name] = value }
    return claims
  }

  func token(_ changes: [String: Any?] = [:]) throws -> String { try Mint.token(claims(changes), by: key, kid: "one") }

  func spec(_ change: (inout OIDCSpec) -> Void = { _ in }) -> OIDCSpec {
    var spec = OIDCSpec(issuer: issuer, client: "slipway")
    change(&spec)
    return spec
  }

  /// Runs `body` while the provider answers.
  func serve<Result: Sendable>(_ body: @escaping @Sendable (StrictProvider) async throws -> Result) async throws
    -> Result
  {
    let (ports, sink) = AsyncStream.makeStream(of: Int.self)
    var logger = Logger(label: "provider")
    logger.logLevel = .critical
    let application = Application(
      router: router(), configuration: .init(address: .hostname("127.0.0.1", port: 0)),
      onServerRunning: { channel in sink.yield(channel.localAddress?.port ?? 0) }, logger: logger)
    return try await withThrowingTaskGroup(of: Result?.self) { group in
      group.addTask {
        try await application.runService(gracefulShutdownSignals: [])
        return nil
      }
      var numbers = ports.makeAsyncIterator()
      let port = await numbers.next() ?? 0
      place.withLock { $0 = "http://127.0.0.1:\(port)" }
      defer { group.cancelAll() }
      return try await body(self)
    }
  }

  private func router() -> Router<BasicRequestContext> {
    let router = Router()
    router.get("/.well-known/openid-configuration") { [self] _, _ in
      let text = state.withLock { state in
        state.documentsAsked += 1
        return state.document
      }
      return Self.answer(.ok, text?.replacing("ISSUER", with: issuer) ?? document)
    }
    router.get("/keys") { [self] _, _ in
      let (status, text, delay) = state.withLock { state in
        state.keysAsked += 1
        return (state.keyStatus, state.keyText ?? Self.set(state.keys), state.keyDelay)
      }
      if delay > .zero { try await Task.sleep(for: delay) }
      return Self.answer(.init(code: status), text)
    }
    router.get("/authorize") { [self] request, _ in authorize(request.uri.string) }
    router.post("/token") { [self] request, _ in
      let body = try await request.body.collect(upTo: 65_536)
      return exchange(String(buffer: body), authorization: request.headers[.authorization])
    }
    return router
  }

  private var document: String {
    let methods = state.withLock { $0.byPost ? "client_secret_post" : "client_secret_basic" }
    return """
      {"issuer":"\(issuer)","jwks_uri":"\(issuer)/keys","authorization_endpoint":"\(issuer)/authorize",
       "token_endpoint":"\(issuer)/token","scopes_supported":["openid","email","groups"],
       "token_endpoint_auth_methods_supported":["\(methods)"],"authorization_response_iss_parameter_supported":true}
      """
  }

  static func set(_ keys: [[String: String]]) -> String {
    String(decoding: (try? Mint.json(["keys": keys])) ?? Data(), as: UTF8.self)
  }

  private static func answer(_ status: HTTPResponse.Status, _ text: String) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(string: text)))
  }

  static func fields(_ text: String) -> [String: String] {
    var parts = URLComponents()
    parts.percentEncodedQuery = text
    return Dictionary(
      (parts.queryItems ?? []).map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { first, _ in first })
  }

  private func authorize(_ target: String) -> Response {
    let fields = Self.fields(target.split(separator: "?").last.map(String.init) ?? "")
    guard fields["response_type"] == "code", fields["client_id"] == "slipway",
      fields["code_challenge_method"] == "S256",
      let redirect = fields["redirect_uri"], redirect.hasPrefix("http://127.0.0.1:"), let state = fields["state"],
      let nonce = fields["nonce"], let challenge = fields["code_challenge"], challenge.count == 43, state.count >= 40,
      fields["scope"]?.split(separator: " ").contains("openid") == true, fields["prompt"] == "login",
      let maxAge = fields["max_age"].flatMap({ Int($0) })
    else { return Self.answer(.badRequest, "bad authorization request: \(target)") }
    let code = "code-\(UInt64.random(in: .min ... .max))"
    let manner = self.state.withLock { held in
      held.codes[code] = Grant(redirect: redirect, challenge: challenge, nonce: nonce, maxAge: maxAge)
      return held.manner
    }
    let query =
      switch manner {
      case .agree: "code=\(code)&state=\(state)&iss=\(issuer)"
      case .deny: "error=access_denied&error_description=not+today&state=\(state)&iss=\(issuer)"
      case .wrongState: "code=\(code)&state=\(String(state.reversed()))&iss=\(issuer)"
      case .overloaded: "error=temporarily_unavailable&state=\(state)&iss=\(issuer)"
      case .unknownClient: "error=unauthorized_client&state=\(state)&iss=\(issuer)"
      case .foreignIssuer: "code=\(code)&state=\(state)&iss=https://evil.example.com"
      }
    return Response(status: .found, headers: [.location: "\(redirect)?\(query)"])
  }

  private func exchange(_ form: String, authorization: String?) -> Response {
    let fields = Self.fields(form)
    let (grant, secret, byPost, odd) = state.withLock { state in
      // Burned at the first use, right or wrong.
      (state.codes.removeValue(forKey: fields["code"] ?? ""), state.secret, state.byPost, state.tokenAnswer)
    }
    if let odd { return Self.answer(.init(code: odd.status), odd.text) }
    if let secret {
      let basic = "Basic " + Data("slipway:\(secret)".utf8).base64EncodedString()
      guard byPost ? fields["client_secret"] == secret : authorization == basic else {
        return Self.answer(.unauthorized, #"{"error":"invalid_client"}"#)
      }
    } else if fields["client_id"] != "slipway" {
      return Self.answer(.unauthorized, #"{"error":"invalid_client"}"#)
    }
    let verifier = Data(SHA256.hash(data: Data((fields["code_verifier"] ?? "").utf8)))
    guard let grant, fields["grant_type"] == "authorization_code", grant.redirect == fields["redirect_uri"],
      grant.challenge == base64URL(verifier)
    else { return Self.answer(.badRequest, #"{"error":"invalid_grant","error_description":"no such code"}"#) }
    guard let token = try? token(["nonce": grant.nonce]) else { return Self.answer(.internalServerError, "") }
    return Self.answer(.ok, #"{"access_token":"x","token_type":"Bearer","id_token":"\#(token)"}"#)
  }
}
