/// Where the counters of a watch come from.
package enum MetricsSpec: Codable, Sendable, Equatable {
  /// The data plane's own counters per slot.
  case dataPlane
  case prometheus(PrometheusSpec)
}

/// Counter queries against a Prometheus server; `${slot}` in a query becomes `a` or `b`, `${release}` the slot's release.
///
/// Each query must give cumulative counters, not rates, in one series (`latency`: one series per `le`).
package struct PrometheusSpec: Codable, Sendable, Equatable {
  package var url: SecretText
  package var requests: String
  package var errors: String
  /// A classic histogram's buckets, such as `sum by (le) (http_request_duration_seconds_bucket{slot="${slot}"})`.
  package var latency: String?
  package var headers: [String: SecretText]
  package var timeout: Span

  package init(
    url: SecretText, requests: String, errors: String, latency: String? = nil, headers: [String: SecretText] = [:],
    timeout: Span = .seconds(5)
  ) {
    self.url = url
    self.requests = requests
    self.errors = errors
    self.latency = latency
    self.headers = headers
    self.timeout = timeout
  }
}
