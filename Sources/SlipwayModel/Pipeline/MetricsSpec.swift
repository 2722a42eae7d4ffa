/// Where the counters of a watch come from.
package enum MetricsSpec: Codable, Sendable, Equatable {
  /// The data plane's own counters per slot.
  case dataPlane
  case prometheus(PrometheusSpec)
  /// Metrics that a proxy or the service itself exposes in Prometheus' text format.
  case scrape(ScrapeSpec)
  case json(JSONSourceSpec)
  case sql(SQLSourceSpec)
  case command(CommandSourceSpec)
  case datadog(DatadogSpec)
  case cloudWatch(CloudWatchSpec)
  case newRelic(NewRelicSpec)
  case graphite(GraphiteSpec)

  /// Everything in it that may refer to secrets.
  package var secrets: [SecretText] {
    switch self {
    case .dataPlane: []
    case .prometheus(let spec): [spec.url] + spec.headers.values
    case .scrape(let spec): spec.url.all + spec.headers.values
    case .json(let spec): spec.url.all + spec.headers.values
    case .sql(let spec): [spec.database]
    case .command(let spec): Array(spec.environment.values)
    case .datadog(let spec): [spec.url, spec.apiKey, spec.applicationKey]
    case .cloudWatch(let spec): [spec.accessKey, spec.secretKey] + [spec.sessionToken].compactMap(\.self)
    case .newRelic(let spec): [spec.url, spec.key]
    case .graphite(let spec): [spec.url] + spec.headers.values
    }
  }

  /// Whether it can say how long requests took.
  package var hasLatency: Bool? {
    switch self {
    case .dataPlane: nil
    case .prometheus(let spec): spec.latency != nil
    case .scrape(let spec): spec.product.map(\.hasLatency) ?? (spec.latency != nil)
    case .json, .sql, .command, .datadog, .cloudWatch, .newRelic, .graphite: false
    }
  }
}

/// Counter queries against a Prometheus server; `${slot}` in a query becomes `a` or `b`, `${release}` the slot's release.
///
/// Each query must give cumulative counters, not rates, in one series (`latency`: one series per `le`, or one native histogram).
package struct PrometheusSpec: Codable, Sendable, Equatable {
  package var url: SecretText
  package var requests: String
  package var errors: String
  /// A classic histogram's buckets, such as `sum by (le) (http_request_duration_seconds_bucket{slot="${slot}"})`, or a native one's
  /// `sum(http_request_duration_seconds{slot="${slot}"})`.
  package var latency: String?
  /// What the histogram's bounds are in.
  package var latencyUnit: LatencyUnit
  package var headers: [String: SecretText]
  package var timeout: Span

  package init(
    url: SecretText, requests: String, errors: String, latency: String? = nil,
    latencyUnit: LatencyUnit = .seconds, headers: [String: SecretText] = [:], timeout: Span = .seconds(5)
  ) {
    self.url = url
    self.requests = requests
    self.errors = errors
    self.latency = latency
    self.latencyUnit = latencyUnit
    self.headers = headers
    self.timeout = timeout
  }
}
