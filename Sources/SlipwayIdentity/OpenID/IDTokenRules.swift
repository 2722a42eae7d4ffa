internal import Foundation
internal import SlipwayModel

/// What a signed token must say to prove that a person says a statement (OpenID Connect Core 1.0, section 3.1.3.7).
struct IDTokenRules: Sendable {
  /// How far the provider's clock may be ahead of ours.
  static let leeway = Span.seconds(60)

  let spec: OIDCSpec
  let person: Person
  let statement: DecisionStatement
  let now: Timestamp

  func identity(_ claims: IDTokenClaims, _ token: IDToken) throws(IdentityError) -> Identity {
    try checkIssuer(claims)
    try checkAudience(claims)
    let signedIn = try checkTimes(claims)
    try checkNonce(claims)
    try checkName(claims)
    let mfa = Set(spec.mfa)
    return Identity(
      person: person, kind: .oidc, groups: try claims.texts(spec.groupsClaim),
      teams: try claims.texts(spec.teamsClaim ?? spec.groupsClaim),
      mfa: try claims.texts("amr").contains { mfa.contains($0) }, provenAt: signedIn, authority: spec.issuer,
      proof: Digest(of: Data(token.text.utf8)).description)
  }

  private func checkIssuer(_ claims: IDTokenClaims) throws(IdentityError) {
    let issuer = try claims.text("iss") ?? ""
    guard issuer.isExactly(spec.issuer) else {
      throw IdentityError(
        .wrongIssuer,
        "the token is of the issuer '\(issuer.shown)', the pipeline file names \(spec.issuer); sign in there, "
          + "or write the issuer in 'identity: oidc:' exactly as tokens state it")
    }
  }

  private func checkAudience(_ claims: IDTokenClaims) throws(IdentityError) {
    let audience = try claims.texts("aud")
    let shown = audience.isEmpty ? "nobody" : audience.prefix(5).map { "'\($0.shown)'" }.joined(separator: ", ")
    guard audience.contains(where: { $0.isExactly(spec.client) }) else {
      throw IdentityError(
        .wrongAudience,
        "the token is meant for \(shown), not for '\(spec.client)'; sign in through slipway, "
          + "or correct 'client' in 'identity: oidc:'")
    }
    let party = try claims.text("azp")
    guard party.map({ $0.isExactly(spec.client) }) ?? (audience.count == 1) else {
      let whom = party.map { "'\($0.shown)'" } ?? "nobody in particular ('azp' is missing)"
      throw IdentityError(
        .wrongAudience,
        "the token is meant for \(shown) and was given to \(whom), not to '\(spec.client)'; sign in through slipway")
    }
  }

  /// - Returns: when the person signed in.
  private func checkTimes(_ claims: IDTokenClaims) throws(IdentityError) -> Timestamp {
    guard let expiry = try claims.time("exp"), let issued = try claims.time("iat") else {
      throw IdentityError(
        .malformed, "the token does not say when it was issued and when it expires ('iat', 'exp'); it is no ID token")
    }
    let latest = now + Self.leeway
    let signedIn = try claims.time("auth_time") ?? issued
    for (time, what) in [(issued, "it was issued"), (signedIn, "the sign-in was")] where time > latest {
      throw IdentityError(
        .clockBehind,
        "the token says that \(what) at \(time), \(time - now) ahead of this machine's clock (\(now)), and more than "
          + "\(Self.leeway) is not believed; set the clock here or at the provider (timedatectl), then sign in again")
    }
    if let begin = try claims.time("nbf"), begin > latest {
      throw IdentityError(.notYetValid, "the token is valid from \(begin) on, and it is \(now); hand it in then")
    }
    guard now < expiry else {
      throw IdentityError(.expired, "the token expired at \(expiry), and it is \(now); sign in again")
    }
    guard now - signedIn <= spec.maxAge else {
      throw IdentityError(
        .signInTooOld,
        "the sign-in was at \(signedIn), \(now - signedIn) ago, and the pipeline file allows \(spec.maxAge) "
          + "('max_age'); sign in again")
    }
    return signedIn
  }

  private func checkNonce(_ claims: IDTokenClaims) throws(IdentityError) {
    let nonce = try claims.text("nonce")
    guard let nonce, nonce.isExactly(statement.nonce) else {
      let why =
        nonce == nil
        ? "was made for no decision in particular ('nonce' is missing)"
        : "was made for another decision (its 'nonce' is of another word, run or plan)"
      throw IdentityError(
        .wrongNonce,
        "the token \(why) than '\(statement.word)' on run \(statement.run) with plan \(statement.plan); "
          + "look at the plan as it is now and sign in for this decision")
    }
  }

  private func checkName(_ claims: IDTokenClaims) throws(IdentityError) {
    guard let name = try claims.text(spec.nameClaim), !name.isEmpty else {
      throw IdentityError(
        .wrongPerson,
        "the token does not name anybody: claim '\(spec.nameClaim)' is missing; have the provider put it into ID tokens, "
          + "or name another claim as 'name' in 'identity: oidc:'")
    }
    guard name.isExactly(person.text) else {
      throw IdentityError(
        .wrongPerson,
        "the token is of '\(name.shown)', the decision is in the name of '\(person.text.shown)'; decide in your own name, "
          + "spelled as the provider spells it")
    }
    if spec.nameClaim == "email", [.flag(false), .text("false")].contains(claims["email_verified"]) {
      throw IdentityError(
        .unverifiedEmail,
        "the provider says that the address '\(name.shown)' was never verified, so it names nobody; verify it there and sign "
          + "in again")
    }
  }
}
