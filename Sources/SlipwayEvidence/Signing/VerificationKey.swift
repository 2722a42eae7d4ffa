internal import Crypto
package import Foundation

/// A public key that somebody else signs attestations with: Ed25519, or ECDSA on the curve P-256 with SHA-256.
package struct VerificationKey: Sendable, Equatable, CustomStringConvertible {
  private enum Kind: Sendable, Equatable {
    case ed25519(PublicKey)
    /// SubjectPublicKeyInfo in DER.
    case p256(Data)
  }

  private let kind: Kind

  /// Reads a `PUBLIC KEY` block as OpenSSL and cosign write it.
  ///
  /// - Throws: ``EvidenceError/Code/badKey`` for anything but one key of the two kinds.
  package init(pem: String) throws(EvidenceError) {
    if let key = try? PublicKey(pem: pem) {
      kind = .ed25519(key)
    } else if let der = PEM.decode(pem, label: "PUBLIC KEY"),
      let key = try? P256.Signing.PublicKey(derRepresentation: der)
    {
      kind = .p256(key.derRepresentation)
    } else {
      throw EvidenceError(
        .badKey, "no public key in PEM form (a PUBLIC KEY block) that is Ed25519 or ECDSA on P-256")
    }
  }

  /// SHA-256 of the DER form in lower-case hexadecimal; what people compare.
  package var keyID: String {
    switch kind {
    case .ed25519(let key): key.keyID
    case .p256(let der): der.sha256Hexadecimal
    }
  }

  package var description: String {
    switch kind {
    case .ed25519(let key): key.description
    case .p256: "p256 \(keyID)"
    }
  }

  /// Whether `signature` (for ECDSA in DER, as cosign and OpenSSL write it) was made over `message` with this key's private half.
  package func isValid(_ signature: Data, for message: Data) -> Bool {
    switch kind {
    case .ed25519(let key): return key.isValid(signature, for: message)
    case .p256(let der):
      guard let key = try? P256.Signing.PublicKey(derRepresentation: der),
        let signature = try? P256.Signing.ECDSASignature(derRepresentation: signature)
      else { return false }
      return key.isValidSignature(signature, for: message)
    }
  }
}

extension Envelope {
  /// The keys of `keys` that have signed, each once; the key hints are not relied upon.
  package func signers(among keys: [VerificationKey]) -> [VerificationKey] {
    let message = Self.preAuthenticated(type: payloadType, payload: payload)
    var signers: [VerificationKey] = []
    for key in keys where !signers.contains(key) && signatures.contains(where: { key.isValid($0.bytes, for: message) })
    {
      signers.append(key)
    }
    return signers
  }
}
