import SlipwayAnalysis
import SlipwayModel

/// Counters of a slot with all latencies in the bucket that ends at `latency` seconds, or without any.
func counters(_ requests: UInt64, errors: UInt64 = 0, latency: Double? = nil) -> SlotCounters {
  var counters = SlotCounters(requests: requests, serverErrors: errors)
  if let latency {
    var histogram = LatencyHistogram()
    for _ in 0..<requests { histogram.record(seconds: latency) }
    counters.latency = histogram
  }
  return counters
}

/// A histogram of `fast` requests at 10 ms and `slow` at `seconds`.
func histogram(fast: Int, slow: Int, at seconds: Double) -> LatencyHistogram {
  var histogram = LatencyHistogram()
  for _ in 0..<fast { histogram.record(seconds: 0.01) }
  for _ in 0..<slow { histogram.record(seconds: seconds) }
  return histogram
}

/// A reading `seconds` after the watch began; green is slot `b`.
func reading(
  _ seconds: Int64, green: SlotCounters?, blue: SlotCounters? = nil, crashes: Int? = nil, source: String = "one"
) -> CounterSample {
  var slots: [Slot: SlotCounters] = [:]
  slots[.a] = blue
  slots[.b] = green
  var crashed: [Slot: Int] = [:]
  crashed[.b] = crashes
  return CounterSample(
    at: Timestamp(milliseconds: 0) + .seconds(seconds), source: source, slots: slots, crashes: crashed,
    databaseErrors: crashed)
}

/// The judgement of `samples` at the instant of the last one.
func judge(
  _ rules: [WatchRule], _ samples: [CounterSample], blue: Slot? = .a, minimum: Int = 50, window: Span = .minutes(5)
) -> WatchJudgement {
  WatchJudge.judge(
    spec: WatchSpec(minimumRequests: minimum, window: window, rules: rules), green: .b, blue: blue, samples: samples,
    now: samples.last?.at ?? Timestamp(milliseconds: 0))
}

/// The judgement of what came in on green and blue during one minute.
func judge(
  _ rules: [WatchRule], green: SlotCounters, blue: SlotCounters? = nil, crashes: Int? = 0, minimum: Int = 50
) -> WatchJudgement {
  let zero = { (counters: SlotCounters) in
    SlotCounters(latency: counters.latency.map { LatencyHistogram(bounds: $0.bounds) })
  }
  return judge(
    rules,
    [
      reading(0, green: zero(green), blue: blue.map(zero), crashes: crashes.map { _ in 0 }),
      reading(60, green: green, blue: blue, crashes: crashes),
    ], blue: blue == nil ? nil : .a, minimum: minimum)
}

extension WatchRule {
  static func above(_ metric: WatchMetric, _ bound: Double, _ consequence: WatchLimit.Consequence = .rollBack) -> Self {
    WatchRule(metric, [WatchLimit(consequence, .above, bound)])
  }

  static func below(_ metric: WatchMetric, _ bound: Double, _ consequence: WatchLimit.Consequence = .rollBack) -> Self {
    WatchRule(metric, [WatchLimit(consequence, .below, bound)])
  }
}

/// A repeatable source of random numbers (SplitMix64).
struct Seeded: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
