import Crypto
import Foundation
import SlipwayIdentity
import SlipwayModel
import Testing

/// A token that must not count, and how it is refused.
struct Forgery: Sendable, CustomTestStringConvertible {
  let name: String
  let code: IdentityError.Code
  let says: String
  let make: @Sendable (StrictProvider) throws -> String

  init(
    _ name: String, _ code: IdentityError.Code, _ says: String,
    _ make: @escaping @Sendable (StrictProvider) throws -> String
  ) {
    (self.name, self.code, self.says, self.make) = (name, code, says, make)
  }

  /// A well signed token with other claims.
  private static func claim(
    _ name: String, _ code: IdentityError.Code, _ says: String, _ change: @escaping @Sendable () -> [String: Any?]
  ) -> Forgery {
    Forgery(name, code, says) { try $0.token(change()) }
  }

  private static func header(_ provider: StrictProvider, _ more: [String: Any]) throws -> String {
    try Mint.token(provider.claims(), by: provider.key, kid: "one", header: more)
  }

  private static let seconds = Int(Sample.now.milliseconds / 1_000)

  var testDescription: String { name }

  static let all: [Forgery] = signatures + headers + shapes + content

  private static let signatures: [Forgery] = [
    Forgery("another key under the right name", .badSignature, "forged or changed") {
      try Mint.token($0.claims(), by: .rsa(), kid: "one")
    },
    Forgery("another key without a name", .badSignature, "forged or changed") {
      try Mint.token($0.claims(), by: .es256())
    },
    Forgery("a name that nobody knows", .unknownKey, "the key 'two', which") {
      try Mint.token($0.claims(), by: $0.key, kid: "two")
    },
    Forgery("an elliptic key under the name of an RSA key", .badSignature, "forged or changed") {
      try Mint.token($0.claims(), by: .es256(), kid: "one")
    },
    Forgery("no signature and alg none", .algorithm, "it is not signed at all") {
      try Mint.token($0.claims(), by: $0.key.named("none"), header: [:]).split(separator: ".").prefix(2)
        .joined(separator: ".") + "."
    },
    Forgery("alg None with the right signature", .algorithm, "it is not signed at all") {
      try Mint.token($0.claims(), by: $0.key.named("None"), kid: "one")
    },
    Forgery("HS256 with the public key as the secret", .algorithm, "one key for signing and for checking") { provider in
      let pem = SymmetricKey(data: Data(provider.key.pem.utf8))
      let key = SigningKey(algorithm: "HS256", jwk: [:], pem: "") {
        Data(HMAC<SHA256>.authenticationCode(for: $0, using: pem))
      }
      return try Mint.token(provider.claims(), by: key, kid: "one")
    },
    Forgery("an empty signature", .badSignature, "forged or changed") {
      try $0.token().split(separator: ".").prefix(2).joined(separator: ".") + "."
    },
    Forgery("another algorithm than the key is for", .badSignature, "forged or changed") {
      try Mint.token($0.claims(), by: $0.key.named("RS512"), kid: "one")
    },
    Forgery("the claims of another token", .badSignature, "forged or changed") {
      let (mine, theirs) = try ($0.token(), $0.token(["email": "eve@example.com"]))
      let (first, second) = (mine.split(separator: "."), theirs.split(separator: "."))
      return "\(second[0]).\(second[1]).\(first[2])"
    },
  ]

