package import Foundation

/// The one way values become bytes: JSON, sorted keys, slashes unescaped. Equal values give equal bytes.
package enum CanonicalJSON {
  package static func encode(_ value: some Encodable) throws -> Data {
    let encoder = encoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  /// A measured value that is no number is written as a word: an entry that cannot be written would stop a run with traffic on green.
  private static func encoder() -> JSONEncoder {
    let encoder = JSONEncoder()
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return encoder
  }

  /// The same with line breaks and indentation, for files that people read.
  package static func encodeReadable(_ value: some Encodable) throws -> Data {
    let encoder = encoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
    return try encoder.encode(value) + Data("\n".utf8)
  }

  /// For the command line, the API and evidence: keys in snake case, as the interface spells them.
  package static func encodeForUsers(_ value: some Encodable, readable: Bool = false) throws -> Data {
    let encoder = encoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if readable { encoder.outputFormatting.insert(.prettyPrinted) }
    return try encoder.encode(value)
  }

  package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(type, from: data)
  }
}

extension RoleName: CodingKeyRepresentable {
  package var codingKey: any CodingKey { PlainKey(text) }
  package init?<Key: CodingKey>(codingKey: Key) { self.init(codingKey.stringValue) }
}

extension EnvironmentName: CodingKeyRepresentable {
  package var codingKey: any CodingKey { PlainKey(text) }
  package init?<Key: CodingKey>(codingKey: Key) { self.init(codingKey.stringValue) }
}

/// A dictionary key that is its own text.
struct PlainKey: CodingKey {
  let stringValue: String
  var intValue: Int? { nil }
  init(_ text: String) { stringValue = text }
  init?(stringValue: String) { self.stringValue = stringValue }
  init?(intValue: Int) { nil }
}
