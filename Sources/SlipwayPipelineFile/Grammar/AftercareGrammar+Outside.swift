internal import Foundation
internal import SlipwayModel

/// Checks that ask something beside the service: alerts, monitoring, gauges, business figures.
extension AftercareGrammar {
  static var outside: [Variant<AftercareCheck>] {
    [
      variant("alerts", alerts, "No alert of Alertmanager's began since the release serves.") {
        .alerts(
          AlertsSpec(url: $0.url, matchers: $0.matchers, headers: $0.headers, timeout: $0.timeout ?? .seconds(10)))
      },
      variant("monitoring", monitoring, "Alerting rules are loaded, and a test alert gets through.") {
        .monitoring(
          MonitoringSpec(
            prometheus: $0.url, alertmanager: $0.alertmanager, rules: $0.rules, headers: $0.headers,
            timeout: $0.timeout ?? .seconds(10)))
      },
      variant("trend", trend, "Where a gauge leads, told from noise.", checked: checkTrend) {
        .trend(TrendSpec(gauge: $0.gauge, limit: limit($0)))
      },
      variant("figure", figure, "A business figure and its bounds.", checked: checkFigure) {
        .figure(
          FigureSpec(
            source: $0.source ?? .command(run: "", environment: [:]), below: $0.below, above: $0.above, drop: $0.drop,
            rise: $0.rise, timeout: $0.timeout ?? .seconds(30)))
      },
      variant(
        "check", [.optional("test", \.test, CheckGrammar.check, "A smoke test.")],
        "A smoke test with a consequence of its own; alone, it stands in the list as it is.",
        checked: { draft, node, reading in
          guard draft.test == nil, node["test"] == nil else { return }
          reading.report(.structure, node.position, "'check' lacks 'test'", expected: "'test: …'")
        }
      ) { $0.test.map { .check($0) } ?? .readiness },
    ]
  }

  // MARK: Alerts

  private static let asked: [Field<Draft>] = [
    .optional("headers", \.headers, .headers, "Headers; values may refer to ${env:NAME} or ${file:PATH}."),
    .optional("timeout", \.timeout, .duration(), "How long one answer may take."),
  ]

  private static let alerts: [Field<Draft>] =
    [
      .required("url", \.url, .secretURL, "Alertmanager, such as http://alertmanager:9093."),
      .optional(
        "matchers", \.matchers, .list(of: matcher, what: "matchers", isUnique: true),
        "Which alerts count, such as severity=\"critical\"; all must fit; left out: every alert."),
    ] + asked

  private static let matcher = Shape<String>.pattern(
    "[A-Za-z_][A-Za-z0-9_]*\\s*(?:=~|!~|!=|=)\\s*.{1,400}", "a matcher such as severity=\"critical\"",
    show: { .text($0) }, parse: { $0 })

  private static let monitoring: [Field<Draft>] =
    [
      .required("prometheus", \.url, .secretURL, "Prometheus, such as http://prometheus:9090."),
      .optional(
        "alertmanager", \.alertmanager, .secretURL, "Takes a test alert, which is ended again; left out: none is sent."),
      .optional(
        "rules", \.rules, rules,
        "What there must be an alerting rule for, each with a pattern of its name or expression; left out: error rate, p95, pool and CPU."
      ),
    ] + asked

  private static let rules: Shape<[MonitoringRule]> = {
    let name = Shape<String>.pattern("[^\\s].{0,60}", "what is watched", show: { .text($0) }, parse: { $0 })
    let pattern = Shape<String>.text("a pattern").checked { text, node, reading in
      guard (try? NSRegularExpression(pattern: text)) == nil else { return }
      reading.report(.meaning, node.position, "this is no regular expression", expected: "such as error|5xx")
    }
    return Shape<[Named<String>]>.names(name, to: pattern, what: "rules with patterns", minimum: 1).map { list in
      list.map { MonitoringRule($0.name, $0.value) }
    }
  }()

  // MARK: Trends

  private static let trend: [Field<Draft>] = [
    .optional("gauge", \.gauge, .name("a gauge"), "One of the environment's gauges; left out: each of them."),
    .optional("above", \.above, number, "Found when it would be above this within the time of 'within'."),
    .optional("below", \.below, number, "Found when it would be below this within the time of 'within'."),
    .optional(
      "grows", \.grows, .fraction, "Found when it would grow by this share of itself within the time of 'within'."),
    .optional("within", \.within, .duration(), "The time that is looked ahead."),
    .optional("rises_per_hour", \.rises, number, "Found when it rises by more than this in an hour."),
    .optional("falls_per_hour", \.falls, number, "Found when it falls by more than this in an hour."),
  ]

  private static func limit(_ draft: Draft) -> TrendSpec.Limit {
    let within = draft.within ?? .hours(24)
    if let above = draft.above { return .reaches(.above, above, within: within) }
    if let below = draft.below { return .reaches(.below, below, within: within) }
    if let rises = draft.rises { return .perHour(.above, rises) }
    if let falls = draft.falls { return .perHour(.below, falls) }
    return .grows(draft.grows ?? 1, within: within)
  }

