internal import SlipwayAnalysis
internal import SlipwayModel

/// A rule of the table of latencies.
enum LatencyRule: String, CaseIterable, Sendable {
  case flagger = "flagger p99<500 x5"
  case argo = "argo p99<500 fl3"
  case keptn = "keptn end p99<=+10%"
  case kayentaEnd = "kayenta end"
  case kayentaPeek = "kayenta peek 5m"
  case slower = "ours >1.00x"
  case pause = "ours >1.10x"
  case rollBack = "ours >2.00x"
}

/// What all rules made of the latencies of all runs of a scenario.
struct LatencyCell: Counted {
  private(set) var delays = Delays<LatencyRule>()
  /// Runs that T4 or T5 stopped, which the target is about.
  private(set) var paused = 0
  private(set) var dispersions: [Double] = []

  mutating func add(_ scenario: LatencyScenario, runs: Range<Int>, seed: UInt64) {
    let shares = LatencyShares(scenario)
    for number in runs {
      let run = LatencyRun(shares, seed: seed &+ UInt64(number))
      var (stops, dispersion) = LatencyOurs.stops(run)
      for rule in LatencyRule.allCases { if let stop = Self.stop(rule, run) { stops[rule] = stop } }
      delays.add(stops, from: scenario.begins)
      if stops[.pause] != nil || stops[.rollBack] != nil { paused += 1 }
      dispersions.append(dispersion)
    }
  }

  mutating func add(_ other: LatencyCell) {
    delays.add(other.delays)
    paused += other.paused
    dispersions += other.dispersions
  }

  var pausedPercent: Double { delays.percent(paused) }
  /// The median of what evidence was divided by.
  var dispersion: Double { dispersions.sorted().dropFirst(dispersions.count / 2).first ?? 1 }

  /// What the others do, after which interval.
  private static func stop(_ rule: LatencyRule, _ run: LatencyRun) -> Int? {
    switch rule {
    case .flagger: return Rules.flagger(minutes(run.canary).map { $0 < 500 })
    case .argo: return Rules.argo(minutes(run.canary).map { $0 < 500 })
    case .keptn: return tail(run.canary[...]) <= 1.1 * tail(run.blue[...]) ? nil : Run.bins
    case .kayentaEnd: return kayenta(run, at: [30])
    case .kayentaPeek: return kayenta(run, at: [5, 10, 15, 20, 25, 30])
    case .slower, .pause, .rollBack: return nil
    }
  }

  private static func kayenta(_ run: LatencyRun, at ends: [Int]) -> Int? {
    var metric = KayentaMetric(name: "p99", source: .latency(percentile: 99))
    metric.direction = .increase
    return Rules.kayenta(metric, minutes(run.canary), minutes(run.equal), at: ends)
  }

  /// The 99th percentile of each minute in milliseconds; NaN without requests.
  private static func minutes(_ side: [[UInt64]]) -> [Double] {
    stride(from: 0, to: side.count, by: 6).map { tail(side[$0..<$0 + 6]) }
  }

  private static func tail(_ bins: ArraySlice<[UInt64]>) -> Double {
    var sum = [UInt64](repeating: 0, count: LatencyShape.buckets)
    for bin in bins { for index in sum.indices { sum[index] += bin[index] } }
    let histogram = LatencyHistogram(bounds: LatencyShape.bounds, counts: sum)
    return histogram?.quantile(0.99).map { $0.value * 1_000 } ?? .nan
  }
}

/// Slipway's judge on the latencies of a run: the very code that judges a watch, from readings of counters on.
enum LatencyOurs {
  private static let tests: [LatencyRule] = [.slower, .pause, .rollBack]
  /// T4 at any slowdown and at a tenth, T5 at twice.
  private static let rules = [
    WatchRule(
      .p99Increase,
      [WatchLimit(.pause, .above, 0), WatchLimit(.pause, .above, 0.1), WatchLimit(.rollBack, .above, 1)])
  ]
  private static let judge = SequentialSpec(warmUp: .zero, onWorse: .off, onAvoided: .off)

  /// The interval after which each test was proved, and what evidence was divided by.
  static func stops(_ run: LatencyRun) -> ([LatencyRule: Int], Double) {
    let look = look(run)
    var (judged, bins) = SequentialJudge.begin(look, judge)
    var stops: [LatencyRule: Int] = [:]
    for bin in 1...Run.bins where stops.count < tests.count {
      bins.fold(bin, into: &judged)
      for (index, test) in tests.enumerated() where stops[test] == nil && judged.isProved(index) { stops[test] = bin }
    }
    return (stops, judged.state.dispersion.latency)
  }

  /// The watch with all its readings.
  private static func look(_ run: LatencyRun) -> WatchLook {
    var (canary, blue) = ([UInt64](repeating: 0, count: LatencyShape.buckets), [UInt64]())
    blue = canary
    var samples = [sample(0, canary, blue)]
    for bin in 0..<Run.bins {
      for index in canary.indices {
        canary[index] += run.canary[bin][index]
        blue[index] += run.blue[bin][index]
      }
      samples.append(sample(bin + 1, canary, blue))
    }
    let spec = WatchSpec(every: .seconds(10), rules: rules, judge: .sequential(judge))
    return WatchLook(
      spec: spec, green: .b, blue: .a, percent: Int(Run.share * 100), planned: .minutes(30), duration: .minutes(30),
      startedAt: samples[0].at, samples: samples, history: run.history, now: samples[Run.bins].at)
  }

  private static func sample(_ bin: Int, _ canary: [UInt64], _ blue: [UInt64]) -> CounterSample {
    CounterSample(
      at: Timestamp(milliseconds: Int64(Double(bin) * Run.seconds * 1_000)), source: "simulated",
      slots: [.a: LatencyRun.counters(blue), .b: LatencyRun.counters(canary)])
  }
}
