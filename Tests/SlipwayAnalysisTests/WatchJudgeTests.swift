import SlipwayAnalysis
import SlipwayModel
import Testing

@Suite("Watch: judging")
struct WatchJudgeTests {
  private let errors = WatchRule.above(.errorRate, 0.05)
  private let increase = WatchRule.above(.errorRateIncrease, 0.01)

  @Test("a first deployment skips the rules about an increase and says so")
  func firstDeployment() {
    let judgement = judge([errors, increase], green: counters(100))
    #expect(judgement.verdict == .healthy)
    #expect(
      judgement.reason == "1 rule measured on 100 requests, no limit crossed; not judged: error_rate_increase, because "
        + "there is no blue to compare with")
    #expect(judgement.blue == nil)
    #expect(judge([increase], green: counters(100)).reason.hasPrefix("no rule applies, so nothing is judged"))
  }

  @Test("an increase needs enough requests on blue", arguments: [(49, WatchVerdict.undecided), (50, .healthy)])
  func blueMinimum(requests: Int, verdict: WatchVerdict) {
    #expect(judge([increase], green: counters(100), blue: counters(UInt64(requests))).verdict == verdict)
  }

  @Test("an increase without figures for blue is undecided")
  func blueAbsent() {
    let samples = [reading(0, green: counters(0)), reading(60, green: counters(500))]
    let judgement = judge([increase], samples)
    #expect(judgement.verdict == .undecided)
    #expect(judgement.blue == nil)
  }

  @Test("a crash is a breach even where green has no figures")
  func crashWithoutFigures() {
    let samples = [reading(0, green: nil, crashes: 0), reading(60, green: nil, crashes: 2)]
    #expect(judge([.above(.crashes, 0)], samples).verdict == .breach)
  }

  @Test("a rule about crashes that nobody counts is undecided")
  func uncountedCrashes() {
    #expect(judge([.above(.crashes, 0)], green: counters(500), crashes: nil).verdict == .undecided)
  }

  @Test("an interval over a change of the source is left out and told")
  func sourceChange() {
    let samples = [
      reading(0, green: counters(0)), reading(10, green: counters(100)),
      reading(20, green: counters(5_000, errors: 5_000), source: "two"),
      reading(30, green: counters(5_100, errors: 5_000), source: "two"),
    ]
    let judgement = judge([errors], samples)
    #expect(judgement.verdict == .healthy)
    #expect(judgement.green?.requests == 200)
    #expect(judgement.reason.hasSuffix("; 1 interval on green left out because the counters began anew"))
  }

  @Test("a counter that went down never gives negative or huge figures")
  func reset() {
    let samples = [
      reading(0, green: counters(1_000, errors: 10)), reading(10, green: counters(1_100, errors: 10)),
      reading(20, green: counters(5, errors: 5)), reading(30, green: counters(105, errors: 5)),
    ]
    #expect(judge([errors], samples).green?.requests == 200)
    #expect(judge([errors], samples).green?.errors == 0)
  }

  @Test("a reading that lacks green is bridged")
  func gap() {
    let samples = [
      reading(0, green: counters(0)), reading(10, green: nil), reading(20, green: counters(100, errors: 100)),
    ]
    #expect(judge([errors], samples).verdict == .breach)
  }

  @Test("a histogram that appears later does not bring its whole past")
  func lateHistogram() {
    let samples = [
      reading(0, green: counters(1_000)), reading(10, green: counters(1_100, latency: 10)),
      reading(20, green: counters(1_200, latency: 10)),
    ]
    let judgement = judge([.above(.p99, 1)], samples)
    #expect(judgement.verdict == .undecided)
    #expect(judgement.green?.p99 == nil)
  }

  @Test("a window shorter than the time between readings looks at the newest interval")
  func shortWindow() {
    let samples = [reading(0, green: counters(0)), reading(60, green: counters(100, errors: 50))]
    #expect(judge([errors], samples, window: .seconds(1)).verdict == .breach)
  }

  @Test("a quantile in the last bucket crosses a limit up to its bound and says nothing about a higher one")
  func lastBucket() {
    let green = counters(1_000, latency: 60)
    let crossed = judge([.above(.p99, 10)], green: green)
    #expect(crossed.verdict == .breach)
    #expect(crossed.reason == "p99 at least 10 s of 1000 requests on green is above 10 s")
    let unknown = judge([.above(.p99, 20)], green: green)
    #expect(unknown.verdict == .undecided)
    #expect(unknown.reason.contains("it is at least 10 s, which says nothing about a bound of 20 s"))
    #expect(judge([.below(.p99, 5, .alert)], green: green).verdict == .healthy)
  }

  @Test("an increase is judged as far as the last bucket allows")
  func lastBucketIncrease() {
    let (slow, fast) = (counters(1_000, latency: 60), counters(1_000, latency: 0.1))
    #expect(judge([.above(.p99Increase, 1)], green: slow, blue: fast).verdict == .breach)
    #expect(judge([.above(.p99Increase, 1)], green: fast, blue: slow).verdict == .healthy)
    #expect(judge([.above(.p99Increase, 1)], green: slow, blue: slow).verdict == .undecided)
  }

  @Test("latencies of a few requests do not speak for many")
  func fewLatencies() {
    var green = counters(1_000)
    green.latency = histogram(fast: 10, slow: 0, at: 1)
    let judgement = judge([.above(.p99, 1)], green: green)
    #expect(judgement.reason.contains("only 10 of at least 50 requests on green have a latency"))
    #expect(judgement.verdict == .undecided)
  }

  @Test("errors without an answer count as errors, answers to bad requests do not")
  func classes() {
    let green = SlotCounters(requests: 100, serverErrors: 2, connectionErrors: 3, clientErrors: 40)
    #expect(judge([errors], green: green).green?.errors == 5)
    #expect(judge([errors], green: green).verdict == .healthy)
  }

  @Test("a figure just beyond its bound reads as lying beyond it")
  func closeFigures() {
    let close = judge([.above(.errorRate, 0.05)], green: counters(100_000, errors: 5_001))
    #expect(close.reason == "error rate 5.001 % of 100000 requests on green is above 5 %")
    let available = judge([.below(.availability, 0.9995)], green: counters(10_000, errors: 6))
    #expect(available.reason == "availability 99.9 % of 10000 requests on green is below 99.95 %")
  }

  @Test("an increase is told with both sides")
  func increaseText() {
    let judgement = judge([increase], green: counters(500, errors: 12), blue: counters(3_700, errors: 37))
    #expect(
      judgement.reason == "error rate increase 1.4 points over blue (green 2.4 % of 500, blue 1 % of 3700 requests) is "
        + "above 1 point")
    let slower = judge(
      [.above(.p99Increase, 0.1)], green: counters(500, latency: 0.3), blue: counters(500, latency: 0.2))
    #expect(
      slower.reason.hasPrefix("p99 increase 49.9 % over blue (green 299 ms of 500, blue 199.5 ms of 500 requests)"))
  }

  @Test("latencies read as milliseconds below a second and as seconds above")
  func latencyText() {
    #expect(judge([.above(.p95, 0.25)], green: counters(500, latency: 0.5)).reason.contains("is above 250 ms"))
    #expect(judge([.above(.p95, 1.25)], green: counters(500, latency: 3)).reason.contains("is above 1.25 s"))
  }

  @Test("a clock that jumps neither invents figures nor stops the machine")
  func clockJump() {
    let backwards = [
      reading(1_000, green: counters(0)), reading(10, green: counters(100, errors: 50)),
      reading(20, green: counters(200, errors: 100)),
    ]
    #expect(judge([errors], backwards).verdict == .breach)
    let edge = WatchJudge.judge(
      spec: WatchSpec(window: Span(milliseconds: .max), rules: [errors]), green: .b, blue: nil, samples: backwards,
      now: Timestamp(milliseconds: .min))
    #expect(edge.verdict == .breach)
  }

  @Test("figures of absurd size do not stop the machine")
  func huge() {
    let green = SlotCounters(requests: .max, serverErrors: .max, connectionErrors: .max)
    let samples = [reading(0, green: counters(0), crashes: 0), reading(1, green: green, crashes: .max)]
    #expect(
      judge([errors, .above(.crashes, 0)], samples + [reading(2, green: counters(0), crashes: 0)] + samples)
        .verdict == .breach)
  }
}
