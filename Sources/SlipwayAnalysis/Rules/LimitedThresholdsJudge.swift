package import SlipwayModel

/// Limits that may be crossed some times, counted as Argo Rollouts counts measurements (canary-analysis, section 2).
///
/// Too few requests and missing figures are a measurement in error: neither a failure nor a success.
package enum LimitedThresholdsJudge {
  /// Judges one look; reads nothing but its values.
  package static func judge(_ look: WatchLook, by limits: FailureLimits) -> WatchJudgement {
    let watch = RuleWatch(look)
    let count = limits.interval > .zero ? watch.elapsed.milliseconds / limits.interval.milliseconds : 0
    let measurements = (0..<Int(min(count, 100_000))).map { measurement($0, watch, limits) }
    var judgement =
      measurements.last
      ?? WatchJudgement(verdict: .undecided, reason: "the first measurement is made after \(limits.interval)")
    guard !measurements.isEmpty else {
      judgement = watch.besides
      if judgement.verdict == .healthy {
        (judgement.verdict, judgement.reason) = (
          .undecided, "the first measurement is made after \(limits.interval)"
        )
      }
      return judgement
    }
    let tally = Tally(measurements, limits)
    (judgement.verdict, judgement.reason) = (tally.verdict, tally.reason)
    judgement.findings = tally.verdict == .breach || tally.verdict == .pause ? tally.findings : judgement.findings
    judgement.evaluation = tally.evaluation
    return judgement
  }

  private static func measurement(_ index: Int, _ watch: RuleWatch, _ limits: FailureLimits) -> WatchJudgement {
    let look = watch.look
    let begin = watch.start + limits.interval * index
    let end = begin + limits.interval
    let inside = look.samples.filter { $0.at > begin && $0.at <= end }
    guard !inside.isEmpty else {
      return WatchJudgement(verdict: .noData, reason: "no reading between \(begin) and \(end)")
    }
    let before = look.samples.last { $0.at <= begin }
    var spec = look.spec
    spec.window = limits.interval
    return WatchJudge.judge(
      spec: spec, green: look.green, blue: look.blue, samples: (before.map { [$0] } ?? []) + inside,
      reference: look.reference, crashesSince: index == 0 ? look.crashesSince : nil, now: end)
  }
}

/// Measurements, counted.
private struct Tally {
  private(set) var verdict: WatchVerdict = .undecided
  private(set) var reason = ""
  private(set) var findings: [WatchFinding] = []
  let evaluation: RuleEvaluation

  init(_ measurements: [WatchJudgement], _ limits: FailureLimits) {
    let failed = measurements.filter { $0.verdict == .breach }
    let inconclusive = measurements.filter { [.pause, .environment].contains($0.verdict) }
    let passed = measurements.count { $0.verdict == .healthy }
    let errors = Self.longestRun(of: measurements)
    let isLastInError = measurements.last.map(Self.isError) ?? true
    let of = "of \(measurements.count) measurements"
    let last = measurements.last?.reason ?? ""
    if failed.count > limits.failureLimit {
      (verdict, findings) = (.breach, failed.flatMap(\.findings))
      reason = "\(failed.count) \(of) failed, \(limits.failureLimit) may: \(failed.last?.reason ?? "")"
    } else if inconclusive.count > limits.inconclusiveLimit {
      (verdict, findings) = (.pause, inconclusive.flatMap(\.findings))
      let text = inconclusive.last?.reason ?? ""
      reason = "\(inconclusive.count) \(of) were inconclusive, \(limits.inconclusiveLimit) may be: \(text)"
    } else if errors > limits.consecutiveErrorLimit {
      verdict = .noData
      reason = "\(errors) measurements in a row had no figures, \(limits.consecutiveErrorLimit) may: \(last)"
    } else if passed == 0 || isLastInError {
      reason = "\(passed) \(of) passed; the last one had too little to say: \(last)"
    } else {
      verdict = .healthy
      reason = "\(passed) \(of) passed, \(failed.count) failed, \(inconclusive.count) were inconclusive"
    }
    let result: RuleEvaluation.Result =
      verdict == .healthy ? .pass : verdict == .breach ? .fail : verdict == .pause ? .warning : .undecided
    evaluation = RuleEvaluation(
      rule: "thresholds", result: result,
      items: [
        RuleEvaluation.Item(name: "failed", result: "count", value: Double(failed.count)),
        RuleEvaluation.Item(name: "inconclusive", result: "count", value: Double(inconclusive.count)),
        RuleEvaluation.Item(name: "passed", result: "count", value: Double(passed)),
        RuleEvaluation.Item(name: "errors_in_a_row", result: "count", value: Double(errors)),
      ])
  }

  private static func isError(_ measurement: WatchJudgement) -> Bool {
    [.undecided, .noData, .error].contains(measurement.verdict)
  }

  private static func longestRun(of measurements: [WatchJudgement]) -> Int {
    var (longest, current) = (0, 0)
    for measurement in measurements {
      current = isError(measurement) ? current + 1 : 0
      longest = max(longest, current)
    }
    return longest
  }
}
