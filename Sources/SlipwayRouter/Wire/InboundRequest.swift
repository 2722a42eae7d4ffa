internal import NIOCore
internal import SlipwayModel

/// Who sent a request, over what.
struct ClientSide {
  /// The client's address, as text.
  let address: String
  let isEncrypted: Bool
  let trustsForwarded: Bool

  var scheme: StaticString { isEncrypted ? "https" : "http" }
}

/// A client's request as it goes on to an upstream, with what must be remembered for the answer.
struct InboundRequest {
  /// The head for the upstream: hop-by-hop fields gone, `X-Forwarded-*` added, framing as it came.
  let head: ByteBuffer
  let framing: Framing
  let verb: Verb
  /// Whether the client's connection may carry another request after this one.
  let allowsKeepAlive: Bool
  /// Whether the client speaks HTTP/1.0: no chunks, no interim answers.
  let isOldClient: Bool
  /// Whether `X-Canary: green` or the cookie `slipway-canary=green` asks for the candidate.
  let asksForCanary: Bool
  /// Whether the connection is to become a WebSocket.
  let wantsUpgrade: Bool
  /// What the client's sticky cookie says.
  let bucket: StickyBucket?

  var hasBody: Bool { !framing.isEmpty }

  /// What may be done with a request whose answer did not come.
  enum Verb {
    case head, get, safe, idempotent, other

    init(_ name: UnsafeRawBufferPointer) {
      self =
        switch name.text {
        case "GET": .get
        case "HEAD": .head
        case "OPTIONS": .safe
        case "TRACE", "PUT", "DELETE": .idempotent
        default: .other
        }
    }
  }

  var isHead: Bool { verb == .head }
  /// Whether sending it twice is the same as once (RFC 9110, 9.2.2).
  var isIdempotent: Bool { verb != .other }
  /// Whether another slot may be asked after this one took the request and gave no answer.
  var isSafe: Bool { verb != .other && verb != .idempotent && !hasBody }

