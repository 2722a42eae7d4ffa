/// One key of an object: its name, what it says, the shape of its value and where the value goes.
struct Field<Root: Sendable>: Sendable {
  let name: String
  let isRequired: Bool
  /// The schema of the value with description and default, which is what a blank root holds.
  fileprivate let schema: @Sendable (Root) -> Schema
  /// Puts the value into the root; false when it could not be read.
  fileprivate let read: @Sendable (YAMLNode, inout Root, Reading) -> Bool

  static func required<Value>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ shape: Shape<Value>, _ description: String
  ) -> Field {
    Field(name: name, isRequired: true, schema: { _ in shape.schema.described(description) }) {
      node, root, reading in
      guard let value = shape.read(node, reading) else { return false }
      root[keyPath: path] = value
      return true
    }
  }

  /// A key that may be left out; the default is what the blank root holds.
  static func optional<Value>(
    _ name: String, _ path: any WritableKeyPath<Root, Value> & Sendable, _ shape: Shape<Value>, _ description: String
  ) -> Field {
    let schema: @Sendable (Root) -> Schema = { blank in
      var schema = shape.schema.described(description)
      if let value = shape.show(blank[keyPath: path]) { schema["default"] = value }
      return schema
    }
    return Field(name: name, isRequired: false, schema: schema) { node, root, reading in
      guard let value = shape.read(node, reading) else { return false }
      root[keyPath: path] = value
      return true
    }
  }

  /// A key that may be left out and then stands for nothing.
  static func optional<Value>(
    _ name: String, _ path: any WritableKeyPath<Root, Value?> & Sendable, _ shape: Shape<Value>, _ description: String
  ) -> Field {
    Field(name: name, isRequired: false, schema: { _ in shape.schema.described(description) }) {
      node, root, reading in
      guard let value = shape.read(node, reading) else { return false }
      root[keyPath: path] = value
      return true
    }
  }
}

extension Shape {
  /// A mapping with these keys and no other, read into a copy of `blank`.
  ///
  /// A lenient one comes out although a required key is missing (which is reported all the same), so that the checks which need
  /// others of its keys go on.
  static func object(_ what: String, _ blank: Value, isLenient: Bool = false, _ fields: [Field<Value>]) -> Shape {
    let names = fields.map(\.name)
    let required = fields.filter(\.isRequired).map(\.name)
    var schema: Schema = [
      "type": .text("object"), "additionalProperties": .boolean(false),
      "properties": .object(
        Dictionary(fields.map { ($0.name, .object($0.schema(blank))) }, uniquingKeysWith: { first, _ in first })),
    ]
    if !required.isEmpty { schema["required"] = .list(required.map { .text($0) }) }
    return Shape(schema: schema, expectation: what) { node, reading in
      guard case .mapping(let entries) = node.content else {
        let keys = (required.isEmpty ? names : required).prefix(4).map { "'\($0):'" }.joined(separator: ", ")
        reading.mismatch(node, expected: "\(what), a mapping with \(keys)", echo: false)
        return nil
      }
      var value = blank
      var isComplete = true
      for entry in entries {
        guard let field = fields.first(where: { $0.name == entry.key }) else {
          reading.unknownKey(entry, in: what, known: names)
          continue
        }
        if !field.read(entry.value, &value, reading), field.isRequired { isComplete = false }
      }
      for name in required where node[name] == nil {
        reading.report(.structure, node.position, "\(what) lacks '\(name)'", expected: "'\(name): …'")
        isComplete = false
      }
      return isComplete || isLenient ? value : nil
    }
  }

  /// A mapping from names to values, in the order of the file; `key` reports what is wrong with the names.
  static func names<Element: Sendable>(
    _ key: Shape<String>, to element: Shape<Element>, what: String, minimum: Int = 0
  ) -> Shape where Value == [Named<Element>] {
    var schema: Schema = ["type": .text("object"), "additionalProperties": .object(element.schema)]
    schema["propertyNames"] = .object(key.schema)
    if minimum > 0 { schema["minProperties"] = .integer(minimum) }
    return Shape(schema: schema, expectation: what, show: { $0.isEmpty ? .object([:]) : nil }) { node, reading in
      guard case .mapping(let entries) = node.content else {
        reading.mismatch(node, expected: "\(what), a mapping from names", echo: false)
        return nil
      }
      if entries.count < minimum {
        reading.report(.structure, node.position, "nothing stands here", expected: what)
      }
      return entries.compactMap { entry in
        let keyNode = YAMLNode(content: .scalar(entry.key, isPlain: false), position: entry.position)
        let name = key.read(keyNode, reading)
        guard let value = element.read(entry.value, reading), let name else { return nil }
        return Named(name: name, position: entry.position, value: value, node: entry.value)
      }
    }
  }
}

/// A value with the key it stands under.
struct Named<Value: Sendable>: Sendable {
  var name: String
  /// Of the key.
  var position: YAMLPosition
  var value: Value
  var node: YAMLNode
}
