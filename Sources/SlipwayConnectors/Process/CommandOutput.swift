/// How a command line ended.
package struct CommandOutput: Sendable, Equatable {
  /// The exit code; 128 and the signal's number when a signal ended it.
  package var code: Int32
  /// Standard output and error as they came, secrets removed; only the last part when there was more than
  /// ``CommandRunner/outputLimit``.
  package var text: String
  /// Standard output alone where it was asked for, for commands whose output is an answer; else the same as `text`.
  package var answer: String
  /// Whether earlier output was dropped.
  package var isCut: Bool

  /// The last lines, for a message: one line, no control characters, of bounded length.
  package var ending: String {
    let lines = text.split(whereSeparator: \.isNewline).suffix(3).joined(separator: " / ")
    let plain = String(
      String.UnicodeScalarView(lines.unicodeScalars.filter { $0.properties.generalCategory != .control }))
    if plain.isEmpty { return "it printed nothing" }
    return plain.count > 500 ? "…" + plain.suffix(500) : plain
  }

  /// Whether the shell's code says that the program is not there or cannot be executed.
  var isMissing: Bool { code == 126 || code == 127 }

  /// What a person may do about the code, for a message.
  package var advice: String {
    switch code {
    case 126: "is the program executable?"
    case 127: "is the program installed and on the PATH?"
    default: "read its output and mend it"
    }
  }
}
