package import Foundation
package import SlipwayModel

/// Takes secrets out of texts before they are kept or shown, and writes `[REDACTED]` in their place.
///
/// Two nets. Known values, given at the start, are found in every shape in which they turn up (``SecretForms``). Unknown ones
/// are found where their surroundings give them away: URLs, connection strings, settings and headers with telling names,
/// tokens with a known prefix, private key blocks. References such as `${env:NAME}` stay.
///
/// A known value of fewer than four bytes is not searched for, since it would be found in innocent words; it goes where a
/// telling name stands before it. In JSON, a known value of fewer than eight bytes is not searched for in bare numbers, since
/// ports, counts and times would go with it.
package struct Redactor: Sendable {
  /// What stands in the place of a secret.
  package static let mark = "[REDACTED]"

  private let known: KnownValues
  private let knownInNumbers: KnownValues

  /// Prepares the search once; make one redactor and share it.
  package init(secrets: [Secret] = []) {
    var forms: Set<[UInt8]> = []
    var long: Set<[UInt8]> = []
    for secret in secrets {
      secret.reveal { value in
        forms.formUnion(SecretForms.all(of: value))
        if value.utf8.count >= 8 { long.insert(Array(value.utf8)) }
      }
    }
    known = KnownValues(forms)
    knownInNumbers = KnownValues(long)
  }

  /// A line or text, such as a log message.
  package func redact(_ text: String) -> String {
    var text = text
    return text.withUTF8 { redactedText($0).map { String(decoding: $0, as: UTF8.self) } } ?? text
  }

  /// Any bytes as text; what is no UTF-8 is searched all the same.
  package func redact(text data: Data) -> Data { rewrite(data) { redactedText($0) } }

  /// A JSON text: strings are read as JSON means them, and valid JSON stays valid. What is no JSON is taken as text.
  package func redact(json data: Data) -> Data { rewrite(data) { redactedJSON($0) ?? redactedText($0) } }

  /// A file, by the ending of its name: `.json` and `.jsonl` as JSON, line by line, everything else as text.
  package func redact(_ data: Data, named name: String) -> Data {
    if name.hasSuffix(".json") { return redact(json: data) }
    guard name.hasSuffix(".jsonl") else { return redact(text: data) }
    let lines = data.split(separator: 0x0A, omittingEmptySubsequences: false).map { redact(json: Data($0)) }
    return Data(lines.joined(separator: [0x0A]))
  }

  private func rewrite(_ data: Data, _ body: (UnsafeBufferPointer<UInt8>) -> [UInt8]?) -> Data {
    data.withUnsafeBytes { raw in raw.withMemoryRebound(to: UInt8.self) { body($0).map { Data($0) } } } ?? data
  }

  /// Nil when nothing had to go.
  ///
  /// What has gone can leave a pattern that was hidden before, such as a token right behind a known value; so the result is
  /// searched again until nothing is found, with a limit that no honest text reaches.
  private func redactedText(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var places = places(in: bytes)
    guard !places.isEmpty else { return nil }
    var text = Self.blot(places, in: bytes)
    for _ in 0..<4 {
      let before = text
      text = before.withUnsafeBufferPointer { bytes in
        places = self.places(in: bytes)
        return places.isEmpty ? before : Self.blot(places, in: bytes)
      }
      if text == before { break }
    }
    return text
  }

  /// The text with its strings redacted, unchanged when nothing had to go; nil when it is no JSON.
  private func redactedJSON(_ bytes: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
    var edits: [(range: Range<Int>, replacement: [UInt8])] = []
    var sensitiveDepth: Int?
    var walk = JSONWalk(bytes)
    let isJSON = walk.walk { token, range, hasEscapes, depth in
      let content = hasEscapes && token != .number ? JSONText.unescaped(bytes[range]) : nil
      // A key's value lies at its own depth; that of a list after it one further.
      let isSensitive = sensitiveDepth.map { $0 == depth || $0 + 1 == depth } ?? false
      switch token {
      case .key:
        sensitiveDepth = isTelling(bytes[range], content) ? depth : nil
        if let new = redactedString(bytes, range, content) { edits.append((range, new)) }
      case .string:
        if isSensitive, isWorthHiding(content ?? Array(bytes[range])) {
          edits.append((range, Array(Self.mark.utf8)))
        } else if let new = redactedString(bytes, range, content) {
          edits.append((range, new))
        }
      case .number:
        var hit = false
        knownInNumbers.forEachMatch(in: UnsafeBufferPointer(rebasing: bytes[range])) { _ in hit = true }
        if hit { edits.append((range, Array("\"\(Self.mark)\"".utf8))) }
      }
    }
    return isJSON ? Self.apply(edits, to: bytes) : nil
  }

  private func isTelling(_ key: Slice<UnsafeBufferPointer<UInt8>>, _ content: [UInt8]?) -> Bool {
    content.map { SensitiveName.matches($0) } ?? SensitiveName.matches(key)
  }

  private func isWorthHiding(_ content: [UInt8]) -> Bool {
    let text = String(decoding: content, as: UTF8.self)
    return !content.isEmpty && !text.hasPrefix("${env:") && !text.hasPrefix("${file:")
  }

  private func redactedString(
    _ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ content: [UInt8]?
  ) -> [UInt8]? {
    let redacted =
      if let content {
        content.withUnsafeBufferPointer { redactedText($0) }
      } else {
        redactedText(UnsafeBufferPointer(rebasing: bytes[range]))
      }
    guard let redacted else { return nil }
    var escaped: [UInt8] = []
    JSONText.append(escaped: redacted, to: &escaped)
    return escaped
  }

  /// What must go, in order and without overlap.
  private func places(in bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var places = PatternScanner.matches(in: bytes)
    let patterns = places.count
    known.forEachMatch(in: bytes) { places.append($0) }
    if !known.isEmpty {
      for plusIsSpace in [false, true] {
        guard let decoded = PercentDecoded(bytes, plusIsSpace: plusIsSpace) else { break }
        decoded.bytes.withUnsafeBufferPointer {
          known.forEachMatch(in: $0) { places.append(decoded.source(of: $0)) }
        }
      }
    }
    guard places.count > 1 else { return places }
    if places.count > patterns { places.sort { $0.lowerBound < $1.lowerBound } }
    var merged: [Range<Int>] = []
    for place in places {
      if let last = merged.last, place.lowerBound <= last.upperBound {
        merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, place.upperBound)
      } else {
        merged.append(place)
      }
    }
    return merged
  }

  private static func blot(_ places: [Range<Int>], in bytes: UnsafeBufferPointer<UInt8>) -> [UInt8] {
    let mark = Array(mark.utf8)
    return apply(places.map { ($0, mark) }, to: bytes)
  }

  private static func apply(
    _ edits: [(range: Range<Int>, replacement: [UInt8])], to bytes: UnsafeBufferPointer<UInt8>
  ) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var copied = 0
    for edit in edits {
      output += bytes[copied..<edit.range.lowerBound]
      output += edit.replacement
      copied = edit.range.upperBound
    }
    output += bytes[copied...]
    return output
  }
}
