internal import SlipwayModel

/// Where counters come from.
enum MetricsGrammar {
  static let metrics = Shape<MetricsSpec>.choice(
    "a source of metrics",
    [
      .word("data-plane", .dataPlane, "The data plane's own counters per slot."),
      .key("prometheus", prometheus, "Counters from a Prometheus server.") { .prometheus($0) },
      .key("scrape", scrape, "Counters read directly from a proxy or the service, in Prometheus' text format.") {
        .scrape($0)
      },
      .key("json", json, "Counters from any JSON document over HTTP.") { .json($0) },
      .key("sql", sql, "Counters that a database keeps.") { .sql($0) },
      .key("command", command, "Counters that a command prints.") { .command($0) },
      .key("datadog", HostedMetricsGrammar.datadog, "Sums per interval from Datadog.") { .datadog($0) },
      .key("cloudwatch", HostedMetricsGrammar.cloudWatch, "Sums per interval from CloudWatch.") { .cloudWatch($0) },
      .key("newrelic", HostedMetricsGrammar.newRelic, "Counts per interval from New Relic.") { .newRelic($0) },
      .key("graphite", HostedMetricsGrammar.graphite, "Counts per interval from Graphite.") { .graphite($0) },
    ])

  private static let prometheus = Shape<PrometheusSpec>.object(
    "prometheus", PrometheusSpec(url: SecretText(""), requests: "", errors: ""),
    [
      .required("url", \.url, .secretURL, "The server; may refer to ${env:NAME} or ${file:PATH}."),
      .required("requests", \.requests, query, "A query for the cumulative number of requests of one slot."),
      .required("errors", \.errors, query, "A query for the cumulative number of failed requests of one slot."),
      .optional(
        "latency", \.latency, query,
        "A query for the buckets of a classic histogram, one series per 'le', or for one native histogram."),
      .optional("latency_unit", \.latencyUnit, .word("a unit"), "What the histogram's bounds are in."),
      .optional("headers", \.headers, .headers, "Sent with every query; values may refer to secrets."),
      .optional("timeout", \.timeout, .duration(), "How long one query may take."),
    ])

  private static let scrape = Shape<ScrapeSpec>.object(
    "scrape", ScrapeSpec(url: .both(SecretText(""))),
    [
      .optional("url", \.url, SlotURLs.both, "The endpoint that has the metrics of both slots."),
      .optional("urls", \.url, SlotURLs.each, "An endpoint for each slot, where the service exposes its own metrics."),
      .optional("product", \.product, .word("a product"), "Whose metrics these are; then 'names' says which."),
      .optional("names", \.names, names, "What the product calls each slot: server, service or cluster."),
      .optional(
        "requests", \.requests, series, "The series that count requests, such as requests_total{slot=\"${slot}\"}."),
      .optional("errors", \.errors, series, "The series that count failed requests; several are joined by '+'."),
      .optional("latency", \.latency, series, "The buckets of a classic histogram."),
      .optional("latency_unit", \.latencyUnit, .word("a unit"), "What the histogram's bounds are in."),
      .optional("headers", \.headers, .headers, "Sent with every request; values may refer to secrets."),
      .optional("timeout", \.timeout, .duration(), "How long one reading may take."),
    ]
  ).checked { spec, node, reading in
    SlotURLs.check(node, reading)
    ScrapeChecks(spec: spec, node: node, reading: reading).run()
  }

  private static let json = Shape<JSONSourceSpec>.object(
    "json", JSONSourceSpec(url: .both(SecretText("")), requests: "", errors: ""),
    [
      .optional("url", \.url, SlotURLs.both, "The address that has the figures of both slots."),
      .optional("urls", \.url, SlotURLs.each, "An address for each slot."),
      .required(
        "requests", \.requests, path,
        "The path to the cumulative number of requests, such as $.slots['${slot}'].requests."),
      .required("errors", \.errors, path, "The path to the cumulative number of failed requests."),
      .optional(
        "process", \.process, path, "The path to whatever changes when the counts begin anew, such as a start time."),
      .optional("headers", \.headers, .headers, "Sent with every request; values may refer to secrets."),
      .optional("timeout", \.timeout, .duration(), "How long one reading may take."),
    ]
  ).checked { spec, node, reading in
    SlotURLs.check(node, reading)
    guard node["url"] != nil else { return }
    for (key, text) in [("requests", spec.requests), ("errors", spec.errors)] {
      refuseOne(text, node.place(key), reading)
    }
  }

