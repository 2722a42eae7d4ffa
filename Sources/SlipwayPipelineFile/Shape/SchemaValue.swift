/// A piece of JSON in the schema.
enum SchemaValue: Encodable, Sendable, Equatable {
  case text(String)
  case integer(Int)
  case number(Double)
  case boolean(Bool)
  case list([SchemaValue])
  case object(Schema)

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let value): try container.encode(value)
    case .integer(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .boolean(let value): try container.encode(value)
    case .list(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}

/// One JSON Schema object.
typealias Schema = [String: SchemaValue]

extension Schema {
  /// The same schema with a sentence for the reader of an editor's tooltip.
  func described(_ text: String) -> Schema { merging(["description": .text(text)]) { _, new in new } }
}
