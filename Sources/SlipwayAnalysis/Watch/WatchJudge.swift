package import SlipwayModel

/// Judges what a watch has measured; a pure function of its counters.
package enum WatchJudge {
  /// Judges green by the rules of `spec`.
  ///
  /// A crossed limit beats everything, then comes what is missing, then what is well: a rule that cannot be measured never leaves a
  /// watch healthy. The order of the rules changes nothing.
  ///
  /// - Parameters:
  ///   - spec: rules, window and minimum of requests.
  ///   - green: the slot of the candidate.
  ///   - blue: the slot that served before; nil in a first deployment, where rules about an increase do not apply.
  ///   - samples: readings in the order they were made; the first is the one at the instant the weight had been read back.
  ///   - reference: earlier readings, from when blue still had traffic; they stand in for blue where it has too few requests in the
  ///     window, as it has at 100 %.
  ///   - crashesSince: the reading that crashes are counted from, when it is older than `samples`: a crash between two watches counts.
  ///   - now: the end of the window.
  /// - Returns: the verdict with its figures and one sentence why; never ``WatchVerdict/error``.
  package static func judge(
    spec: WatchSpec, green: Slot, blue: Slot?, samples: [CounterSample], reference: [CounterSample] = [],
    crashesSince: CounterSample? = nil, now: Timestamp
  ) -> WatchJudgement {
    let start = now - spec.window
    let minimum = UInt64(max(0, spec.minimumRequests))
    let counted = (crashesSince.map { [$0] } ?? []) + samples
    let crashes = CrashCount.growth(of: green, in: counted)
    let evidence = WatchEvidence(
      green: SlotWindow(of: green, in: samples, after: start),
      blue: blue.map { SlotWindow(of: $0, in: samples, after: start) },
      reference: blue.flatMap { Self.reference(of: $0, in: reference, minimum: minimum) }, crashes: crashes,
      databaseErrors: CrashCount.growth(of: green, in: counted, \.databaseErrors), minimum: minimum)
    let results = Results(spec.rules.filter { !$0.limits.isEmpty }, on: evidence)
    let hasGreen = samples.last?.slots[green] != nil
    let (verdict, reason) = conclude(results, evidence, hasGreen: hasGreen, samples.last?.missing?[green])
    return WatchJudgement(
      verdict: verdict, reason: Words.list([reason] + remarks(results, evidence)), findings: results.findings,
      blue: blue.flatMap { slot in
        guard samples.last?.slots[slot] != nil else { return nil }
        return evidence.blue?.figures(crashes: CrashCount.growth(of: slot, in: samples) ?? 0)
      },
      green: hasGreen ? evidence.green.figures(crashes: crashes ?? 0) : nil)
  }

  private static func reference(of blue: Slot, in samples: [CounterSample], minimum: UInt64) -> SlotWindow? {
    guard let first = samples.first else { return nil }
    let window = SlotWindow(of: blue, in: samples, after: first.at)
    return window.requests >= max(1, minimum) ? window : nil
  }

  private static func conclude(
    _ results: Results, _ evidence: WatchEvidence, hasGreen: Bool, _ why: String?
  ) -> (WatchVerdict, String) {
    let texts = results.texts
    if let breach = texts[.rollBack] { return (.breach, Words.list(breach)) }
    guard hasGreen else {
      return (.noData, "the source has no figures for green" + (why.map { ": \($0)" } ?? ""))
    }
    if let pause = texts[.pause] { return (.pause, Words.list(pause)) }
    if !results.missing.isEmpty { return (.undecided, Words.list(results.missing)) }
    if results.isEmpty { return (.healthy, "no rule is set, so nothing is judged") }
    if results.measured == 0 { return (.healthy, "no rule applies, so nothing is judged") }
    let rules = results.measured == 1 ? "1 rule" : "\(results.measured) rules"
    return (.healthy, "\(rules) measured on \(Words.requests(evidence.green.requests)), no limit crossed")
  }

  /// What a reader must know beside the verdict's own reason.
  private static func remarks(_ results: Results, _ evidence: WatchEvidence) -> [String] {
    var remarks = results.skipped.map { "not judged: \($0)" }
    if evidence.usesReference { remarks.append("compared with what blue answered before it lost its traffic") }
    remarks += results.texts[.alert].map { ["alert: \(Words.list($0))"] } ?? []
    for (name, window) in [("green", evidence.green), ("blue", evidence.blue)] {
      guard let window, window.lost > 0 else { continue }
      let intervals = window.lost == 1 ? "1 interval" : "\(window.lost) intervals"
      remarks.append("\(intervals) on \(name) left out because the counters began anew")
    }
    return remarks
  }
}

/// What the rules came to, in an order that does not depend on theirs.
private struct Results {
  /// Crossed limits, worst first.
  private(set) var findings: [WatchFinding] = []
  private(set) var missing: [String] = []
  private(set) var skipped: [String] = []
  private(set) var measured = 0
  let isEmpty: Bool

