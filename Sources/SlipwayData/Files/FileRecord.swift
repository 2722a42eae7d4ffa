package import SlipwayModel

/// One file or folder of a tree, as it stands in a line of `files.jsonl`.
package struct FileRecord: Sendable, Equatable {
  /// From the top of the tree, with `/` between names.
  package var path: String
  /// Nil for a folder.
  package var content: Content?
  /// Nanoseconds since 1970.
  package var modified: Int64
  /// The twelve bits of rights.
  package var mode: UInt32
  package var user: UInt32
  package var group: UInt32

  /// What a file holds.
  package struct Content: Sendable, Equatable {
    package var size: Int64
    package var sha256: Digest
    /// 40 hexadecimal digits, where names or references are such.
    package var sha1: String?
    /// Where the file was read from, by which a later look sees that it is still the same; nil when it had changed a moment ago.
    package var origin: Origin?

    package init(size: Int64, sha256: Digest, sha1: String? = nil, origin: Origin? = nil) {
      self.size = size
      self.sha256 = sha256
      self.sha1 = sha1
      self.origin = origin
    }
  }

  /// A file's identity and the last moment at which anything about it changed.
  package struct Origin: Sendable, Equatable {
    package var inode: UInt64
    package var changed: Int64

    package init(inode: UInt64, changed: Int64) {
      self.inode = inode
      self.changed = changed
    }
  }

  package init(path: String, content: Content? = nil, modified: Int64, mode: UInt32, user: UInt32, group: UInt32) {
    self.path = path
    self.content = content
    self.modified = modified
    self.mode = mode
    self.user = user
    self.group = group
  }
}

/// Lines of `files.jsonl`: JSON objects with the keys in one fixed order.
///
/// Written and read by hand, because a snapshot of 20,000 files that shares nearly all of them has to be made in a fraction of a second. Only what
/// ``line`` writes is read.
extension FileRecord {
  /// The record without its line feed.
  package var line: String {
    var line = "{\"path\":" + Self.quoted(path) + ",\"mode\":\(mode),\"user\":\(user),\"group\":\(group)"
    line += ",\"mtime\":\(modified)"
    if let content {
      line += ",\"size\":\(content.size),\"sha256\":\"\(content.sha256.hex)\""
      if let sha1 = content.sha1 { line += ",\"sha1\":\"\(sha1)\"" }
      if let origin = content.origin { line += ",\"inode\":\(origin.inode),\"ctime\":\(origin.changed)" }
    }
    return line + "}"
  }

  /// Reads one line without its line feed; nil for anything that ``line`` would not have written.
  package init?(line: some Collection<UInt8>) {
    var scan = LineScan(line)
    guard scan.take("{\"path\":"), let path = scan.string(), PathOrder.isSafe(path),
      scan.take(",\"mode\":"), let mode = scan.number(upTo: 0o7777),
      scan.take(",\"user\":"), let user = scan.number(upTo: Int64(UInt32.max)),
      scan.take(",\"group\":"), let group = scan.number(upTo: Int64(UInt32.max)),
      scan.take(",\"mtime\":"), let modified = scan.signed()
    else { return nil }
    self.init(
      path: path, content: nil, modified: modified, mode: UInt32(mode), user: UInt32(user), group: UInt32(group))
    if scan.take(",\"size\":") {
      guard let content = Content(&scan) else { return nil }
      self.content = content
    }
    guard scan.take("}"), scan.isAtEnd else { return nil }
  }

  private static func quoted(_ text: String) -> String {
    let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 != UInt8(ascii: "\"") && $0 != UInt8(ascii: "\\") }
    if isPlain { return "\"" + text + "\"" }
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"", "\\": result += "\\" + String(Character(scalar))
      case "\u{0}"..<"\u{20}": result += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }
}

extension FileRecord.Content {
  fileprivate init?(_ scan: inout LineScan<some Collection<UInt8>>) {
    guard let size = scan.number(upTo: .max), scan.take(",\"sha256\":\""), let hex = scan.digits(64),
      let sha256 = Digest(hex: hex), scan.take("\"")
    else { return nil }
    self.init(size: size, sha256: sha256)
    if scan.take(",\"sha1\":\"") {
      guard let digits = scan.digits(40), scan.take("\"") else { return nil }
      sha1 = digits
    }
    if scan.take(",\"inode\":") {
      guard let inode = scan.number(upTo: .max), scan.take(",\"ctime\":"), let changed = scan.signed() else {
        return nil
      }
      origin = FileRecord.Origin(inode: UInt64(inode), changed: changed)
    }
  }
}

/// Reads the parts of a line from its front.
private struct LineScan<Bytes: Collection<UInt8>> {
  private let bytes: Bytes
  private var position: Bytes.Index

  init(_ bytes: Bytes) {
    self.bytes = bytes
    position = bytes.startIndex
  }

  var isAtEnd: Bool { position == bytes.endIndex }

  mutating func take(_ text: StaticString) -> Bool {
    var next = position
    for index in 0..<text.utf8CodeUnitCount {
      guard next != bytes.endIndex, bytes[next] == text.utf8Start[index] else { return false }
      next = bytes.index(after: next)
    }
    position = next
    return true
  }

  /// Decimal digits without a leading zero.
  mutating func number(upTo limit: Int64) -> Int64? {
    var value: Int64 = 0
    var count = 0
    while position != bytes.endIndex, (48...57).contains(bytes[position]) {
      if count == 1, value == 0 { return nil }
      let (tens, isTooMuch) = value.multipliedReportingOverflow(by: 10)
      let (sum, isOver) = tens.addingReportingOverflow(Int64(bytes[position] - 48))
      guard !isTooMuch, !isOver, sum <= limit else { return nil }
      value = sum
      count += 1
      position = bytes.index(after: position)
    }
    return count > 0 ? value : nil
  }

  mutating func signed() -> Int64? {
    guard take("-") else { return number(upTo: .max) }
    guard let value = number(upTo: .max), value > 0 else { return nil }
    return -value
  }

  /// So many lower-case hexadecimal digits.
  mutating func digits(_ count: Int) -> String? {
    guard let end = bytes.index(position, offsetBy: count, limitedBy: bytes.endIndex) else { return nil }
    let digits = bytes[position..<end]
    guard digits.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return nil }
    position = end
    return String(decoding: digits, as: UTF8.self)
  }

  /// A JSON string, escaped no more than ``FileRecord/line`` escapes.
  mutating func string() -> String? {
    guard take("\"") else { return nil }
    var text: [UInt8] = []
    while position != bytes.endIndex {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "\""):
        position = bytes.index(after: position)
        return String(validating: text, as: UTF8.self)
      case UInt8(ascii: "\\"):
        guard let escaped = escape() else { return nil }
        text.append(escaped)
      case 0..<0x20: return nil
      default:
        text.append(byte)
        position = bytes.index(after: position)
      }
    }
    return nil
  }

  private mutating func escape() -> UInt8? {
    if take("\\\"") { return UInt8(ascii: "\"") }
    if take("\\\\") { return UInt8(ascii: "\\") }
    guard take("\\u00"), let digits = digits(2), let value = UInt8(digits, radix: 16), value < 0x20 else { return nil }
    return value
  }
}
