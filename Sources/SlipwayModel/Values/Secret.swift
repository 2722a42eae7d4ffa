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
  package var parts: [Part] {
    var parts: [Part] = []
    var literal = ""
    var rest = source[...]
    // Kept while it lies ahead, so that a text of many openings is searched once and not once for each.
    var brace = rest.firstIndex(of: "}")
    while let end = brace, let start = rest.range(of: "${") {
      let tail = rest[start.upperBound...]
      guard end >= tail.startIndex else {
        brace = tail.firstIndex(of: "}")
        continue
      }
      literal += rest[..<start.lowerBound]
      guard let reference = Self.reference(tail[..<end]) else {
        // A reference may stand inside braces of another kind, such as a shell's default value.
        literal += "${"
        rest = tail
        continue
      }
      if !literal.isEmpty { parts.append(.literal(literal)) }
      literal = ""
      parts.append(reference)
      rest = tail[tail.index(after: end)...]
    }
    literal += rest
    if !literal.isEmpty { parts.append(.literal(literal)) }
    return parts
  }

  private static func reference(_ inside: Substring) -> Part? {
    if inside.hasPrefix("env:") { return .environment(String(inside.dropFirst(4))) }
    if inside.hasPrefix("file:") { return .file(String(inside.dropFirst(5))) }
    return nil
  }

  /// Whether the text refers to a secret at all.
  package var isSecret: Bool {
    parts.contains {
      if case .literal = $0 { false } else { true }
    }
  }
}
