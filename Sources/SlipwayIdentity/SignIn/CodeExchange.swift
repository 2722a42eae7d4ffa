internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel

/// Exchanges the code of a sign-in for the ID token (RFC 6749, section 4.1.3).
struct CodeExchange: Sendable {
  let spec: OIDCSpec
  let endpoint: String
  let secret: Secret?
  /// How the provider lets clients prove themselves; nil means by HTTP Basic.
  let methods: [String]?
  let probe: HTTPProbe
  let timeout: Span

  func token(code: String, redirect: String, verifier: String) async throws(IdentityError) -> String {
    var fields = [
      ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect), ("code_verifier", verifier),
    ]
    var headers: [String: Secret] = [:]
    let isBasic = methods?.contains("client_secret_basic") ?? true
    if let secret, isBasic {
      // Both are form-encoded first (RFC 6749, section 2.3.1).
      let pair = secret.reveal { Form.encode(spec.client) + ":" + Form.encode($0) }
      headers["Authorization"] = Secret("Basic " + Data(pair.utf8).base64EncodedString())
    } else {
      fields.append(("client_id", spec.client))
      if let secret { secret.reveal { fields.append(("client_secret", $0)) } }
    }
    let answer: HTTPAnswer
    do {
      answer = try await probe.post(endpoint, form: Secret(Form.encode(fields)), headers: headers, timeout: timeout)
    } catch {
      throw IdentityError(provider: error)
    }
    return try read(answer)
  }

  private struct Granted: Decodable {
    var token: String?
    enum CodingKeys: String, CodingKey { case token = "id_token" }
  }

  private struct Refused: Decodable {
    var error: String
    var why: String?
    enum CodingKeys: String, CodingKey {
      case error
      case why = "error_description"
    }
  }

  private func read(_ answer: HTTPAnswer) throws(IdentityError) -> String {
    let data = Data(answer.body.utf8)
    guard answer.status != 200 else {
      guard let token = (try? JSONDecoder().decode(Granted.self, from: data))?.token, !token.isEmpty else {
        throw IdentityError(
          .providerGarbage,
          "\(endpoint.shown) gave no ID token for the code; is the client allowed the scope 'openid' there?")
      }
      return token
    }
    guard answer.status < 500, answer.status != 429 else {
      throw IdentityError(
        .providerUnreachable,
        "\(endpoint.shown) answers \(answer.status); look at the identity provider, then sign in again")
    }
    guard let refused = try? JSONDecoder().decode(Refused.self, from: data) else {
      throw IdentityError(
        .providerGarbage, "\(endpoint.shown) answers \(answer.status) and does not say why; is the issuer right?")
    }
    let why = refused.error.shown(60) + (refused.why.map { " (\($0.shown(200)))" } ?? "")
    if refused.error == "invalid_grant" {
      throw IdentityError(
        .denied,
        "\(endpoint.shown) does not take the code of this sign-in: \(why); it was used or is too old: sign in again")
    }
    throw IdentityError(
      .misconfigured,
      "\(endpoint.shown) refuses this client: \(why); look at 'client' and 'client_secret' in 'identity: oidc:'")
  }
}
