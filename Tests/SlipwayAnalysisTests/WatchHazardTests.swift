import SlipwayAnalysis
import SlipwayModel
import Testing

/// What other products' tests and failures say about verdicts. The ids are the rows of the research they come from: E, P, M and R are
/// the facts of a product, H the failures told in its issues, D the consequences for our design. "deviates" marks a hazard that we do
/// not follow.
@Suite("Watch: known hazards")
struct WatchHazardTests {
  private let errors = WatchRule(
    .errorRate, [WatchLimit(.pause, .above, 0.01), WatchLimit(.rollBack, .above, 0.05)])
  private let good = counters(1_000, latency: 0.01)
  private let bad = counters(1_000, errors: 100, latency: 0.01)

  @Test("row E1: every rule kept is healthy")
  func e1() { #expect(judge([errors], green: good).verdict == .healthy) }

  @Test("row E2: failure wins over success")
  func e2() {
    #expect(judge([.above(.p95, 0.5), errors], green: bad).verdict == .breach)
  }

  @Test("row E3: neither broken nor well is a pause, never a pass")
  func e3() {
    #expect(judge([errors], green: counters(1_000, errors: 30)).verdict == .pause)
  }

  @Test("row E4, E5: one limit alone decides both ways")
  func e4() {
    #expect(judge([.above(.errorRate, 0.05)], green: good).verdict == .healthy)
    #expect(judge([.above(.errorRate, 0.05)], green: bad).verdict == .breach)
    #expect(judge([.below(.availability, 0.95)], green: bad).verdict == .breach)
  }

  @Test(
    "row E6: without a rule nothing is judged, and the reason says so", arguments: [[], [WatchRule(.errorRate, [])]])
  func e6(rules: [WatchRule]) {
    let judgement = judge(rules, green: bad)
    #expect(judgement.verdict == .healthy)
    #expect(judgement.reason == "no rule is set, so nothing is judged")
    #expect(judgement.green?.errors == 100)
  }

  @Test("row E7, E8: a bound that is no number cannot be judged", arguments: [Double.nan, .infinity, -.infinity])
  func e7(bound: Double) {
    #expect(judge([.above(.errorRate, bound)], green: good).verdict == .undecided)
  }

  @Test("row E9: no reading at all is no data")
  func e9() {
    let judgement = judge([errors], [])
    #expect(judgement.verdict == .noData)
    #expect(judgement.green == nil)
  }

  @Test("row P1, P4 deviates: a rate without requests is undecided, for rules of failure only as well")
  func p4() {
    for rule in [WatchRule.above(.errorRate, 0.05), .below(.availability, 0.9), .above(.p99, 1)] {
      #expect(judge([rule], green: counters(0, latency: 0.01), minimum: 0).verdict == .undecided)
    }
  }

  @Test("row P5: an infinite latency is undecided instead of healthy")
  func p5() throws {
    let infinite = try #require(LatencyHistogram(bounds: [0.1, .infinity], counts: [0, 100, 0]))
    let green = SlotCounters(requests: 100, latency: infinite)
    #expect(judge([.below(.p99, 0.05, .alert)], green: green).verdict == .undecided)
  }

  @Test("row P6, P8, P9, H11, H12: figures missing for green are no data, whatever the rule")
  func missing() {
    for metric in WatchMetric.allCases where metric != .gauge {
      let samples = [reading(0, green: nil, blue: counters(0)), reading(60, green: nil, blue: good)]
      let judgement = judge([.above(metric, 0.5)], samples)
      #expect(judgement.verdict == .noData)
      #expect(judgement.reason == "the source has no figures for green")
      #expect(judgement.green == nil)
      #expect(judgement.blue?.requests == 1_000)
    }
  }

  @Test("M1 deviates: before the first measurement a watch is undecided, not successful")
  func m1() { #expect(judge([errors], [reading(0, green: bad)]).verdict == .undecided) }

  @Test("row M9: failure wins over any number of good measurements")
  func m9() {
    var samples = (0...20).map { reading(Int64($0), green: counters(UInt64($0) * 1_000)) }
    samples.append(reading(21, green: counters(30_000, errors: 9_000)))
    #expect(judge([errors], samples).verdict == .breach)
  }

  @Test("row M12: what is over and outside the window no longer fails a watch")
  func m12() {
    let samples = [
      reading(0, green: counters(0)), reading(10, green: counters(1_000, errors: 900)),
      reading(20, green: counters(2_000, errors: 900)), reading(60, green: counters(5_000, errors: 900)),
    ]
    #expect(judge([errors], samples, window: .seconds(30)).verdict == .healthy)
    #expect(judge([errors], samples, window: .seconds(90)).verdict == .breach)
  }

  @Test("row M14, M19: an undecided rule beside healthy ones leaves the watch undecided")
  func m14() {
    let judgement = judge([errors, .above(.p99, 1)], green: counters(1_000))
    #expect(judgement.verdict == .undecided)
    #expect(
      judgement.reason == "p99 cannot be judged: there is no latency histogram for green over the whole window")
  }

  @Test("row M20: the reason names figure, sample and bound")
  func m20() {
    let judgement = judge([.above(.errorRate, 0.05)], green: counters(412, errors: 26))
    #expect(judgement.reason == "error rate 6.3 % of 412 requests on green is above 5 %")
    #expect(judgement.findings.first?.bound == 0.05)
  }

  @Test("M21 deviates: a breach beats an undecided rule, not the other way round")
  func m21() {
    for rules in [[errors, .above(.p99, 1)], [.above(.p99, 1), errors]] {
      #expect(judge(rules, green: counters(1_000, errors: 100)).verdict == .breach)
    }
  }

  @Test("M23 deviates: a single measurement that fails is a breach")
  func m23() { #expect(judge([errors], green: bad).verdict == .breach) }

  @Test("row R1: breach is worse than pause, pause than undecided, undecided than healthy")
  func r1() {
    let (undecided, pause) = (WatchRule.above(.p99, 1), WatchRule.above(.errorRate, 0.01, .pause))
    #expect(judge([pause, .above(.errorRate, 0.05), undecided], green: counters(500, errors: 50)).verdict == .breach)
    #expect(judge([undecided, pause], green: counters(500, errors: 50)).verdict == .pause)
    #expect(judge([undecided, .above(.errorRate, 0.5)], green: counters(500, errors: 50)).verdict == .undecided)
  }

  @Test("row R3, R4: an alert is told and stops nothing, and hides nothing worse")
  func r3() {
    let alert = WatchRule.above(.errorRate, 0.01, .alert)
    let judgement = judge([alert], green: bad)
    #expect(judgement.verdict == .healthy)
    #expect(judgement.reason.contains("alert: error rate 10 %"))
    #expect(judge([alert, .above(.p99, 1)], green: counters(1_000, errors: 100)).verdict == .undecided)
  }

  @Test("row R5, H8 deviates: a watch that is ended before it measured has not passed")
  func r5() {
    #expect(judge([errors], [reading(0, green: counters(0)), reading(1, green: counters(0))]).verdict == .undecided)
  }

  @Test("row R6: with several limits crossed the reason names each")
  func r6() {
    let judgement = judge([.above(.p99, 0.5), errors], green: counters(1_000, errors: 100, latency: 0.75))
    #expect(judgement.reason.contains("error rate 10 %") && judgement.reason.contains("p99"))
    #expect(judgement.findings.map(\.consequence) == [.rollBack, .rollBack, .pause])
  }

  @Test("row H7: asked again on the same readings the watch says the same")
  func h7() {
    let samples = [reading(0, green: counters(0)), reading(60, green: counters(30))]
    #expect(judge([errors], samples) == judge([errors], samples))
    #expect(judge([errors], samples).verdict == .undecided)
  }

  @Test("row H13: what green answered before the watch began is not counted")
  func h13() {
    let samples = [
      reading(0, green: counters(9_000, errors: 9_000)), reading(60, green: counters(9_100, errors: 9_000)),
    ]
    #expect(judge([errors], samples).verdict == .healthy)
    #expect(judge([errors], samples).green?.requests == 100)
  }

  @Test("row H13, D5: below the minimum of requests a watch is undecided", arguments: [0, 1, 49] as [UInt64])
  func h13Minimum(requests: UInt64) {
    #expect(judge([errors], green: counters(requests, errors: requests)).verdict == .undecided)
  }

  @Test("row H24: no traffic is undecided, not a breach")
  func h24() {
    let judgement = judge([errors], green: counters(0))
    #expect(judgement.verdict == .undecided)
    #expect(judgement.reason.contains("only 0 requests of at least 50 on green so far"))
  }

  @Test("row D1: readings older than the window are no evidence")
  func d1() {
    let samples = [reading(0, green: counters(0)), reading(60, green: good)]
    let late = WatchJudge.judge(
      spec: WatchSpec(rules: [errors]), green: .b, blue: nil, samples: samples,
      now: Timestamp(milliseconds: 0) + .minutes(30))
    #expect(late.verdict == .undecided)
  }

  @Test("row D5: trouble on both sides is no increase")
  func d5() {
    let rules = [WatchRule.above(.errorRateIncrease, 0.01)]
    #expect(judge(rules, green: bad, blue: counters(9_000, errors: 900)).verdict == .healthy)
  }
}
