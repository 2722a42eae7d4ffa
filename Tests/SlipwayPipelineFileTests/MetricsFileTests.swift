import SlipwayModel
import SlipwayPipelineFile
import Testing

@Suite("Pipeline file: metrics and gauges")
struct MetricsFileTests {
  private static func read(_ lines: String) throws -> EnvironmentSpec {
    try #require(try Samples.read(text(lines)).get().pipeline.environment("staging"))
  }

  /// The sample with `lines` in its environment whose release Slipway runs itself.
  private static func text(_ lines: String) -> String {
    Samples.base.replacing("  staging:\n", with: "  staging:\n    \(lines)\n")
  }

  private static let key = SecretText("${env:KEY}")

  private static let cases: [(String, MetricsSpec)] = [
    (
      "prometheus: {url: http://p, requests: 'r${slot}', errors: 'e${slot}', latency: 'l${slot}', latency_unit: ms}",
      .prometheus(
        PrometheusSpec(
          url: SecretText("http://p"), requests: "r${slot}", errors: "e${slot}", latency: "l${slot}",
          latencyUnit: .milliseconds))
    ),
    (
      "scrape: {url: http://127.0.0.1:8404/metrics, product: haproxy, names: {a: app_a/app, b: app_b/app}}",
      .scrape(
        ScrapeSpec(
          url: .both(SecretText("http://127.0.0.1:8404/metrics")), product: .haproxy,
          names: SlotNames(a: "app_a/app", b: "app_b/app")))
    ),
    (
      #"scrape: {urls: {a: http://a/m, b: http://b/m}, requests: r, errors: 'r{code=~"5.."} + f', latency: l, latency_unit: ms, headers: {X: "${env:KEY}"}, timeout: 2s}"#,
      .scrape(
        ScrapeSpec(
          url: .each(a: SecretText("http://a/m"), b: SecretText("http://b/m")), requests: "r",
          errors: #"r{code=~"5.."} + f"#, latency: "l", latencyUnit: .milliseconds, headers: ["X": key],
          timeout: .seconds(2)))
    ),
    (
      "json: {url: http://a/stats, requests: '$.${slot}.r', errors: \"$['${slot}'].e\", process: $.started, headers: {X: \"${env:KEY}\"}, timeout: 2s}",
      .json(
        JSONSourceSpec(
          url: .both(SecretText("http://a/stats")), requests: "$.${slot}.r", errors: "$['${slot}'].e",
          process: "$.started", headers: ["X": key], timeout: .seconds(2)))
    ),
    (
      "sql: {database: \"postgresql://u:${env:KEY}@db/x\", query: 'SELECT r, e FROM c WHERE s = ${slot}', timeout: 2s}",
      .sql(
        SQLSourceSpec(
          database: SecretText("postgresql://u:${env:KEY}@db/x"), query: "SELECT r, e FROM c WHERE s = ${slot}",
          timeout: .seconds(2)))
    ),
    (
      "command: {run: ./count.sh, environment: {K: \"${env:KEY}\"}, timeout: 2s}",
      .command(CommandSourceSpec(run: "./count.sh", environment: ["K": key], timeout: .seconds(2)))
    ),
    (
      "datadog: {url: https://api.datadoghq.eu, api_key: \"${env:KEY}\", application_key: \"${env:KEY}\", requests: 'sum:r{s:${slot}}.as_count()', errors: 'sum:e{s:${slot}}.as_count()', every: 2m, delay: 3m, timeout: 4s}",
      .datadog(
        DatadogSpec(
          url: SecretText("https://api.datadoghq.eu"), apiKey: key, applicationKey: key,
          requests: "sum:r{s:${slot}}.as_count()", errors: "sum:e{s:${slot}}.as_count()",
          timing: IntervalTiming(every: .minutes(2), delay: .minutes(3)), timeout: .seconds(4)))
    ),
    (
      "cloudwatch: {region: eu-central-1, endpoint: http://127.0.0.1:9, access_key: \"${env:KEY}\", secret_key: \"${env:KEY}\", session_token: \"${env:KEY}\", namespace: N, requests: R, errors: E, dimensions: {a: {TargetGroup: ta, LoadBalancer: l}, b: {TargetGroup: tb, LoadBalancer: l}}, every: 2m, delay: 3m, timeout: 4s}",
      .cloudWatch(
        CloudWatchSpec(
          region: "eu-central-1", endpoint: "http://127.0.0.1:9", accessKey: key, secretKey: key, sessionToken: key,
          namespace: "N", requests: "R", errors: "E", dimensionsA: ["TargetGroup": "ta", "LoadBalancer": "l"],
          dimensionsB: ["TargetGroup": "tb", "LoadBalancer": "l"],
          timing: IntervalTiming(every: .minutes(2), delay: .minutes(3)), timeout: .seconds(4)))
    ),
    (
      "newrelic: {url: https://api.eu.newrelic.com/graphql, account: 7, key: \"${env:KEY}\", query: \"SELECT count(*) AS requests, 0 AS errors FROM T WHERE s = '${slot}'\", every: 2m, delay: 3m, timeout: 4s}",
      .newRelic(
        NewRelicSpec(
          url: SecretText("https://api.eu.newrelic.com/graphql"), account: 7, key: key,
          query: "SELECT count(*) AS requests, 0 AS errors FROM T WHERE s = '${slot}'",
          timing: IntervalTiming(every: .minutes(2), delay: .minutes(3)), timeout: .seconds(4)))
    ),
    (
      "graphite: {url: http://g, requests: 'r.${slot}', errors: 'e.${slot}', headers: {X: \"${env:KEY}\"}, every: 20s, delay: 0s, timeout: 4s}",
      .graphite(
        GraphiteSpec(
          url: SecretText("http://g"), requests: "r.${slot}", errors: "e.${slot}", headers: ["X": key],
          timing: IntervalTiming(every: .seconds(20), delay: .zero), timeout: .seconds(4)))
    ),
  ]

