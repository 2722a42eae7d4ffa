package import Foundation
internal import Crypto

/// An Ed25519 public key that evidence is checked against.
package struct PublicKey: Sendable, Equatable, CustomStringConvertible {
  /// The 32 bytes of the key.
  package let bytes: Data

  /// The DER prefix of an Ed25519 SubjectPublicKeyInfo (RFC 8410), which is the same for every key.
  private static let prefix = Data([0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00])

  /// Wraps 32 bytes; nil for another length or bytes that are no key.
  package init?(bytes: Data) {
    guard (try? Curve25519.Signing.PublicKey(rawRepresentation: bytes)) != nil else { return nil }
    self.bytes = Data(bytes)
  }

  /// Reads a `PUBLIC KEY` block as OpenSSL writes it.
  ///
  /// - Throws: ``EvidenceError/Code/badKey`` for anything but one Ed25519 key.
  package init(pem: String) throws(EvidenceError) {
    guard let der = PEM.decode(pem, label: "PUBLIC KEY"), der.count == 44, der.starts(with: Self.prefix),
      let key = PublicKey(bytes: der.dropFirst(Self.prefix.count))
    else {
      throw EvidenceError(
        .badKey, "no Ed25519 public key in PEM form (a PUBLIC KEY block); export it with openssl pkey")
    }
    self = key
  }

  /// The key as SubjectPublicKeyInfo in DER.
  package var der: Data { Self.prefix + bytes }

  /// The key as a `PUBLIC KEY` block, byte for byte as OpenSSL writes it.
  package var pem: String { PEM.encode(der, label: "PUBLIC KEY") }

  /// SHA-256 of the DER form in lower-case hexadecimal; what people compare and envelopes carry.
  package var keyID: String { der.sha256Hexadecimal }

  package var description: String { "ed25519 \(keyID)" }

  /// Whether `signature` was made over `message` with this key's private half.
  package func isValid(_ signature: Data, for message: Data) -> Bool {
    guard signature.count == 64, let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else {
      return false
    }
    return key.isValidSignature(signature, for: message)
  }

  /// The four bytes that stand for `name` and this key in a C2SP signed note.
  package func noteKeyHash(name: String) -> Data {
    Data(SHA256.hash(data: Data(name.utf8) + [0x0A, 0x01] + bytes).prefix(4))
  }

  /// The key under `name` as C2SP's `name+hash+base64`, which checkers of signed notes take.
  package func noteVerifier(name: String) -> String {
    "\(name)+\(noteKeyHash(name: name).hexadecimal)+\((Data([1]) + bytes).base64EncodedString())"
  }
}
