/// One way of proving who asks, as a server offers it in `WWW-Authenticate` (RFC 9110, section 11).
package struct Challenge: Sendable, Equatable {
  /// In lower case, such as `bearer`.
  package let scheme: String
  /// By name in lower case.
  package let parameters: [String: String]

  /// More is no header but an attack.
  private static let lengthLimit = 8_192

  /// Every well-formed challenge of a header's value; none from the first place on that makes no sense.
  package static func all(in header: String) -> [Challenge] {
    guard header.utf8.count <= lengthLimit else { return [] }
    var scan = Scan(bytes: Array(header.utf8))
    return scan.challenges()
  }

  private struct Scan {
    let bytes: [UInt8]
    var position = 0

    mutating func challenges() -> [Challenge] {
      var found: [Challenge] = []
      while true {
        skip(", \t")
        guard let scheme = token(), isEnd || peek(" \t,") else { return found }
        skip(" \t")
        guard let parameters = parameters() else { return found }
        found.append(Challenge(scheme: scheme.lowercased(), parameters: parameters))
        if isEnd { return found }
      }
    }

    /// The parameters up to the next scheme; nil when they are malformed or one stands twice.
    private mutating func parameters() -> [String: String]? {
      var found: [String: String] = [:]
      if skipToken68() { return found }
      while true {
        let start = position
        skip(", \t")
        guard let name = token() else { return isEnd ? found : nil }
        skip(" \t")
        guard peek("=") else {
          // The name of the next scheme.
          position = start
          return found
        }
        position += 1
        skip(" \t")
        guard let value = peek("\"") ? quoted() : token() else { return nil }
        guard found.updateValue(value, forKey: name.lowercased()) == nil else { return nil }
        skip(" \t")
        guard isEnd || peek(",") else { return nil }
      }
    }

    /// A bare value such as `Negotiate abc==`, which no registry needs.
    private mutating func skipToken68() -> Bool {
      var end = position
      while end < bytes.count, Self.isToken68(bytes[end]) { end += 1 }
      guard end > position else { return false }
      while end < bytes.count, bytes[end] == UInt8(ascii: "=") { end += 1 }
      var next = end
      while next < bytes.count, bytes[next] == 32 || bytes[next] == 9 { next += 1 }
      let isWhole = next == bytes.count || bytes[next] == UInt8(ascii: ",")
      // `scheme name` without '=' could also be two schemes; neither is of use.
      guard isWhole else { return false }
      position = next
      return true
    }

    private mutating func token() -> String? {
      let start = position
      while position < bytes.count, Self.isTokenByte(bytes[position]) { position += 1 }
      return position > start ? String(decoding: bytes[start..<position], as: UTF8.self) : nil
    }

    private mutating func quoted() -> String? {
      position += 1
      var value: [UInt8] = []
      while position < bytes.count {
        var byte = bytes[position]
        position += 1
        if byte == UInt8(ascii: "\"") { return String(decoding: value, as: UTF8.self) }
        if byte == UInt8(ascii: "\\") {
          guard position < bytes.count else { return nil }
          byte = bytes[position]
          position += 1
        }
        // A line feed here would end up in a request.
        guard byte >= 32 || byte == 9, byte != 127 else { return nil }
        value.append(byte)
      }
      return nil
    }

    private var isEnd: Bool { position == bytes.count }

    private func peek(_ characters: String) -> Bool {
      position < bytes.count && characters.utf8.contains(bytes[position])
    }

    private mutating func skip(_ characters: String) {
      while peek(characters) { position += 1 }
    }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        || "!#$%&'*+-.^_`|~".utf8.contains(byte)
    }

    private static func isToken68(_ byte: UInt8) -> Bool {
      (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte) || "-._~+/".utf8.contains(byte)
    }
  }
}