  @Test("every key of every source arrives in its place", arguments: cases.indices)
  func everyKey(index: Int) throws {
    let (text, wanted) = Self.cases[index]
    let environment = try Self.read("metrics: {\(text)}")
    #expect(environment.metrics == wanted)
    #expect(environment.metrics.secrets.contains(Self.key) || !text.contains("${env:KEY}") || text.hasPrefix("sql"))
  }

  @Test("C5: every kind of gauge arrives with its limits, the strongest first")
  func gauges() throws {
    let environment = try Self.read(
      """
      gauges:
            - {name: queue, unit: jobs, command: {run: ./queue.sh, timeout: 3s}, alert_above: 10, pause_above: 20, roll_back_above: 40.5}
            - {name: pool, sql: {database: "postgresql://db/x", query: "SELECT used FROM pool WHERE s = ${slot}", timeout: 2s}, roll_back_above: 90%}
            - {name: heap, prometheus: {url: "http://p", query: 'heap{slot="${slot}"}', headers: {X: "${env:KEY}"}, timeout: 2s}, pause_above: 512MiB}
            - {name: conns, scrape: {urls: {a: "http://a", b: "http://b"}, series: 'conns + idle', timeout: 2s}}
            - {name: depth, json: {url: "http://a", path: "$.depth", headers: {X: "${env:KEY}"}}, alert_below: 1}
            - {name: memory, process: memory, roll_back_above: 1.5GiB}
            - {name: disk, disk: /srv, pause_below: 10%, alert_below: 20%}
      """)
    let wanted: [GaugeSpec] = [
      GaugeSpec(
        name: "queue", unit: "jobs", query: .command("./queue.sh", timeout: .seconds(3)),
        limits: [WatchLimit(.rollBack, .above, 40.5), WatchLimit(.pause, .above, 20), WatchLimit(.alert, .above, 10)]),
      GaugeSpec(
        name: "pool",
        query: .sql(
          database: SecretText("postgresql://db/x"), query: "SELECT used FROM pool WHERE s = ${slot}",
          timeout: .seconds(2)),
        limits: [WatchLimit(.rollBack, .above, 0.9)]),
      GaugeSpec(
        name: "heap",
        query: .prometheus(
          url: SecretText("http://p"), query: #"heap{slot="${slot}"}"#, headers: ["X": Self.key], timeout: .seconds(2)),
        limits: [WatchLimit(.pause, .above, 536_870_912)]),
      GaugeSpec(
        name: "conns",
        query: .scrape(
          url: .each(a: SecretText("http://a"), b: SecretText("http://b")), series: "conns + idle", headers: [:],
          timeout: .seconds(2))),
      GaugeSpec(
        name: "depth",
        query: .json(
          url: .both(SecretText("http://a")), path: "$.depth", headers: ["X": Self.key], timeout: .seconds(5)),
        limits: [WatchLimit(.alert, .below, 1)]),
      GaugeSpec(name: "memory", query: .process(.memory), limits: [WatchLimit(.rollBack, .above, 1_610_612_736)]),
      GaugeSpec(
        name: "disk", query: .disk(path: "/srv"),
        limits: [WatchLimit(.pause, .below, 0.1), WatchLimit(.alert, .below, 0.2)]),
    ]
    for (found, spec) in zip(environment.gauges, wanted) { #expect(found == spec) }
    #expect(environment.gauges.count == wanted.count)
  }

  @Test(
    "what cannot work is refused with a way out",
    arguments: [
      ("metrics: {scrape: {product: haproxy, names: {a: x, b: y}}}", "where to ask"),
      (
        "metrics: {scrape: {url: http://a, urls: {a: http://a, b: http://b}, requests: r, errors: e}}",
        "both 'url' and 'urls'"
      ),
      ("metrics: {scrape: {url: http://a, product: envoy}}", "calls the slots"),
      (
        "metrics: {scrape: {url: http://a, product: envoy, names: {a: x, b: y}, requests: r}}",
        "stands beside 'product'"
      ),
      ("metrics: {scrape: {url: http://a, product: nginx, names: {a: x, b: y}}}", "is no product"),
      (
        "metrics: {scrape: {url: http://a, names: {a: x, b: y}, requests: 'r{s=\"${slot}\"}', errors: 'e{s=\"${slot}\"}'}}",
        "without 'product'"
      ),
      ("metrics: {scrape: {url: http://a, requests: 'r{s=\"${slot}\"}'}}", "'errors' is missing"),
      ("metrics: {scrape: {url: http://a, requests: r, errors: 'e{s=\"${slot}\"}'}}", "both slots as one"),
      ("metrics: {scrape: {url: http://a, requests: 'rate(r[1m])', errors: e}}", "cannot be read"),
      ("metrics: {json: {url: http://a, requests: $.r, errors: '$.${slot}'}}", "both slots as one"),
      ("metrics: {json: {url: http://a, requests: r, errors: '$.${slot}'}}", "cannot be read"),
      ("metrics: {sql: {database: postgresql://db/x, query: SELECT 1}}", "both slots as one"),
      (
        "metrics: {datadog: {api_key: abcdefgh, application_key: \"${env:K}\", requests: '${slot}', errors: '${slot}'}}",
        "secret written in clear"
      ),
      ("metrics: {graphite: {url: http://g, requests: '${slot}', errors: '${slot}', every: 500ms}}", "whole seconds"),
      (
        "metrics: {cloudwatch: {region: r, access_key: \"${env:K}\", secret_key: \"${env:K}\", dimensions: {a: {T: x}, b: {T: x}}}}",
        "the same dimensions"
      ),
      ("gauges: [{name: a}]", "where this gauge is read"),
      ("gauges: [{name: a, disk: /, process: cpu}]", "in 2 places"),
      ("gauges: [{name: a, disk: /}, {name: a, disk: /srv}]", "a gauge 'a' already"),
      ("gauges: [{name: a, disk: /, pause_above: 5, roll_back_above: 4}]", "never reached"),
      ("gauges: [{name: a, disk: /, pause_above: much}]", "a number"),
      ("gauges: [{name: a, process: heat}]", "measure"),
    ])
  func refused(text: String, word: String) {
    switch Samples.read(Self.text(text)) {
    case .success: Issue.record("accepted: \(text)")
    case .failure(let problems):
      #expect(problems.problems.contains { $0.sentence.contains(word) }, "\(problems.problems.map(\.sentence))")
    }
  }

  @Test("C5: a process is known only where Slipway runs it")
  func process() {
    let text = Samples.base.replacing(
      "    protected: true\n", with: "    protected: true\n    gauges: [{name: cpu, process: cpu}]\n")
    #expect(Samples.problems(text).contains { $0.sentence.contains("nobody knows the process") })
  }
}
