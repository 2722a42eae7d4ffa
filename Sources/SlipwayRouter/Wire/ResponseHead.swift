internal import NIOCore

/// An upstream's answer as it came, with what a proxy must know of it.
struct ResponseHead {
  let block: HeadBlock
  let status: Int
  /// How the body's end is told, were it an answer to a GET.
  let framing: Framing
  /// Whether the upstream's connection can serve again after this answer.
  let keepsAlive: Bool
  let options: ConnectionOptions
  let hasLength: Bool
  let offersWebSocket: Bool
  private let reason: Span32

  /// Nil when it is no HTTP or is coded in a way that the router would have to undo.
  init?(_ block: HeadBlock) {
    let scan: Scan? = block.withBytes { bytes in Scan(block, bytes) }
    guard let scan else { return nil }
    self.block = block
    status = scan.status
    framing = scan.framing ?? .untilClose
    hasLength = scan.hasLength
    options = scan.options
    reason = scan.reason
    offersWebSocket = scan.offersWebSocket
    // Both framings at once: the chunks count, and nothing after them is believed.
    keepsAlive = scan.keepsAlive && !(scan.hasLength && scan.framing == .chunked)
  }

  var isInterim: Bool { status < 200 }
  /// Whether an answer with this status can have a body (RFC 9110, 6.4.1).
  var mayHaveBody: Bool { status >= 200 && status != 204 && status != 304 }

  /// The first line for an HTTP/1 client.
  func writeStatusLine(to out: inout ByteBuffer) {
    out.writeStaticString("HTTP/1.1 ")
    out.writeDecimal(status)
    out.writeStaticString(" ")
    block.withBytes { _ = out.writeBytes($0.part(reason)) }
    out.writeStaticString("\r\n")
  }

  /// Whether a field goes on to the client.
  func passes(_ field: Field, _ bytes: UnsafeRawBufferPointer) -> Bool {
    switch field.kind {
    case .connection, .hopByHop, .te, .upgrade, .transferEncoding: false
    case .contentLength: hasLength && framing != .chunked && (mayHaveBody || status == 304)
    default: !options.names(field, bytes)
    }
  }

  private struct Scan {
    var status = 0
    var reason = Span32(0, 0)
    var framing: Framing?
    var hasLength = false
    var keepsAlive = false
    var offersWebSocket = false
    var options = ConnectionOptions()

    init?(_ block: HeadBlock, _ bytes: UnsafeRawBufferPointer) {
      let line = bytes.part(block.startLine)
      // "HTTP/1.1 200 OK"; the reason may be missing, its blank, too.
      guard line.count >= 12, line.part(0, 7).elementsEqual(Array("HTTP/1.".utf8)), line[8] == 0x20,
        line[7] == 48 || line[7] == 49, line.part(9, 12).allSatisfy(Character7.isDigit)
      else { return nil }
      if line.count > 12 {
        guard line[12] == 0x20, line[13...].allSatisfy(Character7.isValue) else { return nil }
        reason = Span32(Int(block.startLine.start) + 13, Int(block.startLine.end))
      }
      status = line.part(9, 12).reduce(0) { $0 * 10 + Int($1) - 48 }
      guard (100...599).contains(status) else { return nil }
      for field in block.fields where field.kind != .other { guard take(field, bytes) else { return nil } }
      keepsAlive = !options.saysClose && (line[7] == 49 || options.saysKeepAlive)
    }

    private mutating func take(_ field: Field, _ bytes: UnsafeRawBufferPointer) -> Bool {
      let value = bytes.part(field.value)
      switch field.kind {
      case .connection: options.add(value)
      case .upgrade: offersWebSocket = value.matches("websocket")
      case .transferEncoding:
        guard framing != .chunked, value.matches("chunked") else { return false }
        framing = .chunked
      case .contentLength:
        guard !hasLength, let length = Framing(contentLength: value) else { return false }
        hasLength = true
        if framing == nil { framing = length }
      default: break
      }
      return true
    }
  }
}

/// How an answer is framed for one client.
struct AnswerPlan {
  /// Whether a body follows at all.
  let hasBody: Bool
  /// Whether the router must chunk it, because its length is not told.
  let isChunked: Bool
  /// Whether the client can tell the end of this answer without the connection closing.
  let isDelimited: Bool
  let keepsAlive: Bool
  let isOldClient: Bool
  /// `Set-Cookie` that pins the client to a slot.
  var cookie: String?

  init(_ head: ResponseHead, to request: InboundRequest, keepsAlive: Bool, cookie: String?) {
    hasBody = head.mayHaveBody && !request.isHead
    let isTold = head.hasLength && head.framing != .chunked
    isChunked = hasBody && !isTold && !request.isOldClient
    isDelimited = !hasBody || isTold || !request.isOldClient
    self.keepsAlive = keepsAlive && isDelimited
    isOldClient = request.isOldClient
    self.cookie = cookie
  }
}