  private static func checkTrend(_ draft: Draft, _ node: YAMLNode, _ reading: Reading) {
    let ahead = ["above", "below", "grows"].filter { node[$0] != nil }
    let limits = ahead + ["rises_per_hour", "falls_per_hour"].filter { node[$0] != nil }
    guard limits.count == 1 else {
      return reading.report(
        .structure, node.position, limits.isEmpty ? "this trend has no limit" : "this trend has several limits",
        expected: "one of above, below, grows, rises_per_hour, falls_per_hour; another check for each further one")
    }
    if ahead.isEmpty != (node["within"] == nil) {
      reading.report(
        .meaning, node.place("within"),
        ahead.isEmpty ? "a limit for an hour looks no further ahead" : "'\(ahead[0])' needs a time to look ahead",
        expected: ahead.isEmpty ? "no 'within'" : "'within: 24h'")
    }
    for (key, value) in [("rises_per_hour", draft.rises), ("falls_per_hour", draft.falls)] where (value ?? 0) < 0 {
      reading.report(.meaning, node.place(key), "less than nothing is no limit", expected: "0 or more")
    }
  }

  /// A trend of a gauge that nobody reads would never be found.
  static func check(_ environment: EnvironmentSpec, _ node: YAMLNode, _ reading: Reading) {
    guard let after = environment.after, let written = node["after"] else { return }
    let known = environment.gauges.map(\.name)
    for phase in AftercarePhase.allCases {
      for (index, check) in after[phase].checks.enumerated() {
        guard case .trend(let trend) = check.question, let gauge = trend.gauge, !known.contains(gauge) else { continue }
        let nodes = written[phase.rawValue]?["checks"]?.elements ?? []
        let place = nodes.indices.contains(index) ? nodes[index]["trend"]?.place("gauge") : nil
        reading.report(
          .unknownName, place ?? written.position, "the environment has no gauge '\(gauge)'",
          expected: known.isEmpty ? "'gauges:' in the environment" : "one of \(known.joined(separator: ", "))")
      }
    }
  }

  // MARK: Figures

  private static let figure: [Field<Draft>] = [
    .optional("sql", \.source, sql, "The first value of the first row, in a transaction that is taken back."),
    .optional("http", \.source, http, "A number in an answer to GET."),
    .optional("command", \.source, command, "A command that prints one number; sees the variables of a deployment."),
    .optional("above", \.above, number, "Found when it is above this."),
    .optional("below", \.below, number, "Found when it is below this."),
    .optional(
      "drop", \.drop, .fraction,
      "Found when it is more than this share below what it was as the release began to serve."),
    .optional(
      "rise", \.rise, .fraction,
      "Found when it is more than this share above what it was as the release began to serve."),
    .optional("timeout", \.timeout, .duration(), "How long asking may take."),
  ]

  private static func checkFigure(_ draft: Draft, _ node: YAMLNode, _ reading: Reading) {
    let sources = ["sql", "http", "command"].filter { node[$0] != nil }
    if sources.count != 1 {
      reading.report(
        .structure, node.position, sources.isEmpty ? "nothing gives this figure" : "several things give this figure",
        expected: "one of sql, http, command")
    }
    if ["above", "below", "drop", "rise"].allSatisfy({ node[$0] == nil }) {
      reading.report(
        .structure, node.position, "this figure has no bound", expected: "'above:', 'below:', 'drop:' or 'rise:'")
    }
    if node["name"] == nil {
      reading.report(.structure, node.position, "'figure' lacks 'name'", expected: "'name: orders-per-minute'")
    }
  }

  private struct Asked: Sendable {
    var url = SecretText("")
    var query = ""
    var path: String?
    var headers: [String: SecretText] = [:]
    var run = ""
    var environment: [String: SecretText] = [:]
  }

  private static let sql = Shape<Asked>.object(
    "sql", Asked(),
    [
      .required(
        "url", \.url, .secretText("postgresql://user@host:port/database"), "The database; parts may be references."),
      .required("query", \.query, .text("a query"), "Its first value is the figure."),
    ]
  ).map { asked -> FigureSpec.Source in .sql(url: asked.url, query: asked.query) }

  private static let http = Shape<Asked>.object(
    "http", Asked(),
    [
      .required("url", \.url, .secretURL, "Asked with GET; redirects are not followed."),
      .optional(
        "path", \.path, .text("a path into the answer"),
        "Where the number stands in a JSON answer, such as data.orders.0.count; left out: the answer is the number."),
      .optional("headers", \.headers, .headers, "Headers; values may refer to ${env:NAME} or ${file:PATH}."),
    ]
  ).map { asked -> FigureSpec.Source in .http(url: asked.url, path: asked.path, headers: asked.headers) }

  private static let command = Shape<Asked>.object(
    "command", Asked(),
    [
      .required("run", \.run, .command, "Run by sh -c; prints one number."),
      .optional(
        "environment", \.environment, .variables, "Variables; values may refer to ${env:NAME} or ${file:PATH}."),
    ]
  ).map { asked -> FigureSpec.Source in .command(run: asked.run, environment: asked.environment) }

  /// Any number.
  private static let number = Shape<Double>(
    schema: ["type": .text("number")], expectation: "a number", show: { .number($0) }
  ) { node, reading in
    switch node.scalar {
    case .integer(let value)?: return Double(value)
    case .number(let value)? where value.isFinite: return value
    default:
      reading.mismatch(node, expected: "a number", echo: true)
      return nil
    }
  }
}