  private static let headers: [Forgery] = [
    Forgery("an unknown algorithm", .algorithm, "'RS257' is not known here") { try header($0, ["alg": "RS257"]) },
    Forgery("an algorithm that is a number", .malformed, "no JSON object with 'alg'") { try header($0, ["alg": 5]) },
    Forgery("an extension that must be understood", .malformed, "'crit'") {
      try header($0, ["crit": ["b64"], "b64": false])
    },
    Forgery("an access token", .malformed, "is of type 'at+jwt'") { try header($0, ["typ": "at+jwt"]) },
    Forgery("a logout token", .malformed, "is of type 'logout+jwt'") { try header($0, ["typ": "logout+jwt"]) },
    // The library's own reader of headers would end the process here.
    Forgery("a header with a number beyond all integers", .badSignature, "forged or changed") { provider in
      let header = Data(#"{"alg":"RS256","kid":"one","x":1e300}"#.utf8)
      return try Mint.token(header: header, payload: Data("{}".utf8)) { _ in Data([1, 2, 3]) }
    },
    Forgery("a key of its own in the header", .badSignature, "forged or changed") { provider in
      let eve = SigningKey.es256()
      return try Mint.token(
        provider.claims(), by: eve, kid: "one", header: ["jwk": eve.jwk, "jku": "http://127.0.0.1:1/"])
    },
  ]

  private static let shapes: [Forgery] = [
    Forgery("nothing", .malformed, "three parts") { _ in "" },
    Forgery("two parts", .malformed, "three parts") {
      try $0.token().split(separator: ".").prefix(2).joined(separator: ".")
    },
    Forgery("an encrypted token", .malformed, "is encrypted") { try $0.token() + ".e30.e30" },
    Forgery("standard base64", .malformed, "not base64url") { try $0.token().replacing("-", with: "+") + "+/" },
    Forgery("padding", .malformed, "not base64url") { try $0.token() + "==" },
    Forgery("a line break inside", .malformed, "not base64url") {
      let token = try $0.token()
      return token.prefix(200) + "\n" + token.dropFirst(200)
    },
    Forgery("claims that are a list", .malformed, "JSON object of claims") {
      try Mint.token(header: Data(#"{"alg":"RS256"}"#.utf8), payload: Data("[1]".utf8), sign: $0.key.sign)
    },
    Forgery("claims that are no text", .malformed, "JSON object of claims") {
      try Mint.token(header: Data(#"{"alg":"RS256"}"#.utf8), payload: Data([0xFF, 0xFE]), sign: $0.key.sign)
    },
    Forgery("16 KiB and more, well signed", .tooLarge, "more than the 16384 that are read") {
      try $0.token(["padding": String(repeating: "x", count: 16_384)])
    },
    Forgery("a megabyte of dots", .tooLarge, "1048576 bytes") { _ in String(repeating: ".", count: 1 << 20) },
    Forgery("500 lists in each other", .malformed, "'groups' lists something") { provider in
      var deep: Any = "x"
      for _ in 0..<400 { deep = [deep] }
      return try provider.token(["groups": deep])
    },
  ]

  private static let content: [Forgery] = [
    claim("another issuer", .wrongIssuer, "the issuer 'https://evil.example.com'") {
      ["iss": "https://evil.example.com"]
    },
    Forgery("an issuer with one slash more", .wrongIssuer, "exactly as tokens state it") {
      try $0.token(["iss": $0.issuer + "/"])
    },
    claim("no issuer", .wrongIssuer, "the issuer ''") { ["iss": nil] },
    claim("another audience", .wrongAudience, "meant for 'wiki', not for 'slipway'") { ["aud": "wiki"] },
    claim("no audience", .wrongAudience, "meant for nobody") { ["aud": nil] },
    claim("an audience of another kind", .malformed, "'aud' is neither") { ["aud": ["slipway": true]] },
    claim("expired", .expired, "sign in again") { ["exp": seconds - 1] },
    claim("no expiry", .malformed, "'iat', 'exp'") { ["exp": nil] },
    claim("expiry as text", .malformed, "'exp' is no time") { ["exp": "tomorrow"] },
    claim("expiry beyond all times", .malformed, "'exp' is no time") { ["exp": 1e300] },
    claim("expiry before all times", .malformed, "'exp' is no time") { ["exp": -1] },
    claim("not yet valid", .notYetValid, "hand it in then") { ["nbf": seconds + 3_600] },
    claim("issued ahead of this clock", .clockBehind, "ahead of this machine's clock") {
      ["iat": seconds + 120, "auth_time": nil]
    },
    claim("signed in long ago", .signInTooOld, "'max_age'") { ["auth_time": seconds - 3_600] },
    claim("no nonce", .wrongNonce, "'nonce' is missing") { ["nonce": nil] },
    claim("the nonce of another run", .wrongNonce, "another word, run or plan") { ["nonce": Sample.other.nonce] },
    claim("another person", .wrongPerson, "of 'eve@example.com'") { ["email": "eve@example.com"] },
    claim("another spelling of the person", .wrongPerson, "of 'Ann@example.com'") { ["email": "Ann@example.com"] },
    claim("nobody", .wrongPerson, "claim 'email' is missing") { ["email": nil] },
    claim("several people", .malformed, "'email' is no text") { ["email": ["ann@example.com", "eve@example.com"]] },
    claim("an address that was never verified", .unverifiedEmail, "never verified") { ["email_verified": false] },
    claim("an address that was never verified, as text", .unverifiedEmail, "never verified") {
      ["email_verified": "false"]
    },
    claim("groups that are numbers", .malformed, "'groups' lists something that is no text") { ["groups": [1, 2]] },
  ]
}
