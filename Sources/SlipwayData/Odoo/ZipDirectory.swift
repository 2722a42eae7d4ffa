internal import SlipwayConnectors

/// One entry of a zip archive's directory.
package struct ZipEntry: Sendable, Equatable {
  package var name: String
  var isDeflated: Bool
  var checksum: UInt32
  var packedBytes: Int64
  package var bytes: Int64
  /// Where its own header begins.
  var offset: Int64
  /// What Unix knows about it; 0 when the archive does not say.
  var mode: UInt32

  var isFolder: Bool { name.hasSuffix("/") }
  var isLink: Bool { mode & 0o170000 == 0o120000 }
}

/// The directory at the end of a zip archive (APPNOTE 6.3), read with every number held against the archive's size.
struct ZipDirectory: Sendable, Equatable {
  /// An archive with more is none of ours: two million attachments.
  static let entryLimit = 2_000_000
  static let byteLimit = 512 << 20
  /// The end record and the longest comment behind it.
  static let tailLimit = 22 + 65_535
  static let nameLimit = 4_096

  var entries: [ZipEntry]

  /// Where the directory lies.
  struct Place: Equatable {
    var offset: Int64
    var bytes: Int
    var count: Int
    /// Of the larger end record, when there is one.
    var wide: Int64?
  }

  /// Finds the end record in the last bytes of the archive.
  ///
  /// - Parameters:
  ///   - tail: the last ``tailLimit`` bytes, or all.
  ///   - size: of the archive.
  /// - Returns: where the directory lies, or where the larger end record does.
  /// - Throws: ``ConnectorError`` when there is none that fits.
  static func place(in tail: [UInt8], size: Int64) throws(ConnectorError) -> Place {
    let bytes = ZipBytes(tail)
    var start = tail.count - 22
    // The comment's length must lead exactly to the end, so that a record inside a comment is not taken for the real one.
    while start >= 0,
      bytes.number(start, 4) != 0x0605_4b50 || start + 22 + Int(bytes.number(start + 20, 2)) != tail.count
    {
      start -= 1
    }
    guard start >= 0 else { throw Self.broken("it has no end record; is it cut off?") }
    guard bytes.number(start + 4, 2) == 0, bytes.number(start + 6, 2) == 0 else {
      throw Self.broken("it is one of several parts")
    }
    let count = Int(bytes.number(start + 10, 2))
    let length = Int(bytes.number(start + 12, 4))
    let offset = Int64(bytes.number(start + 16, 4))
    let end = size - Int64(tail.count - start)
    guard count == 0xFFFF || length == 0xFFFF_FFFF || offset == 0xFFFF_FFFF else {
      return try Place(offset: offset, bytes: length, count: count, wide: nil).checked(end: end)
    }
    let locator = start - 20
    guard locator >= 0, bytes.number(locator, 4) == 0x0706_4b50 else {
      return try Place(offset: offset, bytes: length, count: count, wide: nil).checked(end: end)
    }
    let wide = bytes.number(locator + 8, 8)
    guard wide <= UInt64(max(0, end - 20)) else { throw Self.broken("its end record points past its end") }
    return Place(offset: 0, bytes: 0, count: 0, wide: Int64(wide))
  }

  /// Reads the larger end record, which begins where ``Place/wide`` says.
  static func place(wide record: [UInt8], at start: Int64) throws(ConnectorError) -> Place {
    let bytes = ZipBytes(record)
    guard record.count >= 56, bytes.number(0, 4) == 0x0606_4b50 else { throw broken("its larger end record is none") }
    let (count, length, offset) = (bytes.number(32, 8), bytes.number(40, 8), bytes.number(48, 8))
    guard count <= UInt64(entryLimit), length <= UInt64(byteLimit), offset <= UInt64(start) else {
      throw broken("its directory is larger than \(entryLimit) entries or lies outside of it")
    }
    return try Place(offset: Int64(offset), bytes: Int(length), count: Int(count), wide: start).checked(end: start)
  }

  /// Reads the directory's own bytes.
  ///
  /// - Parameters:
  ///   - directory: exactly the bytes at `place`.
  ///   - place: where it lies; no entry may reach into it.
  /// - Throws: ``ConnectorError`` naming the entry that makes no sense.
  init(_ directory: [UInt8], at place: Place) throws(ConnectorError) {
    let bytes = ZipBytes(directory)
    var entries: [ZipEntry] = []
    entries.reserveCapacity(place.count)
    var position = 0
    while position < directory.count {
      guard entries.count < place.count else { throw Self.broken("its directory has more entries than it says") }
      entries.append(try Self.entry(bytes, &position))
    }
    guard entries.count == place.count else { throw Self.broken("its directory has fewer entries than it says") }
    try Self.refuseOverlaps(entries, end: place.offset)
    self.entries = entries
  }

