internal import Crypto
package import Foundation

/// The Ed25519 key that signs evidence and checkpoints; no description of it shows the private half.
package struct SigningKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let key: Curve25519.Signing.PrivateKey
  /// The half that checks.
  package let publicKey: PublicKey

  /// The DER prefix of an Ed25519 PKCS#8 key (RFC 8410), which is the same for every key.
  private static let prefix = Data([
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
  ])

  /// A new random key.
  package init() {
    key = Curve25519.Signing.PrivateKey()
    publicKey = Self.publicHalf(of: key)
  }

  /// Makes the key from its 32 byte seed (RFC 8032); nil for another length.
  package init?(seed: Data) {
    guard let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: seed) else { return nil }
    self.key = key
    publicKey = Self.publicHalf(of: key)
  }

  /// Reads a `PRIVATE KEY` block as `openssl genpkey -algorithm ed25519` writes it.
  ///
  /// - Throws: ``EvidenceError/Code/badKey`` for anything else; the message never quotes the text.
  package init(pem: String) throws(EvidenceError) {
    guard let der = PEM.decode(pem, label: "PRIVATE KEY"), der.count == 48, der.starts(with: Self.prefix),
      let key = SigningKey(seed: der.dropFirst(Self.prefix.count))
    else {
      throw EvidenceError(
        .badKey, "no unencrypted Ed25519 key in PEM form; make one with: openssl genpkey -algorithm ed25519")
    }
    self = key
  }

  /// The `PRIVATE KEY` block; for the key file alone.
  var pem: String { PEM.encode(Self.prefix + key.rawRepresentation, label: "PRIVATE KEY") }

  /// Signs `message`; the same message gives the same 64 bytes.
  ///
  /// - Throws: ``EvidenceError/Code/badKey`` when the library refuses.
  package func signature(for message: Data) throws(EvidenceError) -> Data {
    do {
      return try key.signature(for: message)
    } catch {
      throw EvidenceError(.badKey, "cannot sign with key \(publicKey.keyID)", cause: error)
    }
  }

  package var description: String { "signing key \(publicKey.keyID)" }
  package var debugDescription: String { description }
  package var customMirror: Mirror { Mirror(self, children: []) }

  private static func publicHalf(of key: Curve25519.Signing.PrivateKey) -> PublicKey {
    guard let half = PublicKey(bytes: key.publicKey.rawRepresentation) else {
      preconditionFailure("a private key's own public half is a key")
    }
    return half
  }
}
