internal import SlipwayModel

/// What is read beside the counts.
enum GaugeGrammar {
  static let gauges = Shape<[Located<Draft>]>.list(
    of: gauge.located, what: "gauges, each with 'name' and where it is read"
  ).checked { gauges, _, reading in
    var seen: Set<String> = []
    for gauge in gauges where !seen.insert(gauge.value.name).inserted {
      reading.report(
        .meaning, gauge.node.place("name"), "there is a gauge '\(gauge.value.name)' already",
        expected: "a name of its own")
    }
  }.map { $0.compactMap(\.value.spec) }

  /// A gauge as it is written: where it is read stands beside its name.
  struct Draft: Sendable {
    var name = ""
    var unit: String?
    var queries: [String: GaugeQuery] = [:]
    var bounds: [String: Double] = [:]

    var spec: GaugeSpec? {
      guard let query = queries.first?.value, queries.count == 1 else { return nil }
      return GaugeSpec(name: name, unit: unit, query: query, limits: limits(.above) + limits(.below))
    }

    /// The strongest first.
    func limits(_ side: WatchLimit.Side) -> [WatchLimit] {
      WatchLimit.Consequence.allCases.sorted(by: >).compactMap { consequence in
        bounds["\(consequence.rawValue)_\(side.rawValue)"].map { WatchLimit(consequence, side, $0) }
      }
    }
  }

  private static let kinds = ["command", "prometheus", "scrape", "json", "sql", "process", "disk"]

  private static let gauge = Shape<Draft>.object(
    "a gauge", Draft(),
    [
      .required("name", \.name, .name("a name for the gauge"), "Names the reading everywhere it is shown."),
      .optional("unit", \.unit, .text("a unit such as MiB"), "What the figure is in, for people."),
      .optional("command", \.command, command, "A command that prints one number."),
      .optional("prometheus", \.prometheus, prometheus, "One number from a Prometheus server."),
      .optional("scrape", \.scrape, scrape, "Series of an endpoint in Prometheus' text format, added up."),
      .optional("json", \.json, json, "A number in a JSON document."),
      .optional("sql", \.sql, sql, "The first column of a query's first row."),
      .optional(
        "process", \.process, Shape<ProcessMeasure>.word("a measure").map { .process($0) },
        "The slot's own process with its children: processors kept busy, bytes of memory, open files, threads."),
      .optional(
        "disk", \.disk, Shape<String>.text("the path of a folder").map { .disk(path: $0) },
        "The free share of the disk on which this path lies, 0 to 1."),
      limit("roll_back_above", "Traffic is taken back when green's newest reading is above this."),
      limit("pause_above", "The promotion waits for a person when it is above this."),
      limit("alert_above", "People are told when it is above this."),
      limit("roll_back_below", "Traffic is taken back when green's newest reading is below this."),
      limit("pause_below", "The promotion waits for a person when it is below this."),
      limit("alert_below", "People are told when it is below this."),
    ]
  ).checked { gauge, node, reading in check(gauge, node, reading) }

  private static func limit(_ key: String, _ description: String) -> Field<Draft> {
    .optional(key, \Draft.bounds[key], .quantity, description)
  }

  private static func check(_ gauge: Draft, _ node: YAMLNode, _ reading: Reading) {
    let named = kinds.filter { node[$0] != nil }
    if named.count != 1 {
      reading.report(
        .structure, node.position,
        named.isEmpty ? "it is not said where this gauge is read" : "this gauge is read in \(named.count) places",
        expected: "one of \(kinds.joined(separator: ", "))")
    }
    for side in [WatchLimit.Side.above, .below] {
      LimitChecks(metric: .gauge, side: side, limits: gauge.limits(side), node: node, reading: reading).run()
    }
  }

  /// Refuses what cannot be read where the release is deployed by others.
  static func check(_ environment: EnvironmentSpec, _ node: YAMLNode, _ reading: Reading) {
    guard case .commands = environment.deploy else { return }
    for gauge in environment.gauges {
      guard case .process = gauge.query else { continue }
      reading.report(
        .meaning, node["gauges"]?.position ?? node.position,
        "gauge '\(gauge.name)': nobody knows the process of what commands deploy", expected: "'deploy: {processes: …}'")
    }
  }

  private static let command = Shape<CommandDraft>.object(
    "command", CommandDraft(),
    [
      .required("run", \.run, .command, "Sees SLIPWAY_SLOT and SLIPWAY_RELEASE; prints one number."),
      .optional("timeout", \.timeout, .duration(), "How long one run may take."),
    ]
  ).map { GaugeQuery.command($0.run, timeout: $0.timeout) }

  private static let prometheus = Shape<HTTPDraft>.object(
    "prometheus", HTTPDraft(),
    endpoint(urls: false) + [.required("query", \.text, text, "A query that gives one number.")]
  ).map { draft in
    GaugeQuery.prometheus(url: draft.url[.a], query: draft.text, headers: draft.headers, timeout: draft.timeout)
  }

