internal import Foundation

extension ReportText {
  /// Decodes the text as JSON of a known shape; keys that `Value` does not name are skipped.
  ///
  /// - Parameters:
  ///   - type: the shape.
  ///   - expected: what the file should have been, for the message.
  /// - Returns: the decoded value.
  /// - Throws: a problem with the place of the damage, or the path of what is missing or of another type.
  func decoded<Value: Decodable>(
    _ type: Value.Type, expected: String
  ) throws(ReportProblem) -> Value {
    guard isJSON else { throw ReportProblem("looks like \(look); expected \(expected)") }
    try JSONSyntax.check(data)
    do {
      return try JSONDecoder().decode(type, from: data)
    } catch let error as DecodingError {
      throw ReportProblem("\(Self.reason(error)); expected \(expected)")
    } catch {
      throw ReportProblem("cannot be decoded; expected \(expected)")
    }
  }

  /// The keys of the top object; none for an array.
  func topKeys() throws(ReportProblem) -> Set<String> {
    try JSONSyntax.check(data)
    return (try? JSONDecoder().decode(Keys.self, from: data))?.names ?? []
  }

  private static func reason(_ error: DecodingError) -> String {
    switch error {
    case .typeMismatch(_, let context): "has a value of the wrong type at \(path(context.codingPath))"
    case .valueNotFound(_, let context): "has null at \(path(context.codingPath))"
    case .keyNotFound(let key, let context): "has no '\(key.stringValue)' in \(path(context.codingPath))"
    case .dataCorrupted(let context): "is damaged at \(path(context.codingPath)): \(context.debugDescription)"
    @unknown default: "cannot be decoded"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    guard !keys.isEmpty else { return "the top" }
    return keys.reduce("") { text, key in
      if let index = key.intValue { return "\(text)[\(index)]" }
      return text.isEmpty ? key.stringValue : "\(text).\(key.stringValue)"
    }
  }

  /// The names of an object's keys, whatever their values are.
  private struct Keys: Decodable {
    let names: Set<String>

    private struct Name: CodingKey {
      let stringValue: String
      var intValue: Int? { nil }
      init(stringValue: String) { self.stringValue = stringValue }
      init?(intValue: Int) { nil }
    }

    init(from decoder: any Decoder) throws {
      names = Set(try decoder.container(keyedBy: Name.self).allKeys.map(\.stringValue))
    }
  }
}
