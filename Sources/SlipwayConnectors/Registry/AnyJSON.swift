internal import Foundation

/// JSON whose shape others decide, read by path.
enum AnyJSON: Decodable, Sendable, Equatable {
  case text(String)
  case list([AnyJSON])
  case object([String: AnyJSON])
  /// Numbers, booleans and null, which nobody asks for here.
  case other

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let list = try? container.decode([AnyJSON].self) {
      self = .list(list)
    } else if let object = try? container.decode([String: AnyJSON].self) {
      self = .object(object)
    } else {
      self = .other
    }
  }

  /// Reads text that was checked for doubled keys and endless nesting.
  ///
  /// - Throws: the place of the damage.
  init(_ data: Data) throws(ReportProblem) {
    try JSONSyntax.check(data)
    do {
      self = try JSONDecoder().decode(AnyJSON.self, from: data)
    } catch {
      throw ReportProblem("cannot be decoded")
    }
  }

  subscript(key: String) -> AnyJSON? {
    if case .object(let object) = self { object[key] } else { nil }
  }

  var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  var list: [AnyJSON] {
    if case .list(let list) = self { list } else { [] }
  }

  /// The keys of an object whose values are text.
  var texts: [String: String] {
    if case .object(let object) = self { object.compactMapValues(\.text) } else { [:] }
  }
}
