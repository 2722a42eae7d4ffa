internal import Foundation
internal import JWTKit

/// The provider's public keys that can sign ID tokens (RFC 7517).
struct ProviderKeys: Sendable {
  /// More keys than this are no key set of a provider; each may have to be tried.
  static let most = 100

  private let keys: [JWK]
  /// Names of the keys, sorted.
  let names: [String]

  /// - Throws: `providerGarbage` when `text` is no key set, is too large, or has no key for signatures.
  init(_ text: String, from place: String) throws(IdentityError) {
    guard let set = try? JSONDecoder().decode(KeySet.self, from: Data(text.utf8)) else {
      throw Self.garbage(place, "answers with something that is no JSON Web Key Set")
    }
    guard set.keys.count <= Self.most else {
      throw Self.garbage(place, "lists \(set.keys.count) keys, more than the \(Self.most) that are looked at")
    }
    keys = set.keys.compactMap(\.key)
    names = keys.compactMap { $0.keyIdentifier?.string }.sorted()
    guard !keys.isEmpty else {
      throw Self.garbage(place, "lists no key that ID tokens can be signed with (RSA, EC or Ed25519)")
    }
  }

  /// The claims, when one of the keys made the signature.
  ///
  /// Each key is tried alone, with the algorithm fixed to that of the token's header: the library falls back to another key
  /// for a name it does not know, and believes the key rather than the header about the algorithm.
  func verify(_ token: IDToken) async throws(IdentityError) -> IDTokenClaims? {
    for key in candidates(token) {
      var key = key
      key.algorithm = token.algorithm
      key.keyIdentifier = "only"
      let collection = JWTKeyCollection()
      guard (try? await collection.add(jwk: key)) != nil else { continue }
      if let claims = try? await collection.verify(token.text, as: IDTokenClaims.self) { return claims }
    }
    return nil
  }

  private func candidates(_ token: IDToken) -> [JWK] {
    let able = keys.filter { key in
      (key.algorithm.map { $0 == token.algorithm } ?? true) && Self.fits(key, token.algorithm)
    }
    guard let kid = token.kid else { return able }
    let named = able.filter { $0.keyIdentifier?.string == kid }
    return named.isEmpty && !names.contains(kid) ? able.filter { $0.keyIdentifier == nil } : named
  }

  private static func fits(_ key: JWK, _ algorithm: JWK.Algorithm) -> Bool {
    switch algorithm {
    case .es256: key.keyType == .ecdsa && key.curve?.rawValue == "P-256"
    case .es384: key.keyType == .ecdsa && key.curve?.rawValue == "P-384"
    case .eddsa: key.keyType == .octetKeyPair
    default: key.keyType == .rsa
    }
  }

  private static func garbage(_ place: String, _ what: String) -> IdentityError {
    IdentityError(.providerGarbage, "\(place.shown) \(what); ask whoever runs the provider")
  }

  /// A set in which keys of kinds that are not known here are passed over, as RFC 7517 (section 5) asks.
  private struct KeySet: Decodable {
    var keys: [Entry]

    struct Entry: Decodable {
      var key: JWK?

      enum Key: String, CodingKey { case use }

      init(from decoder: any Decoder) throws {
        let use = try? decoder.container(keyedBy: Key.self).decodeIfPresent(String.self, forKey: .use)
        guard use == nil || use == "sig", var read = try? JWK(from: decoder) else { return }
        // Nothing is signed here; a private part that a provider shows by mistake is not kept.
        (read.privateExponent, read.prime1, read.prime2) = (nil, nil, nil)
        key = read
      }
    }
  }
}
