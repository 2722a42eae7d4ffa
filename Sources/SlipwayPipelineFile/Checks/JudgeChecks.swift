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
