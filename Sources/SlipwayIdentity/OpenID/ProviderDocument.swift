internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel

/// What a provider says about itself (OpenID Connect Discovery 1.0, section 3), as far as it is needed here.
struct ProviderDocument: Decodable, Sendable {
  let issuer: String
  let jwksURI: String
  let authorizationEndpoint: String?
  let tokenEndpoint: String?
  let scopes: [String]?
  let tokenAuthentication: [String]?
  /// Whether answers of a sign-in name their issuer (RFC 9207).
  let namesIssuer: Bool?

  private enum CodingKeys: String, CodingKey {
    case issuer
    case jwksURI = "jwks_uri"
    case authorizationEndpoint = "authorization_endpoint"
    case tokenEndpoint = "token_endpoint"
    case scopes = "scopes_supported"
    case tokenAuthentication = "token_endpoint_auth_methods_supported"
    case namesIssuer = "authorization_response_iss_parameter_supported"
  }

  /// Asks the provider and checks that the answer is its own.
  static func fetch(
    _ spec: OIDCSpec, _ probe: HTTPProbe, timeout: Span
  ) async throws(IdentityError) -> ProviderDocument {
    guard OIDCSpec.isTrustworthy(spec.issuer) else {
      throw IdentityError(
        .misconfigured,
        "the issuer \(spec.issuer.shown) is not asked over https, so anybody on the way could sign as anybody; "
          + "name an https address in 'identity: oidc: issuer'")
    }
    let base = spec.issuer.hasSuffix("/") ? String(spec.issuer.dropLast()) : spec.issuer
    let place = base + "/.well-known/openid-configuration"
    let text = try await get(place, probe, timeout: timeout)
    guard let document = try? JSONDecoder().decode(ProviderDocument.self, from: Data(text.utf8)) else {
      throw IdentityError(
        .providerGarbage,
        "\(place.shown) answers with something that is no discovery document with 'issuer' and 'jwks_uri'; is the issuer right?"
      )
    }
    guard document.issuer.isExactly(spec.issuer) else {
      throw IdentityError(
        .wrongIssuer,
        "\(place.shown) speaks for the issuer '\(document.issuer.shown)', the pipeline file names '\(spec.issuer)'; "
          + "write it exactly so, a slash at the end included, if that is the one you mean")
    }
    for address in [document.jwksURI, document.authorizationEndpoint, document.tokenEndpoint].compactMap({ $0 })
    where !OIDCSpec.isTrustworthy(address) {
      throw IdentityError(
        .providerGarbage,
        "\(place.shown) names \(address.shown), which is not asked over https; have the provider name an https address")
    }
    return document
  }

  /// The body of a 200 from the provider, bounded in time and size.
  static func get(_ url: String, _ probe: HTTPProbe, timeout: Span) async throws(IdentityError) -> String {
    let answer: HTTPAnswer
    do {
      answer = try await probe.get(url, timeout: timeout)
    } catch {
      throw IdentityError(provider: error)
    }
    switch answer.status {
    case 200 where answer.body.utf8.count < HTTPProbe.bodyLimit: return answer.body
    case 200:
      throw IdentityError(.providerGarbage, "\(url.shown) answers with 1 MiB or more; is that the identity provider?")
    case 300..<400:
      throw IdentityError(
        .providerGarbage, "\(url.shown) answers \(answer.status), a redirect; name the issuer that it leads to")
    case 429, 500...:
      throw IdentityError(
        .providerUnreachable, "\(url.shown) answers \(answer.status); look at the identity provider, then try again")
    default:
      throw IdentityError(.providerGarbage, "\(url.shown) answers \(answer.status); is the issuer right?")
    }
  }
}

extension IdentityError {
  /// The provider could not be asked.
  init(provider error: ConnectorError) {
    switch error.code {
    case .unreachable, .timedOut:
      self.init(
        .providerUnreachable, "the identity provider cannot be asked: \(error.message); is it running? try again")
    case .refused, .garbage: self.init(.providerGarbage, "the identity provider: \(error.message)")
    case .misconfigured: self.init(.misconfigured, "the identity provider: \(error.message)")
    }
  }
}
