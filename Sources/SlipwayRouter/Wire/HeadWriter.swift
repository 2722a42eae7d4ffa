internal import NIOCore

/// Writes heads; what goes on unchanged is copied in as long stretches as it lies together.
enum HeadWriter {
  /// Copies the fields that `isKept`, each as `name: value` and CRLF.
  static func copy(
    _ fields: [Field], of bytes: UnsafeRawBufferPointer, to out: inout ByteBuffer, where isKept: (Field) -> Bool
  ) {
    // A stretch that is already written as it should be and has not been copied yet.
    var (from, upTo) = (0, 0)
    for field in fields where isKept(field) {
      let (start, end) = (Int(field.name.start), Int(field.value.end))
      if isPlain(field, bytes) {
        if start != upTo {
          if upTo > from { out.writeBytes(bytes.part(from, upTo)) }
          from = start
        }
        upTo = end + 2
        continue
      }
      if upTo > from { out.writeBytes(bytes.part(from, upTo)) }
      (from, upTo) = (0, 0)
      out.writeBytes(bytes.part(field.name))
      out.writeStaticString(": ")
      out.writeBytes(bytes.part(field.value))
      out.writeStaticString("\r\n")
    }
    if upTo > from { out.writeBytes(bytes.part(from, upTo)) }
  }

  private static func isPlain(_ field: Field, _ bytes: UnsafeRawBufferPointer) -> Bool {
    let end = Int(field.value.end)
    return field.value.start == field.name.end + 2 && bytes[Int(field.name.end) + 1] == 0x20
      && end + 1 < bytes.count && bytes[end] == 13 && bytes[end + 1] == 10
  }

  /// The trailer fields that may go on: none that frame, route or belong to one hop.
  static func trailers(_ block: HeadBlock?, to out: inout ByteBuffer) {
    guard let block else { return }
    block.withBytes { copy(block.fields, of: $0, to: &out) { $0.kind == .other } }
  }
}

extension ByteBuffer {
  /// Adds a piece of a chunked body; an empty one would end it.
  mutating func writeChunk(_ data: ByteBuffer) {
    writeChunkSize(data.readableBytes)
    writeImmutableBuffer(data)
    writeStaticString("\r\n")
  }

  mutating func writeChunkSize(_ size: Int) {
    writeString(String(size, radix: 16))
    writeStaticString("\r\n")
  }

  /// Adds the decimal digits of a number that is not negative.
  mutating func writeDecimal(_ number: Int) {
    if number >= 10 { writeDecimal(number / 10) }
    writeInteger(UInt8(truncatingIfNeeded: 48 + number % 10))
  }
}

/// The options named in `Connection` fields, which belong to this hop alone, but `close`, `keep-alive` and `upgrade`.
struct ConnectionOptions {
  private(set) var saysClose = false
  private(set) var saysKeepAlive = false
  private(set) var saysUpgrade = false
  private var names: [[UInt8]] = []

  mutating func add(_ value: UnsafeRawBufferPointer) {
    value.forEachElement { name in
      if name.matches("close") {
        saysClose = true
      } else if name.matches("keep-alive") {
        saysKeepAlive = true
      } else if name.matches("upgrade") {
        saysUpgrade = true
      } else {
        names.append(Array(name))
      }
    }
  }

  /// Whether the field is named here; those that frame or route stay whatever is said.
  func names(_ field: Field, _ bytes: UnsafeRawBufferPointer) -> Bool {
    guard !names.isEmpty, field.kind != .host, field.kind != .contentLength else { return false }
    let name = bytes.part(field.name)
    return names.contains { $0.withUnsafeBytes { $0.matches(name) } }
  }
}
