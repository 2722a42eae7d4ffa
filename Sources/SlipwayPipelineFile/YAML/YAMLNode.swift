/// A place in a text; both numbers count from 1, columns in Unicode scalars.
struct YAMLPosition: Hashable, Comparable, Sendable {
  var line: Int
  var column: Int

  static let start = YAMLPosition(line: 1, column: 1)
  static func < (left: YAMLPosition, right: YAMLPosition) -> Bool {
    (left.line, left.column) < (right.line, right.column)
  }
}

/// A value of a YAML document with its place; an alias shares its target.
struct YAMLNode: Sendable {
  enum Content: Sendable {
    /// `isPlain`: written without quotes, so that it may be a number, a boolean or nothing.
    case scalar(String, isPlain: Bool)
    case sequence([YAMLNode])
    case mapping([YAMLEntry])
  }

  var content: Content
  var position: YAMLPosition
  /// How many values stand in it, itself included and aliases written out.
  var size = 1
  /// How deep values stand in it, itself included.
  var height = 1

  /// The value under `key` when this is a mapping that has it.
  subscript(key: String) -> YAMLNode? { entry(key)?.value }

  /// The entry of `key` when this is a mapping that has it.
  func entry(_ key: String) -> YAMLEntry? {
    guard case .mapping(let entries) = content else { return nil }
    return entries.first { $0.key == key }
  }

  /// The place of the value under `key`, else of the whole.
  func place(_ key: String) -> YAMLPosition { self[key]?.position ?? position }

  /// The place of the word `key`, else of the whole.
  func keyPlace(_ key: String) -> YAMLPosition { entry(key)?.position ?? position }

  /// The elements of a list, none for anything else.
  var elements: [YAMLNode] {
    if case .sequence(let nodes) = content { nodes } else { [] }
  }
}

/// A key and its value; the position is the key's.
struct YAMLEntry: Sendable {
  var key: String
  var position: YAMLPosition
  var value: YAMLNode
}

/// What a scalar is by YAML's core schema, the one that editors use.
enum YAMLScalar: Sendable, Equatable {
  case null
  case boolean(Bool)
  case integer(Int)
  case number(Double)
  case text(String)

  init(_ text: String, isPlain: Bool) {
    guard isPlain else {
      self = .text(text)
      return
    }
    switch text {
    case "", "~", "null", "Null", "NULL": self = .null
    case "true", "True", "TRUE": self = .boolean(true)
    case "false", "False", "FALSE": self = .boolean(false)
    default: self = Self.number(text) ?? .text(text)
    }
  }

  private static func number(_ text: String) -> YAMLScalar? {
    let unsigned = text.hasPrefix("-") || text.hasPrefix("+") ? text.dropFirst() : text[...]
    guard let first = unsigned.utf8.first, (48...57).contains(first) || first == 46 else { return nil }
    if unsigned.utf8.allSatisfy({ (48...57).contains($0) }) {
      return Int(text).map { .integer($0) } ?? Double(text).map { .number($0) }
    }
    guard unsigned.utf8.allSatisfy({ (48...57).contains($0) || [43, 45, 46, 69, 101].contains($0) }) else { return nil }
    return Double(text).map { .number($0) }
  }

  /// What it is, in words.
  var kind: String {
    switch self {
    case .null: "nothing"
    case .boolean: "a boolean"
    case .integer, .number: "a number"
    case .text: "text"
    }
  }
}
