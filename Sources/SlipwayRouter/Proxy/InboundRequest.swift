internal import NIOCore
internal import NIOHTTP1

/// A client's request as it goes on to an upstream, with what must be remembered for the answer.
struct InboundRequest {
  /// The head for the upstream: hop-by-hop fields gone, `X-Forwarded-*` added, framing as it came.
  let head: HTTPRequestHead
  /// Whether the client's connection may carry another request after this one.
  let allowsKeepAlive: Bool
  /// Whether the client speaks HTTP/1.0: no chunks, no interim answers.
  let isOldClient: Bool
  /// Whether `X-Canary: green` asks for the candidate.
  let asksForCanary: Bool
  /// Whether a body was announced.
  let hasBody: Bool

  /// Whether sending it twice is the same as once (RFC 9110, 9.2.2).
  var isIdempotent: Bool {
    switch head.method {
    case .GET, .HEAD, .OPTIONS, .TRACE, .PUT, .DELETE: true
    default: false
    }
  }

  /// Whether another slot may be asked after this one took the request and gave no answer.
  var isSafe: Bool {
    switch head.method {
    case .GET, .HEAD, .OPTIONS: !hasBody
    default: false
    }
  }

  /// Checks and rewrites what a client sent.
  ///
  /// - Throws: ``Refusal`` for what must not be passed on: each is a way to make two parsers disagree about where a message ends.
  init(_ original: HTTPRequestHead, client: String, trustsForwarded: Bool) throws(Refusal) {
    isOldClient = original.version.minor == 0
    guard original.method != .CONNECT else { throw .connect }
    let scan = try HeaderScan(original.headers, isOldClient: isOldClient)
    var fields = scan.kept
    let host = scan.host ?? ""
    let known = trustsForwarded ? scan : HeaderScan()
    fields.append(("x-forwarded-for", known.forwardedFor.map { "\($0), \(client)" } ?? client))
    fields.append(("x-forwarded-proto", known.forwardedProto ?? "http"))
    if let named = known.forwardedHost ?? scan.host { fields.append(("x-forwarded-host", named)) }
    if scan.host == nil { fields.append(("host", host)) }
    if scan.isChunked { fields.append(("transfer-encoding", "chunked")) }
    head = HTTPRequestHead(version: .http1_1, method: original.method, uri: original.uri, headers: HTTPHeaders(fields))
    // After a request that offers an upgrade NIO's decoder reads nothing more on the connection.
    allowsKeepAlive = original.isKeepAlive && !scan.offersUpgrade
    asksForCanary = scan.asksForCanary
    hasBody = scan.isChunked || (scan.contentLength ?? "0") != "0"
  }

  /// Why a request is answered by the router itself.
  enum Refusal: Error {
    case connect, missingHost, severalHosts, codedTransfer, oldClientChunked
  }
}

/// One pass over the header fields of a request.
private struct HeaderScan {
  private(set) var kept: [(String, String)] = []
  private(set) var host: String?
  private(set) var contentLength: String?
  private(set) var isChunked = false
  private(set) var offersUpgrade = false
  private(set) var asksForCanary = false
  private(set) var forwardedFor: String?
  private(set) var forwardedProto: String?
  private(set) var forwardedHost: String?
  private var options = ConnectionOptions()

  init() {}

  init(_ headers: HTTPHeaders, isOldClient: Bool) throws(InboundRequest.Refusal) {
    kept.reserveCapacity(headers.count + 4)
    for (name, value) in headers { try take(name, value) }
    if host == nil, !isOldClient { throw .missingHost }
    if isChunked, isOldClient { throw .oldClientChunked }
    if !options.isEmpty {
      kept.removeAll { field in
        switch HeaderName(field.0) {
        case .host, .contentLength: false
        default: options.contains(field.0)
        }
      }
    }
  }

  private mutating func take(_ name: String, _ value: String) throws(InboundRequest.Refusal) {
    switch HeaderName(name) {
    case .connection: options.add(value)
    case .hopByHop: break
    case .upgrade: offersUpgrade = true
    case .transferEncoding:
      guard !isChunked, value[...].trimmingSpaces.utf8.matches("chunked") else { throw .codedTransfer }
      isChunked = true
    case .host:
      guard host == nil else { throw .severalHosts }
      host = value
      kept.append((name, value))
    case .contentLength:
      contentLength = value
      kept.append((name, value))
    case .forwardedFor: forwardedFor = forwardedFor.map { "\($0), \(value)" } ?? value
    case .forwardedProto: forwardedProto = value
    case .forwardedHost: forwardedHost = value
    case .canary:
      asksForCanary = value.utf8.matches("green")
      kept.append((name, value))
    case .other: kept.append((name, value))
    }
  }
}
