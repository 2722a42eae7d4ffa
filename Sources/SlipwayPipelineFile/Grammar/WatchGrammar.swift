internal import SlipwayModel

/// What is watched while traffic moves.
enum WatchGrammar {
  static let watch = Shape<WatchSpec>.object(
    "watch", WatchSpec(),
    [
      .optional("every", \.every, .duration(), "Time between two measurements."),
      .optional(
        "minimum_requests", \.minimumRequests, .integer(1...1_000_000_000, "a number of requests"),
        "Below so many requests on the candidate in the window there is no verdict, which never passes."),
      .optional("window", \.window, .duration(), "The newest part of the watch that rules look at."),
      .optional(
        "patience", \.patience, .duration(orNone: true), "How much longer a watch may go on without a verdict."),
      .optional("when_undecided", \.whenUndecided, .word("a consequence"), "What happens when patience ends."),
      .optional("rules", \.rules, rules, "What is measured and what follows."),
      .optional("judge", \.judge, JudgeGrammar.judge, "Who says whether a rule's limit is crossed."),
    ]
  ).checked { watch, node, reading in
    JudgeChecks(watch: watch, node: node, reading: reading).run()
    guard watch.window < watch.every else { return }
    reading.report(
      .meaning, node["window"] == nil ? node.place("every") : node.place("window"),
      "the window (\(watch.window)) is shorter than the time between two measurements (\(watch.every))",
      expected: "a window of several measurements")
  }

  private static let rules = Shape<[Located<WatchRule>]>.list(of: rule.located, what: "rules").checked {
    rules, _, reading in
    var seen: Set<WatchMetric> = []
    for rule in rules where !seen.insert(rule.value.metric).inserted {
      reading.report(
        .structure, rule.node.position, "'\(rule.value.metric.rawValue)' has a rule already",
        expected: "one rule for each metric, with all its limits")
    }
  }.map { $0.map(\.value) }

  private static let rule = Shape<WatchRule>.choice(
    "rule",
    [
      variant(.errorRate, .fraction, "Share of failed requests on the candidate."),
      variant(.errorRateIncrease, .fraction, "Error rate above that of what serves now, in the same window."),
      variant(.availability, .fraction, "Share of requests that did not fail."),
      variant(.p95, .seconds, "95th percentile of latency."),
      variant(.p99, .seconds, "99th percentile of latency."),
      variant(.p95Increase, .fraction, "95th percentile above that of what serves now: 10% is 1.1 times."),
      variant(.p99Increase, .fraction, "99th percentile above that of what serves now: 100% is twice."),
      variant(.crashes, .count, "Crashes of the candidate's process since the watch began; needs no minimum."),
      variant(
        .databaseErrors, .count,
        "Connections to the candidate's database that ended in an error since the watch began; needs no minimum."),
    ])

  private static func variant(_ metric: WatchMetric, _ bound: Shape<Double>, _ description: String) -> Variant<
    WatchRule
  > {
    let side: WatchLimit.Side = metric == .availability ? .below : .above
    let limits = Shape<Limits>.object(
      "'\(metric.rawValue)'", Limits(),
      [
        .optional("roll_back_\(side.rawValue)", \.rollBack, bound, "Traffic is taken back beyond this."),
        .optional("pause_\(side.rawValue)", \.pause, bound, "The promotion waits for a person beyond this."),
        .optional("alert_\(side.rawValue)", \.alert, bound, "People are told beyond this."),
      ]
    ).checked { limits, node, reading in
      LimitChecks(metric: metric, side: side, limits: limits.all(side), node: node, reading: reading).run()
    }
    return .key(metric.rawValue, limits, description) { WatchRule(metric, $0.all(side)) }
  }

  private struct Limits: Sendable {
    var rollBack: Double?
    var pause: Double?
    var alert: Double?

    /// The strongest first.
    func all(_ side: WatchLimit.Side) -> [WatchLimit] {
      let pairs: [(WatchLimit.Consequence, Double?)] = [(.rollBack, rollBack), (.pause, pause), (.alert, alert)]
      return pairs.compactMap { pair in pair.1.map { WatchLimit(pair.0, side, $0) } }
    }
  }
}

/// Refuses limits that are never crossed or never reached.
struct LimitChecks {
  let metric: WatchMetric
  let side: WatchLimit.Side
  /// The strongest first.
  let limits: [WatchLimit]
  let node: YAMLNode
  let reading: Reading

  func run() {
    if case .mapping(let entries) = node.content, entries.isEmpty {
      reading.report(
        .meaning, node.position, "'\(metric.rawValue)' has no limit, so nothing follows from it",
        expected: "'roll_back_\(side.rawValue):', 'pause_\(side.rawValue):' or 'alert_\(side.rawValue):'")
    }
    for limit in limits where isNeverCrossed(limit.bound) {
      reading.report(
        .meaning, node.place(key(limit)), "'\(metric.rawValue)' can never be \(side.rawValue) this",
        expected: side == .above ? "less than 100%" : "more than 0%")
    }
    for (stronger, weaker) in zip(limits, limits.dropFirst()) where !isReached(weaker.bound, before: stronger.bound) {
      reading.report(
        .meaning, node.place(key(weaker)), "'\(key(weaker))' is never reached before '\(key(stronger))'",
        expected: side == .above ? "a lower bound than that" : "a higher bound than that")
    }
  }

  private func key(_ limit: WatchLimit) -> String { "\(limit.consequence.rawValue)_\(limit.side.rawValue)" }

  private func isReached(_ weaker: Double, before stronger: Double) -> Bool {
    side == .above ? weaker < stronger : weaker > stronger
  }

  private func isNeverCrossed(_ bound: Double) -> Bool {
    switch metric {
    case .errorRate, .errorRateIncrease: bound >= 1
    case .availability: bound <= 0
    case .p95, .p99, .p95Increase, .p99Increase, .crashes, .databaseErrors, .gauge: false
    }
  }
}
