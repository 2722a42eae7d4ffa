package import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
package import SlipwayModel

/// What one GET showed.
package struct HTTPAnswer: Sendable, Equatable {
  package var status: Int
  package var body: String
  package var seconds: Double
  /// What `Set-Cookie` says, one for each.
  package var cookies: [String] = []
}

/// Asks over HTTP, bounded in time and size; redirects are answers, not roads.
package struct HTTPProbe: Sendable {
  /// Bytes of a body that are read.
  package static let bodyLimit = 1 << 20
  private let client: HTTPClient

  /// - Parameter client: one that follows no redirects.
  package init(client: HTTPClient) { self.client = client }

  /// GETs `url`; the whole answer must be there within `timeout`.
  ///
  /// - Throws: ``ConnectorError``: `unreachable`, `timedOut`, or `garbage` for an answer that cannot be read.
  package func get(
    _ url: String, headers: [String: Secret] = [:], timeout: Span
  ) async throws(ConnectorError) -> HTTPAnswer {
    try await send(HTTPClientRequest(url: url), headers, timeout)
  }

  /// POSTs the fields of a form to `url`; otherwise as ``get(_:headers:timeout:)``.
  package func post(
    _ url: String, form: Secret, headers: [String: Secret] = [:], timeout: Span
  ) async throws(ConnectorError) -> HTTPAnswer {
    try await post(url, body: form, type: "application/x-www-form-urlencoded", headers: headers, timeout: timeout)
  }

  /// POSTs a body of a given type to `url`; otherwise as ``get(_:headers:timeout:)``.
  package func post(
    _ url: String, body: Secret, type: String, headers: [String: Secret] = [:], timeout: Span
  ) async throws(ConnectorError) -> HTTPAnswer {
    var request = HTTPClientRequest(url: url)
    request.method = .POST
    request.headers.add(name: "Content-Type", value: type)
    body.reveal { request.body = .bytes(ByteBuffer(string: $0)) }
    return try await send(request, headers, timeout)
  }

  private func send(
    _ blank: HTTPClientRequest, _ headers: [String: Secret], _ timeout: Span
  ) async throws(ConnectorError) -> HTTPAnswer {
    var request = blank
    let url = blank.url
    request.headers.add(name: "User-Agent", value: "slipway")
    request.headers.add(name: "Connection", value: "close")
    for (name, secret) in headers { secret.reveal { request.headers.add(name: name, value: $0) } }
    let asked = request
    // The client's own deadline ends with the head of the answer; a body that trickles must end too.
    let answer = try await within(timeout) { () throws(ConnectorError) in try await ask(asked, url, timeout) }
    if Task.isCancelled { throw ConnectorError(.timedOut, "asking \(url) was cancelled") }
    guard let answer else { throw Self.late(url, timeout) }
    return answer
  }

  private func ask(
    _ request: HTTPClientRequest, _ url: String, _ timeout: Span
  ) async throws(ConnectorError) -> HTTPAnswer {
    let started = ContinuousClock.now
    do {
      let response = try await client.execute(request, timeout: .milliseconds(timeout.milliseconds))
      var body = Data()
      for try await buffer in response.body {
        body.append(contentsOf: buffer.readableBytesView)
        if body.count >= Self.bodyLimit { break }
      }
      let spent = (ContinuousClock.now - started).components
      return HTTPAnswer(
        status: Int(response.status.code), body: String(decoding: body.prefix(Self.bodyLimit), as: UTF8.self),
        seconds: Double(spent.seconds) + Double(spent.attoseconds) / 1e18, cookies: response.headers["Set-Cookie"])
    } catch {
      throw Self.translated(error, url, timeout)
    }
  }

  private static func late(_ url: String, _ timeout: Span) -> ConnectorError {
    ConnectorError(.timedOut, "\(url) did not answer within \(timeout)")
  }

  private static func broken(_ url: String) -> ConnectorError {
    ConnectorError(.unreachable, "\(url) closed the connection before its answer was whole")
  }

  private static func translated(_ error: any Error, _ url: String, _ timeout: Span) -> ConnectorError {
    if let error = error as? HTTPClientError {
      if [.deadlineExceeded, .readTimeout, .connectTimeout].contains(error) { return late(url, timeout) }
      if [.invalidURL, .emptyHost, .emptyScheme].contains(error) {
        return ConnectorError(.misconfigured, "\(url) is no URL that can be asked")
      }
      if error == .cancelled { return ConnectorError(.timedOut, "asking \(url) was cancelled") }
      if error == .remoteConnectionClosed { return broken(url) }
    }
    if let error = error as? HTTPParserError {
      if error == .invalidEOFState { return broken(url) }
      return ConnectorError(.garbage, "\(url) answered with something that is not HTTP")
    }
    // The client gives the socket's error, or a list with one for each address it tried.
    let tried = (error as? NIOConnectionError)?.connectionErrors.map(\.error) ?? [error]
    if tried.contains(where: { ($0 as? IOError)?.errnoCode == ECONNREFUSED }) {
      return ConnectorError(.unreachable, "\(url) cannot be reached: connection refused")
    }
    return ConnectorError(.unreachable, "\(url) cannot be reached: \(error)")
  }
}
