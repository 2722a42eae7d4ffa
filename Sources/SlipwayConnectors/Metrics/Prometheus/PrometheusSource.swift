package import AsyncHTTPClient
package import SlipwayModel
internal import Synchronization

/// Cumulative counters from a Prometheus server.
///
/// Nobody says when the counted process began anew, so a restart shows only as a counter that went down. For one slot the errors
/// are asked before the requests: a scrape that falls between counts too few errors for one reading rather than too many.
package struct PrometheusSource: CounterSource {
  private let server: PrometheusServer
  private let requests: SlotQuery
  private let errors: SlotQuery
  private let latency: SlotQuery?
  private let unit: LatencyUnit
  private let memory = Memory()

  /// What the last reading was about, because the history is asked for without releases.
  private final class Memory: Sendable {
    let releases = Mutex<[Slot: ReleaseID]>([:])
  }

  /// - Parameters:
  ///   - spec: server and queries.
  ///   - secrets: resolves references in the address and the headers at each reading.
  ///   - client: must not follow redirects, because the headers would go along.
  /// - Throws: `misconfigured` when a query cannot tell the slots apart.
  package init(_ spec: PrometheusSpec, secrets: SecretSource, client: HTTPClient) throws(ConnectorError) {
    server = PrometheusServer(
      endpoint: PrometheusServer.endpoint(
        spec.url, spec.headers, timeout: spec.timeout, secrets: secrets, client: client))
    unit = spec.latencyUnit
    requests = try SlotQuery("Prometheus query 'requests'", spec.requests)
    errors = try SlotQuery("Prometheus query 'errors'", spec.errors)
    latency = if let query = spec.latency { try SlotQuery("Prometheus query 'latency'", query) } else { nil }
  }

  package func sample(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> CounterSample {
    memory.releases.withLock { $0 = releases }
    return try await server.endpoint.bounded("figures") { () throws(ConnectorError) in
      try await read(now: now, releases: releases)
    }
  }

  private func read(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> CounterSample {
    // All figures at one instant of the server's own clock, which may differ from ours.
    guard let time = try await server.ask("time()", at: nil, now: now).time else {
      throw server.endpoint.error(.garbage, "does not say what time it is; is that Prometheus?")
    }
    var sample = CounterSample(at: now, source: "prometheus", slots: [:])
    for slot in Slot.allCases {
      sample.add(try await figures(of: slot, release: releases[slot], at: time, now: now), of: slot)
    }
    return sample
  }

  private func figures(
    of slot: Slot, release: ReleaseID?, at time: Double, now: Timestamp
  ) async throws(ConnectorError) -> SlotFigures {
    var counts: [UInt64] = []
    for query in [errors, requests] {
      guard let text = query.inPromQL(slot: slot, release: release) else { return .noRelease(slot) }
      let answer = try await server.ask(text, at: time, now: now)
      guard let count = try answer.count(text) else {
        let isErrors = query.purpose == errors.purpose
        return SlotFigures(missing: await absence(answer, of: text, at: time, isErrors: isErrors, now))
      }
      counts.append(count)
    }
    var figures = SlotFigures(SlotCounters(requests: counts[1], serverErrors: counts[0]))
    guard let text = latency?.inPromQL(slot: slot, release: release) else { return figures }
    let answer = try await server.ask(text, at: time, now: now)
    figures.counters?.latency = try answer.histogram(text, unit: unit)
    if figures.counters?.latency == nil {
      figures.missing = "Prometheus has no latencies for '\(text)' (\(answer.emptiness))"
    }
    return figures
  }

  /// Why there is no figure: never was any, it is no number, or it is not fresh any more.
  private func absence(
    _ answer: PrometheusAnswer, of text: String, at time: Double, isErrors: Bool, _ now: Timestamp
  ) async -> String {
    let plain = "Prometheus has no figures for '\(text)' (\(answer.emptiness))"
    guard answer.series.isEmpty else { return plain }
    let end = Int64(time)
    // Only to say it better; where it cannot be asked, the plain words stand.
    let points = try? await server.range(text, from: end - 3_600, to: end, step: 60, now: now)
    if let last = points?.last {
      let minutes = max(1, (end - Int64(last.time) + 59) / 60)
      return "\(plain): it had some until \(minutes) min ago, so they are stale; is what Prometheus scrapes still up?"
    }
    return plain + (isErrors ? "; if it is empty until the first error, add: or vector(0)" : "")
  }
}

extension PrometheusSource {
  /// How far back the history reaches.
  private static let minutes: Int64 = 360

  package func history(of slot: Slot, now: Timestamp) async throws(ConnectorError) -> [SlotCounters] {
    let release = memory.releases.withLock { $0[slot] }
    guard let requests = requests.inPromQL(slot: slot, release: release),
      let errors = errors.inPromQL(slot: slot, release: release)
    else { return [] }
    return try await server.endpoint.bounded("history") { () throws(ConnectorError) in
      guard let time = try await server.ask("time()", at: nil, now: now).time else { return [] }
      let end = Int64(time) / 60 * 60
      let start = end - Self.minutes * 60
      let wrong = try await server.range(errors, from: start, to: end, step: 60, now: now)
      let all = try await server.range(requests, from: start, to: end, step: 60, now: now)
      return Self.minutes(of: all, errors: wrong)
    }
  }

  /// Differences of neighbouring minutes; one with a gap, a restart or a figure that is no count is left out.
  static func minutes(of requests: [PrometheusAnswer.Point], errors: [PrometheusAnswer.Point]) -> [SlotCounters] {
    let wrong = Dictionary(errors.map { ($0.time, $0.number) }, uniquingKeysWith: { $1 })
    let readings = requests.compactMap { point -> (time: Double, counters: SlotCounters)? in
      guard let all = Count.exactly(point.number), let bad = wrong[point.time].flatMap(Count.exactly) else {
        return nil
      }
      return (point.time, SlotCounters(requests: all, serverErrors: bad))
    }
    return zip(readings, readings.dropFirst()).compactMap { earlier, later in
      later.time - earlier.time == 60 ? later.counters.since(earlier.counters) : nil
    }
  }
}
