/// A text with its percent escapes undone, which knows where each byte came from.
///
/// Encoders differ in what they escape, so an escaped secret cannot be searched for by its spelling.
struct PercentDecoded {
  let bytes: [UInt8]
  /// For each byte where it began in the source, and at last the source's end.
  private let offsets: [Int]

  /// Nil when the text has no escapes; `plusIsSpace` as in forms.
  init?(_ source: UnsafeBufferPointer<UInt8>, plusIsSpace: Bool) {
    guard source.contains(UInt8(ascii: "%")) else { return nil }
    var bytes: [UInt8] = []
    var offsets: [Int] = []
    bytes.reserveCapacity(source.count)
    offsets.reserveCapacity(source.count + 1)
    var index = 0
    while index < source.count {
      offsets.append(index)
      if source[index] == UInt8(ascii: "%"), index + 2 < source.count, ByteClass.isHexadecimal(source[index + 1]),
        ByteClass.isHexadecimal(source[index + 2])
      {
        bytes.append(Self.value(source[index + 1]) << 4 | Self.value(source[index + 2]))
        index += 3
      } else {
        bytes.append(plusIsSpace && source[index] == UInt8(ascii: "+") ? 0x20 : source[index])
        index += 1
      }
    }
    guard bytes.count < source.count else { return nil }
    offsets.append(source.count)
    self.bytes = bytes
    self.offsets = offsets
  }

  /// The place in the source of a place in the decoded text.
  func source(of place: Range<Int>) -> Range<Int> { offsets[place.lowerBound]..<offsets[place.upperBound] }

  private static func value(_ digit: UInt8) -> UInt8 {
    ByteClass.isDigit(digit) ? digit & 15 : (digit & 15) + 9
  }
}
