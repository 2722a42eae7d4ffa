package import AsyncHTTPClient
internal import Foundation
package import SlipwayModel

/// Cumulative counters read directly from what exposes them in Prometheus' text format: a proxy, or the service itself in each slot.
///
/// Nothing stands between the counter and the judge, so a breach is seen at the very next look. When the counting process began anew
/// (its start time changed, or the time Caddy last took a configuration) the sample's source is another one.
package struct ScrapeSource: CounterSource {
  private let endpoints: [(slots: [Slot], endpoint: MetricsEndpoint)]
  private let reader: any ScrapeReader
  private let identity = ScrapeIdentity()

  /// Bytes of a document that are read; a busy Envoy's has some.
  static let largestAnswer = 16 << 20

  /// - Parameters:
  ///   - spec: address and series.
  ///   - secrets: resolves references in address and headers at each reading.
  ///   - client: must not follow redirects.
  /// - Throws: `misconfigured` when the series cannot be read or cannot tell the slots apart.
  package init(_ spec: ScrapeSpec, secrets: SecretSource, client: HTTPClient) throws(ConnectorError) {
    reader =
      if spec.product == .haproxy { try HAProxyScrape(spec) } else { try SeriesScrape(spec) }
    endpoints = MetricsEndpoint.scraped(
      spec.product?.rawValue ?? "the metrics", spec.url, spec.headers, spec.timeout, secrets, client)
  }

  package func sample(now: Timestamp, releases: [Slot: ReleaseID]) async throws(ConnectorError) -> CounterSample {
    var sample = CounterSample(at: now, source: "", slots: [:])
    var identities: [String] = []
    var failures: [ConnectorError] = []
    for (slots, endpoint) in endpoints {
      // An endpoint of its own is asked only where somebody is at home.
      let wanted = slots.filter { slots.count > 1 || releases[$0] != nil }
      guard let first = wanted.first else { continue }
      do throws(ConnectorError) {
        let document = try await Exposition.read(endpoint, wanting: reader.names.union(ScrapeIdentity.names), now: now)
        identities.append((slots.count > 1 ? "" : "\(first) ") + identity.of(document, key: first, at: now))
        for slot in wanted {
          sample.add(try reader.figures(of: slot, release: releases[slot], in: document, endpoint), of: slot)
        }
      } catch {
        guard slots.count == 1, error.code != .misconfigured else { throw error }
        failures.append(error)
        sample.add(SlotFigures(missing: error.message), of: first)
      }
    }
    if let failure = failures.first, sample.slots.isEmpty { throw failure }
    sample.source = ([reader.title] + identities.filter { !$0.isEmpty }).joined(separator: " ")
    return sample
  }
}

/// Finds a slot's counters in a document.
protocol ScrapeReader: Sendable {
  /// Begins the sample's source.
  var title: String { get }
  /// The series that it looks at.
  var names: Set<String> { get }

  func figures(
    of slot: Slot, release: ReleaseID?, in document: Exposition, _ endpoint: MetricsEndpoint
  ) throws(ConnectorError) -> SlotFigures
}

extension MetricsEndpoint {
  /// Endpoints in Prometheus' text format and whose figures each one has.
  static func scraped(
    _ what: String, _ url: SlotURLs, _ headers: [String: SecretText], _ timeout: Span, _ secrets: SecretSource,
    _ client: HTTPClient
  ) -> [(slots: [Slot], endpoint: MetricsEndpoint)] {
    let groups: [(slots: [Slot], url: SecretText)] =
      switch url {
      case .both(let url): [(Slot.allCases, url)]
      case .each(let a, let b): [([.a], a), ([.b], b)]
      }
    return groups.map { slots, url in
      var endpoint = MetricsEndpoint(what, url, headers: headers, timeout: timeout, secrets: secrets, client: client)
      endpoint.largest = ScrapeSource.largestAnswer
      endpoint.sizeHint = "is that an endpoint of metrics?"
      endpoint.example = "http://127.0.0.1:8404/metrics"
      return (slots, endpoint)
    }
  }
}

extension Exposition {
  /// Asks for a document and reads it.
  static func read(
    _ endpoint: MetricsEndpoint, wanting names: Set<String>, now: Timestamp
  ) async throws(ConnectorError) -> Exposition {
    let question = MetricsQuestion(accept: "text/plain;version=0.0.4;q=1,*/*;q=0.1")
    let body = try await endpoint.bounded("metrics") { () throws(ConnectorError) in
      try await endpoint.ask(question, now: now)
    }
    guard !body.isEmpty else { throw endpoint.error(.garbage, "answers with nothing") }
    do throws(ExpositionProblem) {
      return try Exposition(body, wanting: names)
    } catch {
      throw endpoint.error(.garbage, "answers with what is not Prometheus' text format: \(error)")
    }
  }
}
