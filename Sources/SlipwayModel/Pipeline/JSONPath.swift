/// The part of RFC 9535 that finding figures takes: names, indexes, wildcards, quoted names and one comparison as a filter:
/// `$.pools[?(@.name=='main')].in_use`, `$['a b'][0]`, `$.servers[*].requests`.
///
/// A step may have `${slot}` or `${release}` in a name or in what is compared; they are filled after reading, so no value of theirs can
/// be taken for syntax.
package struct JSONPath: Sendable, Equatable {
  package enum Step: Sendable, Equatable {
    case name(String)
    /// Counted from the end where negative.
    case index(Int)
    case wildcard
    /// Members whose `key` is (or is not) `value`.
    case filter(key: [String], isNegated: Bool, value: Literal)
  }

  package enum Literal: Sendable, Equatable {
    case text(String)
    case number(Double)
    case truth(Bool)
    case null
  }

  package private(set) var steps: [Step]

  /// - Throws: what is wrong with it, in words.
  package init(_ text: String) throws(SyntaxProblem) {
    var scanner = PathScanner(text)
    steps = try scanner.path()
  }

  /// Whether it names the slot or its release.
  package var tellsSlotsApart: Bool {
    steps.contains { step in
      switch step {
      case .name(let name): SlotPlaces.stand(in: name)
      case .filter(_, _, .text(let text)): SlotPlaces.stand(in: text)
      case .filter, .index, .wildcard: false
      }
    }
  }

  /// With the places filled; nil when it selects by release and there is none.
  package func filled(slot: Slot, release: ReleaseID?) -> JSONPath? {
    var path = self
    for index in steps.indices {
      switch steps[index] {
      case .name(let name):
        guard let name = SlotPlaces.filled(name, slot: slot, release: release) else { return nil }
        path.steps[index] = .name(name)
      case .filter(let key, let isNegated, .text(let text)):
        guard let text = SlotPlaces.filled(text, slot: slot, release: release) else { return nil }
        path.steps[index] = .filter(key: key, isNegated: isNegated, value: .text(text))
      case .filter, .index, .wildcard: continue
      }
    }
    return path
  }
}

/// `${slot}` and `${release}` in texts that are no query language.
package enum SlotPlaces {
  package static func stand(in text: String) -> Bool { text.contains("${slot}") || text.contains("${release}") }

  /// The text with both filled, each value first passed through `quote`; nil when it needs a release and there is none.
  package static func filled(
    _ text: String, slot: Slot, release: ReleaseID?, quote: (String) -> String = { $0 }
  ) -> String? {
    var filled = text.replacing("${slot}", with: quote(slot.rawValue))
    if filled.contains("${release}") {
      guard let release else { return nil }
      filled = filled.replacing("${release}", with: quote(release.text))
    }
    return filled
  }
}

/// Reads a ``JSONPath``.
private struct PathScanner {
  private let characters: [Character]
  private var index = 0

  init(_ text: String) { characters = Array(text) }

  mutating func path() throws(SyntaxProblem) -> [JSONPath.Step] {
    guard characters.count <= 2_000 else { throw SyntaxProblem("the path is longer than 2000 characters") }
    guard take("$") else { throw SyntaxProblem("a path begins with '$', such as $.requests") }
    var steps: [JSONPath.Step] = []
    while index < characters.count {
      if take("..") { throw SyntaxProblem("'..' is not understood; name each step") }
      if take(".") {
        steps.append(take("*") ? .wildcard : .name(try word()))
      } else if take("[") {
        steps.append(try bracket())
        guard take("]") else { throw SyntaxProblem("a '[' has no ']'") }
      } else {
        throw SyntaxProblem("'\(characters[index])' stands where '.' or '[' was expected")
      }
    }
    return steps
  }

  private mutating func bracket() throws(SyntaxProblem) -> JSONPath.Step {
    skipSpace()
    defer { skipSpace() }
    if take("*") { return .wildcard }
    if take("?") { return try filter() }
    if let quoted = try quotedText() { return .name(quoted) }
    let digits = characters[index...].prefix { $0 == "-" || ($0.isASCII && $0.isNumber) }
    guard let number = Int(String(digits)), !(digits.first == "-" && number == 0), digits.count < 10 else {
      throw SyntaxProblem("'[' is followed by neither a quoted name, an index, '*' nor '?'")
    }
    index += digits.count
    return .index(number)
  }

  private mutating func filter() throws(SyntaxProblem) -> JSONPath.Step {
    skipSpace()
    let isWrapped = take("(")
    skipSpace()
    guard take("@") else { throw SyntaxProblem("a filter begins with '@', such as ?(@.name=='main')") }
    var key: [String] = []
    while take(".") { key.append(try word()) }
    guard !key.isEmpty else { throw SyntaxProblem("a filter compares a member, such as @.name") }
    skipSpace()
    let isNegated = take("!=")
    guard isNegated || take("==") else { throw SyntaxProblem("a filter compares by '==' or '!='") }
    skipSpace()
    let value = try literal()
    skipSpace()
    if isWrapped, !take(")") { throw SyntaxProblem("a filter's '(' has no ')'") }
    return .filter(key: key, isNegated: isNegated, value: value)
  }

  private mutating func literal() throws(SyntaxProblem) -> JSONPath.Literal {
    if let quoted = try quotedText() { return .text(quoted) }
    let text = String(characters[index...].prefix { !$0.isWhitespace && $0 != ")" && $0 != "]" })
    index += text.count
    switch text {
    case "true": return .truth(true)
    case "false": return .truth(false)
    case "null": return .null
    default:
      guard let number = Double(text), number.isFinite else {
        throw SyntaxProblem("a filter compares with a text in quotes, a number, true, false or null")
      }
      return .number(number)
    }
  }

  /// Text in either kind of quotes; nil when none begins here.
  private mutating func quotedText() throws(SyntaxProblem) -> String? {
    guard index < characters.count, characters[index] == "'" || characters[index] == "\"" else { return nil }
    let quote = characters[index]
    index += 1
    var text = ""
    while index < characters.count, characters[index] != quote {
      if characters[index] == "\\" { index += 1 }
      guard index < characters.count else { break }
      text.append(characters[index])
      index += 1
    }
    guard index < characters.count else { throw SyntaxProblem("a quote is not closed") }
    index += 1
    return text
  }

  /// A name without quotes; `${…}` is part of it.
  private mutating func word() throws(SyntaxProblem) -> String {
    let start = index
    while index < characters.count {
      if take("${") {
        while index < characters.count, characters[index] != "}" { index += 1 }
        guard take("}") else { throw SyntaxProblem("'${' has no '}' behind it") }
        continue
      }
      let next = characters[index]
      guard next == "_" || next == "-" || next.isLetter || next.isNumber else { break }
      index += 1
    }
    guard index > start else {
      throw SyntaxProblem("a name is missing after '.'; names with other characters stand as ['name']")
    }
    return String(characters[start..<index])
  }

  private mutating func take(_ text: String) -> Bool {
    guard characters[index...].starts(with: text) else { return false }
    index += text.count
    return true
  }

  private mutating func skipSpace() {
    while index < characters.count, characters[index].isWhitespace { index += 1 }
  }
}
