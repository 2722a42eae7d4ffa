internal import Foundation
internal import SlipwayModel

/// JSON whose shape others decide, with its numbers.
enum JSONValue: Decodable, Sendable, Equatable {
  case null
  case truth(Bool)
  case number(Double)
  case text(String)
  case list([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let truth = try? container.decode(Bool.self) {
      self = .truth(truth)
    } else if let number = try? container.decode(Double.self) {
      self = .number(number)
    } else if let text = try? container.decode(String.self) {
      self = .text(text)
    } else if let list = try? container.decode([JSONValue].self) {
      self = .list(list)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  /// Reads a document that is whole, strict, not nested without end, and has no key twice.
  ///
  /// - Throws: the place of the damage.
  init(_ data: Data) throws(ReportProblem) {
    try JSONSyntax.check(data)
    do {
      self = try JSONDecoder().decode(JSONValue.self, from: data)
    } catch {
      throw ReportProblem("cannot be decoded")
    }
  }

  /// The number; also one that is written as text, as many services do with large ones.
  var number: Double? {
    switch self {
    case .number(let number): number
    case .text(let text): Self.isNumber(text) ? Double(text) : nil
    case .null, .truth, .list, .object: nil
    }
  }

  private static func isNumber(_ text: String) -> Bool {
    !text.isEmpty && text.count <= 40 && text.allSatisfy { $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }
  }

  subscript(key: String) -> JSONValue? {
    if case .object(let object) = self { object[key] } else { nil }
  }

  var list: [JSONValue] {
    if case .list(let list) = self { list } else { [] }
  }

  var text: String? {
    if case .text(let text) = self { text } else { nil }
  }

  /// Everything that `path` leads to; members of an object in the order of their names.
  func values(at path: JSONPath) -> [JSONValue] {
    path.steps.reduce([self]) { found, step in found.flatMap { $0.values(at: step) } }
  }

  private func values(at step: JSONPath.Step) -> [JSONValue] {
    switch step {
    case .name(let name): return self[name].map { [$0] } ?? []
    case .index(let index):
      let list = list
      let place = index < 0 ? list.count + index : index
      return list.indices.contains(place) ? [list[place]] : []
    case .wildcard: return members
    case .filter(let key, let isNegated, let value):
      return members.filter { member in
        // A member that is not there equals nothing (RFC 9535, 2.3.5.2.2).
        let found = key.reduce(Optional(member)) { $0?[$1] }
        return (found.map { $0.equals(value) } ?? false) != isNegated
      }
    }
  }

  private var members: [JSONValue] {
    switch self {
    case .list(let list): list
    case .object(let object): object.sorted { $0.key < $1.key }.map(\.value)
    case .null, .truth, .number, .text: []
    }
  }

  private func equals(_ literal: JSONPath.Literal) -> Bool {
    switch (self, literal) {
    case (.text(let own), .text(let other)): own == other
    case (.number(let own), .number(let other)): own == other
    case (.truth(let own), .truth(let other)): own == other
    case (.null, .null): true
    default: false
    }
  }
}
