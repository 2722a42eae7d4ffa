/// Finds what looks like a secret though nobody has named it: in URLs, settings, headers, tokens and key blocks.
///
/// One pass; each pair of bytes is looked up in a set first, and what was found is not searched again.
struct PatternScanner {
  private let bytes: UnsafeBufferPointer<UInt8>
  private var found: [Range<Int>] = []
  /// What lies before is dealt with.
  private var done = 0

  private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

  /// The places to blot out, in order.
  static func matches(in bytes: UnsafeBufferPointer<UInt8>) -> [Range<Int>] {
    var scanner = PatternScanner(bytes)
    scanner.scan()
    return scanner.found
  }

  /// How whatever is looked for begins.
  private static let triggers: BytePairs = {
    var pairs = BytePairs()
    for pattern in TokenPattern.byFirstByte.joined() { pairs.insert(pattern.prefix[0], pattern.prefix[1]) }
    for byte in ":=".utf8 { pairs.insert(byte, nil) }
    for text in ["--", "be", "bE", "Be", "BE"] { pairs.insert(text.utf8.first ?? 0, text.utf8.last) }
    return pairs
  }()

  private mutating func scan() {
    // A trigger needs something behind it, so the last byte alone is none.
    Self.triggers.forEachMatch(in: bytes) { if $0 >= done { look(at: $0) } }
  }

  private mutating func look(at index: Int) {
    switch bytes[index] {
    case UInt8(ascii: ":"):
      if !url(at: index) { setting(at: index) }
    case UInt8(ascii: "="): setting(at: index)
    case UInt8(ascii: "-"):
      if !keyBlock(at: index) { flag(at: index) }
    case UInt8(ascii: "B"), UInt8(ascii: "b"): bearer(at: index)
    default: token(at: index)
    }
  }

  private mutating func blot(_ range: Range<Int>) {
    guard !range.isEmpty else { return }
    done = range.upperBound
    let isMark = range.count == Redactor.mark.utf8.count && matches(Redactor.mark, at: range.lowerBound)
    guard !isMark, !isReference(range) else { return }
    found.append(range)
  }

  /// `${env:NAME}` and `${file:PATH}` name a secret and are none.
  private func isReference(_ range: Range<Int>) -> Bool {
    matches("${env:", at: range.lowerBound) || matches("${file:", at: range.lowerBound)
  }

  private func matches(_ text: String, at start: Int) -> Bool {
    guard start + text.utf8.count <= bytes.count else { return false }
    return text.utf8.enumerated().allSatisfy { bytes[start + $0] == $1 }
  }

  private func end(from start: Int, while holds: (UInt8) -> Bool) -> Int {
    var end = start
    while end < bytes.count, holds(bytes[end]) { end += 1 }
    return end
  }

  private func start(before end: Int, limit: Int, while holds: (UInt8) -> Bool) -> Int {
    var start = end
    while start > 0, end - start < limit, holds(bytes[start - 1]) { start -= 1 }
    return start
  }

  // MARK: - Tokens and blocks

  private mutating func token(at index: Int) {
    guard index == 0 || !ByteClass.isAlphanumeric(bytes[index - 1]) else { return }
    for pattern in TokenPattern.byFirstByte[Int(bytes[index])] {
      if let body = pattern.body(in: bytes, at: index) { return blot(index..<body.upperBound) }
    }
  }

  private mutating func bearer(at index: Int) {
    guard index + 7 < bytes.count, index == 0 || !ByteClass.isAlphanumeric(bytes[index - 1]),
      "bearer ".utf8.enumerated().allSatisfy({ bytes[index + $0] | 0x20 == $1 })
    else { return }
    let end = end(from: index + 7, while: ByteClass.isToken)
    if end - index - 7 >= 8 { blot(index + 7..<end) }
  }

  /// `-----BEGIN … PRIVATE KEY-----` to its end, or to the end of the text when it was cut off.
  private mutating func keyBlock(at index: Int) -> Bool {
    guard matches("-----BEGIN ", at: index) else { return false }
    let label = end(from: index + 11) { $0 == 0x20 || $0 &- 65 < 26 || ByteClass.isDigit($0) }
    let name = String(decoding: bytes[index + 11..<label], as: UTF8.self)
    guard name.hasSuffix("PRIVATE KEY") || name.hasPrefix("PGP PRIVATE KEY"), matches("-----", at: label) else {
      return false
    }
    var next = label + 5
    while next < bytes.count {
      if bytes[next] == UInt8(ascii: "-"), matches("-----END ", at: next) {
        let dashes = end(from: next + 9) { $0 != UInt8(ascii: "-") }
        blot(index..<end(from: dashes) { $0 == UInt8(ascii: "-") })
        return true
      }
      next += 1
    }
    blot(index..<bytes.count)
    return true
  }
}

// MARK: - URLs and settings

