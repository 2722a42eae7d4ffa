/// Why a calendar file, or one event of it, cannot be understood.
package struct CalendarProblem: Error, Sendable, Equatable, CustomStringConvertible {
  /// The line of the file, counted from 1; nil when the file as a whole is meant.
  package var line: Int?
  package var message: String
  /// What would have been right.
  package var expected: String?

  package init(line: Int? = nil, _ message: String, expected: String? = nil) {
    self.line = line
    self.message = message
    self.expected = expected
  }

  package var description: String {
    (line.map { "line \($0): " } ?? "") + message + (expected.map { "; expected \($0)" } ?? "")
  }

  /// A piece of the file, short and without control characters, for a message.
  static func shown(_ text: some StringProtocol) -> String {
    let clean = text.unicodeScalars.prefix(60).map { $0.properties.generalCategory == .control ? "?" : Character($0) }
    return String(clean) + (text.unicodeScalars.dropFirst(60).isEmpty ? "" : "…")
  }
}

/// How much a search may cost; every rule is walked under one, so that none walks for ever.
struct WorkBudget: Sendable {
  private(set) var left: Int

  init(_ steps: Int) { left = steps }

  /// Takes `steps`; false when they are used up.
  mutating func spend(_ steps: Int = 1) -> Bool {
    left -= steps
    return left >= 0
  }
}
