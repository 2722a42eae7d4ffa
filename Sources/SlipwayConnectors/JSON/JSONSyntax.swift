internal import Foundation

/// Checks JSON before it is decoded: complete, strict, not nested without end, and no key twice in one object.
///
/// A key that stands twice is refused because readers disagree on which one counts, and a report must not say two things. Uses no recursion.
struct JSONSyntax {
  /// Deeper nesting is no report.
  static let depthLimit = 100

  private enum Frame {
    case array, object
  }

  private let bytes: [UInt8]
  private var position = 0
  private var frames: [Frame] = []
  /// The keys seen so far, for each frame; changed in place, or each further key would cost a copy of all before it.
  private var seen: [Set<[UInt8]>] = []

  private init(_ data: Data) { bytes = Array(data) }

  /// Throws at the first place that breaks a rule.
  static func check(_ data: Data) throws(ReportProblem) {
    var syntax = JSONSyntax(data)
    try syntax.document()
  }

  private mutating func document() throws(ReportProblem) {
    try value()
    while let frame = frames.last {
      skipSpace()
      guard position < bytes.count else { throw problem("ends in the middle of \(Self.name(frame))") }
      switch bytes[position] {
      case UInt8(ascii: ","):
        position += 1
        skipSpace()
        if case .object = frame { try key() }
        try value()
      case UInt8(ascii: "]"), UInt8(ascii: "}"): try close(frame)
      default: throw problem("has \(here) where ',' or the end of \(Self.name(frame)) was expected")
      }
    }
    skipSpace()
    if position < bytes.count { throw problem("has \(here) after the end of the JSON value") }
  }

  private mutating func close(_ frame: Frame) throws(ReportProblem) {
    let isArrayEnd = bytes[position] == UInt8(ascii: "]")
    if case .array = frame, !isArrayEnd { throw problem("closes an array with }") }
    if case .object = frame, isArrayEnd { throw problem("closes an object with ]") }
    position += 1
    frames.removeLast()
    seen.removeLast()
  }

  /// One value; opens arrays and objects and goes on inside them until something closed or simple was read.
  private mutating func value() throws(ReportProblem) {
    while true {
      skipSpace()
      guard position < bytes.count else { throw problem("ends where a value was expected") }
      switch bytes[position] {
      case UInt8(ascii: "{"):
        try open(.object)
        if try closesAtOnce(UInt8(ascii: "}")) { return }
        try key()
      case UInt8(ascii: "["):
        try open(.array)
        if try closesAtOnce(UInt8(ascii: "]")) { return }
      case UInt8(ascii: "\""):
        _ = try string()
        return
      default:
        try literal()
        return
      }
    }
  }

  private mutating func open(_ frame: Frame) throws(ReportProblem) {
    guard frames.count < Self.depthLimit else { throw problem("is nested deeper than \(Self.depthLimit) levels") }
    frames.append(frame)
    seen.append([])
    position += 1
  }

  private mutating func closesAtOnce(_ end: UInt8) throws(ReportProblem) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == end else { return false }
    position += 1
    frames.removeLast()
    seen.removeLast()
    return true
  }

  private mutating func key() throws(ReportProblem) {
    let start = position
    guard position < bytes.count else { throw problem("ends where a key was expected") }
    guard bytes[position] == UInt8(ascii: "\"") else { throw problem("has \(here) where a key was expected") }
    let name = try string()
    if !seen[seen.count - 1].insert(name).inserted {
      position = start
      throw problem("has the key \"\(String(decoding: name, as: UTF8.self).prefix(60))\" twice in one object")
    }
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: ":") else { throw problem("lacks ':' after a key") }
    position += 1
  }

  /// The bytes of a string, escapes resolved.
  private mutating func string() throws(ReportProblem) -> [UInt8] {
    let start = position
    position += 1
    var isEscaped = false
    while position < bytes.count {
      let byte = bytes[position]
      if byte == UInt8(ascii: "\"") {
        position += 1
        let raw = bytes[start..<position]
        return isEscaped ? try resolved(raw, start) : Array(raw.dropFirst().dropLast())
      }
      if byte < 0x20 { throw problem("has a control character in a string") }
      if byte == UInt8(ascii: "\\") {
        isEscaped = true
        position += 1
      }
      position += 1
    }
    position = bytes.count
    throw problem("ends in the middle of a string")
  }

  private func resolved(_ raw: ArraySlice<UInt8>, _ start: Int) throws(ReportProblem) -> [UInt8] {
    guard let text = try? JSONDecoder().decode([String].self, from: Data([91] + raw + [93])).first else {
      var place = self
      place.position = start
      throw place.problem("has a string with a wrong escape")
    }
    return Array(text.utf8)
  }

  private mutating func literal() throws(ReportProblem) {
    let start = position
    while position < bytes.count, !Self.endsLiteral(bytes[position]) { position += 1 }
    let word = bytes[start..<position]
    if Self.isNumber(word) || Self.words.contains(where: word.elementsEqual) { return }
    position = start
    throw problem("has \(here) where a value was expected")
  }

  private static func endsLiteral(_ byte: UInt8) -> Bool {
    ReportText.isSpace(byte) || [UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}")].contains(byte)
  }

  private static let words = ["true", "false", "null"].map { Array($0.utf8) }

  /// By hand, because a coverage file has millions of them.
  private static func isNumber(_ word: ArraySlice<UInt8>) -> Bool {
    var rest = word
    func digits() -> Int {
      let count = rest.prefix { (48...57).contains($0) }.count
      rest = rest.dropFirst(count)
      return count
    }
    if rest.first == UInt8(ascii: "-") { rest.removeFirst() }
    let startsWithZero = rest.first == UInt8(ascii: "0")
    let whole = digits()
    guard whole > 0, whole == 1 || !startsWithZero else { return false }
    if rest.first == UInt8(ascii: ".") {
      rest.removeFirst()
      guard digits() > 0 else { return false }
    }
    if let sign = rest.first, sign | 0x20 == UInt8(ascii: "e") {
      rest.removeFirst()
      if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest.removeFirst() }
      guard digits() > 0 else { return false }
    }
    return rest.isEmpty
  }

  private mutating func skipSpace() {
    while position < bytes.count, [32, 10, 13, 9].contains(bytes[position]) { position += 1 }
  }

  private static func name(_ frame: Frame) -> String {
    if case .array = frame { "an array" } else { "an object" }
  }

  private var here: String {
    let byte = bytes[position]
    return (33...126).contains(byte) ? "'\(Character(Unicode.Scalar(byte)))'" : "byte \(byte)"
  }

  private func problem(_ reason: String) -> ReportProblem {
    let before = bytes[..<min(position, bytes.count)]
    let lineStart = before.lastIndex(of: 10).map { $0 + 1 } ?? 0
    return ReportProblem(reason, line: 1 + before.count { $0 == 10 }, column: before.count - lineStart + 1)
  }
}
