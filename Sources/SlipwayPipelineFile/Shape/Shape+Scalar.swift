internal import Foundation

extension Shape where Value == Bool {
  static let boolean = Shape(
    schema: ["type": .text("boolean")], expectation: "true or false", show: { .boolean($0) }
  ) { node, reading in
    if case .boolean(let value)? = node.scalar { return value }
    let text = node.text?.lowercased()
    let suggestion =
      ["yes", "on", "true"].contains(text) ? "true" : ["no", "off", "false"].contains(text) ? "false" : nil
    reading.mismatch(
      node, expected: "true or false", echo: true,
      suggestion: suggestion ?? text.flatMap { NearMiss.of($0, among: ["true", "false"]) })
    return nil
  }
}

extension Shape where Value == Int {
  static func integer(_ range: ClosedRange<Int>, _ what: String) -> Shape {
    let schema: Schema = [
      "type": .text("integer"), "minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound),
    ]
    let expectation = "\(what) from \(range.lowerBound) to \(range.upperBound)"
    return Shape(schema: schema, expectation: expectation, show: { .integer($0) }) { node, reading in
      if case .integer(let value)? = node.scalar, range.contains(value) { return value }
      reading.mismatch(node, expected: expectation, echo: true)
      return nil
    }
  }
}

extension Shape {
  /// Text that matches `pattern` as a whole, and what it means; what `parse` refuses is well formed but impossible.
  static func pattern(
    _ pattern: String, _ expectation: String, echo: Bool = true, show: @escaping @Sendable (Value) -> SchemaValue?,
    suggest: @escaping @Sendable (String) -> String? = { _ in nil }, parse: @escaping @Sendable (String) -> Value?
  ) -> Shape {
    let schema: Schema = ["type": .text("string"), "pattern": .text("^(?:\(pattern))$")]
    return Shape(schema: schema, expectation: expectation, show: show) { node, reading in
      guard case .text(let text)? = node.scalar, text.utf8.count <= 1_000, text.isMatch(of: pattern),
        let value = parse(text)
      else {
        reading.mismatch(node, expected: expectation, echo: echo, suggestion: node.text.flatMap(suggest))
        return nil
      }
      return value
    }
  }

  /// One of the words of an enumeration.
  static func word(_ what: String) -> Shape
  where Value: RawRepresentable & CaseIterable, Value.RawValue == String {
    words(Dictionary(uniqueKeysWithValues: Value.allCases.map { ($0.rawValue, $0) }), what) { $0.rawValue }
  }

  /// One of these words.
  static func words(
    _ words: [String: Value], _ what: String, show: @escaping @Sendable (Value) -> String
  ) -> Shape {
    let known = words.keys.sorted()
    let expectation = "\(what): \(known.joined(separator: ", "))"
    return Shape(
      schema: ["enum": .list(known.map { .text($0) })], expectation: expectation, show: { .text(show($0)) }
    ) { node, reading in
      guard case .text(let text)? = node.scalar else {
        reading.mismatch(node, expected: expectation, echo: true)
        return nil
      }
      guard let value = words[text] else {
        reading.unknownWord(text, node.position, what: what, known: known)
        return nil
      }
      return value
    }
  }
}

extension YAMLNode {
  /// What the scalar is; nil for lists and mappings.
  var scalar: YAMLScalar? {
    if case .scalar(let text, let isPlain) = content { YAMLScalar(text, isPlain: isPlain) } else { nil }
  }

  /// The scalar as written; nil for lists and mappings.
  var text: String? {
    if case .scalar(let text, _) = content { text } else { nil }
  }
}

extension String {
  /// Whether the whole text matches; `$` alone would allow a line break behind it.
  func isMatch(of pattern: String) -> Bool {
    range(of: "^(?:\(pattern))$", options: .regularExpression) == startIndex..<endIndex
  }
}
