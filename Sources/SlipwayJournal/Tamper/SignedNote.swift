package import Crypto
package import Foundation

/// Who signs notes: a name, the four bytes that stand for name and key, and the signing itself.
package struct NoteSigner: Sendable {
  package let name: String
  /// The first four bytes of SHA-256(name ‖ 0x0A ‖ 0x01 ‖ public key) for Ed25519.
  package let keyHash: Data
  /// Signs the text of a note; what it returns is the bare signature.
  package let sign: @Sendable (Data) throws -> Data

  package init(name: String, keyHash: Data, sign: @escaping @Sendable (Data) throws -> Data) {
    self.name = name
    self.keyHash = keyHash
    self.sign = sign
  }

  /// Signs with an Ed25519 key; `name` has neither spaces nor `+`, and is the origin of the checkpoints.
  package init(name: String, key: Curve25519.Signing.PrivateKey) {
    let verifier = NoteKey(name: name, key: key.publicKey)
    self.init(name: name, keyHash: verifier.keyHash) { try key.signature(for: $0) }
  }
}

/// A public key that notes are checked against, written `name+hash+base64` as C2SP's signed-note says.
package struct NoteKey: Sendable, CustomStringConvertible {
  package let name: String
  package let key: Curve25519.Signing.PublicKey

  package init(name: String, key: Curve25519.Signing.PublicKey) {
    self.name = name
    self.key = key
  }

  /// Reads the written form; nil for another algorithm than Ed25519, or a hash that does not fit.
  package init?(_ text: String) {
    // Base64 may hold `+` as well, so only the first two part the fields.
    let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let coded = Data(base64Encoded: String(parts[2])), coded.count == 33, coded.first == 1,
      let key = try? Curve25519.Signing.PublicKey(rawRepresentation: coded.dropFirst())
    else { return nil }
    self.init(name: String(parts[0]), key: key)
    guard keyHash.map(Self.hexadecimal).joined() == parts[1] else { return nil }
  }

  package var keyHash: Data {
    Data(SHA256.hash(data: Data(name.utf8) + [0x0A, 0x01] + key.rawRepresentation).prefix(4))
  }

  package var description: String {
    let coded = (Data([1]) + key.rawRepresentation).base64EncodedString()
    return "\(name)+\(keyHash.map(Self.hexadecimal).joined())+\(coded)"
  }

  private static func hexadecimal(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return byte < 16 ? "0" + text : text
  }
}

/// A text with signatures under it, in the form of C2SP's signed-note.
struct SignedNote: Equatable {
  struct Signature: Equatable {
    let name: String
    let keyHash: Data
    let bytes: Data
  }

  /// Ends with a newline.
  let text: String
  let signatures: [Signature]

  static func sign(_ text: String, by signer: NoteSigner) throws -> SignedNote {
    let bytes = try signer.sign(Data(text.utf8))
    return SignedNote(text: text, signatures: [Signature(name: signer.name, keyHash: signer.keyHash, bytes: bytes)])
  }

  init(text: String, signatures: [Signature]) {
    self.text = text
    self.signatures = signatures
  }

  /// Reads one note; nil where the form is not kept.
  init?(_ written: String) {
    guard let gap = written.range(of: "\n\n"), written.hasSuffix("\n") else { return nil }
    text = written[..<gap.lowerBound] + "\n"
    var signatures: [Signature] = []
    for line in written[gap.upperBound...].split(separator: "\n") {
      let parts = line.split(separator: " ", omittingEmptySubsequences: false)
      guard parts.count == 3, parts[0] == "\u{2014}", let coded = Data(base64Encoded: String(parts[2])), coded.count > 4
      else { return nil }
      signatures.append(Signature(name: String(parts[1]), keyHash: coded.prefix(4), bytes: Data(coded.dropFirst(4))))
    }
    guard (1...16).contains(signatures.count) else { return nil }
    self.signatures = signatures
    // Nobody signs the spelling of a signature: spare bits of its base64 or an empty line. So only one spelling is read.
    guard self.written.utf8.elementsEqual(written.utf8) else { return nil }
  }

  var written: String {
    signatures.reduce(text + "\n") { $0 + "\u{2014} \($1.name) \(($1.keyHash + $1.bytes).base64EncodedString())\n" }
  }

  /// Whether a key of `keys` has signed the text. Unknown keys are passed over; a known one that does not fit rejects the note.
  func isSigned(by keys: [NoteKey]) -> Bool {
    var found = false
    for signature in signatures {
      for key in keys where key.name == signature.name && key.keyHash == signature.keyHash {
        guard key.key.isValidSignature(signature.bytes, for: Data(text.utf8)) else { return false }
        found = true
      }
    }
    return found
  }
}

/// The statement "entry `size` of the log `origin` has the chain hash `hash`" in the three lines of a C2SP checkpoint.
package struct Checkpoint: Sendable, Equatable {
  package let origin: String
  package let tip: Tip

  package init(origin: String, tip: Tip) {
    self.origin = origin
    self.tip = tip
  }

  var text: String { "\(origin)\n\(tip.seq)\n\(tip.hash.base64EncodedString())\n" }

  /// Reads the text of a note; further lines are passed over, as the standard asks.
  init?(text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    guard lines.count >= 4, !lines[0].isEmpty, let size = Int64(lines[1]), size >= 0, String(size) == lines[1],
      let hash = Data(base64Encoded: String(lines[2])), hash.count == Chain.hashLength
    else { return nil }
    self.init(origin: String(lines[0]), tip: Tip(seq: size, hash: hash))
  }
}
