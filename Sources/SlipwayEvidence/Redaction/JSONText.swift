/// Strings as JSON writes them, on bytes.
enum JSONText {
  /// `text` in quotation marks.
  static func quoted(_ text: String) -> String {
    var bytes: [UInt8] = []
    append(escaped: Array(text.utf8), to: &bytes)
    return "\"" + String(decoding: bytes, as: UTF8.self) + "\""
  }

  private static let digits = Array("0123456789abcdef".utf8)

  /// Appends `bytes` with quotation marks, backslashes and control characters escaped.
  static func append(escaped bytes: some Sequence<UInt8>, to output: inout [UInt8]) {
    for byte in bytes {
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
      case 0x0A: output += Array("\\n".utf8)
      case 0x0D: output += Array("\\r".utf8)
      case 0x09: output += Array("\\t".utf8)
      case 0..<0x20: output += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: output.append(byte)
      }
    }
  }

  /// The content of a string between its quotation marks, which ``JSONWalk`` has found well-formed.
  static func unescaped(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) -> [UInt8] {
    var output: [UInt8] = []
    output.reserveCapacity(bytes.count)
    var index = bytes.startIndex
    while index < bytes.endIndex {
      let byte = bytes[index]
      guard byte == UInt8(ascii: "\\"), index + 1 < bytes.endIndex else {
        output.append(byte)
        index += 1
        continue
      }
      let kind = bytes[index + 1]
      index += 2
      switch kind {
      case UInt8(ascii: "n"): output.append(0x0A)
      case UInt8(ascii: "r"): output.append(0x0D)
      case UInt8(ascii: "t"): output.append(0x09)
      case UInt8(ascii: "b"): output.append(0x08)
      case UInt8(ascii: "f"): output.append(0x0C)
      case UInt8(ascii: "u"): output += character(bytes, at: &index)
      default: output.append(kind)
      }
    }
    return output
  }

  /// The character of `\uXXXX`, or of the two that make a surrogate pair; half a pair gives U+FFFD.
  private static func character(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, at index: inout Int) -> [UInt8] {
    let high = unit(bytes, at: index) ?? 0xFFFD
    index = min(index + 4, bytes.endIndex)
    if (0xD800..<0xDC00).contains(high), index + 5 < bytes.endIndex, bytes[index] == UInt8(ascii: "\\"),
      bytes[index + 1] == UInt8(ascii: "u"), let low = unit(bytes, at: index + 2), (0xDC00..<0xE000).contains(low),
      let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
    {
      index += 6
      return Array(String(scalar).utf8)
    }
    return Array(String(Unicode.Scalar(high) ?? "\u{FFFD}").utf8)
  }

  private static func unit(_ bytes: Slice<UnsafeBufferPointer<UInt8>>, at index: Int) -> UInt32? {
    guard index + 4 <= bytes.endIndex else { return nil }
    return UInt32(String(decoding: bytes[index..<index + 4], as: UTF8.self), radix: 16)
  }
}
