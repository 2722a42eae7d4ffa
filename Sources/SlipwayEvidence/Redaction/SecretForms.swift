internal import Foundation

/// The shapes in which a known secret may turn up in a text.
enum SecretForms {
  /// Fewer bytes than this would be found in innocent words all over a text.
  static let shortest = 4
  /// From here on a single line of a secret, or its hexadecimal form, is telling enough to be looked for by itself.
  private static let telling = 8
  /// From here on the inner part of a secret's base64 has seven characters or more.
  private static let tellingInBase64 = 6

  /// Every shape of `value`, each at least ``shortest`` bytes long: itself, its lines, base64 (also inside a longer base64
  /// text), form encoding, JSON and XML escapes, hexadecimal.
  static func all(of value: String) -> Set<[UInt8]> {
    let trimmed = value.trimmingCharacters(in: .whitespacesAndNewlines)
    guard trimmed.utf8.count >= shortest else { return [] }
    var forms: Set<[UInt8]> = []
    for text in [value, trimmed] {
      let bytes = Array(text.utf8)
      forms.insert(bytes)
      forms.formUnion(base64(bytes))
      for form in [formEncoded(text)] + jsonEscaped(text) + xmlEscaped(text) { forms.insert(Array(form.utf8)) }
      if bytes.count >= telling {
        let hexadecimal = Data(bytes).hexadecimal
        forms.insert(Array(hexadecimal.utf8))
        forms.insert(Array(hexadecimal.uppercased().utf8))
      }
    }
    // Logs break a key or certificate into its lines and put something before each.
    let lines = trimmed.split(whereSeparator: \.isNewline)
    if lines.count > 1 {
      for line in lines where line.utf8.count >= telling { forms.insert(Array(line.utf8)) }
    }
    let mark = Array(Redactor.mark.utf8)
    return forms.filter { $0.count >= shortest && !mark.contains($0) }
  }

  /// The whole encoding without padding, and the part that stays the same wherever the secret stands in encoded text.
  private static func base64(_ bytes: [UInt8]) -> Set<[UInt8]> {
    var forms: Set<[UInt8]> = []
    for before in 0..<3 {
      let coded = Array(Data(repeating: 0, count: before).base64EncodedString(appending: bytes).utf8)
      let start = before == 0 ? 0 : (before * 8 + 5) / 6
      let end = (before + bytes.count) * 8 / 6
      if before == 0 { forms.insert(coded.filter { $0 != UInt8(ascii: "=") }) }
      if bytes.count >= tellingInBase64 { forms.insert(Array(coded[start..<end])) }
    }
    for form in forms {
      forms.insert(form.map { $0 == UInt8(ascii: "+") ? UInt8(ascii: "-") : $0 == UInt8(ascii: "/") ? 0x5F : $0 })
    }
    return forms
  }

  /// As forms write it; what has percent escapes is found by ``PercentDecoded``.
  private static func formEncoded(_ text: String) -> String { text.replacingOccurrences(of: " ", with: "+") }

  /// JSON as encoders write it: with and without escaped slashes, beyond ASCII as it is or as `\u`, in either case.
  private static func jsonEscaped(_ text: String) -> [String] {
    let plain = String(JSONText.quoted(text).dropFirst().dropLast())
    let ascii = plain.utf16.reduce(into: "") { output, unit in
      if unit < 0x80, let scalar = Unicode.Scalar(unit) {
        output.unicodeScalars.append(scalar)
      } else {
        output += "\\u" + Data([UInt8(unit >> 8), UInt8(unit & 0xFF)]).hexadecimal
      }
    }
    var forms = [plain, ascii]
    // Careful encoders also escape what HTML would take for markup.
    forms += forms.map {
      $0.replacingOccurrences(of: "<", with: "\\u003c").replacingOccurrences(of: ">", with: "\\u003e")
        .replacingOccurrences(of: "&", with: "\\u0026")
    }
    forms += forms.map { upperEscapes($0) }
    return forms + forms.map { $0.replacingOccurrences(of: "/", with: "\\/") }
  }

  private static func upperEscapes(_ text: String) -> String {
    let parts = text.components(separatedBy: "\\u")
    return parts.dropFirst().reduce(parts[0]) { $0 + "\\u" + $1.prefix(4).uppercased() + $1.dropFirst(4) }
  }

  private static func xmlEscaped(_ text: String) -> [String] {
    let markup = text.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;")
      .replacingOccurrences(of: ">", with: "&gt;")
    let quoted = markup.replacingOccurrences(of: "\"", with: "&quot;")
    return [
      markup, quoted, quoted.replacingOccurrences(of: "'", with: "&#39;"),
      quoted.replacingOccurrences(of: "'", with: "&apos;"),
    ]
  }
}

extension Data {
  fileprivate func base64EncodedString(appending bytes: [UInt8]) -> String { (self + bytes).base64EncodedString() }
}

extension Array where Element == UInt8 {
  fileprivate func contains(_ part: [UInt8]) -> Bool {
    guard part.count <= count else { return false }
    return (0...(count - part.count)).contains { Array(self[$0..<$0 + part.count]) == part }
  }
}
