internal import Foundation

/// The text armour of RFC 7468, for keys of one fixed shape.
enum PEM {
  /// Armours `bytes` in lines of 64 characters, byte for byte as OpenSSL writes it.
  static func encode(_ bytes: Data, label: String) -> String {
    let coded = Array(bytes.base64EncodedString().utf8)
    let lines = stride(from: 0, to: coded.count, by: 64).map {
      String(decoding: coded[$0..<min($0 + 64, coded.count)], as: UTF8.self)
    }
    return "-----BEGIN \(label)-----\n\(lines.joined(separator: "\n"))\n-----END \(label)-----\n"
  }

  /// Reads the first block with `label`; nil when there is none or its content is no base64.
  static func decode(_ text: String, label: String) -> Data? {
    guard let begin = text.range(of: "-----BEGIN \(label)-----"),
      let end = text.range(of: "-----END \(label)-----", range: begin.upperBound..<text.endIndex)
    else { return nil }
    let coded = text[begin.upperBound..<end.lowerBound].filter { !$0.isWhitespace }
    return Data(base64Encoded: coded)
  }
}