  private static func entry(_ bytes: ZipBytes, _ position: inout Int) throws(ConnectorError) -> ZipEntry {
    let start = position
    guard bytes.has(start, 46), bytes.number(start, 4) == 0x0201_4b50 else { throw broken("its directory is damaged") }
    let nameLength = Int(bytes.number(start + 28, 2))
    let extraLength = Int(bytes.number(start + 30, 2))
    let commentLength = Int(bytes.number(start + 32, 2))
    let length = 46 + nameLength + extraLength + commentLength
    guard bytes.has(start, length), (1...nameLimit).contains(nameLength) else {
      throw broken("its directory is damaged")
    }
    guard let name = bytes.text(start + 46, nameLength) else { throw broken("a name in it is not UTF-8") }
    let flags = bytes.number(start + 8, 2)
    guard flags & 0x2041 == 0 else { throw broken("'\(name.prefix(100))' in it is encrypted") }
    let method = bytes.number(start + 10, 2)
    guard method == 0 || method == 8 else {
      throw broken("'\(name.prefix(100))' in it is packed by method \(method); 0 and 8 are read")
    }
    var numbers = [bytes.number(start + 24, 4), bytes.number(start + 20, 4), bytes.number(start + 42, 4)]
    try widen(&numbers, bytes, start + 46 + nameLength, extraLength)
    guard numbers.allSatisfy({ $0 <= UInt64(Int64.max / 4) }) else {
      throw broken("a number in its directory is absurd")
    }
    if method == 0, numbers[0] != numbers[1] { throw broken("'\(name.prefix(100))' in it has two sizes") }
    position += length
    let isUnix = bytes.number(start + 5, 1) == 3
    return ZipEntry(
      name: name, isDeflated: method == 8, checksum: UInt32(bytes.number(start + 16, 4)),
      packedBytes: Int64(numbers[1]),
      bytes: Int64(numbers[0]), offset: Int64(numbers[2]),
      mode: isUnix ? UInt32(bytes.number(start + 38, 4) >> 16) : 0)
  }

  /// Sizes and offset of more than 32 bits stand in an extra field, each only where its place is full of ones.
  private static func widen(
    _ numbers: inout [UInt64], _ bytes: ZipBytes, _ start: Int, _ length: Int
  ) throws(ConnectorError) {
    guard numbers.contains(0xFFFF_FFFF) else { return }
    var position = start
    let end = start + length
    while position + 4 <= end {
      let size = Int(bytes.number(position + 2, 2))
      guard position + 4 + size <= end else { break }
      if bytes.number(position, 2) == 1 {
        var field = position + 4
        for index in numbers.indices where numbers[index] == 0xFFFF_FFFF {
          guard field + 8 <= position + 4 + size else { throw broken("a large number in its directory is missing") }
          numbers[index] = bytes.number(field, 8)
          field += 8
        }
        return
      }
      position += 4 + size
    }
    throw broken("a large number in its directory is missing")
  }

  /// Entries that share bytes are how a small archive unpacks to a huge one.
  private static func refuseOverlaps(_ entries: [ZipEntry], end: Int64) throws(ConnectorError) {
    var last: Int64 = 0
    for entry in entries.sorted(by: { $0.offset < $1.offset }) {
      guard entry.offset >= last else { throw broken("'\(entry.name.prefix(100))' in it lies over another entry") }
      last = entry.offset + 30 + Int64(entry.name.utf8.count) + entry.packedBytes
      guard last <= end else { throw broken("'\(entry.name.prefix(100))' in it reaches past its end; is it cut off?") }
    }
  }

  static func broken(_ why: String) -> ConnectorError {
    ConnectorError(.garbage, "the zip archive cannot be read: \(why)")
  }
}

extension ZipDirectory.Place {
  fileprivate func checked(end: Int64) throws(ConnectorError) -> Self {
    guard count <= ZipDirectory.entryLimit, bytes <= ZipDirectory.byteLimit, offset >= 0, offset + Int64(bytes) <= end
    else {
      throw ZipDirectory.broken("its directory lies outside of it; is it cut off?")
    }
    return self
  }
}

/// Numbers in little-endian order; what lies outside reads as all ones, which no check accepts.
struct ZipBytes {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func has(_ start: Int, _ count: Int) -> Bool { start >= 0 && count >= 0 && start <= bytes.count - count }

  func number(_ start: Int, _ count: Int) -> UInt64 {
    guard has(start, count) else { return .max }
    return (0..<count).reduce(0) { $0 | UInt64(bytes[start + $1]) << (8 * UInt64($1)) }
  }

  func text(_ start: Int, _ count: Int) -> String? {
    has(start, count) ? String(validating: bytes[start..<start + count], as: UTF8.self) : nil
  }
}
