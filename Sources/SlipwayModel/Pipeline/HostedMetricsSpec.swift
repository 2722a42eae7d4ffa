/// Sums per interval from Datadog; each query has `${slot}` or `${release}` in it and gives one series of counts.
package struct DatadogSpec: Codable, Sendable, Equatable {
  /// The API of the site, such as `https://api.datadoghq.eu`.
  package var url: SecretText
  package var apiKey: SecretText
  package var applicationKey: SecretText
  package var requests: String
  package var errors: String
  package var timing: IntervalTiming
  package var timeout: Span

  package init(
    url: SecretText = SecretText("https://api.datadoghq.com"), apiKey: SecretText, applicationKey: SecretText,
    requests: String, errors: String, timing: IntervalTiming = IntervalTiming(), timeout: Span = .seconds(10)
  ) {
    self.url = url
    self.apiKey = apiKey
    self.applicationKey = applicationKey
    self.requests = requests
    self.errors = errors
    self.timing = timing
    self.timeout = timeout
  }
}

/// Sums per period from CloudWatch's GetMetricData.
package struct CloudWatchSpec: Codable, Sendable, Equatable {
  package var region: String
  /// Nil: AWS' own for the region.
  package var endpoint: String?
  package var accessKey: SecretText
  package var secretKey: SecretText
  package var sessionToken: SecretText?
  package var namespace: String
  /// Names of metrics, such as `RequestCount`.
  package var requests: String
  package var errors: String
  /// What tells the slots apart, such as `TargetGroup`.
  package var dimensionsA: [String: String]
  package var dimensionsB: [String: String]
  package var timing: IntervalTiming
  package var timeout: Span

  package init(
    region: String, endpoint: String? = nil, accessKey: SecretText, secretKey: SecretText,
    sessionToken: SecretText? = nil, namespace: String = "AWS/ApplicationELB", requests: String = "RequestCount",
    errors: String = "HTTPCode_Target_5XX_Count", dimensionsA: [String: String], dimensionsB: [String: String],
    timing: IntervalTiming = IntervalTiming(), timeout: Span = .seconds(10)
  ) {
    self.region = region
    self.endpoint = endpoint
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.sessionToken = sessionToken
    self.namespace = namespace
    self.requests = requests
    self.errors = errors
    self.dimensionsA = dimensionsA
    self.dimensionsB = dimensionsB
    self.timing = timing
    self.timeout = timeout
  }
}

/// Counts per interval from New Relic by NRQL.
package struct NewRelicSpec: Codable, Sendable, Equatable {
  /// The GraphQL address of the region.
  package var url: SecretText
  package var account: Int
  package var key: SecretText
  /// A `SELECT … AS requests, … AS errors FROM … WHERE slot = '${slot}'` without SINCE, UNTIL and TIMESERIES.
  package var query: String
  package var timing: IntervalTiming
  package var timeout: Span

  package init(
    url: SecretText = SecretText("https://api.newrelic.com/graphql"), account: Int, key: SecretText, query: String,
    timing: IntervalTiming = IntervalTiming(), timeout: Span = .seconds(10)
  ) {
    self.url = url
    self.account = account
    self.key = key
    self.query = query
    self.timing = timing
    self.timeout = timeout
  }
}

/// Counts per interval from Graphite's render API.
package struct GraphiteSpec: Codable, Sendable, Equatable {
  package var url: SecretText
  /// Targets with `${slot}` or `${release}` in them that give one series of counts per interval, such as `sumSeries(stats_counts.app.${slot}.*)`.
  package var requests: String
  package var errors: String
  package var headers: [String: SecretText]
  package var timing: IntervalTiming
  package var timeout: Span

  package init(
    url: SecretText, requests: String, errors: String, headers: [String: SecretText] = [:],
    timing: IntervalTiming = IntervalTiming(every: .seconds(10), delay: .seconds(10)), timeout: Span = .seconds(5)
  ) {
    self.url = url
    self.requests = requests
    self.errors = errors
    self.headers = headers
    self.timing = timing
    self.timeout = timeout
  }
}

/// How a service that gives sums per interval is read: an interval counts once, when it is over and `delay` has passed.
package struct IntervalTiming: Codable, Sendable, Equatable {
  /// How long an interval is.
  package var every: Span
  /// How long after its end an interval is taken as complete; what comes later is left out and counted.
  package var delay: Span

  package init(every: Span = .minutes(1), delay: Span = .minutes(1)) {
    self.every = every
    self.delay = delay
  }
}
