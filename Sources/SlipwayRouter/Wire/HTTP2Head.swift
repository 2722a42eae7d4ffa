internal import NIOCore
internal import NIOHPACK

/// The fields of an HTTP/2 request, written down as an HTTP/1 head would have them, so that both go through the same checks.
struct HTTP2Head {
  private var method = ""
  private var path = ""
  private var authority: String?
  private var cookies = ""
  private var bytes = ByteBuffer()
  private var fields: [Field] = []

  init(_ headers: HPACKHeaders, limits: HeadLimits) throws(WireFault) {
    guard headers.count <= limits.count else { throw .headTooLarge }
    for (name, value, _) in headers {
      guard name.utf8.count + value.utf8.count <= limits.field else { throw .headTooLarge }
      switch name {
      case ":method": method = value
      case ":path": path = value
      case ":authority": authority = value
      case ":scheme": break
      // Clients may send each cookie on its own; an application that knows HTTP/1 expects one field (RFC 9113, 8.2.3).
      case "cookie": cookies += cookies.isEmpty ? value : "; " + value
      case "host": if authority == nil { authority = value } else if authority != value { throw .malformed }
      default: try add(name, value)
      }
    }
    guard let authority else { throw .malformed }
    try add("host", authority)
    if !cookies.isEmpty { try add("cookie", cookies) }
  }

  private mutating func add(_ name: String, _ value: String) throws(WireFault) {
    guard !name.isEmpty, name.utf8.allSatisfy({ Character7.isToken($0) && !(65...90).contains($0) }),
      value.utf8.allSatisfy(Character7.isValue)
    else { throw .malformed }
    let start = bytes.writerIndex
    bytes.writeString(name)
    bytes.writeStaticString(": ")
    let from = bytes.writerIndex
    bytes.writeString(value)
    let end = bytes.writerIndex
    bytes.writeStaticString("\r\n")
    let kind = bytes.withUnsafeReadableBytes { HeaderName($0.part(start, from - 2)) }
    switch kind {
    case .connection, .hopByHop, .transferEncoding, .upgrade: throw .malformed
    default: fields.append(Field(kind: kind, name: Span32(start, from - 2), value: Span32(from, end)))
    }
  }

  func request(from client: ClientSide, isComplete: Bool) throws(WireFault) -> InboundRequest {
    let block = HeadBlock(bytes: bytes, startLine: Span32(0, 0), fields: fields)
    let line = Array(method.utf8)
    let target = Array(path.utf8)
    let result: Result<InboundRequest, WireFault> = line.withUnsafeBytes { line in
      target.withUnsafeBytes { target in
        do throws(WireFault) {
          let start = try RequestLine(method: line, target: target, isOld: false)
          return .success(try InboundRequest(start, block, from: client, isComplete: isComplete))
        } catch {
          return .failure(error)
        }
      }
    }
    return try result.get()
  }

  /// A request's trailers, as far as they can go on.
  static func trailers(_ headers: HPACKHeaders) -> HeadBlock? {
    var head = HTTP2Head()
    for (name, value, _) in headers { try? head.add(name, value) }
    return head.fields.isEmpty
      ? nil : HeadBlock(bytes: head.bytes, startLine: Span32(0, 0), fields: head.fields)
  }

  private init() {}

  /// An answer's fields for an HTTP/2 client.
  static func fields(_ head: ResponseHead) -> HPACKHeaders {
    var fields = HPACKHeaders([(":status", String(head.status))])
    head.block.withBytes { bytes in
      for field in head.block.fields where head.passes(field, bytes) {
        fields.add(name: bytes.part(field.name).text.lowercased(), value: bytes.part(field.value).text)
      }
    }
    return fields
  }

  /// An answer's trailers; nil when none may go on.
  static func fields(_ trailers: HeadBlock) -> HPACKHeaders? {
    var fields = HPACKHeaders()
    trailers.withBytes { bytes in
      for field in trailers.fields where field.kind == .other {
        fields.add(name: bytes.part(field.name).text.lowercased(), value: bytes.part(field.value).text)
      }
    }
    return fields.isEmpty ? nil : fields
  }
}
