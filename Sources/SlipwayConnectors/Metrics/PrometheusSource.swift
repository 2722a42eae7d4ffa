package import AsyncHTTPClient
internal import Foundation
internal import NIOCore
internal import NIOHTTP1
package import SlipwayModel

/// Cumulative counters from a Prometheus server.
///
/// Nobody says when the counted process began anew, so a restart shows only as a counter that went down. For one slot the errors
/// are asked before the requests: a scrape that falls between counts too few errors for one reading rather than too many.
package struct PrometheusSource: CounterSource {
  private let spec: PrometheusSpec
  private let secrets: SecretSource
  private let client: HTTPClient
  private let requests: PrometheusQuery
  private let errors: PrometheusQuery
  private let latency: PrometheusQuery?

  static let largestAnswer = 4 << 20

  /// - Parameters:
  ///   - spec: server and queries.
  ///   - secrets: resolves references in the address and the headers at each reading.
  ///   - client: must not follow redirects, because the headers would go along.
  /// - Throws: `misconfigured` when a query cannot tell the slots apart.
  package init(_ spec: PrometheusSpec, secrets: SecretSource, client: HTTPClient) throws(ConnectorError) {
    self.spec = spec
    self.secrets = secrets
    self.client = client
    requests = try PrometheusQuery("requests", spec.requests)
    errors = try PrometheusQuery("errors", spec.errors)
    latency = if let query = spec.latency { try PrometheusQuery("latency", query) } else { nil }
  }

  package func sample(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> CounterSample {
    try await reading(now: now, releases: releases).sample
  }

  /// One reading with the reasons why figures are missing from it.
  package func reading(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> PrometheusReading {
    let server = try PrometheusServer(spec, secrets: secrets, client: client)
    do {
      return try await withThrowingTaskGroup(of: PrometheusReading.self) { group in
        group.addTask { try await read(server, now: now, releases: releases) }
        group.addTask {
          try await Task.sleep(for: spec.timeout.duration)
          throw server.error(.timedOut, "gave no figures within \(spec.timeout)")
        }
        defer { group.cancelAll() }
        guard let reading = try await group.next() else { throw CancellationError() }
        return reading
      }
    } catch let error as ConnectorError {
      throw error
    } catch {
      throw server.error(.timedOut, "was not read to the end because the reading was cancelled")
    }
  }

  private func read(
    _ server: PrometheusServer, now: Timestamp, releases: [Slot: ReleaseID]
  ) async throws(ConnectorError) -> PrometheusReading {
    // All figures at one instant of the server's own clock, which may differ from ours.
    guard let time = try await server.ask("time()", at: nil).time else {
      throw server.error(.garbage, "does not say what time it is; is that Prometheus?")
    }
    var reading = PrometheusReading(sample: CounterSample(at: now, source: "prometheus", slots: [:]))
    for slot in Slot.allCases {
      try await read(slot, release: releases[slot], from: server, at: time, into: &reading)
    }
    return reading
  }

  private func read(
    _ slot: Slot, release: ReleaseID?, from server: PrometheusServer, at time: Double,
    into reading: inout PrometheusReading
  ) async throws(ConnectorError) {
    var counts: [UInt64] = []
    for query in [errors, requests] {
      guard let text = query.filled(slot: slot, release: release) else {
        reading.missing[slot] = "slot \(slot) holds no release to select by"
        return
      }
      guard let count = try await server.ask(text, at: time).count(text) else {
        let hint = query.purpose == "errors" ? "; if it is empty until the first error, add: or vector(0)" : ""
        reading.missing[slot] = "Prometheus has no figures for '\(text)' (empty or NaN)" + hint
        return
      }
      counts.append(count)
    }
    var counters = SlotCounters(requests: counts[1], serverErrors: counts[0])
    if let text = latency?.filled(slot: slot, release: release) {
      counters.latency = try await server.ask(text, at: time).histogram(text)
      if counters.latency == nil { reading.missing[slot] = "Prometheus has no latencies for '\(text)' (empty or NaN)" }
    }
    reading.sample.slots[slot] = counters
  }
}

/// A sample and what is missing from it.
package struct PrometheusReading: Sendable, Equatable {
  package var sample: CounterSample
  /// Why a slot is absent or has no latencies, for a person.
  package var missing: [Slot: String] = [:]
}

/// A Prometheus server with its secrets resolved for one reading.
private struct PrometheusServer: Sendable {
  let spec: PrometheusSpec
  let client: HTTPClient
  let address: Secret
  let headers: [String: Secret]

  init(_ spec: PrometheusSpec, secrets: SecretSource, client: HTTPClient) throws(ConnectorError) {
    self.spec = spec
    self.client = client
    address = try secrets.resolve(spec.url)
    var headers: [String: Secret] = [:]
    for (name, value) in spec.headers { headers[name] = try secrets.resolve(value) }
    self.headers = headers
    guard address.reveal(Self.isHTTP) else { throw badAddress }
  }

  private static func isHTTP(_ address: String) -> Bool {
    guard let url = URL(string: address), let host = url.host(), !host.isEmpty else { return false }
    return url.scheme == "http" || url.scheme == "https"
  }

  private var badAddress: ConnectorError {
    error(.misconfigured, "has no valid address; it should read like http://prometheus:9090")
  }

  func ask(_ query: String, at time: Double?) async throws(ConnectorError) -> PrometheusAnswer {
    var request = HTTPClientRequest(
      url: address.reveal { address in
        let base = address.hasSuffix("/") ? String(address.dropLast()) : address
        return "\(base)/api/v1/query?query=\(Self.encoded(query))" + (time.map { "&time=\($0)" } ?? "")
      })
    request.headers.add(name: "accept", value: "application/json")
    for (name, value) in headers { value.reveal { request.headers.replaceOrAdd(name: name, value: $0) } }
    let status: HTTPResponseStatus
    let body: Data
    do {
      let response = try await client.execute(request, timeout: .milliseconds(spec.timeout.milliseconds))
      status = response.status
      body = Data(try await response.body.collect(upTo: PrometheusSource.largestAnswer).readableBytesView)
    } catch {
      throw failure(error)
    }
    guard status == .ok else { throw refusal(status, PrometheusAnswer.complaint(in: body), query) }
    return try PrometheusAnswer(body, to: query)
  }

  /// An error about this server, whose message holds its address as the pipeline file writes it.
  func error(_ code: ConnectorError.Code, _ text: String) -> ConnectorError {
    ConnectorError(code, "Prometheus at \(spec.url) \(text)")
  }

  private func failure(_ failure: any Error) -> ConnectorError {
    switch failure {
    case is CancellationError: return error(.timedOut, "was not read to the end because the reading was cancelled")
    case is NIOTooManyBytesError:
      return error(
        .garbage,
        "answers with more than \(PrometheusSource.largestAnswer >> 20) MiB; does the query select one series?")
    case let known as HTTPClientError:
      if [.deadlineExceeded, .connectTimeout, .readTimeout, .cancelled].contains(known) {
        return error(.timedOut, "did not answer within \(spec.timeout)")
      }
      if [.invalidURL, .emptyHost, .emptyScheme].contains(known) { return badAddress }
      return error(.unreachable, "cannot be asked: \(known.shortDescription); is it running?")
    default: return error(.unreachable, "cannot be asked; is it running? \(redacted("\(failure)"))")
    }
  }

  private func refusal(_ status: HTTPResponseStatus, _ complaint: String?, _ query: String) -> ConnectorError {
    let why = complaint.map { ": \(redacted($0))" } ?? ""
    switch status.code {
    case 400, 422: return error(.misconfigured, "refuses the query '\(query)'\(why)")
    case 401, 403: return error(.misconfigured, "answers \(status.code); check the headers in the pipeline file\(why)")
    case 300..<400:
      return error(.misconfigured, "answers \(status.code), a redirect; name the address that it leads to")
    case 404, 405: return error(.misconfigured, "answers \(status.code) for /api/v1/query; is the address right?\(why)")
    case 400..<500 where status.code != 429: return error(.refused, "answers \(status.code)\(why)")
    default:
      return error(.unreachable, "answers \(status.code); look at its log and at whatever stands before it\(why)")
    }
  }

  /// A short text from outside without the secrets that were sent there.
  private func redacted(_ text: String) -> String {
    var result = String(text.prefix(300))
    for secret in headers.values + (spec.url.isSecret ? [address] : []) {
      result = secret.reveal { $0.count < 4 ? "" : result.replacing($0, with: "[REDACTED]") }
    }
    return result.split(whereSeparator: \.isNewline).joined(separator: " ")
  }

  private static func encoded(_ text: String) -> String {
    var result = ""
    for byte in text.utf8 {
      let scalar = Unicode.Scalar(byte)
      if byte < 128,
        scalar.properties.isAlphabetic || scalar.properties.numericType != nil || "-._~".unicodeScalars.contains(scalar)
      {
        result.unicodeScalars.append(scalar)
      } else {
        result += byte < 16 ? "%0" : "%"
        result += String(byte, radix: 16, uppercase: true)
      }
    }
    return result
  }
}
