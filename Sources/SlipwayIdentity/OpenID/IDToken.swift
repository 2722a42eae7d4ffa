internal import Foundation
internal import JWTKit
internal import SlipwayModel

/// An ID token in compact form (RFC 7515, section 7.1), taken apart but not yet believed.
struct IDToken: Sendable {
  /// Bytes of the largest token that is looked at.
  static let largest = 16 << 10

  /// Signature algorithms that prove who signed. `none` proves nothing; with HMAC everybody who can check can also sign, and the
  /// provider's public key passes for the secret.
  static let algorithms: [String: JWK.Algorithm] = [
    "RS256": .rs256, "RS384": .rs384, "RS512": .rs512, "PS256": .ps256, "PS384": .ps384, "PS512": .ps512,
    "ES256": .es256, "ES384": .es384, "EdDSA": .eddsa,
  ]

  let text: String
  let algorithm: JWK.Algorithm
  let kid: String?

  /// - Throws: ``IdentityError``: `tooLarge`, `malformed`, `algorithm`.
  init(_ handedIn: String) throws(IdentityError) {
    guard handedIn.utf8.count <= Self.largest else {
      throw IdentityError(
        .tooLarge,
        "the token has \(handedIn.utf8.count) bytes, more than the \(Self.largest) that are read; hand in the ID token alone, "
          + "and have the provider list fewer groups in it")
    }
    text = handedIn.trimmingCharacters(in: .whitespacesAndNewlines)
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3 else {
      let what = parts.count == 5 ? "is encrypted" : "does not have the three parts of a signed token"
      throw Self.malformed("\(what)")
    }
    let decoded = parts.compactMap { Base64URL.decode($0) }
    // An empty signature is left to the algorithm, so that `none` is refused by its name.
    guard decoded.count == 3, !decoded[0].isEmpty, !decoded[1].isEmpty else {
      throw Self.malformed("has a part that is not base64url")
    }
    let header = try Self.header(decoded[0])
    guard let algorithm = Self.algorithms[header.alg] else { throw Self.refused(header.alg) }
    guard (try? JSONDecoder().decode(IDTokenClaims.self, from: decoded[1])) != nil else {
      throw Self.malformed("does not hold a JSON object of claims")
    }
    self.algorithm = algorithm
    kid = header.kid
  }

  /// Read here and not by the library, whose general reader of headers ends the process on a number too large for an integer.
  private struct Header: Decodable {
    var alg: String
    var kid: String?
    var typ: String?
    var hasCritical = false

    enum Key: String, CodingKey { case alg, kid, typ, crit }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: Key.self)
      alg = try container.decode(String.self, forKey: .alg)
      kid = try container.decodeIfPresent(String.self, forKey: .kid)
      typ = try container.decodeIfPresent(String.self, forKey: .typ)
      hasCritical = container.contains(.crit)
    }
  }

  private static func header(_ data: Data) throws(IdentityError) -> Header {
    guard let header = try? JSONDecoder().decode(Header.self, from: data) else {
      throw malformed("has a header that is no JSON object with 'alg'")
    }
    guard !header.hasCritical else { throw malformed("asks for an extension ('crit') that is not known here") }
    // RFC 9068 and OpenID's logout tokens are signed by the same keys and mean something else.
    if let typ = header.typ, typ.uppercased() != "JWT" { throw malformed("is of type '\(typ.shown(40))'") }
    return header
  }

  private static func malformed(_ why: String) -> IdentityError {
    IdentityError(
      .malformed, "this is no ID token that can be checked: it \(why); hand in the signed ID token of a fresh sign-in")
  }

  private static func refused(_ algorithm: String) -> IdentityError {
    let known = algorithms.keys.sorted().joined(separator: ", ")
    let why =
      algorithm.lowercased() == "none"
      ? "it is not signed at all ('alg' is 'none')"
      : algorithm.uppercased().hasPrefix("HS")
        ? "its algorithm \(algorithm.shown(20)) has one key for signing and for checking, so it proves nobody's identity"
        : "its algorithm '\(algorithm.shown(20))' is not known here"
    return IdentityError(
      .algorithm, "the token is refused: \(why); have the provider sign ID tokens by one of \(known)")
  }
}

/// base64url without padding (RFC 7515, section 2), in its one right spelling.
enum Base64URL {
  static func encode(_ data: Data) -> String {
    data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
  }

  /// The bytes; nil for padding, other characters, and bits behind the last byte, which would let one signature be spelled in many ways.
  static func decode(_ text: some StringProtocol) -> Data? {
    var standard = String(text).replacing("-", with: "+").replacing("_", with: "/")
    standard += String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
    guard let data = Data(base64Encoded: standard), encode(data).isExactly(String(text)) else { return nil }
    return data
  }
}
