package import SlipwayModel

/// What a reading says about one check of the phases after a deployment (E14): pure functions, so that any verdict can be recomputed from the journal.
package enum AftercareJudge {
  /// Below so many requests in the window there is no rate.
  package static let leastRequests: UInt64 = 50

  /// Judges a check that is reckoned on counters.
  ///
  /// - Parameters:
  ///   - check: one with ``AftercareQuestion/needsCounters``.
  ///   - phase: where it stands.
  ///   - state: all earlier looks.
  ///   - sample: this look's reading.
  /// - Returns: what it showed, with the figures in words.
  package static func counters(
    _ check: AftercareCheck, in phase: AftercarePhase, _ state: AftercareState, _ sample: CounterSample
  ) -> AftercareOutcome {
    let evidence = Readings(state, sample)
    let found: Found
    switch check.question {
    case .processes: found = evidence.processes()
    case .traffic(let minimum): found = evidence.traffic(minimum)
    case .errorRate(let bound): found = evidence.errorRate(bound)
    case .p99Increase(let bound): found = evidence.p99(bound)
    case .throughput(let low, let high): found = evidence.throughput(low, high)
    case .liveness, .readiness, .version, .dependencies, .alerts, .monitoring, .check, .trend, .figure:
      found = Found(.error, "this check is not reckoned on counters")
    }
    return AftercareOutcome(phase, check.name, found.verdict, found.detail, value: found.value)
  }

  /// Judges the trend of one gauge or of all, with this look's readings.
  package static func trends(
    _ check: AftercareCheck, _ spec: TrendSpec, in phase: AftercarePhase, _ state: AftercareState,
    _ readings: [String: Double], at now: Timestamp
  ) -> AftercareOutcome {
    let names = spec.gauge.map { [$0] } ?? Set(state.gauges.keys).union(readings.keys).sorted()
    guard !names.isEmpty else {
      return AftercareOutcome(phase, check.name, .skipped, "the environment has no gauges")
    }
    let length = state.order.spec[phase].until - state.order.spec.start(of: phase)
    let found = names.map { name -> (verdict: AftercareVerdict, detail: String, slope: Double?) in
      let now = readings[name].map { [AftercareState.GaugeReading(at: now, value: $0)] } ?? []
      return TrendJudge.judge(name, (state.gauges[name] ?? []) + now, spec.limit, over: length)
    }
    let worst = found.map(\.verdict).max { rank($0) < rank($1) } ?? .undecided
    let told = found.filter { $0.verdict == worst }.map(\.detail).joined(separator: "; ")
    return AftercareOutcome(phase, check.name, worst, told, value: names.count == 1 ? found.first?.slope : nil)
  }

  private static func rank(_ verdict: AftercareVerdict) -> Int {
    switch verdict {
    case .skipped: 0
    case .passed: 1
    case .undecided: 2
    case .error: 3
    case .failed: 4
    }
  }

  /// Judges a business figure; `before` is what it was when the release began to serve.
  package static func figure(
    _ check: AftercareCheck, _ spec: FigureSpec, in phase: AftercarePhase, value: Double?, before: Double?
  ) -> AftercareOutcome {
    guard let value, value.isFinite else {
      return AftercareOutcome(phase, check.name, .undecided, "there is no figure")
    }
    var told = "\(FigureText.plain(value))"
    if let before { told += ", \(FigureText.plain(before)) when the release began to serve" }
    var crossed: [String] = []
    if let below = spec.below, value < below { crossed.append("below \(FigureText.plain(below))") }
    if let above = spec.above, value > above { crossed.append("above \(FigureText.plain(above))") }
    if let before {
      if let drop = spec.drop, value < before - abs(before) * drop {
        crossed.append("more than \(FigureText.percent(drop)) below that")
      }
      if let rise = spec.rise, value > before + abs(before) * rise {
        crossed.append("more than \(FigureText.percent(rise)) above that")
      }
    }
    guard crossed.isEmpty else {
      return AftercareOutcome(phase, check.name, .failed, "\(told): \(crossed.joined(separator: ", "))", value: value)
    }
    return AftercareOutcome(phase, check.name, .passed, told, value: value)
  }

  /// What served before, from readings that were taken before the new release had all traffic; nil where they say nothing.
  package static func baseline(of slot: Slot, in samples: [CounterSample]) -> AftercareBaseline? {
    guard let first = samples.first, let last = samples.last, last.at > first.at else { return nil }
    let own = SlotWindow(of: slot, in: samples, after: first.at)
    guard own.requests > 0 else { return nil }
    let other = SlotWindow(of: slot.other, in: samples, after: first.at)
    let seconds = (last.at - first.at).seconds
    // A lost interval has no requests and all its time.
    let rate = own.lost + other.lost == 0 ? Double(own.requests + other.requests) / seconds : nil
    return AftercareBaseline(seconds: seconds, figures: own.figures(crashes: 0), requestsPerSecond: rate)
  }
}

private struct Found {
  let verdict: AftercareVerdict
  let detail: String
  let value: Double?

