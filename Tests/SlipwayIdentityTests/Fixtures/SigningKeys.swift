import Crypto
import CryptoExtras
import Foundation

/// A key of the test's provider, which signs without the library under test.
struct SigningKey: Sendable {
  let algorithm: String
  /// The public key as a JSON Web Key without name, use and algorithm.
  let jwk: [String: String]
  let pem: String
  let sign: @Sendable (Data) throws -> Data

  static func rsa(_ algorithm: String = "RS256") throws -> SigningKey {
    let key = try _RSA.Signing.PrivateKey(keySize: .bits2048)
    let parts = try key.publicKey.getKeyPrimitives()
    let padding: _RSA.Signing.Padding = algorithm.hasPrefix("PS") ? .PSS : .insecurePKCS1v1_5
    return SigningKey(
      algorithm: algorithm,
      jwk: ["kty": "RSA", "n": base64URL(parts.modulus), "e": base64URL(parts.publicExponent)],
      pem: key.publicKey.pemRepresentation
    ) { data in
      switch algorithm.suffix(3) {
      case "384": try key.signature(for: SHA384.hash(data: data), padding: padding).rawRepresentation
      case "512": try key.signature(for: SHA512.hash(data: data), padding: padding).rawRepresentation
      default: try key.signature(for: SHA256.hash(data: data), padding: padding).rawRepresentation
      }
    }
  }

  static func es256() -> SigningKey {
    let key = P256.Signing.PrivateKey()
    return SigningKey(
      algorithm: "ES256", jwk: curve("P-256", key.publicKey.rawRepresentation), pem: key.publicKey.pemRepresentation
    ) { try key.signature(for: $0).rawRepresentation }
  }

  static func es384() -> SigningKey {
    let key = P384.Signing.PrivateKey()
    return SigningKey(
      algorithm: "ES384", jwk: curve("P-384", key.publicKey.rawRepresentation), pem: key.publicKey.pemRepresentation
    ) { try key.signature(for: $0).rawRepresentation }
  }

  static func ed25519() -> SigningKey {
    let key = Curve25519.Signing.PrivateKey()
    let x = base64URL(key.publicKey.rawRepresentation)
    return SigningKey(algorithm: "EdDSA", jwk: ["kty": "OKP", "crv": "Ed25519", "x": x], pem: "") {
      try key.signature(for: $0)
    }
  }

  /// The same key under another algorithm's name.
  func named(_ algorithm: String) -> SigningKey {
    SigningKey(algorithm: algorithm, jwk: jwk, pem: pem, sign: sign)
  }

  private static func curve(_ name: String, _ point: Data) -> [String: String] {
    let half = point.count / 2
    return ["kty": "EC", "crv": name, "x": base64URL(point.prefix(half)), "y": base64URL(point.suffix(half))]
  }

  /// The key as it stands in a set.
  func entry(_ kid: String? = nil, algorithm named: Bool = true, use: String? = "sig") -> [String: String] {
    var entry = jwk
    entry["kid"] = kid
    entry["use"] = use
    if named { entry["alg"] = algorithm }
    return entry
  }
}

func base64URL(_ data: Data) -> String {
  data.base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
}

/// Tokens made by hand.
enum Mint {
  static func token(
    _ claims: [String: Any], by key: SigningKey, kid: String? = nil, header more: [String: Any] = [:]
  ) throws -> String {
    var header: [String: Any] = ["alg": key.algorithm, "typ": "JWT"]
    header["kid"] = kid
    return try token(
      header: json(header.merging(more) { $1 }), payload: json(claims), sign: key.sign)
  }

  static func token(header: Data, payload: Data, sign: (Data) throws -> Data) throws -> String {
    let signed = base64URL(header) + "." + base64URL(payload)
    return try signed + "." + base64URL(sign(Data(signed.utf8)))
  }

  static func json(_ value: Any) throws -> Data {
    try JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
  }
}
