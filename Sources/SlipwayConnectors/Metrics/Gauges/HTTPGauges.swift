internal import SlipwayModel

/// One number by PromQL.
struct PrometheusGauge: GaugeReader {
  let server: PrometheusServer
  let query: String

  func value(of slot: Slot, release: ReleaseID, now: Timestamp) async throws(ConnectorError) -> Double? {
    guard let text = SlotPlaces.filled(query, slot: slot, release: release, quote: SlotQuery.escaped) else {
      return nil
    }
    return try await server.endpoint.bounded("figure") { () throws(ConnectorError) in
      try await server.ask(text, at: nil, now: now).number(text)
    }
  }
}

/// A sum of series of an endpoint in Prometheus' text format.
struct ScrapeGauge: GaugeReader {
  private let endpoints: [(slots: [Slot], endpoint: MetricsEndpoint)]
  private let sum: SeriesSum

  init(_ text: String, _ endpoints: [(slots: [Slot], endpoint: MetricsEndpoint)]) throws(ConnectorError) {
    self.endpoints = endpoints
    do throws(SyntaxProblem) {
      sum = try SeriesSum(text)
    } catch {
      throw ConnectorError(.misconfigured, "the series cannot be read: \(error)")
    }
  }

  func value(of slot: Slot, release: ReleaseID, now: Timestamp) async throws(ConnectorError) -> Double? {
    guard let endpoint = endpoints.first(where: { $0.slots.contains(slot) })?.endpoint,
      let sum = sum.filled(["slot": slot.rawValue, "release": release.text])
    else { return nil }
    let document = try await Exposition.read(endpoint, wanting: Set(sum.selectors.map(\.name)), now: now)
    // A gauge that is not there is unknown, not zero.
    guard document.has(sum), case .value(let value) = document.value(of: sum) else { return nil }
    return value
  }
}

/// One number of a JSON document.
struct JSONGauge: GaugeReader {
  let endpoints: [(slots: [Slot], endpoint: MetricsEndpoint)]
  let path: JSONPath

  func value(of slot: Slot, release: ReleaseID, now: Timestamp) async throws(ConnectorError) -> Double? {
    guard let endpoint = endpoints.first(where: { $0.slots.contains(slot) })?.endpoint,
      let path = path.filled(slot: slot, release: release)
    else { return nil }
    return try await JSONTree.read(endpoint, now: now).sum(at: path, "path", endpoint)
  }
}
