/// One of several things an entry can be, told apart by its only key: `soak: 1h`; or by a bare word: `verified`.
struct Variant<Value: Sendable>: Sendable {
  let name: String
  fileprivate let description: String
  /// The value of the bare word; nil when the word alone says too little.
  fileprivate let bare: Value?
  fileprivate let schema: Schema?
  fileprivate let expectation: String
  fileprivate let read: (@Sendable (YAMLNode, Reading) -> Value?)?

  /// A bare word.
  static func word(_ name: String, _ value: Value, _ description: String) -> Variant {
    Variant(
      name: name, description: description, bare: value, schema: nil, expectation: "'\(name)' alone", read: nil)
  }

  /// A key with a value, or with `bare` the word alone too.
  static func key<Payload>(
    _ name: String, _ shape: Shape<Payload>, _ description: String, bare: Value? = nil,
    _ make: @escaping @Sendable (Payload) -> Value
  ) -> Variant {
    let read: @Sendable (YAMLNode, Reading) -> Value? = { node, reading in
      guard let payload = shape.read(node, reading) else { return nil }
      return make(payload)
    }
    return Variant(
      name: name, description: description, bare: bare, schema: shape.schema.described(description),
      expectation: "'\(name):' with \(shape.expectation)", read: read)
  }
}

extension Variant {
  /// The same spelling for another type.
  func map<Other: Sendable>(_ transform: @escaping @Sendable (Value) -> Other) -> Variant<Other> {
    let read = self.read.map { read in
      { @Sendable (node: YAMLNode, reading: Reading) -> Other? in read(node, reading).map(transform) }
    }
    return Variant<Other>(
      name: name, description: description, bare: bare.map(transform), schema: schema, expectation: expectation,
      read: read)
  }
}

extension Shape {
  /// Exactly one of `variants`.
  static func choice(_ what: String, _ variants: [Variant<Value>]) -> Shape {
    let names = variants.map(\.name)
    let expected = "\(what): one of \(names.joined(separator: ", "))"
    return Shape(schema: schema(of: variants), expectation: what) { node, reading in
      switch node.content {
      case .scalar(let text, _):
        guard let variant = variants.first(where: { $0.name == text }) else {
          if text.isEmpty || variants.allSatisfy({ $0.bare == nil }) {
            reading.mismatch(node, expected: expected, echo: false)
          } else {
            reading.unknownWord(text, node.position, what: what, known: names)
          }
          return nil
        }
        if let bare = variant.bare { return bare }
        reading.report(.structure, node.position, "'\(text)' says too little", expected: variant.expectation)
        return nil
      case .mapping(let entries): return read(entries, of: node, what, variants, reading)
      case .sequence:
        reading.mismatch(node, expected: expected, echo: false)
        return nil
      }
    }
  }

  /// The entry with its key, the only one.
  private static func read(
    _ entries: [YAMLEntry], of node: YAMLNode, _ what: String, _ variants: [Variant<Value>], _ reading: Reading
  ) -> Value? {
    let names = variants.map(\.name)
    guard let entry = entries.first, entries.count == 1 else {
      let expected = "one key, one of: \(names.joined(separator: ", "))"
      reading.report(.structure, node.position, "\(what) has \(entries.count) keys", expected: expected)
      for entry in entries where !names.contains(entry.key) { reading.unknownKey(entry, in: what, known: names) }
      return nil
    }
    guard let variant = variants.first(where: { $0.name == entry.key }) else {
      reading.unknownKey(entry, in: what, known: names)
      return nil
    }
    if let read = variant.read { return read(entry.value, reading) }
    reading.report(.structure, entry.value.position, "'\(variant.name)' takes no value", expected: variant.expectation)
    return nil
  }

  private static func schema(of variants: [Variant<Value>]) -> Schema {
    var properties: Schema = [:]
    for variant in variants { if let schema = variant.schema { properties[variant.name] = .object(schema) } }
    let object: Schema = [
      "type": .text("object"), "additionalProperties": .boolean(false), "minProperties": .integer(1),
      "maxProperties": .integer(1), "properties": .object(properties),
    ]
    // `const` for each word, so that an editor shows the sentence beside it.
    let words = variants.filter { $0.bare != nil }.map { variant -> SchemaValue in
      .object(["const": .text(variant.name), "description": .text(variant.description)])
    }
    return words.isEmpty ? object : ["anyOf": .list(words + [.object(object)])]
  }
}