  init(_ rules: [WatchRule], on evidence: WatchEvidence) {
    isEmpty = rules.isEmpty
    for metric in WatchMetric.allCases {
      let limits = rules.filter { $0.metric == metric }.flatMap(\.limits).sorted(by: Self.isWorse)
      guard !limits.isEmpty else { continue }
      switch evidence.measure(metric) {
      case .measured(let reading): judge(metric, limits, reading, evidence)
      case .skipped(let why): skipped.append("\(metric.rawValue), because \(why)")
      case .missing(let why): missing.append("\(metric.rawValue) cannot be judged: \(why)")
      }
    }
    findings.sort { $0.consequence > $1.consequence }
  }

  private static func isWorse(_ left: WatchLimit, _ right: WatchLimit) -> Bool {
    if left.consequence != right.consequence { return left.consequence > right.consequence }
    if left.side != right.side { return left.side.rawValue < right.side.rawValue }
    return left.bound < right.bound
  }

  /// The findings' texts by what follows from them.
  var texts: [WatchLimit.Consequence: [String]] {
    Dictionary(grouping: findings, by: \.consequence).mapValues { $0.map(\.text) }
  }

  private mutating func judge(
    _ metric: WatchMetric, _ limits: [WatchLimit], _ reading: Reading, _ evidence: WatchEvidence
  ) {
    var isComplete = true
    for limit in limits {
      switch limit.isCrossed(by: reading) {
      case true?:
        let text = limit.text(for: metric, reading, evidence)
        findings.append(
          WatchFinding(
            metric: metric, consequence: limit.consequence, value: reading.value, bound: limit.bound, text: text))
      case false?: continue
      case nil:
        isComplete = false
        missing.append(
          "\(metric.rawValue) cannot be judged: it is \(reading.words(metric)), which says nothing about a bound of "
            + Words.figure(limit.bound, for: metric))
      }
    }
    if isComplete { measured += 1 }
  }
}

extension WatchLimit {
  /// Whether `reading` crosses the bound; nil when it is not known well enough or the bound is no number.
  fileprivate func isCrossed(by reading: Reading) -> Bool? {
    guard bound.isFinite, reading.value.isFinite else { return nil }
    switch (reading.precision, side) {
    case (.exact, _): return isCrossed(by: reading.value)
    // A value in the last bucket is greater than its lower bound, so it is above a limit that equals it.
    case (.atLeast, .above): return reading.value >= bound ? true : nil
    case (.atLeast, .below): return reading.value >= bound ? false : nil
    case (.atMost, .above): return reading.value <= bound ? false : nil
    case (.atMost, .below): return reading.value <= bound ? true : nil
    }
  }

  /// The finding as a sentence.
  fileprivate func text(for metric: WatchMetric, _ reading: Reading, _ evidence: WatchEvidence) -> String {
    let words = Words.pair(reading.value, bound, for: metric)
    let value = reading.marked(words.value)
    let crossing = "is \(side.rawValue) \(words.bound)"
    let onGreen = "of \(Words.requests(evidence.green.requests)) on green"
    switch metric {
    case .errorRate: return "error rate \(value) \(onGreen) \(crossing)"
    case .availability: return "availability \(value) \(onGreen) \(crossing)"
    case .p95, .p99: return "\(metric.rawValue) \(value) \(onGreen) \(crossing)"
    case .crashes:
      return "\(value) \(reading.value == 1 ? "crash" : "crashes") on green since the watch began \(crossing)"
    case .databaseErrors:
      return
        "\(value) \(reading.value == 1 ? "error" : "errors") of connections to green's database since the watch began \(crossing)"
    case .gauge: return "gauge \(value) \(crossing)"
    case .errorRateIncrease:
      return "error rate increase \(value) over blue (\(evidence.sides(.errorRate) { $0.errorRate })) \(crossing)"
    case .p95Increase:
      return
        "p95 increase \(value) over blue (\(evidence.sides(.p95) { $0.latency?.quantile(0.95)?.value })) \(crossing)"
    case .p99Increase:
      return
        "p99 increase \(value) over blue (\(evidence.sides(.p99) { $0.latency?.quantile(0.99)?.value })) \(crossing)"
    }
  }
}

extension WatchEvidence {
  /// `green 2.4 % of 412, blue 1 % of 3700 requests`.
  fileprivate func sides(_ metric: WatchMetric, _ figure: (SlotWindow) -> Double?) -> String {
    let shown = [green, blue].map { window in
      window.flatMap(figure).map { Words.figure($0, for: metric) } ?? "unknown"
    }
    return "green \(shown[0]) of \(green.requests), blue \(shown[1]) of \(Words.requests(blue?.requests ?? 0))"
  }
}

extension Reading {
  fileprivate func words(_ metric: WatchMetric) -> String { marked(Words.figure(value, for: metric)) }

  fileprivate func marked(_ text: String) -> String {
    switch precision {
    case .exact: text
    case .atLeast: "at least \(text)"
    case .atMost: "at most \(text)"
    }
  }
}
