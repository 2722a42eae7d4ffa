internal import Foundation
internal import SlipwayAnalysis
internal import SlipwayModel

/// What stops a canary elsewhere, as their sources say (canary-analysis, section 2), each by the interval after which it stops; nil when never.
enum Rules {
  private static let perMinute = 6

  /// The share of errors in each minute on `side`; NaN without requests.
  private static func minutes(_ side: [Tally]) -> [Double] {
    stride(from: 0, to: side.count, by: perMinute).map { start in
      let sum = side[start..<start + perMinute].reduce(into: Tally()) { $0 += $1 }
      return sum.rate ?? .nan
    }
  }

  /// Flagger: success of at least 99 % in each minute; five failed checks over the whole analysis, acted on at the next tick.
  static func flagger(_ run: Run) -> Int? { flagger(minutes(run.canary).map { 1 - $0 >= 0.99 }) }

  /// The same by whether each minute's check was passed.
  static func flagger(_ passed: [Bool]) -> Int? {
    var failed = 0
    for (minute, isPassed) in passed.enumerated() {
      if failed >= 5 { return (minute + 1) * perMinute }
      if !isPassed { failed += 1 }
    }
    return nil
  }

  /// Argo Rollouts: a success condition each minute, `failureLimit: 3`.
  static func argo(_ run: Run, atLeast least: Double) -> Int? { argo(minutes(run.canary).map { 1 - $0 >= least }) }

  static func argo(_ passed: [Bool]) -> Int? {
    var failed = 0
    for (minute, isPassed) in passed.enumerated() where !isPassed {
      failed += 1
      if failed > 3 { return (minute + 1) * perMinute }
    }
    return nil
  }

  /// Keptn: one comparison of the rates at the end.
  static func keptn(_ run: Run, isAllowed: (Double, Double) -> Bool) -> Int? {
    let (canary, blue) = (sum(run.canary), sum(run.blue))
    return isAllowed(canary.rate ?? 0, blue.rate ?? 0) ? nil : Run.bins
  }

  /// Kayenta's default judge on minute points in percent against a baseline of the canary's size, at these minutes.
  static func kayenta(_ run: Run, at ends: [Int]) -> Int? {
    var metric = KayentaMetric(name: "errors", source: .errorRate)
    metric.direction = .increase
    metric.nan = .replace
    return kayenta(metric, minutes(run.canary).map { $0 * 100 }, minutes(run.equal).map { $0 * 100 }, at: ends)
  }

  static func kayenta(_ metric: KayentaMetric, _ canary: [Double], _ equal: [Double], at ends: [Int]) -> Int? {
    let classifier = KayentaClassifier(metric)
    return ends.first { end in
      classifier.classify(canary: Array(canary[..<end]), baseline: Array(equal[..<end])).label == .high
    }.map { $0 * perMinute }
  }

  /// A pooled z-test on one side at 1 %, at these intervals.
  static func zTest(_ run: Run, at isLooked: (Int) -> Bool) -> Int? {
    var (canary, blue) = (Tally(), Tally())
    for bin in 0..<Run.bins {
      canary += run.canary[bin]
      blue += run.blue[bin]
      guard isLooked(bin), let one = canary.rate, let other = blue.rate else { continue }
      let all = (canary.hits + blue.hits) / (canary.requests + blue.requests)
      let spread = (all * (1 - all) * (1 / canary.requests + 1 / blue.requests)).squareRoot()
      if spread > 0, (one - other) / spread > 2.326347874 { return bin + 1 }
    }
    return nil
  }

  /// The exact test of the canary's part of all errors given its part of all requests, on one side at 1 %, at every interval.
  static func exactTest(_ run: Run) -> Int? {
    var (canary, blue) = (Tally(), Tally())
    for bin in 0..<Run.bins {
      canary += run.canary[bin]
      blue += run.blue[bin]
      let part = canary.requests / max(1, canary.requests + blue.requests)
      if isRare(canary.hits, of: canary.hits + blue.hits, part) { return bin + 1 }
    }
    return nil
  }

  /// Whether so many of `count` or more come by chance in at most 1 % of cases, each with probability `part`.
  private static func isRare(_ hits: Double, of count: Double, _ part: Double) -> Bool {
    // Up to the mean it is more than a fifth of all cases.
    guard part > 0, part < 1, hits > count * part else { return false }
    let ways: Double = lgamma(count + 1) - lgamma(hits + 1) - lgamma(count - hits + 1)
    let odds: Double = part / (1 - part)
    var term: Double = exp(ways + hits * log(part) + (count - hits) * log1p(-part))
    var (sum, next) = (0.0, hits)
    while sum <= 0.01, next <= count, term > sum * 1e-12 {
      sum += term
      let step: Double = (count - next) / (next + 1)
      term *= step * odds
      next += 1
    }
    return sum <= 0.01
  }

  /// Lindon and Malek on errors alone with a weak prior, at 1 %.
  static func lindonMalek(_ run: Run, weight: Double) -> Int? {
    var (canary, blue) = (Tally(), Tally())
    for bin in 0..<Run.bins {
      canary += run.canary[bin]
      blue += run.blue[bin]
      let part = canary.requests / max(1, canary.requests + blue.requests)
      guard part > 0, part < 1, canary.hits > 0, (canary.rate ?? 0) > (blue.rate ?? 0) else { continue }
      let evidence = LogEvidence.shares([canary.hits, blue.hits], asConfigured: [part, 1 - part], weight: weight)
      if evidence >= log(100) { return bin + 1 }
    }
    return nil
  }

  /// Wald's test of the two true rates at 1 %: nobody can know them, so nobody can be faster at the same error.
  static func oracle(_ run: Run, from first: Int) -> Int? {
    var evidence = 0.0
    for bin in first..<Run.bins {
      let (usual, worse) = (run.blueRate[bin], min(run.canaryRate[bin], 1))
      guard worse > usual else { return nil }
      let tally = run.canary[bin]
      evidence += tally.hits * log(worse / usual) + (tally.requests - tally.hits) * log((1 - worse) / (1 - usual))
      if evidence >= log(100) { return bin + 1 }
    }
    return nil
  }

  private static func sum(_ side: [Tally]) -> Tally { side.reduce(into: Tally()) { $0 += $1 } }
}
