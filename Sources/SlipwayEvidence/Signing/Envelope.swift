package import Foundation
internal import SlipwayModel

/// Signed bytes with their type, in the form of DSSE 1.0.2.
package struct Envelope: Sendable, Equatable {
  /// One signature and a hint, which proves nothing, of the key that made it.
  package struct Signature: Sendable, Equatable {
    package let keyID: String
    package let bytes: Data

    package init(keyID: String, bytes: Data) {
      self.keyID = keyID
      self.bytes = bytes
    }
  }

  package let payloadType: String
  /// What was signed; to be used only as ``verified(by:threshold:)`` hands it out.
  package let payload: Data
  package let signatures: [Signature]

  /// The type of an in-toto statement.
  package static let statementType = "application/vnd.in-toto+json"

  package init(payloadType: String, payload: Data, signatures: [Signature]) {
    self.payloadType = payloadType
    self.payload = payload
    self.signatures = signatures
  }

  /// Signs `payload` with each of `keys`.
  package init(signing payload: Data, type: String, with keys: [SigningKey]) throws(EvidenceError) {
    let message = Self.preAuthenticated(type: type, payload: payload)
    var signatures: [Signature] = []
    for key in keys {
      signatures.append(Signature(keyID: key.publicKey.keyID, bytes: try key.signature(for: message)))
    }
    self.init(payloadType: type, payload: payload, signatures: signatures)
  }

  /// The bytes that are signed: DSSE's pre-authentication encoding of type and payload.
  package static func preAuthenticated(type: String, payload: Data) -> Data {
    Data("DSSEv1 \(type.utf8.count) \(type) \(payload.count) ".utf8) + payload
  }

  /// The envelope on one line with a line feed; equal envelopes give equal bytes.
  package var json: Data {
    let signatures = signatures.map {
      "{\"keyid\":\(JSONText.quoted($0.keyID)),\"sig\":\"\($0.bytes.base64EncodedString())\"}"
    }
    let type = JSONText.quoted(payloadType)
    let body = "{\"payload\":\"\(payload.base64EncodedString())\",\"payloadType\":\(type)"
    return Data("\(body),\"signatures\":[\(signatures.joined(separator: ","))]}\n".utf8)
  }

  /// More signatures than anyone needs; past it, checking would be work for nothing.
  private static let signatureLimit = 64

  /// Reads an envelope: either base64 alphabet, unknown fields passed over.
  ///
  /// - Throws: ``EvidenceError/Code/malformed``.
  package init(json: Data) throws(EvidenceError) {
    let written: Written
    do {
      written = try CanonicalJSON.decode(Written.self, from: json)
    } catch {
      throw EvidenceError(
        .malformed, "no DSSE envelope: payload, payloadType and signatures are expected", cause: error)
    }
    guard let payload = Data(anyBase64: written.payload), !written.signatures.isEmpty,
      written.signatures.count <= Self.signatureLimit
    else {
      throw EvidenceError(.malformed, "no DSSE envelope: payload is no base64, or there are 0 or over 64 signatures")
    }
    var signatures: [Signature] = []
    for signature in written.signatures {
      guard let bytes = Data(anyBase64: signature.sig) else {
        throw EvidenceError(.malformed, "no DSSE envelope: a signature is no base64")
      }
      signatures.append(Signature(keyID: signature.keyid ?? "", bytes: bytes))
    }
    self.init(payloadType: written.payloadType, payload: payload, signatures: signatures)
  }

  /// The payload, once `threshold` different keys of `keys` have signed it; the key hints are not relied upon.
  ///
  /// - Throws: ``EvidenceError/Code/badSignature`` when fewer have.
  package func verified(by keys: [PublicKey], threshold: Int = 1) throws(EvidenceError) -> Data {
    precondition(threshold > 0, "a threshold of no keys proves nothing")
    let message = Self.preAuthenticated(type: payloadType, payload: payload)
    let unique = Set(keys.map(\.bytes)).compactMap(PublicKey.init(bytes:))
    let signers = unique.filter { key in signatures.contains { key.isValid($0.bytes, for: message) } }
    guard signers.count >= threshold else {
      throw EvidenceError(
        .badSignature, "signed by \(signers.count) of \(unique.count) known keys; \(threshold) are needed")
    }
    return payload
  }

  private struct Written: Decodable {
    struct Signature: Decodable {
      let keyid: String?
      let sig: String
    }
    let payload: String
    let payloadType: String
    let signatures: [Signature]
  }
}
