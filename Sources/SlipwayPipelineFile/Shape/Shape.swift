/// What a value of the pipeline file looks like: one definition that reads it, says what was expected, and gives its JSON Schema.
struct Shape<Value: Sendable>: Sendable {
  /// The JSON Schema of the value.
  var schema: Schema
  /// Completes "expected …".
  var expectation: String
  /// Reads the value and reports every mistake in it; nil when nothing of use came out, which has been reported then.
  var read: @Sendable (YAMLNode, Reading) -> Value?
  /// The value as the file would spell it, for defaults in the schema; nil where a default cannot be spelled.
  var show: @Sendable (Value) -> SchemaValue?

  init(
    schema: Schema, expectation: String, show: @escaping @Sendable (Value) -> SchemaValue? = { _ in nil },
    read: @escaping @Sendable (YAMLNode, Reading) -> Value?
  ) {
    self.schema = schema
    self.expectation = expectation
    self.show = show
    self.read = read
  }

  /// Adds a check that looks at what was read; the value stays, so that later checks see it too.
  func checked(_ check: @escaping @Sendable (Value, YAMLNode, Reading) -> Void) -> Shape {
    var shape = self
    shape.read = { [read] node, reading in
      guard let value = read(node, reading) else { return nil }
      check(value, node, reading)
      return value
    }
    return shape
  }

  /// The same spelling for another type.
  func map<Other: Sendable>(
    show: @escaping @Sendable (Other) -> SchemaValue? = { _ in nil }, _ transform: @escaping @Sendable (Value) -> Other
  ) -> Shape<Other> {
    Shape<Other>(schema: schema, expectation: expectation, show: show) { [read] node, reading in
      read(node, reading).map(transform)
    }
  }

  /// Keeps the node beside the value, for checks that need places.
  var located: Shape<Located<Value>> {
    Shape<Located<Value>>(schema: schema, expectation: expectation, show: { [show] in show($0.value) }) {
      [read] node, reading in
      read(node, reading).map { Located(value: $0, node: node) }
    }
  }
}

/// A value and where it was written.
struct Located<Value: Sendable>: Sendable {
  var value: Value
  var node: YAMLNode
}

extension Shape where Value: Sendable {
  /// A list of values that look like `element`; elements that could not be read are left out after their mistake was reported.
  static func list<Element: Sendable>(
    of element: Shape<Element>, what: String, minimum: Int = 0, isUnique: Bool = false
  ) -> Shape<[Element]> where Value == [Element] {
    var schema: Schema = ["type": .text("array"), "items": .object(element.schema)]
    if minimum > 0 { schema["minItems"] = .integer(minimum) }
    if isUnique { schema["uniqueItems"] = .boolean(true) }
    let show: @Sendable ([Element]) -> SchemaValue? = { list in
      let shown = list.compactMap { element.show($0) }
      return shown.count == list.count ? .list(shown) : nil
    }
    return Shape<[Element]>(schema: schema, expectation: what, show: show) { node, reading in
      guard case .sequence(let nodes) = node.content else {
        reading.mismatch(node, expected: "a list of \(what)", echo: false)
        return nil
      }
      if nodes.count < minimum {
        reading.report(.structure, node.position, "this list is empty", expected: "at least \(minimum) of \(what)")
      }
      if isUnique { reading.refuseRepeats(in: nodes) }
      return nodes.compactMap { element.read($0, reading) }
    }
  }
}