  /// Reads and rewrites the head of an HTTP/1 request.
  ///
  /// - Throws: ``WireFault`` for what must not be passed on.
  init(_ block: HeadBlock, from client: ClientSide) throws(WireFault) {
    let result: Result<InboundRequest, WireFault> = block.withBytes { bytes in
      do throws(WireFault) {
        let line = try RequestLine(bytes.part(block.startLine))
        return .success(try InboundRequest(line, block.fields, bytes, client))
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }

  /// Makes the same of an HTTP/2 stream's fields; `isComplete` when no body follows.
  init(_ line: RequestLine, _ block: HeadBlock, from client: ClientSide, isComplete: Bool) throws(WireFault) {
    let result: Result<InboundRequest, WireFault> = block.withBytes { bytes in
      do throws(WireFault) {
        return .success(try InboundRequest(line, block.fields, bytes, client, stream: isComplete ? .complete : .open))
      } catch {
        return .failure(error)
      }
    }
    self = try result.get()
  }

  /// What an HTTP/2 stream tells about a body, which needs no field there.
  private enum Stream { case complete, open }

  private init(
    _ line: RequestLine, _ fields: [Field], _ bytes: UnsafeRawBufferPointer, _ client: ClientSide,
    stream: Stream? = nil
  ) throws(WireFault) {
    let scan = try RequestScan(fields, bytes, line)
    var framing = scan.framing
    if stream == .open, framing == .none { framing = .chunked }
    if stream == .complete, !framing.isEmpty { throw .malformed }
    var out = ByteBufferAllocator().buffer(capacity: bytes.count + 192)
    out.writeBytes(line.method)
    out.writeStaticString(" ")
    out.writeBytes(line.path)
    out.writeStaticString(" HTTP/1.1\r\n")
    HeadWriter.copy(fields, of: bytes, to: &out) { field in
      switch field.kind {
      case .connection, .hopByHop, .te, .transferEncoding, .upgrade, .forwardedFor, .forwardedProto, .forwardedHost:
        false
      default: !scan.options.names(field, bytes)
      }
    }
    scan.writeForwarded(client, bytes, to: &out)
    if scan.host == nil { out.writeStaticString("host: \r\n") }
    if framing == .chunked { out.writeStaticString("transfer-encoding: chunked\r\n") }
    if scan.wantsUpgrade { out.writeStaticString("connection: upgrade\r\nupgrade: websocket\r\n") }
    out.writeStaticString("\r\n")
    head = out
    self.framing = framing
    verb = Verb(line.method)
    isOldClient = line.isOld
    allowsKeepAlive = !scan.options.saysClose && (!line.isOld || scan.options.saysKeepAlive)
    wantsUpgrade = scan.wantsUpgrade
    asksForCanary = scan.asksForCanary
    bucket = scan.bucket
  }
}

/// One pass over the fields of a request.
private struct RequestScan {
  private(set) var framing = Framing.none
  private(set) var options = ConnectionOptions()
  private(set) var host: Span32?
  private(set) var asksForCanary = false
  private(set) var offersWebSocket = false
  private(set) var bucket: StickyBucket?
  private var isChunked = false
  private var forwardedFor: [Span32] = []
  private var forwardedProto: Span32?
  private var forwardedHost: Span32?

  var wantsUpgrade: Bool { offersWebSocket && options.saysUpgrade }

  init(_ fields: [Field], _ bytes: UnsafeRawBufferPointer, _ line: RequestLine) throws(WireFault) {
    for field in fields where field.kind != .other { try take(field, bytes) }
    guard host != nil || line.isOld else { throw .malformed }
    if let authority = line.authority, let host, !bytes.part(host).matches(authority) { throw .malformed }
    // Both at once is how requests are smuggled; HTTP/1.0 knows no chunks.
    if isChunked {
      guard framing == .none, !line.isOld else { throw .malformed }
      framing = .chunked
    }
    let isGet = line.method.text == "GET"
    if !isGet || line.isOld || !framing.isEmpty { offersWebSocket = false }
  }

  private mutating func take(_ field: Field, _ bytes: UnsafeRawBufferPointer) throws(WireFault) {
    let value = bytes.part(field.value)
    switch field.kind {
    case .connection: options.add(value)
    case .transferEncoding:
      guard !isChunked else { throw .malformed }
      guard value.matches("chunked") else { throw .unsupported }
      isChunked = true
    case .host:
      guard host == nil, value.allSatisfy(Character7.isHost) else { throw .malformed }
      host = field.value
    case .contentLength:
      guard framing == .none, let length = Framing(contentLength: value) else { throw .malformed }
      framing = length
    case .upgrade: offersWebSocket = value.matches("websocket")
    case .forwardedFor: forwardedFor.append(field.value)
    case .forwardedProto: forwardedProto = field.value
    case .forwardedHost: forwardedHost = field.value
    case .canary: asksForCanary = asksForCanary || value.matches("green")
    case .cookie: take(cookies: value)
    case .hopByHop, .te, .other: break
    }
  }

  private mutating func take(cookies: UnsafeRawBufferPointer) {
    // Most cookies are none of the router's: one look at the bytes before any text is made of them.
    guard cookies.contains(bytes: "slipway-") else { return }
    for pair in cookies.text.split(separator: ";") {
      let pair = pair.drop { $0 == " " }
      if pair == "slipway-canary=green" { asksForCanary = true }
      if pair.hasPrefix(StickyBucket.cookie + "=") {
        bucket = StickyBucket(pair.dropFirst(StickyBucket.cookie.count + 1))
      }
    }
  }

  func writeForwarded(_ client: ClientSide, _ bytes: UnsafeRawBufferPointer, to out: inout ByteBuffer) {
    out.writeStaticString("x-forwarded-for: ")
    if client.trustsForwarded {
      for span in forwardedFor {
        out.writeBytes(bytes.part(span))
        out.writeStaticString(", ")
      }
    }
    out.writeString(client.address)
    out.writeStaticString("\r\nx-forwarded-proto: ")
    if client.trustsForwarded, let forwardedProto {
      out.writeBytes(bytes.part(forwardedProto))
    } else {
      out.writeStaticString(client.scheme)
    }
    if let named = client.trustsForwarded ? forwardedHost ?? host : host {
      out.writeStaticString("\r\nx-forwarded-host: ")
      out.writeBytes(bytes.part(named))
    }
    out.writeStaticString("\r\n")
  }
}

extension UnsafeRawBufferPointer {
  /// Whether `text` occurs.
  func contains(bytes text: StaticString) -> Bool {
    let length = text.utf8CodeUnitCount
    guard count >= length else { return false }
    for start in 0...(count - length) where self[start] == text.utf8Start[0] {
      var index = 1
      while index < length, self[start + index] == text.utf8Start[index] { index += 1 }
      if index == length { return true }
    }
    return false
  }
}
