internal import Foundation

/// A value that must never be printed; it has no Codable form and every description of it is `[REDACTED]`.
package struct Secret: Sendable, Equatable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
  private let value: String

  package init(_ value: String) { self.value = value }

  /// Hands the value to `body`; the only way to read it, so that a search for uses finds every place.
  package func reveal<Result>(_ body: (String) throws -> Result) rethrows -> Result { try body(value) }

  package var description: String { "[REDACTED]" }
  package var debugDescription: String { "[REDACTED]" }
  package var customMirror: Mirror { Mirror(self, children: []) }
}

/// Text of the pipeline file in which secrets stand by reference only: `${env:NAME}` or `${file:PATH}`.
///
/// Encodes and prints as it was written, so a plan, its digest and the journal carry the reference, never the value.
package struct SecretText: Codable, Sendable, Equatable, Hashable, CustomStringConvertible {
  /// The text with its references, exactly as written.
  package let source: String

  package init(_ source: String) { self.source = source }
  package init(from decoder: any Decoder) throws { source = try decoder.singleValueContainer().decode(String.self) }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(source)
  }

  package var description: String { source }

  /// A part of the text: literal or a reference.
  package enum Part: Sendable, Equatable {
    case literal(String)
    case environment(String)
    case file(String)
  }

  /// The text split at its references; `${` without a known kind or an end stays literal.
  ///
  /// By bytes and once over the text: a file may hold 100,000 references, and Foundation's search copies what it looks through.
  package var parts: [Part] {
    let bytes = Array(source.utf8)
    var parts: [Part] = []
    var start = 0
    var index = 0
    var brace = 0
    while index + 1 < bytes.count {
      guard bytes[index] == UInt8(ascii: "$"), bytes[index + 1] == UInt8(ascii: "{") else {
        index += 1
        continue
      }
      // Kept while it lies ahead, so that a text of many openings is searched once and not once for each.
      if brace < index + 2 { brace = bytes[(index + 2)...].firstIndex(of: UInt8(ascii: "}")) ?? bytes.count }
      guard brace < bytes.count else { break }
      guard let reference = Self.reference(bytes[index + 2..<brace]) else {
        // A reference may stand inside braces of another kind, such as a shell's default value.
        index += 2
        continue
      }
      if start < index { parts.append(.literal(String(decoding: bytes[start..<index], as: UTF8.self))) }
      parts.append(reference)
      index = brace + 1
      start = index
    }
    if start < bytes.count { parts.append(.literal(String(decoding: bytes[start...], as: UTF8.self))) }
    return parts
  }

  private static func reference(_ inside: ArraySlice<UInt8>) -> Part? {
    if inside.starts(with: "env:".utf8) { return .environment(String(decoding: inside.dropFirst(4), as: UTF8.self)) }
    if inside.starts(with: "file:".utf8) { return .file(String(decoding: inside.dropFirst(5), as: UTF8.self)) }
    return nil
  }

  /// Whether the text refers to a secret at all.
  package var isSecret: Bool {
    parts.contains {
      if case .literal = $0 { false } else { true }
    }
  }
}
