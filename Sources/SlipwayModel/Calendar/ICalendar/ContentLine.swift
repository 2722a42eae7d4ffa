/// One unfolded line of an iCalendar file: `NAME;PARAMETER=value:value` (RFC 5545, 3.1).
struct ContentLine: Sendable, Equatable {
  /// Where it begins in the file, counted from 1.
  let number: Int
  /// In capitals.
  let name: String
  let value: String
  private let parameters: [String: [String]]

  /// The values of a parameter, in capitals as its name; nil when it is not there.
  func parameter(_ name: String) -> String? { parameters[name]?.joined(separator: ",") }

  func problem(_ message: String, expected: String? = nil) -> CalendarProblem {
    CalendarProblem(line: number, message, expected: expected)
  }

  init(_ text: Substring.UTF8View, number: Int) throws(CalendarProblem) {
    var cursor = Cursor(rest: text, number: number)
    self.number = number
    name = try cursor.name("a property").uppercased()
    var parameters: [String: [String]] = [:]
    while cursor.take(";") {
      let parameter = try cursor.name("a parameter of \(name)").uppercased()
      guard cursor.take("=") else {
        throw CalendarProblem(line: number, "parameter \(parameter) has no value", expected: "\(parameter)=VALUE")
      }
      guard parameters[parameter] == nil else {
        throw CalendarProblem(line: number, "parameter \(parameter) stands there twice", expected: "each once")
      }
      var values = [try cursor.parameterValue()]
      while cursor.take(",") { values.append(try cursor.parameterValue()) }
      parameters[parameter] = values
    }
    guard cursor.take(":") else {
      throw CalendarProblem(
        line: number, "'\(CalendarProblem.shown(String(text) ?? ""))' has no value", expected: "\(name):VALUE")
    }
    self.parameters = parameters
    value = String(Substring(cursor.rest))
  }

  private struct Cursor {
    var rest: Substring.UTF8View
    let number: Int

    mutating func take(_ character: Unicode.Scalar) -> Bool {
      guard rest.first == UInt8(ascii: character) else { return false }
      rest = rest.dropFirst()
      return true
    }

    mutating func name(_ what: String) throws(CalendarProblem) -> String {
      let name = rest.prefix { byte in
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
          true
        default: false
        }
      }
      guard !name.isEmpty else {
        throw CalendarProblem(
          line: number, "'\(CalendarProblem.shown(Substring(rest)))' does not begin with the name of \(what)",
          expected: "letters, digits and '-'")
      }
      rest = rest.dropFirst(name.count)
      return String(Substring(name))
    }

    mutating func parameterValue() throws(CalendarProblem) -> String {
      if take("\"") {
        let value = rest.prefix { $0 != UInt8(ascii: "\"") }
        rest = rest.dropFirst(value.count)
        guard take("\"") else {
          throw CalendarProblem(line: number, "a quoted parameter is not closed", expected: "'\"'")
        }
        return String(Substring(value))
      }
      let value = rest.prefix {
        $0 != UInt8(ascii: ";") && $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: ",") && $0 != UInt8(ascii: "\"")
      }
      rest = rest.dropFirst(value.count)
      return String(Substring(value))
    }
  }
}

/// The content lines of a file: decoded, bounded, unfolded.
enum ContentLines {
  /// The most that is read of a calendar.
  static let sizeLimit = 1 << 20
  /// The longest line after unfolding.
  static let lineLimit = 64 << 10

  static func read(_ bytes: [UInt8]) throws(CalendarProblem) -> [ContentLine] {
    guard bytes.count <= sizeLimit else {
      throw CalendarProblem("the calendar has \(bytes.count) bytes", expected: "at most \(sizeLimit)")
    }
    var lines: [ContentLine] = []
    for (number, folded) in try unfolded(bytes) {
      guard folded.count <= lineLimit else {
        throw CalendarProblem(
          line: number, "this line has \(folded.count) bytes", expected: "at most \(lineLimit) after unfolding")
      }
      guard let text = String(validating: folded, as: UTF8.self) else {
        throw CalendarProblem(line: number, "these bytes are no text", expected: "UTF-8")
      }
      guard !folded.contains(where: { ($0 < 32 && $0 != 9) || $0 == 127 }) else {
        throw CalendarProblem(line: number, "a control character stands here", expected: "text")
      }
      lines.append(try ContentLine(text[...].utf8, number: number))
    }
    return lines
  }

  /// A line that begins with a space or tab goes on from the one before, also in the middle of a character.
  private static func unfolded(_ bytes: [UInt8]) throws(CalendarProblem) -> [(number: Int, bytes: [UInt8])] {
    var result: [(number: Int, bytes: [UInt8])] = []
    let body = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
    var number = 0
    for raw in body.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
      number += 1
      let line = raw.last == UInt8(ascii: "\r") ? raw.dropLast() : raw
      if line.isEmpty { continue }
      if line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t") {
        guard !result.isEmpty else {
          throw CalendarProblem(line: number, "the first line goes on from nothing", expected: "BEGIN:VCALENDAR")
        }
        result[result.count - 1].bytes += line.dropFirst()
      } else {
        result.append((number, Array(line)))
      }
    }
    return result
  }
}
