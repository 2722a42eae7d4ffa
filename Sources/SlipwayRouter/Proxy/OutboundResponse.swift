internal import NIOHTTP1

/// An upstream's answer as it goes on to the client.
struct OutboundResponse {
  let head: HTTPResponseHead
  /// Whether the client can tell the end of this answer without the connection closing.
  let isDelimited: Bool

  /// Rewrites the head for this client: hop-by-hop fields gone, framing that the client understands.
  ///
  /// Nil when the answer is coded in a way that the router would have to undo.
  init?(_ original: HTTPResponseHead, to request: InboundRequest, keepsAlive: Bool) {
    var fields: [(String, String)] = []
    fields.reserveCapacity(original.headers.count + 2)
    var options = ConnectionOptions()
    var isChunked = false
    var hasLength = false
    let mayHaveLength = original.status.mayHaveResponseBody || original.status == .notModified
    for (name, value) in original.headers {
      switch HeaderName(name) {
      case .connection: options.add(value)
      case .hopByHop, .upgrade: break
      case .transferEncoding:
        guard !isChunked, value[...].trimmingSpaces.utf8.matches("chunked") else { return nil }
        isChunked = true
      case .contentLength where !mayHaveLength: break
      case .contentLength:
        hasLength = true
        fields.append((name, value))
      default: fields.append((name, value))
      }
    }
    if !options.isEmpty { fields.removeAll { options.contains($0.0) && !$0.0.utf8.matches("content-length") } }

    let hasBody = original.status.mayHaveResponseBody && request.head.method != .HEAD
    isDelimited = !hasBody || hasLength || !request.isOldClient
    if hasBody, !hasLength, !request.isOldClient { fields.append(("transfer-encoding", "chunked")) }
    if !keepsAlive || !isDelimited {
      fields.append(("connection", "close"))
    } else if request.isOldClient {
      fields.append(("connection", "keep-alive"))
    }
    head = HTTPResponseHead(version: .http1_1, status: original.status, headers: HTTPHeaders(fields))
  }

  /// An interim answer (100, 103) for a client that knows such.
  static func interim(_ original: HTTPResponseHead) -> HTTPResponseHead {
    var headers = original.headers
    for name in ["connection", "content-length", "transfer-encoding", "upgrade"] { headers.remove(name: name) }
    return HTTPResponseHead(version: .http1_1, status: original.status, headers: headers)
  }
}

/// An answer that the router gives itself. `X-Slipway-Router` tells it from the application's own.
struct RouterAnswer {
  let status: HTTPResponseStatus
  let code: String
  let message: String

  static let badRequest = RouterAnswer(.badRequest, "bad_request", "The request is no valid HTTP/1.1.")
  static let headerTooLarge = RouterAnswer(
    .requestHeaderFieldsTooLarge, "header_too_large", "The request's header is larger than the router takes.")
  static let unsupported = RouterAnswer(
    .notImplemented, "unsupported", "The router passes on neither CONNECT nor transfer codings other than chunked.")
  static let requestTimeout = RouterAnswer(.requestTimeout, "request_timeout", "The request did not come in time.")
  static let noLiveSlot = RouterAnswer(
    .serviceUnavailable, "no_live_slot", "No slot takes requests now. Try again shortly.")
  static let badGateway = RouterAnswer(.badGateway, "bad_gateway", "The application gave no valid answer.")
  static let gatewayTimeout = RouterAnswer(
    .gatewayTimeout, "gateway_timeout", "The application did not answer in time.")

  private init(_ status: HTTPResponseStatus, _ code: String, _ message: String) {
    self.status = status
    self.code = code
    self.message = message
  }

  var body: String { "{\"error\":\"\(code)\",\"message\":\"\(message)\"}\n" }

  var head: HTTPResponseHead {
    HTTPResponseHead(
      version: .http1_1, status: status,
      headers: [
        "content-type": "application/json", "content-length": String(body.utf8.count), "connection": "close",
        "cache-control": "no-store", "x-slipway-router": code,
      ])
  }
}
