internal import Glibc
internal import NIOCore

/// Why a message is not taken; each is a way to exhaust a reader or to make two of them disagree about where a message ends.
enum WireFault: Error, Equatable {
  case malformed
  case headTooLarge
  case bodyTooLarge
  /// CONNECT, or a transfer coding that would have to be undone.
  case unsupported
}

/// One field of a head, in offsets from the head's first byte.
struct Field {
  let kind: HeaderName
  let name: Span32
  let value: Span32
}

/// A message's head as it came: its bytes, and where the parts lie in them.
struct HeadBlock {
  let bytes: ByteBuffer
  let startLine: Span32
  let fields: [Field]

  func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    try bytes.withUnsafeReadableBytes(body)
  }
}

/// Bounds of one head.
struct HeadLimits {
  let field: Int
  let list: Int
  let count: Int
}

/// Finds a head in a stream of bytes, line by line, and checks each byte once.
///
/// Strict as RFC 9112 demands of a server: lines end with CRLF, no folding, no blank before the colon, no control characters.
struct HeadReader {
  enum Outcome {
    case incomplete
    /// The head has so many bytes, its empty line included.
    case complete(length: Int)
    case fault(WireFault)
  }

  private let limits: HeadLimits
  /// A client's lines end with CRLF; an application's may end with LF alone, because its answer is written anew.
  private let isStrict: Bool
  private(set) var startLine: Span32?
  private(set) var fields: [Field] = []
  private var lineStart = 0
  private var searched = 0

  init(limits: HeadLimits, isStrict: Bool) {
    self.limits = limits
    self.isStrict = isStrict
  }

  /// Ready for the next head; `isTrailer` where there is no start line.
  mutating func reset(isTrailer: Bool = false) {
    startLine = isTrailer ? Span32(0, 0) : nil
    fields.removeAll(keepingCapacity: true)
    (lineStart, searched) = (0, 0)
  }

  /// Goes on where it stopped; the readable bytes begin with the head's first one.
  mutating func read(_ buffer: ByteBuffer) -> Outcome { buffer.withUnsafeReadableBytes { read($0) } }

  private mutating func read(_ bytes: UnsafeRawBufferPointer) -> Outcome {
    guard let base = bytes.baseAddress else { return .incomplete }
    while let found = memchr(base + searched, 10, bytes.count - searched) {
      var end = UnsafeRawPointer(found) - base
      searched = end + 1
      if end > lineStart, bytes[end - 1] == 13 { end -= 1 } else if isStrict { return .fault(.malformed) }
      guard end - lineStart <= limits.field, searched <= limits.list else { return .fault(.headTooLarge) }
      if startLine == nil {
        // An empty line before a request is left over from an old client's body (RFC 9112, 2.2).
        if end > lineStart { startLine = Span32(lineStart, end) }
      } else if end == lineStart {
        return .complete(length: searched)
      } else if let fault = take(bytes, lineStart, end) {
        return .fault(fault)
      }
      lineStart = searched
    }
    searched = bytes.count
    if bytes.count - lineStart > limits.field || bytes.count > limits.list { return .fault(.headTooLarge) }
    // What is no text is no request line that is still to be completed, and need not be waited for.
    let isText = startLine != nil || bytes[lineStart...].allSatisfy { $0 >= 0x20 && $0 < 0x7f || $0 == 13 }
    return isText ? .incomplete : .fault(.malformed)
  }

  private mutating func take(_ bytes: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> WireFault? {
    guard fields.count < limits.count else { return .headTooLarge }
    var colon = start
    while colon < end, Character7.isToken(bytes[colon]) { colon += 1 }
    // No name, a blank before the colon, a folded line and a line without colon all end up here.
    guard colon > start, colon < end, bytes[colon] == UInt8(ascii: ":") else { return .malformed }
    var (from, to) = (colon + 1, end)
    while from < to, Character7.isBlank(bytes[from]) { from += 1 }
    while to > from, Character7.isBlank(bytes[to - 1]) { to -= 1 }
    for index in from..<to where !Character7.isValue(bytes[index]) { return .malformed }
    fields.append(
      Field(kind: HeaderName(bytes.part(start, colon)), name: Span32(start, colon), value: Span32(from, to)))
    return nil
  }
}
