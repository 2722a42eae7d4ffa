internal import SlipwayModel

/// Proves identity by an ID token: the signature first, then what it says.
struct TokenProof: Sendable {
  let spec: OIDCSpec
  let provider: OIDCProvider

  func prove(
    _ text: String, by person: Person, statement: DecisionStatement, at now: Timestamp
  ) async throws(IdentityError) -> Identity {
    let token = try IDToken(text)
    let claims = try await verified(token, at: now)
    return try IDTokenRules(spec: spec, person: person, statement: statement, now: now).identity(claims, token)
  }

  /// The claims of a token that one of the provider's keys has signed.
  ///
  /// A key that is not known may be a new one, so the keys are fetched once more; the provider sees to it that this is seldom.
  private func verified(_ token: IDToken, at now: Timestamp) async throws(IdentityError) -> IDTokenClaims {
    let first = try await provider.known(at: now)
    if let claims = try await first.keys.verify(token) { return claims }
    // A key of that name is there and did not sign this: newer keys would not help.
    let isNamed = token.kid.map { first.keys.names.contains($0) } ?? false
    let latest = isNamed ? first : try await provider.renewed(after: first, at: now)
    if latest.number != first.number, let claims = try await latest.keys.verify(token) { return claims }
    throw refusal(token, latest.keys)
  }

  private func refusal(_ token: IDToken, _ keys: ProviderKeys) -> IdentityError {
    guard let kid = token.kid, !keys.names.contains(kid), !keys.names.isEmpty else {
      return IdentityError(
        .badSignature,
        "the token's signature was not made by a key of \(spec.issuer.shown): the token was forged or changed; "
          + "sign in again and hand in the token as it is")
    }
    let known = keys.names.prefix(5).map { "'\($0.shown(40))'" }.joined(separator: ", ")
    return IdentityError(
      .unknownKey,
      "the token names the key '\(kid.shown(40))', which \(spec.issuer.shown) does not have (it has \(known)): the token is of "
        + "another provider, or of a key that was taken back or is new; sign in again, and after a change of keys try again "
        + "in \(OIDCProvider.pause)")
  }
}
