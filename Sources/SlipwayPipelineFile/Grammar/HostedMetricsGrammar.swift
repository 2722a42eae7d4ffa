internal import SlipwayModel

/// Services that keep sums per interval.
enum HostedMetricsGrammar {
  static let datadog = Shape<DatadogSpec>.object(
    "datadog",
    DatadogSpec(apiKey: SecretText(""), applicationKey: SecretText(""), requests: "", errors: ""),
    [
      .optional("url", \.url, .secretURL, "The API of your site, such as https://api.datadoghq.eu."),
      .required("api_key", \.apiKey, secret, "The API key."),
      .required("application_key", \.applicationKey, secret, "The application key; needs the scope timeseries_query."),
      .required("requests", \.requests, MetricsGrammar.query, "A query for the number of requests, with as_count()."),
      .required(
        "errors", \.errors, MetricsGrammar.query, "A query for the number of failed requests, with as_count()."),
      .optional("every", \.timing.every, .duration(), "How long the intervals are that are summed."),
      .optional("delay", \.timing.delay, .duration(orNone: true), delay),
      .optional("timeout", \.timeout, .duration(), "How long one reading may take."),
    ]
  ).checked { spec, node, reading in check(spec.timing, node, reading) }

  static let cloudWatch = Shape<CloudWatchSpec>.object(
    "cloudwatch",
    CloudWatchSpec(
      region: "", accessKey: SecretText(""), secretKey: SecretText(""), dimensionsA: [:], dimensionsB: [:]),
    [
      .required("region", \.region, .name("an AWS region"), "Such as eu-central-1."),
      .optional("endpoint", \.endpoint, .url, "Where CloudWatch is asked; when left out, AWS' own for the region."),
      .required("access_key", \.accessKey, secret, "The access key; needs cloudwatch:GetMetricData."),
      .required("secret_key", \.secretKey, secret, "The secret key."),
      .optional("session_token", \.sessionToken, secret, "The token of temporary keys."),
      .optional("namespace", \.namespace, .text("a namespace such as AWS/ApplicationELB"), "Whose metrics these are."),
      .optional("requests", \.requests, .text("the name of a metric"), "The metric whose sum counts requests."),
      .optional("errors", \.errors, .text("the name of a metric"), "The metric whose sum counts failed requests."),
      .required("dimensions", \.dimensions, dimensions, "What tells the slots apart, such as TargetGroup."),
      .optional("every", \.timing.every, .duration(), "The period, as long as the metric's own or longer."),
      .optional("delay", \.timing.delay, .duration(orNone: true), delay),
      .optional("timeout", \.timeout, .duration(), "How long one reading may take."),
    ]
  ).checked { spec, node, reading in
    check(spec.timing, node, reading)
    guard node["dimensions"] != nil, spec.dimensionsA == spec.dimensionsB else { return }
    reading.report(
      .meaning, node.place("dimensions"), "both slots have the same dimensions, so they would get the same figures",
      expected: "a dimension that differs, such as TargetGroup")
  }

  static let newRelic = Shape<NewRelicSpec>.object(
    "newrelic", NewRelicSpec(account: 0, key: SecretText(""), query: ""),
    [
      .optional("url", \.url, .secretURL, "NerdGraph of your region, such as https://api.eu.newrelic.com/graphql."),
      .required(
        "account", \.account, .integer(1...1_000_000_000_000, "the number of an account"), "Whose data these are."),
      .required("key", \.key, secret, "A user key."),
      .required(
        "query", \.query, MetricsGrammar.query,
        "NRQL with 'AS requests' and 'AS errors', without SINCE, UNTIL and TIMESERIES."),
      .optional("every", \.timing.every, .duration(), "How long the intervals are that are counted."),
      .optional("delay", \.timing.delay, .duration(orNone: true), delay),
      .optional("timeout", \.timeout, .duration(), "How long one reading may take."),
    ]
  ).checked { spec, node, reading in check(spec.timing, node, reading) }

  static let graphite = Shape<GraphiteSpec>.object(
    "graphite", GraphiteSpec(url: SecretText(""), requests: "", errors: ""),
    [
      .required("url", \.url, .secretURL, "The server; may refer to ${env:NAME} or ${file:PATH}."),
      .required(
        "requests", \.requests, MetricsGrammar.query, "A target that gives one series of requests per interval."),
      .required(
        "errors", \.errors, MetricsGrammar.query, "A target that gives one series of failed requests per interval."),
      .optional("headers", \.headers, .headers, "Sent with every query; values may refer to secrets."),
      .optional("every", \.timing.every, .duration(), "How long the target's intervals are."),
      .optional("delay", \.timing.delay, .duration(orNone: true), delay),
      .optional("timeout", \.timeout, .duration(), "How long one reading may take."),
    ]
  ).checked { spec, node, reading in check(spec.timing, node, reading) }

  private static let delay = "How long after its end an interval is taken as complete; what comes later is left out."

  private static let secret = Shape<SecretText>.secretText("a reference such as ${env:NAME} or ${file:PATH}")

  private static let dimensions = Shape<SlotPair<[String: String]>>.object(
    "dimensions", SlotPair(a: [:], b: [:]),
    [.required("a", \.a, names, "Of slot a."), .required("b", \.b, names, "Of slot b.")])

  private static let names = Shape<[Named<String>]>.names(
    .text("the name of a dimension"), to: .text("the value of a dimension"), what: "names and values", minimum: 1
  ).map { list in Dictionary(list.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }) }

  /// Services count in whole seconds, and most in whole minutes.
  private static func check(_ timing: IntervalTiming, _ node: YAMLNode, _ reading: Reading) {
    guard timing.every < .seconds(1) || timing.every.milliseconds % 1_000 != 0 else { return }
    reading.report(
      .meaning, node["every"] == nil ? node.position : node.place("every"),
      "an interval of \(timing.every) is not whole seconds", expected: "whole seconds such as 60s")
  }
}

extension CloudWatchSpec {
  fileprivate var dimensions: SlotPair<[String: String]> {
    get { SlotPair(a: dimensionsA, b: dimensionsB) }
    set { (dimensionsA, dimensionsB) = (newValue.a, newValue.b) }
  }
}
