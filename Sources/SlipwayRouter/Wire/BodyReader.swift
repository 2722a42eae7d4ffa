internal import NIOCore

/// How the end of a body is told.
enum Framing: Equatable {
  case none
  case length(Int)
  case chunked
  /// The body ends with its connection; answers only.
  case untilClose

  var isEmpty: Bool { self == .none || self == .length(0) }

  /// Reads a `Content-Length`: digits alone, so that no two readers can differ about it.
  init?(contentLength: UnsafeRawBufferPointer) {
    guard !contentLength.isEmpty, contentLength.count <= 18 else { return nil }
    var length = 0
    for byte in contentLength {
      guard Character7.isDigit(byte) else { return nil }
      length = length * 10 + Int(byte) - 48
    }
    self = .length(length)
  }
}

/// Takes a body out of a stream of bytes.
struct BodyReader {
  enum Event {
    case incomplete
    case data(ByteBuffer)
    case end(trailers: HeadBlock?)
    case fault(WireFault)
  }

  private enum State {
    case rest(Int)
    case untilClose
    case chunkSize
    case chunkData(Int)
    case chunkEnd
    case trailers
    case done
  }

  /// Longest line with a chunk's size; extensions are allowed by the standard and used by nobody but attackers.
  static let sizeLineLimit = 256

  private var state = State.done
  private var trailerReader: HeadReader
  private let isStrict: Bool

  init(limits: HeadLimits, isStrict: Bool) {
    trailerReader = HeadReader(limits: limits, isStrict: isStrict)
    self.isStrict = isStrict
  }

  mutating func begin(_ framing: Framing) {
    switch framing {
    case .none: state = .rest(0)
    case .length(let length): state = .rest(length)
    case .untilClose: state = .untilClose
    case .chunked: state = .chunkSize
    }
  }

  /// Whether a connection that ends now has ended the body.
  var endsWithConnection: Bool { if case .untilClose = state { true } else { false } }

  mutating func next(_ input: inout ByteBuffer) -> Event {
    while true {
      switch state {
      case .rest(0):
        state = .done
        return .end(trailers: nil)
      case .rest(let rest):
        guard let data = Self.take(&input, rest) else { return .incomplete }
        state = .rest(rest - data.readableBytes)
        return .data(data)
      case .untilClose:
        guard let data = Self.take(&input, .max) else { return .incomplete }
        return .data(data)
      case .chunkSize:
        switch sizeLine(input) {
        case .incomplete: return .incomplete
        case .fault: return .fault(.malformed)
        case .size(let size, let length):
          input.moveReaderIndex(forwardBy: length)
          state = size == 0 ? .trailers : .chunkData(size)
          if size == 0 { trailerReader.reset(isTrailer: true) }
        }
      case .chunkData(0): state = .chunkEnd
      case .chunkData(let rest):
        guard let data = Self.take(&input, rest) else { return .incomplete }
        state = .chunkData(rest - data.readableBytes)
        return .data(data)
      case .chunkEnd:
        guard let end = input.getInteger(at: input.readerIndex, as: UInt16.self) else { return .incomplete }
        guard end == 0x0d0a else { return .fault(.malformed) }
        input.moveReaderIndex(forwardBy: 2)
        state = .chunkSize
      case .trailers: return trailers(&input)
      case .done: return .incomplete
      }
    }
  }

  private mutating func trailers(_ input: inout ByteBuffer) -> Event {
    switch trailerReader.read(input) {
    case .incomplete: return .incomplete
    case .fault(let fault): return .fault(fault)
    case .complete(let length):
      state = .done
      guard let bytes = input.readSlice(length: length), !trailerReader.fields.isEmpty else {
        return .end(trailers: nil)
      }
      return .end(trailers: HeadBlock(bytes: bytes, startLine: Span32(0, 0), fields: trailerReader.fields))
    }
  }

  private static func take(_ input: inout ByteBuffer, _ rest: Int) -> ByteBuffer? {
    let count = min(rest, input.readableBytes)
    return count > 0 ? input.readSlice(length: count) : nil
  }

  private enum SizeLine {
    case incomplete
    case fault
    case size(Int, length: Int)
  }

  private func sizeLine(_ input: ByteBuffer) -> SizeLine {
    input.withUnsafeReadableBytes { bytes in
      var (index, size) = (0, 0)
      while index < bytes.count, let digit = Character7.hex(bytes[index]) {
        // 15 digits are more than any body has, and cannot overflow.
        guard index < 15 else { return .fault }
        size = size << 4 | digit
        index += 1
      }
      guard index > 0 else { return bytes.isEmpty ? .incomplete : .fault }
      if !isStrict { while index < bytes.count, Character7.isBlank(bytes[index]) { index += 1 } }
      if index < bytes.count, bytes[index] == UInt8(ascii: ";") {
        while index < bytes.count, Character7.isValue(bytes[index]), index < Self.sizeLineLimit { index += 1 }
      }
      guard index < Self.sizeLineLimit else { return .fault }
      guard index < bytes.count else { return .incomplete }
      guard bytes[index] == 13 else { return .fault }
      guard index + 1 < bytes.count else { return .incomplete }
      return bytes[index + 1] == 10 ? .size(size, length: index + 2) : .fault
    }
  }
}
