/// The header fields that a proxy must look at, told apart by length first because most fields are none of them.
enum HeaderName: UInt8 {
  case connection, hopByHop, te, transferEncoding, upgrade, host, contentLength
  case forwardedFor, forwardedProto, forwardedHost, canary, cookie
  case other

  init(_ bytes: UnsafeRawBufferPointer) {
    switch bytes.count {
    case 2: self = bytes.matches("te") ? .te : .other
    case 4: self = bytes.matches("host") ? .host : .other
    case 6: self = bytes.matches("cookie") ? .cookie : .other
    case 7: self = bytes.matches("upgrade") ? .upgrade : .other
    case 8: self = bytes.matches("x-canary") ? .canary : .other
    case 10:
      self = bytes.matches("connection") ? .connection : bytes.matches("keep-alive") ? .hopByHop : .other
    case 14: self = bytes.matches("content-length") ? .contentLength : .other
    case 15: self = bytes.matches("x-forwarded-for") ? .forwardedFor : .other
    case 16:
      self = bytes.matches("proxy-connection") ? .hopByHop : bytes.matches("x-forwarded-host") ? .forwardedHost : .other
    case 17:
      self =
        bytes.matches("transfer-encoding")
        ? .transferEncoding : bytes.matches("x-forwarded-proto") ? .forwardedProto : .other
    default: self = .other
    }
  }
}

extension UnsafeRawBufferPointer {
  /// Whether these are the bytes of `text`, which is lower case, in any case of letters.
  func matches(_ text: StaticString) -> Bool {
    guard count == text.utf8CodeUnitCount else { return false }
    for index in 0..<count where Character7.lowercase(self[index]) != text.utf8Start[index] { return false }
    return true
  }

  /// Whether both are the same in any case of letters.
  func matches(_ other: UnsafeRawBufferPointer) -> Bool {
    guard count == other.count else { return false }
    for index in 0..<count where Character7.lowercase(self[index]) != Character7.lowercase(other[index]) {
      return false
    }
    return true
  }

  /// The part from `start` up to `end`, on its own.
  func part(_ start: Int, _ end: Int) -> UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: self[start..<end]) }

  func part(_ span: Span32) -> UnsafeRawBufferPointer { part(Int(span.start), Int(span.end)) }

  /// The bytes without spaces and tabs at their ends.
  var trimmed: UnsafeRawBufferPointer {
    var (start, end) = (0, count)
    while start < end, Character7.isBlank(self[start]) { start += 1 }
    while end > start, Character7.isBlank(self[end - 1]) { end -= 1 }
    return part(start, end)
  }

  /// The pieces between commas, trimmed, without empty ones.
  func forEachElement(_ body: (UnsafeRawBufferPointer) -> Void) {
    var start = 0
    while start <= count {
      let end = self[start...].firstIndex(of: UInt8(ascii: ",")) ?? count
      let piece = part(start, end).trimmed
      if !piece.isEmpty { body(piece) }
      start = end + 1
    }
  }

  var text: String { String(decoding: self, as: UTF8.self) }
}

/// A stretch of a message's head, counted from its first byte; heads are far below 4 GiB.
struct Span32 {
  let start: UInt32
  let end: UInt32

  init(_ start: Int, _ end: Int) {
    self.start = UInt32(truncatingIfNeeded: start)
    self.end = UInt32(truncatingIfNeeded: end)
  }

  var isEmpty: Bool { start == end }
}

/// Classes of bytes in HTTP (RFC 9110, 5.6.2), as masks because every byte of every head is asked about.
enum Character7 {
  @inline(__always)
  static func isToken(_ byte: UInt8) -> Bool { isIn(byte, 0x03ff_6cfa_0000_0000, 0x57ff_ffff_c7ff_fffe) }

  /// A byte of `Host`: registered name, literal address, port.
  static func isHost(_ byte: UInt8) -> Bool { isIn(byte, 0x2fff_6ff2_0000_0000, 0x47ff_fffe_afff_fffe) }

  /// A byte of a request target: visible ASCII; a fragment never goes over the wire.
  static func isTarget(_ byte: UInt8) -> Bool { byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "#") }

  /// A byte of a field's value; RFC 9110 forbids the rest, NUL and bare CR above all.
  @inline(__always)
  static func isValue(_ byte: UInt8) -> Bool { (byte >= 0x20 && byte != 0x7f) || byte == 0x09 }

  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
  static func isDigit(_ byte: UInt8) -> Bool { byte >= 48 && byte <= 57 }

  @inline(__always)
  static func lowercase(_ byte: UInt8) -> UInt8 { byte >= 65 && byte <= 90 ? byte | 0x20 : byte }

  /// The value of a hexadecimal digit.
  static func hex(_ byte: UInt8) -> Int? {
    switch byte {
    case 48...57: Int(byte) - 48
    case 65...70: Int(byte) - 55
    case 97...102: Int(byte) - 87
    default: nil
    }
  }

  @inline(__always)
  private static func isIn(_ byte: UInt8, _ low: UInt64, _ high: UInt64) -> Bool {
    byte < 64 ? (low >> UInt64(byte)) & 1 == 1 : byte < 128 && (high >> UInt64(byte & 63)) & 1 == 1
  }
}
