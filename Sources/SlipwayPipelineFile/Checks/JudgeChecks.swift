internal import SlipwayModel

/// A judge that would not look at a rule, or has no limit to count.
struct JudgeChecks {
  let watch: WatchSpec
  let node: YAMLNode
  let reading: Reading

  func run() {
    switch watch.judge {
    case .sequential, .thresholds: return
    case .limitedThresholds(let limits):
      guard limits.interval < watch.every else { return }
      reading.report(
        .meaning, node["judge"]?["thresholds"]?.place("interval") ?? node.place("judge"),
        "the interval (\(limits.interval)) is shorter than the time between two readings (\(watch.every))",
        expected: "an interval of several readings")
    case .kayenta: refuseRules("kayenta")
    case .keptn: refuseRules("keptn")
    }
  }

  /// Those two look at their own figures; crashes and errors of the database hold beside them.
  private func refuseRules(_ judge: String) {
    for element in node["rules"]?.elements ?? [] {
      guard case .mapping(let entries) = element.content, let entry = entries.first,
        WatchMetric(rawValue: entry.key) != nil,
        ![WatchMetric.crashes.rawValue, WatchMetric.databaseErrors.rawValue].contains(entry.key)
      else { continue }
      reading.report(
        .meaning, entry.position, "the judge '\(judge)' does not look at '\(entry.key)'",
        expected: "'crashes' and 'database_errors' alone, or 'judge: sequential' or 'thresholds'")
    }
  }
}

/// Figures by which a rule judges and that nobody reads: a metric or an objective that could never be judged.
struct JudgeFigureChecks {
  let promotion: Located<PromotionDraft>
  let environment: EnvironmentSpec
  let reading: Reading

  func run() {
    guard let node = promotion.node["watch"]?["judge"] else { return }
    let gauges = environment.gauges.map(\.name)
    let words = ["error_rate", "p50", "p90", "p95", "p99", "throughput"]
    for (name, figure) in figures {
      guard case .gauge(let gauge) = figure, !gauges.contains(gauge) else { continue }
      reading.report(
        .unknownName, node.position,
        "'\(name)' is judged by '\(gauge)', which is no figure and no gauge of '\(promotion.value.to)'",
        expected: "one of \((words + gauges).joined(separator: ", "))", suggestion: reading.near(gauge, words + gauges))
    }
  }

  private var figures: [(name: String, figure: RuleFigure)] {
    switch promotion.value.watch.judge {
    case .sequential, .thresholds, .limitedThresholds: []
    case .kayenta(let spec): spec.metrics.map { ($0.name, $0.source) }
    case .keptn(let spec): spec.objectives.objectives.map { ($0.name, $0.figure) }
    }
  }
}