extension PatternScanner {
  /// Schemes whose URLs are connection strings; nothing of them is worth showing.
  private static let connectionSchemes: Set<String> = [
    "postgres", "postgresql", "mysql", "mariadb", "mongodb", "mongodb+srv", "redis", "rediss", "amqp", "amqps",
    "sqlserver", "cockroachdb",
  ]

  private static func endsURL(_ byte: UInt8) -> Bool {
    ByteClass.isSpace(byte) || ByteClass.isQuote(byte) || byte == UInt8(ascii: "<") || byte == UInt8(ascii: ">")
      || byte == UInt8(ascii: "\\")
  }

  private mutating func url(at index: Int) -> Bool {
    guard matches("://", at: index) else { return false }
    let first = start(before: index, limit: 24) { ByteClass.isName($0) || $0 == UInt8(ascii: "+") }
    guard first < index else { return false }
    let scheme = String(decoding: bytes[first..<index], as: UTF8.self).lowercased()
    let authority = index + 3
    if Self.connectionSchemes.contains(scheme) {
      blot(authority..<end(from: authority) { !Self.endsURL($0) })
      return true
    }
    let stop = end(from: authority) { !Self.endsURL($0) && $0 != 0x2F && $0 != 0x3F && $0 != 0x23 }
    guard let at = bytes[authority..<stop].lastIndex(of: UInt8(ascii: "@")) else { return true }
    if let colon = bytes[authority..<at].firstIndex(of: UInt8(ascii: ":")) {
      blot(colon + 1..<at)
    } else if at - authority >= 20 {
      // A user name alone is shown; one this long is a token in its place.
      blot(authority..<at)
    }
    return true
  }

  /// `name=value`, `name: value`, `"name": "value"`, also inside a quoted text, where quotes have backslashes.
  private mutating func setting(at index: Int) {
    let nameEnd = start(before: index, limit: 8) {
      $0 == 0x20 || ByteClass.isQuote($0) || $0 == UInt8(ascii: "\\") || $0 == UInt8(ascii: "]")
    }
    let nameStart = start(before: nameEnd, limit: SensitiveName.lengthLimit, while: ByteClass.isName)
    let name = bytes[nameStart..<nameEnd]
    guard !name.isEmpty, SensitiveName.matches(name) else { return }
    var first = index + 1
    // `=>`, `:=` and `==` part a name from its value as well.
    while first < bytes.count, bytes[first] == 0x3D || bytes[first] == 0x3E { first += 1 }
    first = end(from: first) { $0 == 0x20 || $0 == 0x09 }
    value(at: first, wholeLine: SensitiveName.takesWholeLine(name))
  }

  /// `--password value`.
  private mutating func flag(at index: Int) {
    guard matches("--", at: index), index == 0 || !ByteClass.isName(bytes[index - 1]) else { return }
    let nameEnd = end(from: index + 2, while: ByteClass.isName)
    guard nameEnd < bytes.count, bytes[nameEnd] == 0x20, nameEnd - index <= SensitiveName.lengthLimit,
      SensitiveName.matches(bytes[index + 2..<nameEnd])
    else { return }
    let first = end(from: nameEnd) { $0 == 0x20 }
    guard first < bytes.count, bytes[first] != UInt8(ascii: "-") else { return }
    value(at: first, wholeLine: false)
  }

  private mutating func value(at first: Int, wholeLine: Bool) {
    let quote = end(from: first) { $0 == UInt8(ascii: "\\") }
    if quote < bytes.count, ByteClass.isQuote(bytes[quote]) {
      return blot(
        afterScheme(quote + 1..<closing(bytes[quote], backslashes: quote - first, from: quote + 1), wholeLine))
    }
    let stop = end(from: first) { byte in
      guard byte != 0x0A, byte != 0x0D, !ByteClass.isQuote(byte) else { return false }
      return wholeLine || !ByteClass.isSpace(byte) && !",;&)}<>|".utf8.contains(byte)
    }
    blot(afterScheme(first..<stop, wholeLine))
  }

  /// Leaves the word before an authorization header's secret: `Bearer`, `Basic`.
  private func afterScheme(_ range: Range<Int>, _ wholeLine: Bool) -> Range<Int> {
    guard wholeLine else { return range }
    let word = min(end(from: range.lowerBound, while: ByteClass.isLetter), range.upperBound)
    guard word > range.lowerBound, word - range.lowerBound <= 12, word + 1 < range.upperBound, bytes[word] == 0x20
    else {
      return range
    }
    return word + 1..<range.upperBound
  }

  /// Where the quoted value ends: at its quote or the line's end, whichever comes first.
  private func closing(_ quote: UInt8, backslashes: Int, from first: Int) -> Int {
    var index = first
    var run = 0
    while index < bytes.count, bytes[index] != 0x0A {
      if bytes[index] == quote {
        let escaped = backslashes == 0 ? run % 2 == 1 : run > backslashes
        if !escaped { return index - (backslashes == 0 ? 0 : run) }
        run = 0
      } else {
        run = bytes[index] == UInt8(ascii: "\\") ? run + 1 : 0
      }
      index += 1
    }
    return index
  }
}
