internal import AsyncHTTPClient
internal import Foundation
internal import NIOHTTP1
internal import NIOSSL
internal import SlipwayModel

/// A data plane's control interface over HTTP: one question at a time, each bounded in time and size.
struct PlaneWire: Sendable {
  /// Who is asked, for messages, such as `Envoy`.
  let product: String
  /// `http://host:port`, with a path before that of every question where there is one.
  let base: String
  let client: HTTPClient
  let deadline: Span
  var tls: TLSConfiguration?

  struct Answer: Sendable {
    let status: Int
    let headers: HTTPHeaders
    let body: Data

    /// The beginning of the body on one line, for messages.
    var excerpt: String {
      String(decoding: body.prefix(300), as: UTF8.self).split(whereSeparator: \.isNewline).joined(separator: " ")
    }
  }

  /// - Throws: `unreachable`, `timedOut`, `garbage` for an answer without end, `misconfigured` for an address that cannot be asked.
  func ask(
    _ path: String, _ method: HTTPMethod = .GET, headers: [String: String] = [:], body: Data? = nil,
    authorization: Secret? = nil
  ) async throws(ConnectorError) -> Answer {
    let request = try request(path, method, headers, body, authorization)
    let answer = try await HTTPWire(client: client, timeout: deadline).ask(request, place)
    return Answer(status: answer.status, headers: answer.headers, body: answer.body)
  }

  /// Asks a question whose answer goes on; whoever reads its body bounds size and time.
  ///
  /// - Throws: as ``ask(_:_:headers:body:authorization:)``, until the head of the answer is there.
  func begin(
    _ path: String, headers: [String: String], authorization: Secret?
  ) async throws(ConnectorError) -> HTTPClientResponse {
    let request = try request(path, .GET, headers, nil, authorization)
    return try await HTTPWire(client: client, timeout: deadline).begin(request, place)
  }

  private func request(
    _ path: String, _ method: HTTPMethod, _ headers: [String: String], _ body: Data?, _ authorization: Secret?
  ) throws(ConnectorError) -> HTTPWire.Request {
    guard let url = URL(string: (base.hasSuffix("/") ? String(base.dropLast()) : base) + path) else {
      throw ConnectorError(.misconfigured, "\(place) has no address that can be asked")
    }
    // A kept connection is one that the plane's own change may close just when it is asked what came of it.
    let headers = headers.merging(["Connection": "close"], uniquingKeysWith: { $1 })
    return HTTPWire.Request(
      method: method, url: url, headers: headers, body: body, authorization: authorization, tls: tls, redirects: 0)
  }

  /// The same for a question whose only good answer is 200 with JSON.
  func json(_ path: String) async throws(ConnectorError) -> JSONTree {
    let answer = try await ask(path)
    guard answer.status == 200 else { throw refusal(answer, path) }
    guard let tree = try? JSONTree(answer.body) else {
      throw ConnectorError(
        .garbage, "\(place) answered \(path) with no JSON: '\(answer.excerpt)'; is another program there?")
    }
    return tree
  }

  /// What an answer other than the good one means.
  func refusal(_ answer: Answer, _ path: String) -> ConnectorError {
    let said = "\(place) answered \(path) with \(answer.status): '\(answer.excerpt)'"
    switch answer.status {
    case 401, 403: return ConnectorError(.misconfigured, said + "; give slipway the right to ask")
    case 404: return ConnectorError(.misconfigured, said + "; is the name right?")
    case 429: return ConnectorError(.unreachable, said + "; try again later")
    case 400..<500: return ConnectorError(.refused, said)
    case 500..<600: return ConnectorError(.unreachable, said)
    default: return ConnectorError(.garbage, said)
    }
  }

  var place: String { "\(product) at \(base)" }

  /// Waits between two looks, at most until the deadline of the whole wait.
  ///
  /// - Throws: `timedOut` when `end` has passed or the task is cancelled.
  func pause(until end: ContinuousClock.Instant, _ what: String) async throws(ConnectorError) {
    guard ContinuousClock.now < end else { throw ConnectorError(.timedOut, what) }
    do { try await Task.sleep(for: .milliseconds(5)) } catch {
      throw ConnectorError(.timedOut, "waiting for \(place) was cancelled; read back what is in force")
    }
  }
}

/// `host:port` of a slot, as the pipeline says it.
struct PlaneTarget: Sendable, Equatable {
  let host: String
  let port: Int

  /// - Throws: `misconfigured` for anything that could not stand in a proxy's configuration.
  init(_ text: String, for product: String) throws(ConnectorError) {
    let colon = text.lastIndex(of: ":") ?? text.startIndex
    let name = text[..<colon]
    let inner = name.hasPrefix("[") && name.hasSuffix("]") ? name.dropFirst().dropLast() : name
    let fits =
      !inner.isEmpty
      && inner.utf8.allSatisfy {
        $0 < 128
          && (Character(UnicodeScalar($0)).isLetter || Character(UnicodeScalar($0)).isNumber
            || ".-_:".utf8.contains($0))
      }
      && (inner.count != name.count || !inner.contains(":"))
    guard let port = Int(text[colon...].dropFirst()), (1...65_535).contains(port), fits else {
      throw ConnectorError(
        .misconfigured, "\(product) cannot be pointed at '\(text)'; write the slot's address as host:port")
    }
    host = inner == "localhost" ? "127.0.0.1" : String(inner)
    self.port = port
  }

  var text: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}
