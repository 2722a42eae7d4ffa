internal import AsyncHTTPClient
internal import Foundation
internal import SlipwayModel

/// Datadog's metrics query (`GET /api/v1/query`, https://docs.datadoghq.com/api/latest/metrics/query-timeseries-points/).
///
/// A query is rolled up by sums over just one interval, because Datadog chooses an interval and averages otherwise.
struct DatadogService: IntervalService {
  let title = "datadog"
  let endpoint: MetricsEndpoint
  private let requests: SlotQuery
  private let errors: SlotQuery
  private let every: Span

  init(_ spec: DatadogSpec, secrets: SecretSource, client: HTTPClient) throws(ConnectorError) {
    requests = try SlotQuery("Datadog query 'requests'", spec.requests)
    errors = try SlotQuery("Datadog query 'errors'", spec.errors)
    every = spec.timing.every
    var endpoint = MetricsEndpoint(
      "Datadog", spec.url, headers: ["DD-API-KEY": spec.apiKey, "DD-APPLICATION-KEY": spec.applicationKey],
      timeout: spec.timeout, secrets: secrets, client: client)
    endpoint.example = "https://api.datadoghq.com"
    endpoint.complaint = { body in
      guard let document = try? JSONTree(body) else { return nil }
      return document["errors"]?.list.first?.text ?? document["error"]?.text
    }
    self.endpoint = endpoint
  }

  func sums(
    in window: IntervalLedger.Window, releases: [Slot: ReleaseID], now: Timestamp
  ) async throws(ConnectorError) -> [Slot: IntervalSums] {
    var sums: [Slot: IntervalSums] = [:]
    for slot in Slot.allCases {
      guard let all = try requests.plainly(slot: slot, release: releases[slot]),
        let wrong = try errors.plainly(slot: slot, release: releases[slot])
      else { continue }
      sums[slot] = IntervalSums(
        requests: try await points(all, window, now), errors: try await points(wrong, window, now))
    }
    return sums
  }

  private func points(
    _ query: String, _ window: IntervalLedger.Window, _ now: Timestamp
  ) async throws(ConnectorError) -> [Int64: UInt64] {
    let seconds = every.milliseconds / 1_000
    let rolled = query.contains(".rollup(") ? query : query + ".rollup(sum,\(seconds))"
    let path = "/api/v1/query?from=\(window.from)&to=\(window.to - 1)&query=\(MetricsQuestion.encoded(rolled))"
    let body = try await endpoint.ask(MetricsQuestion(path: path, subject: rolled, proof: "keys"), now: now)
    let document = try endpoint.json(body)
    // Mistakes come with status 200.
    if let complaint = document["error"]?.text, !complaint.isEmpty {
      throw endpoint.error(.misconfigured, "refuses the query '\(rolled)': \(complaint.prefix(200))")
    }
    guard document["status"]?.text == "ok", let found = document["series"] else {
      throw endpoint.error(.garbage, "answers in a form that is not known")
    }
    guard found.list.count <= 1 else {
      throw endpoint.error(
        .misconfigured, "gives \(found.list.count) series for '\(rolled)'; leave 'by {…}' out, so that there is one")
    }
    guard let series = found.list.first else { return [:] }
    if let interval = series["interval"]?.number, interval != Double(seconds) {
      throw endpoint.error(
        .misconfigured, "gives sums over \(interval) s for '\(rolled)', not over \(every); set 'every' to that")
    }
    var points: [(second: Double, value: Double?)] = []
    for point in series["pointlist"]?.list ?? [] {
      let pair = point.list
      guard pair.count == 2, let time = pair[0].number else {
        throw endpoint.error(.garbage, "gives a point of '\(rolled)' that is no pair")
      }
      points.append((time / 1_000, pair[1].number))
    }
    return try endpoint.sums(points, every: every, subject: rolled).filter { $0.key < window.to }
  }
}