  private static let scrape = Shape<HTTPDraft>.object(
    "scrape", HTTPDraft(),
    endpoint(urls: true) + [.required("series", \.text, MetricsGrammar.series, "The series that are added up.")]
  ).checked { _, node, reading in SlotURLs.check(node, reading) }.map { draft in
    GaugeQuery.scrape(url: draft.url, series: draft.text, headers: draft.headers, timeout: draft.timeout)
  }

  private static let json = Shape<HTTPDraft>.object(
    "json", HTTPDraft(),
    endpoint(urls: true) + [.required("path", \.text, MetricsGrammar.path, "The path to the number.")]
  ).checked { _, node, reading in SlotURLs.check(node, reading) }.map { draft in
    GaugeQuery.json(url: draft.url, path: draft.text, headers: draft.headers, timeout: draft.timeout)
  }

  private static let sql = Shape<SQLSourceSpec>.object(
    "sql", SQLSourceSpec(database: SecretText(""), query: ""),
    [
      .required(
        "database", \.database, .secretText("a URL such as postgresql://user:${env:PGPASSWORD}@host/database"),
        "The database; may refer to ${env:NAME} or ${file:PATH}."),
      .required("query", \.query, text, "A SELECT of one number; ${slot} and ${release} stand without quotes."),
      .optional("timeout", \.timeout, .duration(), "How long one query may take."),
    ]
  ).map { GaugeQuery.sql(database: $0.database, query: $0.query, timeout: $0.timeout) }

  private static let text = Shape<String>.text("a query", .query)

  private struct CommandDraft: Sendable {
    var run = ""
    var timeout = Span.seconds(10)
  }

  private struct HTTPDraft: Sendable {
    var url = SlotURLs.both(SecretText(""))
    var text = ""
    var headers: [String: SecretText] = [:]
    var timeout = Span.seconds(5)
  }

  private static func endpoint(urls: Bool) -> [Field<HTTPDraft>] {
    let both = "The address; may refer to ${env:NAME} or ${file:PATH}."
    let place: [Field<HTTPDraft>] =
      urls
      ? [
        .optional("url", \.url, SlotURLs.both, both),
        .optional("urls", \.url, SlotURLs.each, "An address for each slot."),
      ] : [.required("url", \.url, SlotURLs.both, both)]
    return place + [
      .optional("headers", \.headers, .headers, "Sent with every request; values may refer to secrets."),
      .optional("timeout", \.timeout, .duration(), "How long one reading may take."),
    ]
  }
}

extension GaugeGrammar.Draft {
  fileprivate var command: GaugeQuery? {
    get { queries["command"] }
    set { queries["command"] = newValue }
  }
  fileprivate var prometheus: GaugeQuery? {
    get { queries["prometheus"] }
    set { queries["prometheus"] = newValue }
  }
  fileprivate var scrape: GaugeQuery? {
    get { queries["scrape"] }
    set { queries["scrape"] = newValue }
  }
  fileprivate var json: GaugeQuery? {
    get { queries["json"] }
    set { queries["json"] = newValue }
  }
  fileprivate var sql: GaugeQuery? {
    get { queries["sql"] }
    set { queries["sql"] = newValue }
  }
  fileprivate var process: GaugeQuery? {
    get { queries["process"] }
    set { queries["process"] = newValue }
  }
  fileprivate var disk: GaugeQuery? {
    get { queries["disk"] }
    set { queries["disk"] = newValue }
  }
}

extension Shape where Value == Double {
  /// A number, a percentage (`80%` is 0.8), or bytes (`512MiB`).
  fileprivate static let quantity = Shape(
    schema: [
      "anyOf": .list([
        .object(["type": .text("number")]),
        .object(["type": .text("string"), "pattern": .text("^[0-9]{1,9}(?:\\.[0-9]{1,6})?(?:%|KiB|MiB|GiB)$")]),
      ])
    ], expectation: "a number, or one such as 80% or 512MiB"
  ) { node, reading in
    switch node.scalar {
    case .integer(let number)?: return Double(number)
    case .number(let number)? where number.isFinite: return number
    case .text(let text)?: if let value = scaled(text) { return value }
    case .number, .null, .boolean, nil: break
    }
    reading.mismatch(node, expected: "a number, or one such as 80% or 512MiB", echo: true)
    return nil
  }

  private static func scaled(_ text: String) -> Double? {
    guard text.isMatch(of: "[0-9]{1,9}(?:\\.[0-9]{1,6})?(?:%|KiB|MiB|GiB)") else { return nil }
    if text.hasSuffix("%") { return Double(text.dropLast() + "e-2") }
    let factors = ["KiB": 1_024.0, "MiB": 1_048_576, "GiB": 1_073_741_824]
    return Double(text.dropLast(3)).flatMap { number in factors[String(text.suffix(3))].map { number * $0 } }
  }
}
