internal import Crypto
package import Foundation

/// A SHA-256 digest; prints and encodes as `sha256:` and 64 lower-case hexadecimal digits.
package struct Digest: Hashable, Sendable, CustomStringConvertible {
  /// 64 lower-case hexadecimal digits.
  package let hex: String

  /// The digest of `data`.
  package init(of data: some DataProtocol) {
    hex = Self.hexadecimal(SHA256.hash(data: data))
  }

  /// Reads `sha256:<64 hex digits>`; nil for another algorithm, another length or other characters.
  package init?(_ text: String) {
    guard text.hasPrefix("sha256:") else { return nil }
    self.init(hex: String(text.dropFirst(7)))
  }

  /// Wraps 64 hexadecimal digits; nil for anything else.
  package init?(hex: String) {
    let lower = hex.lowercased()
    guard lower.utf8.count == 64, lower.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else {
      return nil
    }
    self.hex = lower
  }

  package var description: String { "sha256:" + hex }

  private static let digits = Array("0123456789abcdef".utf8)

  private static func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(64)
    for byte in bytes {
      text.append(digits[Int(byte >> 4)])
      text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension Digest: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let digest = Digest(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not a sha256 digest")
    }
    self = digest
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
