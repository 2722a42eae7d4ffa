package import SlipwayModel

/// Judges what was read beside the counts, such as memory or pool use, by the limits of each gauge (C5).
package enum GaugeLimits {
  /// What the limits came to.
  package struct Result: Sendable, Equatable {
    /// Crossed limits, worst first.
    package var findings: [WatchFinding] = []
    /// Gauges with limits that were not read, and why nothing follows from that; never a reason to go on.
    package var missing: [String] = []

    package init(findings: [WatchFinding] = [], missing: [String] = []) {
      self.findings = findings
      self.missing = missing
    }
  }

  /// Judges the newest reading of `green`; needs no minimum of requests, like crashes.
  ///
  /// The order of the specs changes nothing but the order among equals. A gauge without limits is recorded only.
  package static func judge(_ specs: [GaugeSpec], green: Slot, sample: CounterSample) -> Result {
    var result = Result()
    for spec in specs where !spec.limits.isEmpty {
      guard let value = sample.gauges[green]?[spec.name], value.isFinite else {
        result.missing.append("gauge '\(spec.name)' cannot be judged: there is no reading of it on green")
        continue
      }
      for limit in spec.limits where limit.bound.isFinite && limit.isCrossed(by: value) {
        result.findings.append(
          WatchFinding(
            metric: .gauge, gauge: spec.name, consequence: limit.consequence, value: value, bound: limit.bound,
            text: "gauge '\(spec.name)' \(text(value, limit, spec.unit)) on green"))
      }
    }
    // Stable, so that equals stay in the order of the file.
    result.findings = WatchLimit.Consequence.allCases.sorted(by: >).flatMap { consequence in
      result.findings.filter { $0.consequence == consequence }
    }
    return result
  }

  /// A judgement made from the counts, with what the gauges add: a crossed limit makes it worse, a missing reading keeps it from being healthy.
  package static func adding(_ result: Result, to judgement: WatchJudgement) -> WatchJudgement {
    var judged = judgement
    guard !result.findings.isEmpty || !result.missing.isEmpty else { return judged }
    judged.findings += result.findings
    let worst = result.findings.first?.consequence
    let texts = result.findings.filter { $0.consequence == worst }.map(\.text)
    switch (judgement.verdict, worst) {
    case (.error, _): break
    case (.breach, .rollBack?): judged.reason = Words.list([judgement.reason] + texts)
    case (_, .rollBack?): (judged.verdict, judged.reason) = (.breach, Words.list(texts))
    case (.breach, _): break
    case (.healthy, .pause?), (.undecided, .pause?):
      (judged.verdict, judged.reason) = (.pause, Words.list(texts))
    case (.pause, .pause?), (.environment, .pause?), (.noData, .pause?):
      judged.reason = Words.list([judgement.reason] + texts)
    case (.healthy, _) where !result.missing.isEmpty:
      (judged.verdict, judged.reason) = (.undecided, Words.list(result.missing))
    case (_, .alert?): judged.reason = Words.list([judgement.reason, "alert: " + Words.list(texts)])
    case (.undecided, _), (.pause, _), (.environment, _), (.noData, _):
      judged.reason = Words.list([judgement.reason] + result.missing)
    case (.healthy, _): break
    }
    return judged
  }

  private static func text(_ value: Double, _ limit: WatchLimit, _ unit: String?) -> String {
    let words = Words.pair(value, limit.bound, for: .gauge)
    let suffix = unit.map { " \($0)" } ?? ""
    return "\(words.value)\(suffix) is \(limit.side.rawValue) \(words.bound)\(suffix)"
  }
}