  private static let sql = Shape<SQLSourceSpec>.object(
    "sql", SQLSourceSpec(database: SecretText(""), query: ""),
    [
      .required(
        "database", \.database, .secretText("a URL such as postgresql://user:${env:PGPASSWORD}@host/database"),
        "The database; may refer to ${env:NAME} or ${file:PATH}."),
      .required(
        "query", \.query, query,
        "A SELECT of cumulative requests and errors, in this order; ${slot} and ${release} stand without quotes."),
      .optional("timeout", \.timeout, .duration(), "How long one query may take."),
    ])

  private static let command = Shape<CommandSourceSpec>.object(
    "command", CommandSourceSpec(run: ""),
    [
      .required(
        "run", \.run, .command,
        "Run for each slot with SLIPWAY_SLOT and SLIPWAY_RELEASE; prints requests=… errors=… or the same as JSON."),
      .optional("environment", \.environment, .variables, "More variables; values may refer to secrets."),
      .optional("timeout", \.timeout, .duration(), "How long one run may take."),
    ])

  /// A query that tells the slots apart.
  static let query = Shape<String>.text("a query with ${slot} or ${release} in it", .query).checked {
    text, node, reading in
    refuseOne(text, node.position, reading)
  }

  private static func refuseOne(_ text: String, _ position: YAMLPosition, _ reading: Reading) {
    guard !SlotPlaces.stand(in: text) else { return }
    reading.report(
      .meaning, position,
      "this query measures both slots as one, so it cannot tell the candidate from what serves now",
      expected: "${slot} or ${release} in it")
  }

  /// Series of a document in Prometheus' text format.
  static let series = Shape<String>.text("series such as requests_total{slot=\"${slot}\"}", .query).checked {
    text, node, reading in
    do throws(SyntaxProblem) { _ = try SeriesSum(text) } catch {
      reading.report(
        .meaning, node.position, "these series cannot be read: \(error)",
        expected: "a name with labels in braces, several joined by '+'")
    }
  }

  /// A place in a JSON document.
  static let path = Shape<String>.text("a JSON path such as $.requests", .query).checked { text, node, reading in
    do throws(SyntaxProblem) { _ = try JSONPath(text) } catch {
      reading.report(
        .meaning, node.position, "this JSON path cannot be read: \(error)", expected: "a path such as $.pools[0].in_use"
      )
    }
  }

  private static let names = EnvironmentGrammar.pair("names", Shape<String>.text("what the product calls the slot"))
    .map { SlotNames(a: $0.a, b: $0.b) }
}

extension SecretText: Blank { static var blank: SecretText { SecretText("") } }

extension SlotURLs {
  static let both = Shape<SecretText>.secretURL.map { SlotURLs.both($0) }
  static let each = EnvironmentGrammar.pair("urls", Shape<SecretText>.secretURL).map { SlotURLs.each(a: $0.a, b: $0.b) }

  /// Exactly one of the two ways to say where.
  static func check(_ node: YAMLNode, _ reading: Reading) {
    let count = ["url", "urls"].count { node[$0] != nil }
    guard count != 1 else { return }
    reading.report(
      .structure, node.position, count == 0 ? "it is not said where to ask" : "both 'url' and 'urls' say where to ask",
      expected: "'url:' for both slots, or 'urls: {a: …, b: …}'")
  }
}

/// Refuses a scrape that is about nothing, or about two things.
private struct ScrapeChecks {
  let spec: ScrapeSpec
  let node: YAMLNode
  let reading: Reading

  func run() {
    if let product = spec.product {
      for key in ["requests", "errors", "latency", "latency_unit"] where node[key] != nil {
        report(key, "'\(key)' stands beside 'product', which says already what is counted", "one of them")
      }
      if node["names"] == nil {
        report("product", "it is not said what \(product.rawValue) calls the slots", "'names: {a: …, b: …}'")
      }
      return
    }
    if node["names"] != nil { report("names", "'names' means nothing without 'product'", "'product:'") }
    for key in ["requests", "errors"] where node[key] == nil {
      report(key, "'\(key)' is missing", "'\(key): …', or 'product:' and 'names:'")
    }
    guard node["url"] != nil else { return }
    for (key, text) in [("requests", spec.requests), ("errors", spec.errors), ("latency", spec.latency)] {
      guard let text, let sum = try? SeriesSum(text), !sum.tellsSlotsApart else { continue }
      report(
        key, "these series measure both slots as one, so they cannot tell the candidate from what serves now",
        "${slot} or ${release} in a label of each, or 'urls:'")
    }
  }

  private func report(_ key: String, _ message: String, _ expected: String) {
    reading.report(.meaning, node[key] == nil ? node.position : node.place(key), message, expected: expected)
  }
}
