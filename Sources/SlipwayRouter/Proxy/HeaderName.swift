/// The header fields that a proxy must look at, told apart by length first because most fields are none of them.
enum HeaderName {
  case connection, hopByHop, transferEncoding, upgrade, host, contentLength
  case forwardedFor, forwardedProto, forwardedHost, canary
  case other

  init(_ name: String) {
    let bytes = name.utf8
    switch bytes.count {
    case 2: self = bytes.matches("te") ? .hopByHop : .other
    case 4: self = bytes.matches("host") ? .host : .other
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

extension Sequence<UInt8> {
  /// Whether these are the bytes of `text`, which is lower case, in any case.
  func matches(_ text: StaticString) -> Bool {
    text.withUTF8Buffer { expected in
      var index = 0
      for byte in self {
        guard index < expected.count, Self.lowercase(byte) == expected[index] else { return false }
        index += 1
      }
      return index == expected.count
    }
  }

  private static func lowercase(_ byte: UInt8) -> UInt8 { (65...90).contains(byte) ? byte | 0x20 : byte }
}

/// The options named in `Connection` fields, which belong to this hop alone.
struct ConnectionOptions {
  private var names: [Substring] = []

  /// Adds the options of one field value; `close` and `keep-alive` are no field names.
  mutating func add(_ value: String) {
    for part in value.split(separator: ",") {
      let name = part.trimmingSpaces
      if !name.isEmpty, !name.utf8.matches("close"), !name.utf8.matches("keep-alive") { names.append(name) }
    }
  }

  var isEmpty: Bool { names.isEmpty }

  func contains(_ field: String) -> Bool {
    names.contains { $0.count == field.count && $0.lowercased() == field.lowercased() }
  }
}

extension Substring {
  /// The text without spaces and tabs at its ends.
  var trimmingSpaces: Substring {
    var text = self
    while text.first == " " || text.first == "\t" { text.removeFirst() }
    while text.last == " " || text.last == "\t" { text.removeLast() }
    return text
  }
}
