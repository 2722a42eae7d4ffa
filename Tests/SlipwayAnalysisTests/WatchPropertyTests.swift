import SlipwayAnalysis
import SlipwayModel
import Testing

/// Random watches from a fixed seed; a failure names the case's number.
@Suite("Watch: properties")
struct WatchPropertyTests {
  private static let cases = 400

  private struct Case {
    var rules: [WatchRule]
    var samples: [CounterSample]
  }

  private func bound(_ metric: WatchMetric, _ random: inout Seeded) -> Double {
    switch metric {
    case .errorRate, .errorRateIncrease: Double.random(in: 0...0.3, using: &random)
    case .availability: Double.random(in: 0.7...1, using: &random)
    case .p95, .p99: Double.random(in: 0.01...2, using: &random)
    case .p95Increase, .p99Increase: Double.random(in: 0...2, using: &random)
    case .crashes, .databaseErrors, .gauge: Double(Int.random(in: 0...2, using: &random))
    }
  }

  private func grow(_ counters: inout SlotCounters, _ random: inout Seeded) {
    let requests = UInt64.random(in: 0...200, using: &random)
    let errors = Bool.random(using: &random) ? UInt64.random(in: 0...requests, using: &random) / 10 : 0
    counters.requests += requests
    counters.serverErrors += errors
    for _ in 0..<requests { counters.latency?.record(seconds: Double.random(in: 0.001...3, using: &random)) }
  }

  private func makeCase(_ seed: Int, metrics: [WatchMetric] = WatchMetric.allCases) -> Case {
    var random = Seeded(UInt64(seed))
    let rules = metrics.shuffled(using: &random).prefix(Int.random(in: 1...4, using: &random)).map { metric in
      WatchRule(
        metric,
        WatchLimit.Consequence.allCases.shuffled(using: &random).prefix(2).map {
          WatchLimit($0, metric == .availability ? .below : .above, bound(metric, &random))
        })
    }
    var (green, blue) = (SlotCounters(latency: LatencyHistogram()), SlotCounters(latency: LatencyHistogram()))
    var samples = [reading(0, green: green, blue: blue, crashes: 0)]
    for index in 1...Int64.random(in: 1...5, using: &random) {
      grow(&green, &random)
      grow(&blue, &random)
      samples.append(reading(index * 10, green: green, blue: blue, crashes: 0))
    }
    return Case(rules: Array(rules), samples: samples)
  }

  private func badness(_ verdict: WatchVerdict) -> Int {
    switch verdict {
    case .healthy: 0
    case .environment, .undecided, .noData, .error: 1
    case .pause: 2
    case .breach: 3
    }
  }

  @Test("more errors on green never make a verdict better")
  func monotone() {
    for seed in 0..<Self.cases {
      let one = makeCase(seed)
      var random = Seeded(UInt64(seed) &+ 99)
      var worse = one.samples
      var extra: UInt64 = 0
      for index in worse.indices.dropFirst() {
        let room = (worse[index].slots[.b]?.requests ?? 0) - (worse[index].slots[.b]?.serverErrors ?? 0)
        extra = max(extra, min(room, extra + UInt64.random(in: 0...50, using: &random)))
        worse[index].slots[.b]?.serverErrors += extra
      }
      let (before, after) = (judge(one.rules, one.samples), judge(one.rules, worse))
      #expect(badness(after.verdict) >= badness(before.verdict), "case \(seed): \(before.reason) / \(after.reason)")
    }
  }

  @Test("the order of rules and limits changes nothing")
  func order() {
    for seed in 0..<Self.cases {
      let one = makeCase(seed)
      var random = Seeded(UInt64(seed) &+ 7)
      let shuffled = one.rules.shuffled(using: &random).map { rule in
        WatchRule(rule.metric, rule.limits.shuffled(using: &random))
      }
      #expect(judge(one.rules, one.samples) == judge(shuffled, one.samples), "case \(seed)")
    }
  }

  @Test("a reading more in between changes nothing")
  func splitting() {
    for seed in 0..<Self.cases {
      let one = makeCase(seed)
      var random = Seeded(UInt64(seed) &+ 3)
      let cut = Int.random(in: 1..<one.samples.count, using: &random)
      var between = one.samples[cut - 1]
      between.at = between.at + .seconds(5)
      for slot in Slot.allCases {
        guard let late = one.samples[cut].slots[slot], let early = between.slots[slot] else { continue }
        between.slots[slot]?.requests = (early.requests + late.requests) / 2
        between.slots[slot]?.serverErrors = (early.serverErrors + late.serverErrors) / 2
        guard let slow = late.latency, let fast = early.latency else { continue }
        between.slots[slot]?.latency = LatencyHistogram(
          bounds: slow.bounds, counts: zip(slow.counts, fast.counts).map { ($0 + $1) / 2 })
      }
      var split = one.samples
      split.insert(between, at: cut)
      #expect(judge(one.rules, one.samples) == judge(one.rules, split), "case \(seed)")
    }
  }

  @Test("a restart of the source at any place never creates figures")
  func reset() throws {
    for seed in 0..<Self.cases {
      let one = makeCase(seed)
      var random = Seeded(UInt64(seed) &+ 5)
      let cut = Int.random(in: 1..<one.samples.count, using: &random)
      let base = try #require(one.samples[cut].slots[.b])
      var restarted = one.samples
      for index in restarted.indices.dropFirst(cut) {
        guard let counters = restarted[index].slots[.b] else { continue }
        restarted[index].slots[.b] = counters.since(base)
        if Bool.random(using: &random) || index == cut { restarted[index].source = "one" }
      }
      let (whole, after) = (judge(one.rules, one.samples), judge(one.rules, restarted))
      let (full, rest) = (try #require(whole.green), try #require(after.green))
      #expect(rest.requests <= full.requests && rest.errors <= full.errors, "case \(seed)")
      #expect(rest.errorRate.map { (0...1).contains($0) } ?? true, "case \(seed)")
    }
  }

  @Test("a judgement reads back from its JSON")
  func codable() throws {
    for seed in 0..<50 {
      let one = makeCase(seed)
      let judgement = judge(one.rules, one.samples)
      let data = try CanonicalJSON.encode(judgement)
      #expect(try CanonicalJSON.decode(WatchJudgement.self, from: data) == judgement, "case \(seed)")
    }
  }
}
