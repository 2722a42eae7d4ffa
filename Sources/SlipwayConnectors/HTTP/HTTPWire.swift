internal import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import SlipwayModel

/// One request and its whole answer, bounded in time and size; a redirect is followed without whatever proved who asks.
struct HTTPWire: Sendable {
  let client: HTTPClient
  let timeout: Span

  struct Request: Sendable {
    var method = HTTPMethod.GET
    var url: URL
    var accept: [String] = []
    var headers: [String: String] = [:]
    var body: Data?
    /// The value of `Authorization`; sent to this very address alone.
    var authorization: Secret?
    var tls: TLSConfiguration?
    var limit = 4 << 20
    var redirects = 5
  }

  struct Answer: Sendable {
    var status: Int
    var headers: HTTPHeaders
    var body: Data
  }

  /// Sends `request`, which `what` describes in messages.
  ///
  /// - Throws: `unreachable`, `timedOut`, or `garbage` for an answer that is larger than the limit.
  func ask(_ request: Request, _ what: String) async throws(ConnectorError) -> Answer {
    // The client's own deadline ends with the head of the answer; a body that trickles must end too.
    let answer = try await within(timeout) { () throws(ConnectorError) in try await following(request, what) }
    if Task.isCancelled { throw ConnectorError(.timedOut, "asking \(what) was cancelled") }
    guard let answer else { throw late(what) }
    return answer
  }

  private func following(_ first: Request, _ what: String) async throws(ConnectorError) -> Answer {
    var request = first
    while true {
      let answer = try await once(request, what)
      guard [301, 302, 303, 307, 308].contains(answer.status) else { return answer }
      guard request.redirects > 0 else {
        throw ConnectorError(.garbage, "\(what) sends from place to place without end")
      }
      guard let location = answer.headers.first(name: "location"),
        let next = URL(string: location, relativeTo: request.url)?.absoluteURL, next.host()?.isEmpty == false,
        next.scheme == "https" || (next.scheme == "http" && (request.url.scheme == "http" || next.isLoopback))
      else { throw ConnectorError(.garbage, "\(what) sends to an address that cannot be asked safely") }
      // Own certificates and what proves who asks belong to the one who was asked, not to where it stores its blobs.
      if next.host() != request.url.host() || next.port != request.url.port { request.tls = nil }
      request.authorization = nil
      request.url = next
      request.redirects -= 1
    }
  }

  private func once(_ request: Request, _ what: String) async throws(ConnectorError) -> Answer {
    let response = try await begin(request, what)
    do {
      let body =
        request.method == .HEAD ? Data() : Data(try await response.body.collect(upTo: request.limit).readableBytesView)
      return Answer(status: Int(response.status.code), headers: response.headers, body: body)
    } catch {
      throw translated(error, what, request.limit)
    }
  }

  /// Sends `request` and follows nothing; the body of the answer is still to come, and whoever reads it bounds size and time.
  ///
  /// - Throws: as ``ask(_:_:)``.
  func begin(_ request: Request, _ what: String) async throws(ConnectorError) -> HTTPClientResponse {
    var asked = HTTPClientRequest(url: request.url.absoluteString)
    asked.method = request.method
    asked.tlsConfiguration = request.tls
    asked.headers.add(name: "User-Agent", value: "slipway")
    for type in request.accept { asked.headers.add(name: "Accept", value: type) }
    for (name, value) in request.headers { asked.headers.add(name: name, value: value) }
    if let body = request.body { asked.body = .bytes(ByteBuffer(bytes: body)) }
    request.authorization?.reveal { asked.headers.add(name: "Authorization", value: $0) }
    do { return try await client.execute(asked, timeout: .milliseconds(timeout.milliseconds)) } catch {
      throw translated(error, what, request.limit)
    }
  }

  private func late(_ what: String) -> ConnectorError {
    ConnectorError(.timedOut, "\(what) did not answer within \(timeout)")
  }

  private func translated(_ error: any Error, _ what: String, _ limit: Int) -> ConnectorError {
    if error is NIOTooManyBytesError {
      return ConnectorError(.garbage, "\(what) answers with more than \(limit >> 10) KiB, the most that is read")
    }
    if error is CancellationError { return ConnectorError(.timedOut, "asking \(what) was cancelled") }
    if let error = error as? HTTPClientError {
      if [.deadlineExceeded, .readTimeout, .connectTimeout].contains(error) { return late(what) }
      if [.invalidURL, .emptyHost, .emptyScheme].contains(error) {
        return ConnectorError(.misconfigured, "\(what) has no address that can be asked")
      }
      return ConnectorError(.unreachable, "\(what) cannot be asked: \(error.shortDescription)")
    }
    if error is NIOSSLError || error is BoringSSLError {
      return ConnectorError(
        .misconfigured,
        "\(what) cannot be asked: the TLS handshake failed (\(Self.short(error))); name its certificates with 'ca:', or is it plain HTTP?"
      )
    }
    return ConnectorError(.unreachable, "\(what) cannot be reached: \(Self.short(error))")
  }

  private static func short(_ error: any Error) -> String {
    "\(error)".prefix(200).split(whereSeparator: \.isNewline).joined(separator: " ")
  }
}

extension URL {
  /// Whether the host is this machine, by a name or number that cannot mean another one.
  var isLoopback: Bool { Self.isLoopback(host() ?? "") }

  static func isLoopback(_ host: String) -> Bool {
    if host == "localhost" || host == "::1" || host == "[::1]" { return true }
    let parts = host.split(separator: ".", omittingEmptySubsequences: false)
    return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
  }
}
