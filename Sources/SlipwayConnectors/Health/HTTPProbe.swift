package import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
package import SlipwayModel

/// What one GET showed.
package struct HTTPAnswer: Sendable, Equatable {
  package var status: Int
  package var body: String
  package var seconds: Double
}

/// Asks over HTTP, bounded in time and size; redirects are answers, not roads.
package struct HTTPProbe: Sendable {
  /// Bytes of a body that are read.
  package static let bodyLimit = 1 << 20
  private let client: HTTPClient

  package init(client: HTTPClient) { self.client = client }

  /// GETs `url`.
  ///
  /// - Throws: ``ConnectorError``: `unreachable`, `timedOut`, or `garbage` for an answer that cannot be read.
  package func get(_ url: String, headers: [String: Secret] = [:], timeout: Span) async throws(ConnectorError)
    -> HTTPAnswer
  {
    let started = ContinuousClock.now
    var request = HTTPClientRequest(url: url)
    request.headers.add(name: "User-Agent", value: "slipway")
    request.headers.add(name: "Connection", value: "close")
    for (name, secret) in headers { secret.reveal { request.headers.add(name: name, value: $0) } }
    do {
      let response = try await client.execute(request, timeout: .milliseconds(timeout.milliseconds))
      var body = Data()
      for try await buffer in response.body {
        body.append(contentsOf: buffer.readableBytesView)
        if body.count >= Self.bodyLimit { break }
      }
      let spent = ContinuousClock.now - started
      return HTTPAnswer(
        status: Int(response.status.code), body: String(decoding: body.prefix(Self.bodyLimit), as: UTF8.self),
        seconds: Double(spent.components.seconds) + Double(spent.components.attoseconds) / 1e18)
    } catch {
      throw Self.translated(error, url, timeout)
    }
  }

  private static func translated(_ error: any Error, _ url: String, _ timeout: Span) -> ConnectorError {
    if let error = error as? HTTPClientError {
      if [.deadlineExceeded, .readTimeout, .connectTimeout].contains(error) {
        return ConnectorError(.timedOut, "\(url) did not answer within \(timeout)")
      }
      if [.invalidURL, .emptyHost, .emptyScheme].contains(error) {
        return ConnectorError(.misconfigured, "\(url) is no URL that can be asked")
      }
      if error == .cancelled { return ConnectorError(.timedOut, "asking \(url) was cancelled") }
    }
    if error is HTTPParserError { return ConnectorError(.garbage, "\(url) answered with something that is not HTTP") }
    return ConnectorError(.unreachable, "\(url) cannot be reached: \(error)")
  }
}
