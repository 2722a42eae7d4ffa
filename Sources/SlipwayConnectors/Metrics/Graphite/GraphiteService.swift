internal import AsyncHTTPClient
internal import Foundation
internal import SlipwayModel

/// Graphite's render API (`/render?format=json`, https://graphite.readthedocs.io/en/latest/render_api.html); a point's time is its interval's begin.
struct GraphiteService: IntervalService {
  let title = "graphite"
  let endpoint: MetricsEndpoint
  private let requests: SlotQuery
  private let errors: SlotQuery
  private let every: Span

  init(_ spec: GraphiteSpec, secrets: SecretSource, client: HTTPClient) throws(ConnectorError) {
    requests = try SlotQuery("Graphite target 'requests'", spec.requests)
    errors = try SlotQuery("Graphite target 'errors'", spec.errors)
    every = spec.timing.every
    var endpoint = MetricsEndpoint(
      "Graphite", spec.url, headers: spec.headers, timeout: spec.timeout, secrets: secrets, client: client)
    endpoint.example = "http://graphite:8080"
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
    _ target: String, _ window: IntervalLedger.Window, _ now: Timestamp
  ) async throws(ConnectorError) -> [Int64: UInt64] {
    // `from` is exclusive in Graphite: the first point is the one after it.
    let path =
      "/render?format=json&from=\(window.from - 1)&until=\(window.to - 1)&target=\(MetricsQuestion.encoded(target))"
    let body = try await endpoint.ask(MetricsQuestion(path: path, subject: target), now: now)
    guard case .list(let found) = try endpoint.json(body) else {
      throw endpoint.error(.garbage, "answers in a form that is not known")
    }
    guard found.count <= 1 else {
      throw endpoint.error(.misconfigured, "gives \(found.count) series for '\(target)'; wrap it in sumSeries(…)")
    }
    var points: [(second: Double, value: Double?)] = []
    for point in found.first?["datapoints"]?.list ?? [] {
      let pair = point.list
      guard pair.count == 2, let time = pair[1].number else {
        throw endpoint.error(.garbage, "gives a point of '\(target)' that is no pair")
      }
      points.append((time, pair[0].number))
    }
    return try endpoint.sums(points, every: every, subject: target).filter { $0.key < window.to }
  }
}
