internal import SlipwayModel

/// Where counters come from.
enum MetricsGrammar {
  static let metrics = Shape<MetricsSpec>.choice(
    "a source of metrics",
    [
      .word("data-plane", .dataPlane, "The data plane's own counters per slot."),
      .key("prometheus", prometheus, "Counters from a Prometheus server.") { .prometheus($0) },
    ])

  private static let prometheus = Shape<PrometheusSpec>.object(
    "prometheus", PrometheusSpec(url: SecretText(""), requests: "", errors: ""),
    [
      .required("url", \.url, .secretURL, "The server; may refer to ${env:NAME} or ${file:PATH}."),
      .required("requests", \.requests, query, "A query for the cumulative number of requests of one slot."),
      .required("errors", \.errors, query, "A query for the cumulative number of failed requests of one slot."),
      .optional("latency", \.latency, query, "A query for the buckets of a classic histogram, one series per 'le'."),
      .optional("headers", \.headers, .headers, "Sent with every query; values may refer to secrets."),
      .optional("timeout", \.timeout, .duration(), "How long one query may take."),
    ])

  private static let query = Shape<String>.text("a PromQL query with ${slot} or ${release} in it", .query).checked {
    text, node, reading in
    guard !text.contains("${slot}"), !text.contains("${release}") else { return }
    reading.report(
      .meaning, node.position,
      "this query measures both slots as one, so it cannot tell the candidate from what serves now",
      expected: "${slot} or ${release} in it")
  }
}
