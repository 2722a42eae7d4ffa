internal import NIOCore

/// Cuts a byte stream into lines of bounded length.
struct LineBuffer {
  /// Bytes of one line, without its end.
  let limit: Int
  private var bytes = ByteBuffer()

  init(limit: Int) { self.limit = limit }

  mutating func append(_ buffer: ByteBuffer) {
    var buffer = buffer
    bytes.writeBuffer(&buffer)
  }

  enum Next: Equatable {
    case line([UInt8])
    /// The line is not complete yet.
    case incomplete
    /// The line is longer than the limit; the stream is of no more use.
    case tooLong
  }

  mutating func next() -> Next {
    let view = bytes.readableBytesView
    guard let end = view.prefix(limit + 1).firstIndex(of: UInt8(ascii: "\n")) else {
      return view.count > limit ? .tooLong : .incomplete
    }
    let line = bytes.readBytes(length: end - view.startIndex) ?? []
    bytes.moveReaderIndex(forwardBy: 1)
    bytes.discardReadBytes()
    return .line(line)
  }
}
