/// One mistake in a pipeline file: where it is, what is wrong, what was expected, and the name that was probably meant.
package struct PipelineProblem: Error, Sendable, Hashable {
  /// The kind of mistake, to branch on.
  package enum Code: String, Sendable, CaseIterable {
    /// The file cannot be read at all: absent, too large, not text.
    case unreadable
    /// The text is no YAML, or uses a part of YAML that pipeline files do without.
    case syntax
    /// A key is unknown, missing or doubled, or a value has the wrong form.
    case structure
    /// A name leads nowhere.
    case unknownName
    /// Well formed, but it cannot mean what it says or would not protect anything.
    case meaning
    /// A secret in clear, or a reference where none is resolved.
    case secret
  }

  package let code: Code
  /// Counted from 1.
  package let line: Int
  /// Counted from 1, in Unicode scalars.
  package let column: Int
  package let message: String
  package let expected: String?
  package let suggestion: String?

  init(
    _ code: Code, at position: YAMLPosition, _ message: String, expected: String? = nil, suggestion: String? = nil
  ) {
    self.code = code
    self.line = position.line
    self.column = position.column
    self.message = message.onOneLine
    self.expected = expected?.onOneLine
    self.suggestion = suggestion?.onOneLine
  }

  /// The whole sentence without the place: `what is wrong; expected …; did you mean '…'?`.
  package var sentence: String {
    var parts = [message]
    if let expected { parts.append("expected \(expected)") }
    if let suggestion { parts.append("did you mean '\(suggestion)'?") }
    return parts.joined(separator: "; ")
  }
}

extension String {
  /// Each mistake is one line, whatever the file put into it.
  fileprivate var onOneLine: String {
    guard unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return self }
    return String(
      String.UnicodeScalarView(unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : $0 }))
  }
}

/// All mistakes of one pipeline file, sorted by place, none twice; never empty.
package struct PipelineProblems: Error, Sendable, Equatable, CustomStringConvertible {
  /// The file as the user named it.
  package let path: String
  package let problems: [PipelineProblem]

  /// Nobody reads more, and a file of 20,000 mistakes must not become a message of megabytes.
  private static let most = 1_000

  init(path: String, _ problems: [PipelineProblem]) {
    self.path = path
    var seen: Set<PipelineProblem> = []
    let unique = problems.filter { seen.insert($0).inserted }
    let sorted = unique.sorted { ($0.line, $0.column, $0.message) < ($1.line, $1.column, $1.message) }
    self.problems = Array(sorted.prefix(Self.most))
  }

  /// One line for each mistake: `file:line:column: what is wrong; expected …; did you mean '…'?`.
  package var description: String {
    problems.map { "\(path):\($0.line):\($0.column): \($0.sentence)" }.joined(separator: "\n")
  }
}
