/// A sum of series of one reading in Prometheus' text format, such as `requests_total{slot="${slot}",code=~"5.."} + failures_total`.
///
/// Names and matchers mean what they mean in PromQL, regular expressions included; there are no functions and no other operators.
package struct SeriesSum: Sendable, Equatable {
  /// Series of one name whose labels fit.
  package struct Selector: Sendable, Equatable {
    package var name: String
    package var matchers: [Matcher]
  }

  /// What one label must be.
  package struct Matcher: Sendable, Equatable {
    package var label: String
    package var isRegex: Bool
    package var isNegated: Bool
    package var value: String
  }

  package let selectors: [Selector]

  /// The names that may stand as `${name}` in the value of a label.
  package static let places = ["slot", "release", "name"]

  /// - Throws: what is wrong with it, in words.
  package init(_ text: String) throws(SyntaxProblem) {
    var scanner = SeriesScanner(text)
    selectors = try scanner.sum()
  }

  private init(selectors: [Selector]) { self.selectors = selectors }

  /// Whether it names the slot or its release, so that the two slots have different figures.
  package var tellsSlotsApart: Bool {
    selectors.allSatisfy { selector in
      selector.matchers.contains { matcher in Self.places.contains { matcher.value.contains("${\($0)}") } }
    }
  }

  /// With the places filled; nil when one has no value, as `${release}` has none in an empty slot.
  package func filled(_ facts: [String: String]) -> SeriesSum? {
    var filled = selectors
    for index in filled.indices {
      for other in filled[index].matchers.indices {
        let matcher = filled[index].matchers[other]
        for place in Self.places where matcher.value.contains("${\(place)}") {
          guard let fact = facts[place] else { return nil }
          filled[index].matchers[other].value.replace(
            "${\(place)}", with: matcher.isRegex ? Self.literal(fact) : fact)
        }
      }
    }
    return SeriesSum(selectors: filled)
  }

  /// The text as a regular expression that matches it alone.
  private static func literal(_ text: String) -> String {
    text.map { "\\.+*?()|[]{}^$/".contains($0) ? "\\\($0)" : String($0) }.joined()
  }
}

/// What is wrong with a query written by hand.
package struct SyntaxProblem: Error, Sendable, Equatable, CustomStringConvertible {
  package let description: String

  package init(_ description: String) { self.description = description }
}

extension SeriesSum.Selector {
  /// Answers whether series fit, with the regular expressions made once.
  package func test() -> SeriesTest { SeriesTest(self) }
}

/// Tells which series a selector means; for one reading.
package struct SeriesTest {
  package let name: String
  private let matchers: [(matcher: SeriesSum.Matcher, regex: Regex<AnyRegexOutput>?)]

  init(_ selector: SeriesSum.Selector) {
    name = selector.name
    matchers = selector.matchers.map { ($0, $0.isRegex ? try? Regex($0.value) : nil) }
  }

  /// Whether a series of ``name`` with these labels is meant; a label that is not there is the empty text.
  package func fits(_ labels: [String: String]) -> Bool {
    matchers.allSatisfy { matcher, regex in
      let value = labels[matcher.label] ?? ""
      let isMatch = matcher.isRegex ? regex.map { value.wholeMatch(of: $0) != nil } ?? false : value == matcher.value
      return isMatch != matcher.isNegated
    }
  }
}

/// Reads a ``SeriesSum``.
private struct SeriesScanner {
  private let characters: [Character]
  private var index = 0

  init(_ text: String) { characters = Array(text) }

  mutating func sum() throws(SyntaxProblem) -> [SeriesSum.Selector] {
    guard characters.count <= 4_000 else { throw SyntaxProblem("it is longer than 4000 characters") }
    var selectors = [try selector()]
    while let next = peek() {
      guard next == "+" else {
        throw SyntaxProblem(
          "'\(next)' stands where only '+' may follow; functions and rates have no place here, counters are read as they stand"
        )
      }
      index += 1
      selectors.append(try selector())
    }
    return selectors
  }

  private mutating func selector() throws(SyntaxProblem) -> SeriesSum.Selector {
    let name = word { $0 == "_" || $0 == ":" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
    guard let first = name.first, !first.isNumber else { throw SyntaxProblem("the name of a metric is missing") }
    guard peek() == "{" else { return SeriesSum.Selector(name: name, matchers: []) }
    index += 1
    var matchers: [SeriesSum.Matcher] = []
    while peek() != "}" {
      matchers.append(try matcher())
      if peek() == "," { index += 1 } else if peek() != "}" { throw SyntaxProblem("'\(name){' has no '}'") }
    }
    index += 1
    return SeriesSum.Selector(name: name, matchers: matchers)
  }

  private mutating func matcher() throws(SyntaxProblem) -> SeriesSum.Matcher {
    let label = word { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
    guard let first = label.first, !first.isNumber else { throw SyntaxProblem("the name of a label is missing") }
    var sign = ""
    while let next = peek(), "=!~".contains(next), sign.count < 2 {
      sign.append(next)
      index += 1
    }
    guard ["=", "!=", "=~", "!~"].contains(sign) else {
      throw SyntaxProblem("label '\(label)' lacks one of =, !=, =~, !~")
    }
    let value = try quoted(label)
    let isRegex = sign.hasSuffix("~")
    if isRegex, (try? Regex(Self.withoutPlaces(value))) == nil {
      throw SyntaxProblem("the regular expression of label '\(label)' cannot be read")
    }
    return SeriesSum.Matcher(label: label, isRegex: isRegex, isNegated: sign.hasPrefix("!"), value: value)
  }

  private static func withoutPlaces(_ text: String) -> String {
    SeriesSum.places.reduce(text) { $0.replacing("${\($1)}", with: "x") }
  }

  private mutating func quoted(_ label: String) throws(SyntaxProblem) -> String {
    guard let quote = peek(), quote == "\"" || quote == "'" else {
      throw SyntaxProblem("the value of label '\(label)' stands without quotes")
    }
    index += 1
    var value = ""
    while index < characters.count, characters[index] != quote {
      if characters[index] == "\\" {
        index += 1
        guard index < characters.count else { break }
        value.append(characters[index] == "n" ? "\n" : characters[index])
      } else {
        value.append(characters[index])
      }
      index += 1
    }
    guard index < characters.count else { throw SyntaxProblem("the value of label '\(label)' has no closing quote") }
    index += 1
    return value
  }

  /// The next character that is no white space; stands on it.
  private mutating func peek() -> Character? {
    while index < characters.count, characters[index].isWhitespace { index += 1 }
    return index < characters.count ? characters[index] : nil
  }

  private mutating func word(_ isPart: (Character) -> Bool) -> String {
    _ = peek()
    let start = index
    while index < characters.count, isPart(characters[index]) { index += 1 }
    return String(characters[start..<index])
  }
}
