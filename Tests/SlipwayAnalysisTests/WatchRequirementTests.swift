import SlipwayAnalysis
import SlipwayModel
import Testing

/// The rule sets of the requirements with their own numbers, each side of every bound.
@Suite("Watch: the rules of the requirements")
struct WatchRequirementTests {
  private let c5 = [
    WatchRule(.errorRate, [WatchLimit(.pause, .above, 0.01), WatchLimit(.rollBack, .above, 0.05)]),
    WatchRule.above(.p95, 0.5, .pause),
  ]
  private let d4 = [
    WatchRule.above(.errorRateIncrease, 0.01), .above(.p99Increase, 0.1, .pause), .above(.p99Increase, 0.1, .alert),
    .below(.availability, 0.999),
  ]
  private let e12 = [WatchRule.above(.errorRate, 0.05), .above(.p99Increase, 1), .above(.crashes, 0)]
  private let b8 = [WatchRule.above(.errorRate, 0.01), .above(.crashes, 0)]

  @Test(
    "C5: an error rate above 1 % stops the step, above 5 % rolls back",
    arguments: [
      (0, WatchVerdict.healthy), (10, .healthy), (11, .pause), (50, .pause), (51, .breach), (1_000, .breach),
    ])
  func c5ErrorRate(errors: Int, verdict: WatchVerdict) {
    #expect(judge(c5, green: counters(1_000, errors: UInt64(errors), latency: 0.02)).verdict == verdict)
  }

  @Test("C5: a p95 above 500 ms stops the step", arguments: [(0.5, WatchVerdict.healthy), (0.75, .pause)])
  func c5P95(latency: Double, verdict: WatchVerdict) {
    #expect(judge(c5, green: counters(1_000, latency: latency)).verdict == verdict)
  }

  @Test("C5: more than 5 % of errors at any moment rolls back, however calm the minutes before were")
  func c5AnyMoment() {
    var samples = (0...30).map { reading(Int64($0) * 10, green: counters(UInt64($0) * 100, latency: 0.02)) }
    #expect(judge(c5, samples).verdict == .healthy)
    samples.append(reading(310, green: counters(3_400, errors: 200, latency: 0.02)))
    #expect(judge(c5, samples).verdict == .breach)
  }

  @Test(
    "D4: errors that rise by more than a point over blue roll back",
    arguments: [(20, WatchVerdict.healthy), (30, .healthy), (31, .breach)])
  func d4Increase(errors: Int, verdict: WatchVerdict) {
    let rules = [d4[0]]
    let blue = counters(4_000, errors: 80)
    #expect(judge(rules, green: counters(1_000, errors: UInt64(errors)), blue: blue).verdict == verdict)
  }

  @Test("D4: a p99 that rises by more than 10 % alerts and pauses")
  func d4P99() {
    let blue = counters(4_000, latency: 0.1)
    #expect(judge(d4, green: counters(1_000, latency: 0.1), blue: blue).verdict == .healthy)
    let slow = judge(d4, green: counters(1_000, latency: 0.15), blue: blue)
    #expect(slow.verdict == .pause)
    #expect(slow.findings.map(\.consequence) == [.pause, .alert])
  }

  @Test("D4: an increase of exactly the bound is not above it")
  func d4Exactly() throws {
    let bounds = [0.0001, 1.0, 1.1]
    let onBlue = try #require(LatencyHistogram(bounds: bounds, counts: [0, 1_000, 0, 0]))
    let blue = SlotCounters(requests: 1_000, latency: onBlue)
    let base = try #require(onBlue.quantile(0.99)).value
    let onGreen = try #require(
      LatencyHistogram(bounds: [0.0001 * 1.1, 1.0 * 1.1], counts: [0, 1_000, 0]))
    let green = SlotCounters(requests: 1_000, latency: onGreen)
    #expect(abs(try #require(onGreen.quantile(0.99)).value / base - 1.1) < 1e-9)
    #expect(judge([d4[1]], green: green, blue: blue).verdict == .healthy)
  }

  @Test(
    "D4: an availability below 99.9 % rolls back", arguments: [(0, WatchVerdict.healthy), (1, .healthy), (2, .breach)])
  func d4Availability(errors: Int, verdict: WatchVerdict) {
    let blue = counters(1_000, errors: 1, latency: 0.1)
    #expect(judge(d4, green: counters(1_000, errors: UInt64(errors), latency: 0.1), blue: blue).verdict == verdict)
  }

  @Test("E12: more than 5 % of errors within five minutes roll back; older ones no longer count")
  func e12Errors() {
    let bad = reading(60, green: counters(1_000, errors: 60))
    let rules = [e12[0]]
    #expect(judge(rules, [reading(0, green: counters(0)), bad]).verdict == .breach)
    let later = (2...7).map { reading(60 * $0, green: counters(UInt64($0) * 1_000, errors: 60)) }
    #expect(judge(rules, [reading(0, green: counters(0)), bad] + later).verdict == .healthy)
  }

  @Test("E12: a p99 above twice blue's rolls back", arguments: [(0.2, WatchVerdict.healthy), (0.3, .breach)])
  func e12P99(latency: Double, verdict: WatchVerdict) {
    // Both lie in buckets whose bounds are 1.5 or twice as far apart, at the same place inside.
    let blue = counters(1_000, latency: 0.1)
    let judgement = judge(e12, green: counters(1_000, latency: latency), blue: blue)
    #expect(judgement.verdict == verdict)
  }

  @Test("E12, B8: one crash rolls back, without a single request")
  func crashes() {
    for rules in [e12, b8] {
      let judgement = judge(rules, green: counters(0), blue: counters(0), crashes: 1)
      #expect(judgement.verdict == .breach)
      #expect(judgement.reason.contains("1 crash on green since the watch began is above 0"))
    }
  }

  @Test("B8: an error rate above 1 % rolls back", arguments: [(10, WatchVerdict.healthy), (11, .breach)])
  func b8ErrorRate(errors: Int, verdict: WatchVerdict) {
    #expect(judge(b8, green: counters(1_000, errors: UInt64(errors))).verdict == verdict)
  }

  @Test("B8: crashes before the watch do not count, those after it do")
  func b8Growth() {
    let before = [reading(0, green: counters(0), crashes: 3), reading(60, green: counters(900), crashes: 3)]
    #expect(judge(b8, before).verdict == .healthy)
    let during = before + [reading(90, green: counters(990), crashes: 5)]
    #expect(judge(b8, during).verdict == .breach)
    #expect(judge(b8, during).green?.crashes == 2)
  }

  @Test("B8: a host that forgot its count cannot hide a crash after it")
  func b8Forgotten() {
    let samples = [
      reading(0, green: counters(0), crashes: 3), reading(60, green: counters(900), crashes: 0),
      reading(90, green: counters(990), crashes: 1),
    ]
    #expect(judge(b8, samples).green?.crashes == 1)
    #expect(judge(b8, samples).verdict == .breach)
  }
}
