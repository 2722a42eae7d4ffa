import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// Sources that are asked over HTTP.
enum SourceKind: String, CaseIterable, Sendable, CustomTestStringConvertible {
  case scrape, json, prometheus, datadog, cloudwatch, newrelic, graphite

  var testDescription: String { rawValue }

  /// Whether it gives sums per interval, so that figures come when an interval closes.
  var isByInterval: Bool { [.datadog, .cloudwatch, .newrelic, .graphite].contains(self) }

  private static let minute = IntervalTiming(every: .minutes(1), delay: .seconds(30))

  /// A source of this kind that asks `server`.
  func source(_ server: ContractServer, timeout: Span) throws -> any CounterSource {
    let (url, secrets, client) = (server.url, server.secretSource, server.client)
    let headers = ["x-token": SecretText("${env:TOKEN}")]
    let token = SecretText("${env:TOKEN}")
    switch self {
    case .scrape:
      return try ScrapeSource(
        ScrapeSpec(
          url: .both(SecretText(url + "/metrics")), requests: #"app_requests_total{slot="${slot}"}"#,
          errors: #"app_errors_total{slot="${slot}"}"#, headers: headers, timeout: timeout), secrets: secrets,
        client: client)
    case .json:
      return try JSONSource(
        JSONSourceSpec(
          url: .both(SecretText(url + "/stats")), requests: "$.slots.${slot}.requests",
          errors: "$.slots['${slot}'].errors", process: "$.life", headers: headers, timeout: timeout),
        secrets: secrets, client: client)
    case .prometheus:
      return try PrometheusSource(
        PrometheusSpec(
          url: SecretText(url + "/prometheus"), requests: #"requests{slot="${slot}"}"#,
          errors: #"errors{slot="${slot}"}"#, headers: headers, timeout: timeout), secrets: secrets, client: client)
    case .datadog:
      return try IntervalSource.datadog(
        DatadogSpec(
          url: SecretText(url + "/datadog"), apiKey: token, applicationKey: token,
          requests: "sum:app.requests{slot:${slot}}.as_count()", errors: "sum:app.errors{slot:${slot}}.as_count()",
          timing: Self.minute, timeout: timeout), secrets: secrets, client: client)
    case .cloudwatch:
      return try IntervalSource.cloudWatch(
        CloudWatchSpec(
          region: "eu-central-1", endpoint: url, accessKey: SecretText("${env:KEY}"),
          secretKey: SecretText("${env:SECRET}"), dimensionsA: ["Slot": "a"], dimensionsB: ["Slot": "b"],
          timing: Self.minute, timeout: timeout), secrets: secrets, client: client)
    case .newrelic:
      return try IntervalSource.newRelic(
        NewRelicSpec(
          url: SecretText(url + "/newrelic/graphql"), account: 7, key: token,
          query:
            "SELECT count(*) AS requests, filter(count(*), WHERE error) AS errors FROM Transaction WHERE slot = '${slot}'",
          timing: Self.minute, timeout: timeout), secrets: secrets, client: client)
    case .graphite:
      return try IntervalSource.graphite(
        GraphiteSpec(
          url: SecretText(url + "/graphite"), requests: "sumSeries(app.${slot}.requests)",
          errors: "sumSeries(app.${slot}.errors)", headers: headers, timing: Self.minute, timeout: timeout),
        secrets: secrets, client: client)
    }
  }
}

/// One service, one source and the time, which moves by a minute with each figure that closes.
struct SourceBench {
  private static let releases: [Slot: ReleaseID] = [.a: "1.0", .b: "1.1"]
  /// On a whole minute.
  private static let begin = Timestamp(milliseconds: 1_800_000_000_000)

  let kind: SourceKind
  let server: ContractServer
  let source: any CounterSource
  var now = Self.begin + .seconds(31)
  var counts: [String: [Int]] = ["a": [0, 0], "b": [0, 0]]
  var points: [String: [String: [String: Int]]] = [
    "a": ["requests": [:], "errors": [:]], "b": ["requests": [:], "errors": [:]],
  ]

  /// Lets the service count more on both slots; a minute passes.
  mutating func count(a: [Int], b: [Int]) async throws {
    let second = (now.milliseconds / 60_000) * 60
    for (slot, more) in [("a", a), ("b", b)] {
      for (index, name) in ["requests", "errors"].enumerated() {
        counts[slot]?[index] += more[index]
        points[slot]?[name]?["\(second)"] = more[index]
      }
    }
    now = now + .minutes(1)
    try await server.set(["counts": counts, "points": points])
  }

  func sample() async throws -> CounterSample {
    try await source.sample(now: now, releases: Self.releases)
  }

  func error(_ name: String) async throws -> ConnectorError {
    do {
      let sample = try await sample()
      throw NeverHappened(description: "\(kind) \(name): no error but \(sample)")
    } catch let error as ConnectorError {
      return error
    }
  }

  static func with(
    _ kind: SourceKind, timeout: Span = .seconds(60), _ body: (inout SourceBench) async throws -> Void
  ) async throws {
    try await ContractServer.with { server in
      var bench = SourceBench(kind: kind, server: server, source: try kind.source(server, timeout: timeout))
      // An interval before the first reading, so that a service by intervals knows the slots.
      bench.now = bench.now + .seconds(-60)
      try await bench.count(a: [10, 1], b: [4, 0])
      try await body(&bench)
    }
  }
}
