/// Where figures are asked over HTTP: at one address for both slots, or at one for each.
package enum SlotURLs: Codable, Sendable, Equatable {
  case both(SecretText)
  case each(a: SecretText, b: SecretText)

  package subscript(slot: Slot) -> SecretText {
    switch self {
    case .both(let url): url
    case .each(let a, let b): slot == .a ? a : b
    }
  }

  package var all: [SecretText] {
    switch self {
    case .both(let url): [url]
    case .each(let a, let b): [a, b]
    }
  }
}

/// What something outside calls each of the slots.
package struct SlotNames: Codable, Sendable, Equatable {
  package var a: String
  package var b: String

  package init(a: String, b: String) {
    self.a = a
    self.b = b
  }

  package subscript(slot: Slot) -> String { slot == .a ? a : b }
}

/// Counters read from an endpoint in Prometheus' text format: series by hand, or those of a known product.
package struct ScrapeSpec: Codable, Sendable, Equatable {
  package var url: SlotURLs
  /// Whose metrics these are; nil when `requests` and `errors` say which.
  package var product: ScrapeProduct?
  /// What the product calls the slots.
  package var names: SlotNames?
  /// A ``SeriesSum``.
  package var requests: String?
  package var errors: String?
  /// The buckets of a classic histogram.
  package var latency: String?
  package var latencyUnit: LatencyUnit
  package var headers: [String: SecretText]
  package var timeout: Span

  package init(
    url: SlotURLs, product: ScrapeProduct? = nil, names: SlotNames? = nil, requests: String? = nil,
    errors: String? = nil, latency: String? = nil, latencyUnit: LatencyUnit = .seconds,
    headers: [String: SecretText] = [:], timeout: Span = .seconds(5)
  ) {
    self.url = url
    self.product = product
    self.names = names
    self.requests = requests
    self.errors = errors
    self.latency = latency
    self.latencyUnit = latencyUnit
    self.headers = headers
    self.timeout = timeout
  }
}

/// What the bounds of a histogram are in.
package enum LatencyUnit: String, Codable, Sendable, CaseIterable {
  case seconds = "s"
  case milliseconds = "ms"

  package var inSeconds: Double { self == .seconds ? 1 : 0.001 }
}

/// A proxy whose own metrics are known.
package enum ScrapeProduct: String, Codable, Sendable, CaseIterable {
  /// `prometheus-exporter` of HAProxy; a slot's name is `backend/server`.
  case haproxy
  /// A slot's name is its service, such as `app-b@file`.
  case traefik
  /// A slot's name is the server in Caddy's configuration that passes requests to it.
  case caddy
  /// `/stats/prometheus`; a slot's name is its cluster.
  case envoy
  /// nginx-prometheus-exporter for NGINX Plus; a slot's name is its upstream.
  case nginxPlus = "nginx-plus"
  /// nginx-module-vts; a slot's name is its upstream.
  case nginxVTS = "nginx-vts"

  package var hasLatency: Bool {
    switch self {
    case .traefik, .caddy, .envoy: true
    case .haproxy, .nginxPlus, .nginxVTS: false
    }
  }

  /// The series that count for a slot, with `${name}` where the product names it; nil where that takes more than a sum.
  package var series: (requests: String, errors: String, latency: String?, unit: LatencyUnit)? {
    switch self {
    case .haproxy: nil
    case .traefik:
      (
        #"traefik_service_requests_total{service="${name}"}"#,
        #"traefik_service_requests_total{service="${name}",code=~"5..|0"}"#,
        #"traefik_service_request_duration_seconds_bucket{service="${name}"}"#, .seconds
      )
    case .caddy:
      // Every handler of a route counts the same request, so one of them has to be chosen.
      (
        #"caddy_http_request_duration_seconds_count{server="${name}",handler="reverse_proxy"}"#,
        #"caddy_http_request_duration_seconds_count{server="${name}",handler="reverse_proxy",code=~"5.."}"#,
        #"caddy_http_request_duration_seconds_bucket{server="${name}",handler="reverse_proxy"}"#, .seconds
      )
    case .envoy:
      (
        #"envoy_cluster_upstream_rq_xx{envoy_cluster_name="${name}"}"#,
        #"envoy_cluster_upstream_rq_xx{envoy_cluster_name="${name}",envoy_response_code_class="5"}"#,
        #"envoy_cluster_upstream_rq_time_bucket{envoy_cluster_name="${name}"}"#, .milliseconds
      )
    case .nginxPlus:
      (
        #"nginxplus_upstream_server_responses{upstream="${name}"}"#,
        #"nginxplus_upstream_server_responses{upstream="${name}",code="5xx"}"#, nil, .seconds
      )
    case .nginxVTS:
      (
        #"nginx_vts_upstream_requests_total{upstream="${name}",code=~"[1-5]xx"}"#,
        #"nginx_vts_upstream_requests_total{upstream="${name}",code="5xx"}"#, nil, .seconds
      )
    }
  }
}
