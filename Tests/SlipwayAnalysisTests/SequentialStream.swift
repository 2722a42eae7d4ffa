import SlipwayAnalysis
import SlipwayModel

/// A watch that is played reading by reading; green is slot `b`.
struct SequentialStream {
  /// What came in between two readings.
  struct Bin {
    var green: (requests: Int, errors: Int)
    var blue: (requests: Int, errors: Int)
    /// Latencies in seconds with how many requests had them.
    var greenLatency: [(Double, Int)] = []
    var blueLatency: [(Double, Int)] = []

    init(_ green: (Int, Int), _ blue: (Int, Int)) {
      self.green = (green.0, green.1)
      self.blue = (blue.0, blue.1)
    }
  }

  var spec: WatchSpec
  var percent = 10
  var mustProve = true
  var every: Int64 = 10
  var duration = Span.minutes(30)
  var blue: Slot? = .a
  var history: [SlotCounters] = SequentialStream.calm
  var samples: [CounterSample] = []

  init(_ rules: [WatchRule], _ sequential: SequentialSpec = SequentialSpec(warmUp: .zero), minimum: Int = 50) {
    spec = WatchSpec(
      every: .seconds(10), minimumRequests: minimum, window: .minutes(60), rules: rules, judge: .sequential(sequential))
    samples = [reading(0, green: SlotCounters(), blue: SlotCounters(), crashes: 0)]
  }

  /// Two hours in which errors came by chance.
  static let calm = (0..<120).map { minute in
    SlotCounters(requests: 1_000, serverErrors: UInt64(minute % 3))
  }

  /// Adds what came in up to the next reading.
  mutating func add(_ bin: Bin) {
    if samples.count == 1, !bin.greenLatency.isEmpty {
      for slot in Slot.allCases { samples[0].slots[slot]?.latency = LatencyHistogram() }
    }
    guard var sample = samples.last(where: { $0.slots[.b] != nil }), let newest = samples.last else { return }
    sample.at = newest.at + .seconds(every)
    for (slot, counts, latencies) in [
      (Slot.b, bin.green, bin.greenLatency), (Slot.a, bin.blue, bin.blueLatency),
    ] {
      guard var counters = sample.slots[slot] else { continue }
      counters.requests += UInt64(counts.requests)
      counters.serverErrors += UInt64(counts.errors)
      if !latencies.isEmpty || counters.latency != nil {
        var histogram = counters.latency ?? LatencyHistogram()
        for (seconds, count) in latencies { for _ in 0..<count { histogram.record(seconds: seconds) } }
        counters.latency = histogram
      }
      sample.slots[slot] = counters
    }
    samples.append(sample)
  }

  /// The look at reading `index` after a look that left `state`.
  func look(_ index: Int, _ state: SequentialState?) -> WatchLook {
    WatchLook(
      spec: spec, green: .b, blue: blue, percent: percent, mustProve: mustProve, planned: duration, duration: duration,
      startedAt: samples[0].at, samples: Array(samples[...index]), state: state, history: state == nil ? history : [],
      now: samples[index].at)
  }

  /// Every look in turn.
  func judgements() -> [WatchJudgement] {
    var state: SequentialState?
    return samples.indices.map { index in
      let judgement = WatchJudge.judge(look(index, state))
      state = judgement.state
      return judgement
    }
  }

  /// The judgement of all readings at one look.
  func atOnce() -> WatchJudgement { WatchJudge.judge(look(samples.count - 1, nil)) }
}

extension Seeded {
  /// How many of `count` happen with probability `rate`.
  mutating func hits(_ count: Int, _ rate: Double) -> Int {
    (0..<count).reduce(0) { sum, _ in sum + (Double.random(in: 0..<1, using: &self) < rate ? 1 : 0) }
  }

  /// An interval in which each side fails at its rate.
  mutating func bin(_ green: Int, _ greenRate: Double, _ blue: Int, _ blueRate: Double) -> SequentialStream.Bin {
    SequentialStream.Bin((green, hits(green, greenRate)), (blue, hits(blue, blueRate)))
  }
}