  init(_ verdict: AftercareVerdict, _ detail: String, _ value: Double? = nil) {
    self.verdict = verdict
    self.detail = detail
    self.value = value
  }
}

/// The counters of one look together with the earlier ones.
private struct Readings {
  private let slot: Slot
  private let baseline: AftercareBaseline?
  private let first: CounterSample
  private let samples: [CounterSample]
  private let window: SlotWindow
  /// Since when the window counts.
  private let start: Timestamp

  init(_ state: AftercareState, _ sample: CounterSample) {
    slot = state.order.slot
    baseline = state.order.baseline
    first = state.firstSample ?? sample
    samples = state.samples + [sample]
    let edge = sample.at - AftercareState.window
    window = SlotWindow(of: slot, in: samples, after: edge)
    start = samples.last { $0.at <= edge }?.at ?? samples.first?.at ?? sample.at
  }

  private var span: Span { (samples.last?.at ?? start) - start }
  private var words: String { "\(Words.requests(window.requests)) in \(span)" }

  func processes() -> Found {
    guard let total = CrashCount.growth(of: slot, in: [first] + samples),
      let recent = CrashCount.growth(of: slot, in: samples)
    else { return Found(.skipped, "nobody counts crashes here") }
    return recent == 0
      ? Found(.passed, total == 0 ? "no crash" : "no crash in \(span), \(total) before", Double(total))
      : Found(.failed, "\(recent) crash\(recent == 1 ? "" : "es") in \(span), \(total) since it serves", Double(total))
  }

  func traffic(_ minimum: Int) -> Found {
    guard let last = samples.last, last.slots[slot] != nil else {
      return Found(.undecided, "nobody counts the requests of slot \(slot)")
    }
    let all = SlotWindow(of: slot, in: [first] + samples.filter { $0.at > first.at }, after: first.at)
    let said = "\(Words.requests(all.requests)) in \(last.at - first.at)"
    if all.requests >= UInt64(max(0, minimum)) { return Found(.passed, said, Double(all.requests)) }
    guard last.at > first.at, all.lost == 0 else { return Found(.undecided, "\(said); counting has just begun") }
    return Found(.failed, "\(said), at least \(minimum) expected", Double(all.requests))
  }

  func errorRate(_ bound: Double) -> Found {
    let least = AftercareJudge.leastRequests
    guard let rate = window.errorRate else { return Found(.undecided, "no requests in \(span)") }
    let said = "\(FigureText.percent(rate)) of \(words)"
    if window.requests < least {
      // Even if all that are missing went well.
      return Double(window.errors) / Double(least) > bound
        ? Found(.failed, "\(said), more than \(FigureText.percent(bound)) of \(least)", rate)
        : Found(.undecided, "\(said); a rate takes \(least)", rate)
    }
    return rate > bound
      ? Found(.failed, "\(said), above \(FigureText.percent(bound))", rate) : Found(.passed, said, rate)
  }

  /// Crossed only where the percentile's own uncertainty (95 %, by the ranks that can hold it) leaves no doubt.
  func p99(_ bound: Double) -> Found {
    guard let before = baseline?.figures.p99, before > 0 else {
      return Found(.skipped, "there is no p99 of an earlier release to compare with")
    }
    guard let latency = window.latency, latency.total >= AftercareJudge.leastRequests,
      let reading = latency.quantile(0.99)
    else { return Found(.undecided, "too few latencies: \(words)") }
    let doubt = 1.645 * (0.99 * 0.01 / Double(latency.total)).squareRoot()
    let least = latency.quantile(0.99 - doubt)?.value ?? 0
    let change = reading.value / before - 1
    let said =
      "p99 \(FigureText.milliseconds(reading.value)) of \(words), \(FigureText.milliseconds(before)) before"
      + " (\(change > 0 ? "+" : "")\(FigureText.percent(change)))"
    if least > before * (1 + bound) { return Found(.failed, "\(said), above +\(FigureText.percent(bound))", change) }
    return change > bound || reading.precision == .atLeast
      ? Found(.undecided, "\(said), which so few requests do not prove", change) : Found(.passed, said, change)
  }

  func throughput(_ low: Double, _ high: Double) -> Found {
    guard let before = baseline?.requestsPerSecond, before > 0 else {
      return Found(.skipped, "there is no throughput of an earlier release to compare with")
    }
    let other = SlotWindow(of: slot.other, in: samples, after: start)
    guard span >= .seconds(1), window.lost == 0, samples.last?.slots[slot] != nil else {
      return Found(.undecided, "no requests were counted over a whole window")
    }
    let rate = Double(window.requests + other.requests) / span.seconds
    let share = rate / before
    let said =
      "\(FigureText.plain((rate * 100).rounded() / 100)) requests a second, "
      + "\(FigureText.plain((before * 100).rounded() / 100)) before (\(FigureText.percent(share)))"
    if share < low { return Found(.failed, "\(said), below \(FigureText.percent(low))", share) }
    if share > high { return Found(.failed, "\(said), above \(FigureText.percent(high))", share) }
    return Found(.passed, said, share)
  }
}
