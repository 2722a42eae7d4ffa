internal import Foundation
internal import SlipwayModel

/// Colours, or none: only on a terminal, and not where NO_COLOR or --no-color says so.
struct Paint: Sendable {
  let isOn: Bool

  init(noColor: Bool, isTerminal: Bool) {
    isOn = isTerminal && !noColor && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
  }

  func green(_ text: String) -> String { wrap(text, 32) }
  func red(_ text: String) -> String { wrap(text, 31) }
  func yellow(_ text: String) -> String { wrap(text, 33) }
  func blue(_ text: String) -> String { wrap(text, 34) }
  func bold(_ text: String) -> String { wrap(text, 1) }
  func dim(_ text: String) -> String { wrap(text, 2) }

  private func wrap(_ text: String, _ code: Int) -> String { isOn ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }

  /// A status word in the colour of what it means.
  func status(_ word: String) -> String {
    switch word {
    case "success", "succeeded", "passed", "healthy": green(word)
    case "failed", "rolled_back", "rejected", "blocked", "breach", "error", "aborted": red(word)
    case "waiting", "held", "paused", "awaiting_approval", "undecided", "uncertain", "retrying", "noData": yellow(word)
    case "running", "rolling_back", "gating": bold(word)
    default: dim(word)
    }
  }
}

/// The terminal that a command talks to.
struct Terminal: Sendable {
  let isInteractive: Bool
  let paint: Paint

  init(_ options: CommonOptions) {
    isInteractive =
      isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["TERM"] != "dumb" && !options.isJSON
    paint = Paint(noColor: options.noColor, isTerminal: isInteractive)
  }

  var width: Int {
    var size = winsize()
    guard ioctl(STDOUT_FILENO, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 20 else { return 100 }
    return Int(size.ws_col)
  }

  func line(_ text: String) { Self.write(text + "\n") }

  static func write(_ text: String) { StandardStream.output.write(text) }

  /// Prints one JSON document.
  static func json(_ value: some Encodable, readable: Bool = true) throws {
    let document = try CanonicalJSON.encodeForUsers(value, readable: readable) + Data("\n".utf8)
    if let reason = StandardStream.output.write(document) {
      throw CommandError(.failed, "cannot write the answer to standard output: \(reason)")
    }
  }
}

/// Columns that line up, without counting colour codes.
struct Table {
  private var rows: [[String]]

  init(_ header: [String]) { rows = [header] }

  mutating func add(_ row: [String]) { rows.append(row) }

  func lines() -> [String] {
    let widths = (0..<(rows.first?.count ?? 0)).map { column in rows.map { Self.length($0[column]) }.max() ?? 0 }
    return rows.map { row in
      zip(row, widths).map { text, width in text + String(repeating: " ", count: width - Self.length(text)) }
        .joined(separator: "  ").trimmingSuffix(while: { $0 == " " })
    }
  }

  private static func length(_ text: String) -> Int {
    text.replacing(/\u{1B}\[[0-9;]*m/, with: "").count
  }
}

extension String {
  func trimmingSuffix(while matches: (Character) -> Bool) -> String {
    var text = self
    while let last = text.last, matches(last) { text.removeLast() }
    return text
  }
}
