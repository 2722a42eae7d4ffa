internal import Foundation

/// Any JSON, whose shape others decide: what Slipway does not know comes back as it was, and whole numbers stay exact.
indirect enum JSONTree: Codable, Sendable, Equatable {
  case null
  case boolean(Bool)
  case integer(Int64)
  case number(Double)
  case text(String)
  case list([JSONTree])
  case object([String: JSONTree])

  /// Reads a document that is whole, strict, not nested without end, and has no key twice.
  ///
  /// - Throws: the place of the damage.
  init(_ data: Data) throws(ReportProblem) {
    try JSONSyntax.check(data)
    do {
      self = try JSONDecoder().decode(JSONTree.self, from: data)
    } catch {
      throw ReportProblem("cannot be decoded")
    }
  }

  init(from decoder: any Decoder) throws {
    let value = try decoder.singleValueContainer()
    if value.decodeNil() {
      self = .null
    } else if let boolean = try? value.decode(Bool.self) {
      self = .boolean(boolean)
    } else if let integer = try? value.decode(Int64.self) {
      self = .integer(integer)
    } else if let number = try? value.decode(Double.self) {
      self = .number(number)
    } else if let text = try? value.decode(String.self) {
      self = .text(text)
    } else if let list = try? value.decode([JSONTree].self) {
      self = .list(list)
    } else {
      self = .object(try value.decode([String: JSONTree].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var value = encoder.singleValueContainer()
    switch self {
    case .null: try value.encodeNil()
    case .boolean(let boolean): try value.encode(boolean)
    case .integer(let integer): try value.encode(integer)
    case .number(let number): try value.encode(number)
    case .text(let text): try value.encode(text)
    case .list(let list): try value.encode(list)
    case .object(let object): try value.encode(object)
    }
  }

  /// Sorted and on one line; empty only for numbers that JSON cannot say, which no JSON brought in.
  var data: Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return (try? encoder.encode(self)) ?? Data()
  }

  /// The value of `key`; nil where this is no object or has no such key.
  subscript(key: String) -> JSONTree? {
    get { if case .object(let object) = self { object[key] } else { nil } }
    set {
      guard case .object(var object) = self else { return }
      object[key] = newValue
      self = .object(object)
    }
  }

  var text: String? { if case .text(let text) = self { text } else { nil } }
  /// The values of a list; none where this is another thing.
  var list: [JSONTree] { if case .list(let list) = self { list } else { [] } }
  var integer: Int? { if case .integer(let integer) = self { Int(exactly: integer) } else { nil } }

  /// The number; also one that is written as text, as many services do with large ones.
  var number: Double? {
    switch self {
    case .integer(let integer): Double(integer)
    case .number(let number): number
    case .text(let text): Self.isNumber(text) ? Double(text) : nil
    case .null, .boolean, .list, .object: nil
    }
  }

  private static func isNumber(_ text: String) -> Bool {
    !text.isEmpty && text.count <= 40 && text.allSatisfy { $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }
  }

  /// The keys of an object whose values are text.
  var texts: [String: String] { if case .object(let object) = self { object.compactMapValues(\.text) } else { [:] } }
}

extension JSONTree: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
  ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  init(stringLiteral value: String) { self = .text(value) }
  init(integerLiteral value: Int64) { self = .integer(value) }
  init(booleanLiteral value: Bool) { self = .boolean(value) }
  init(arrayLiteral elements: JSONTree...) { self = .list(elements) }
  init(dictionaryLiteral elements: (String, JSONTree)...) {
    self = .object(Dictionary(elements, uniquingKeysWith: { $1 }))
  }
}
