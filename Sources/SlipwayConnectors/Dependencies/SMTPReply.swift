/// One reply of a mail server: a code, and a text for each of its lines.
package struct SMTPReply: Sendable, Equatable {
  package var code: Int
  package var lines: [String]

  package init(code: Int, lines: [String]) {
    self.code = code
    self.lines = lines
  }

  /// For a message: one line, printable, of bounded length.
  package var text: String {
    let words = lines.joined(separator: " ").unicodeScalars.map { scalar in
      scalar.properties.generalCategory == .control ? Character(" ") : Character(scalar)
    }
    return "\(code) \(String(words).prefix(200))"
  }
}

/// Cuts the bytes of a mail server into replies (RFC 5321, 4.2); bounded, whatever comes.
package struct SMTPReplyReader: Sendable {
  /// Why the bytes are no reply.
  package struct Garbage: Error, Sendable, Equatable {
    package let reason: String
  }

  /// RFC 5321 asks for 512; servers send more.
  private static let longestLine = 4_096
  private static let mostLines = 200

  private var waiting: [UInt8] = []
  private var lines: [String] = []
  private var code: Int?

  package init() {}

  /// Whether bytes lie here that nobody has asked for yet.
  package var isEmpty: Bool { waiting.isEmpty && lines.isEmpty }

  package mutating func append(_ bytes: some Sequence<UInt8>) { waiting += bytes }

  /// The next whole reply; nil while more bytes are needed.
  ///
  /// - Throws: ``Garbage`` when what came is no reply; nothing after it means anything.
  package mutating func next() throws(Garbage) -> SMTPReply? {
    while let end = waiting.firstIndex(of: 10) {
      guard end <= Self.longestLine else { throw Garbage(reason: "a line of more than \(Self.longestLine) bytes") }
      var line = Array(waiting[..<end])
      waiting.removeFirst(end + 1)
      if line.last == 13 { line.removeLast() }
      if let reply = try take(line) { return reply }
    }
    guard waiting.count <= Self.longestLine else {
      throw Garbage(reason: "a line of more than \(Self.longestLine) bytes")
    }
    return nil
  }

  private mutating func take(_ line: [UInt8]) throws(Garbage) -> SMTPReply? {
    let digits = line.prefix(3).map { Int($0) - 48 }
    guard digits.count == 3, digits.allSatisfy((0...9).contains), (2...5).contains(digits[0]) else {
      throw Garbage(reason: "a line that begins with no reply code")
    }
    let found = digits[0] * 100 + digits[1] * 10 + digits[2]
    guard code == nil || code == found else {
      throw Garbage(reason: "a reply whose lines have the codes \(code ?? 0) and \(found)")
    }
    let separator = line.count > 3 ? line[3] : 32
    guard separator == 32 || separator == 45 else { throw Garbage(reason: "a reply code with no space behind it") }
    guard lines.count < Self.mostLines else { throw Garbage(reason: "a reply of more than \(Self.mostLines) lines") }
    lines.append(String(decoding: line.dropFirst(4), as: UTF8.self))
    guard separator == 32 else {
      code = found
      return nil
    }
    defer { (lines, code) = ([], nil) }
    return SMTPReply(code: found, lines: lines)
  }
}
