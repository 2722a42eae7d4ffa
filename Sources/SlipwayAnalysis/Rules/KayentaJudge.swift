package import SlipwayModel

/// A watch judged as a canary stage of Spinnaker with Kayenta behind it.
///
/// An analysis is made at the end of each interval. One whose score is not above `marginal` ends the watch, the last must reach `pass`. Unlike there, a
/// metric that could not be computed or has no data on one side is never counted as well: the analysis decides only if its score would be too low even
/// had those metrics passed (`mustHaveData` and `critical` keep their meaning: the metric fails).
package enum KayentaJudge {
  /// Judges one look; reads nothing but its values.
  package static func judge(_ look: WatchLook, by spec: KayentaSpec) -> WatchJudgement {
    let watch = RuleWatch(look)
    guard let latest = lastEnd(of: spec, watch) else {
      let wait = min(spec.interval, look.duration)
      return watch.judgement(
        .undecided, "kayenta: the first analysis is made after \(wait)",
        RuleEvaluation(rule: "kayenta", result: .undecided))
    }
    var last: Analysis?
    for end in newEnds(of: spec, watch, latest) {
      let analysis = Analysis(watch, spec, end)
      last = analysis
      if analysis.verdict == .breach { break }
    }
    let analysis = last ?? Analysis(watch, spec, latest)
    return watch.judgement(analysis.verdict, analysis.reason, analysis.evaluation)
  }

  /// The end of the newest analysis, as time since the watch began; nil before the first.
  private static func lastEnd(of spec: KayentaSpec, _ watch: RuleWatch) -> Span? {
    guard spec.interval > .zero else { return nil }
    let length = spec.interval.milliseconds
    if watch.isOver {
      let beyond = (watch.elapsed - watch.look.duration).milliseconds / length
      return watch.look.duration + Span(milliseconds: beyond * length)
    }
    let whole = watch.elapsed.milliseconds / length
    return whole > 0 ? Span(milliseconds: whole * length) : nil
  }

  /// The ends that were passed since the look before, the newest last; the newest alone where none was.
  private static func newEnds(of spec: KayentaSpec, _ watch: RuleWatch, _ latest: Span) -> [Span] {
    var ends = [latest]
    let before = watch.elapsedBefore ?? .zero
    while let first = ends.first, ends.count < 1_000 {
      // The end at the watch's duration need not be a multiple of the interval.
      let beyond = first - spec.interval
      let previous =
        first == watch.look.duration
        ? Span(milliseconds: (first.milliseconds - 1) / spec.interval.milliseconds * spec.interval.milliseconds)
        : beyond
      guard previous > before, previous > .zero else { break }
      ends.insert(previous, at: 0)
    }
    return ends
  }
}

/// One analysis of a watch.
private struct Analysis {
  private(set) var verdict: WatchVerdict = .undecided
  private(set) var reason = ""
  let evaluation: RuleEvaluation

  private struct Result {
    var metric: KayentaMetric
    var classification: KayentaClassification
    var canary: [Double]
    var baseline: [Double]

    /// Whether nothing can be concluded from it.
    var isUnknown: Bool {
      switch classification.label {
      case .error: true
      case .noDataFail: false
      case .noData: !classification.isCritical
      case .pass, .high, .low: classification.isWithoutData
      }
    }

    var text: String {
      let label = classification.label.rawValue + (classification.isCritical ? ", critical" : "")
      let isMeasured = classification.effect.isFinite && [.high, .low].contains(classification.label)
      return "\(metric.name) \(label)" + (isMeasured ? " (effect \(Words.number(classification.effect)))" : "")
    }
  }

  init(_ watch: RuleWatch, _ spec: KayentaSpec, _ end: Span) {
    let results = spec.metrics.map { Self.result($0, watch, spec, end) }
    let score = KayentaScore(results.map { ($0.metric.group, $0.classification) }, groups: spec.groups).value
    let best = KayentaScore(
      results.map { result in
        (result.metric.group, result.isUnknown ? KayentaClassification(.pass, effect: 1) : result.classification)
      }, groups: spec.groups
    ).value
    let unknown = results.filter(\.isUnknown)
    let isLast = end >= watch.look.duration
    let bad = results.filter { !$0.isUnknown && $0.classification.label != .pass }.map(\.text)
    let because = bad.isEmpty ? "" : ": " + bad.joined(separator: ", ")
    let shown = "kayenta: score \(Words.number(unknown.isEmpty ? score : best)) at \(end)"
    if results.isEmpty {
      reason = "kayenta: no metric is named, so nothing is judged"
    } else if best <= spec.marginal {
      (verdict, reason) = (.breach, "\(shown) is not above the marginal \(Words.number(spec.marginal))\(because)")
    } else if !unknown.isEmpty {
      verdict = unknown.count == results.count ? .noData : .undecided
      reason = "kayenta: cannot judge at \(end): " + unknown.map(Self.why).joined(separator: ", ")
    } else if score >= spec.pass {
      (verdict, reason) = (.healthy, "\(shown) of at least \(Words.number(spec.pass))\(because)")
    } else if isLast {
      (verdict, reason) = (.breach, "\(shown), the last, is below \(Words.number(spec.pass))\(because)")
    } else {
      reason = "\(shown) is marginal, \(Words.number(spec.pass)) at the end would pass\(because)"
    }
    let outcome: RuleEvaluation.Result =
      verdict == .healthy ? .pass : verdict == .breach ? .fail : unknown.isEmpty ? .warning : .undecided
    evaluation = RuleEvaluation(
      rule: "kayenta", result: outcome, score: score,
      items: results.map { result in
        RuleEvaluation.Item(
          name: result.metric.name, result: result.classification.label.rawValue,
          value: SampleStatistics.mean(result.canary.filter(\.isFinite)),
          reference: SampleStatistics.mean(result.baseline.filter(\.isFinite)))
      })
  }

  private static func why(_ result: Result) -> String {
    if result.classification.label == .error { return "\(result.metric.name) cannot be compared, every value is tied" }
    let canary = result.canary.contains(where: \.isFinite)
    let baseline = result.baseline.contains(where: \.isFinite)
    return "\(result.metric.name) has no data on \(canary ? "blue" : baseline ? "green" : "either side")"
  }

  private static func result(_ metric: KayentaMetric, _ watch: RuleWatch, _ spec: KayentaSpec, _ end: Span) -> Result {
    let upper = watch.start + end
    let lower: Timestamp =
      if case .sliding(let span) = spec.lookback { max(watch.start, upper - span) } else { watch.start }
    let canary = RuleSeries(watch.look.samples)
      .points(metric.source, of: watch.look.green, from: lower, through: upper, step: spec.step)
    let baseline = baseline(metric, watch, from: lower, through: upper, spec)
    let classification = KayentaClassifier(metric).classify(canary: canary, baseline: baseline)
    return Result(metric: metric, classification: classification, canary: canary, baseline: baseline)
  }

  /// What blue answers in the same time, or where it gets nothing any more, what it answered before.
  private static func baseline(
    _ metric: KayentaMetric, _ watch: RuleWatch, from lower: Timestamp, through upper: Timestamp, _ spec: KayentaSpec
  ) -> [Double] {
    guard let blue = watch.look.blue else { return [] }
    if watch.look.percent >= 100, let first = watch.look.reference.first, let last = watch.look.reference.last {
      return RuleSeries(watch.look.reference)
        .points(metric.source, of: blue, from: first.at, through: last.at, step: spec.step)
    }
    return RuleSeries(watch.look.samples).points(metric.source, of: blue, from: lower, through: upper, step: spec.step)
  }
}
