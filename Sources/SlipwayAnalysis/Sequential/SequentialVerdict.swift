internal import SlipwayModel

/// Draws the verdict of one look from its tests.
struct SequentialVerdict {
  let look: WatchLook
  let run: SequentialRun
  /// What is counted one by one, and the figures of the window.
  let exact: WatchJudgement
  let comparedFrom: Timestamp

  var judgement: WatchJudgement {
    let words = SequentialWords(look: look, run: run, green: exact.green, blue: exact.blue)
    let (verdict, reason) = conclude(words)
    return WatchJudgement(
      verdict: verdict, reason: Words.list([reason] + remarks(words)),
      findings: (exact.findings + proved(words)).sorted { $0.consequence > $1.consequence }, blue: exact.blue,
      green: exact.green, state: run.closed, report: words.report)
  }

  private func conclude(_ words: SequentialWords) -> (WatchVerdict, String) {
    let back = proved(words, .rollBack)
    if !back.isEmpty { return (.breach, Words.list(back)) }
    guard exact.green != nil else {
      let why = look.samples.last?.missing?[look.green].map { ": \($0)" } ?? ""
      return (.noData, "the source has no figures for green" + why)
    }
    if run.isLeftOut {
      let (expected, looks) = (Int(run.state.share.expected), run.state.share.silent)
      return (.noData, "canary gets no traffic: none of about \(expected) requests since \(looks) looks")
    }
    let pauses = proved(words, .pause) + (run.isAvoided ? [words.avoided] : [])
    if !pauses.isEmpty { return (.pause, Words.list(pauses)) }
    let shared = tests { run.isShared($0) && !run.isProved($0) && run.plan.tests[$0].consequence > .alert }
    if !shared.isEmpty { return (.environment, Words.list(shared.map(words.shared))) }
    let missing = missing(words)
    if !missing.isEmpty { return (.undecided, Words.list(missing)) }
    if look.spec.rules.isEmpty { return (.healthy, "no rule is set, so nothing is judged") }
    return (.healthy, words.healthy)
  }

  private func tests(_ isMeant: (Int) -> Bool) -> [Int] { run.plan.tests.indices.filter(isMeant) }

  private func proved(_ words: SequentialWords, _ consequence: WatchLimit.Consequence) -> [String] {
    exact.findings.filter { $0.consequence == consequence }.map(\.text)
      + tests { run.plan.tests[$0].consequence == consequence && run.isProved($0) }.map(words.proved)
  }

  private func proved(_ words: SequentialWords) -> [WatchFinding] {
    tests(run.isProved).map { index in
      let test = run.plan.tests[index]
      return WatchFinding(
        metric: test.metric, consequence: test.consequence, value: words.value(of: test), bound: test.bound,
        text: words.proved(index))
    }
  }

  /// What stands in the way of a pass.
  private func missing(_ words: SequentialWords) -> [String] {
    var missing: [String] = []
    if exact.verdict == .undecided { missing.append(exact.reason) }
    if run.state.missingInRow >= SequentialRun.mostMissing {
      missing.append("\(run.state.missingInRow) readings in a row cannot be counted")
    }
    let isMeasured = look.spec.rules.contains { rule in
      ![.crashes, .databaseErrors, .gauge].contains(rule.metric) && !rule.limits.isEmpty
    }
    guard isMeasured else { return missing }
    missing += run.plan.unusable.map { "\($0.rawValue) cannot be judged: its bound is no number" }
    missing += counts
    missing += latencies
    missing += tests { run.plan.tests[$0].consequence > .alert && run.isOpen($0) }.map(words.open)
    missing += tests { run.plan.tests[$0].consequence > .alert && run.leans($0) && !run.isOpen($0) }.map(words.leaning)
    if look.mustProve, run.isNotWorse == false { missing.append(words.unproved) }
    return missing
  }

  /// Whether rules ask for a comparison, and there is something to compare with.
  private var compares: Bool {
    look.blue != nil && look.percent < 100
      && look.spec.rules.contains {
        [.errorRateIncrease, .p95Increase, .p99Increase].contains($0.metric) && !$0.limits.isEmpty
      }
  }

  private var counts: [String] {
    let minimum = UInt64(max(1, look.spec.minimumRequests))
    let (green, blue) = (exact.green?.requests ?? 0, exact.blue?.requests ?? 0)
    var missing: [String] = []
    if green < minimum { missing.append("only \(Words.requests(green)) of at least \(minimum) on green so far") }
    if compares, blue < minimum {
      missing.append("only \(Words.requests(blue)) of at least \(minimum) on blue to compare with")
    }
    if missing.isEmpty, run.state.inWatch == 0 {
      missing.append("nothing counts before \(comparedFrom), when the change of weights has settled")
    }
    return missing
  }

  private var latencies: [String] {
    let isAlone = look.blue == nil || look.percent >= 100
    let asked = look.spec.rules.filter { rule in
      switch rule.metric {
      case .p95, .p99: !rule.limits.isEmpty
      case .p95Increase, .p99Increase: !rule.limits.isEmpty && !isAlone
      default: false
      }
    }.map(\.metric)
    guard let metric = asked.first else { return [] }
    guard let histogram = look.samples.last?.slots[look.green]?.latency, exact.green?.p99 != nil else {
      return ["\(metric.rawValue) cannot be judged: there is no latency histogram for green over the whole window"]
    }
    var missing: [String] = []
    for rule in look.spec.rules where rule.metric == .p95 || rule.metric == .p99 {
      for limit in rule.limits where histogram.edge(notBelow: limit.bound) == nil {
        let bound = Words.figure(limit.bound, for: rule.metric)
        missing.append("\(rule.metric.rawValue) cannot be judged: \(bound) is beyond the histogram's last bound")
      }
    }
    let increases = asked.filter { $0 == .p95Increase || $0 == .p99Increase }
    if !increases.isEmpty, run.state.edges.isEmpty || exact.blue?.p99 == nil {
      missing.append("\(increases[0].rawValue) cannot be judged: blue has too few requests with a latency")
    }
    return missing
  }

  /// What a reader must know beside the verdict's own reason.
  private func remarks(_ words: SequentialWords) -> [String] {
    var remarks: [String] = []
    let isAlone = look.blue == nil || look.percent >= 100
    if isAlone, !run.plan.tests.isEmpty { remarks.append(words.noComparison) }
    let alerts = proved(words, .alert)
    if !alerts.isEmpty { remarks.append("alert: \(Words.list(alerts))") }
    if run.state.missing > 0 {
      let intervals = run.state.missing == 1 ? "1 interval" : "\(run.state.missing) intervals"
      remarks.append("\(intervals) left out because they cannot be counted")
    }
    let dispersion = run.state.dispersion
    if !run.plan.streams.isEmpty, dispersion.minutes == 0, !dispersion.isGiven {
      remarks.append("φ unknown: nobody knows how errors came in the hours before, so evidence counts a fifth")
    }
    return remarks
  }
}
