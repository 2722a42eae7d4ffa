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
    guard !result.findings.isEmpty || !result.missing.isEmpty else { return judgement }
    var judged = judgement
    judged.findings += result.findings
    switch (judgement.verdict, result.findings.first?.consequence) {
    case (.error, _), (.breach, _), (.pause, .pause?), (.pause, .alert?), (.pause, nil): break
    case (_, .rollBack?): judged.verdict = .breach
    case (.healthy, .pause?), (.undecided, .pause?), (.noData, .pause?), (.environment, .pause?):
      judged.verdict = .pause
    case (.healthy, _): if !result.missing.isEmpty { judged.verdict = .undecided }
    case (.undecided, _), (.noData, _), (.environment, _): break
    }
    let added = result.findings.map { $0.consequence == .alert ? "alert: \($0.text)" : $0.text } + result.missing
    // What changed the verdict comes first.
    judged.reason = Words.list(judged.verdict == judgement.verdict ? [judgement.reason] + added : added)
    return judged
  }

  private static func text(_ value: Double, _ limit: WatchLimit, _ unit: String?) -> String {
    let words = Words.pair(value, limit.bound, for: .gauge)
    let suffix = unit.map { " \($0)" } ?? ""
    return "\(words.value)\(suffix) is \(limit.side.rawValue) \(words.bound)\(suffix)"
  }
}
