import SlipwayAnalysis
import SlipwayModel
import Testing

@Suite("Judging the phases after a deployment")
struct AftercareJudgeTests {
  private static let start = Timestamp(milliseconds: 1_800_000_000_000)

  private static func order(_ baseline: AftercareBaseline? = nil) -> AftercareOrder {
    AftercareOrder(
      run: "r1", project: "shop", environment: "production", release: "1.1", slot: .b, since: start, spec: .standard,
      baseline: baseline)
  }

  private static func sample(
    _ minute: Int64, _ requests: UInt64, errors: UInt64 = 0, seconds: Double = 0.01, crashes: Int? = 0,
    source: String = "s"
  ) -> CounterSample {
    var latency = LatencyHistogram()
    for _ in 0..<requests { latency.record(seconds: seconds) }
    return CounterSample(
      at: start + .minutes(minute), source: source,
      slots: [.b: SlotCounters(requests: requests, serverErrors: errors, latency: latency)],
      crashes: crashes.map { [.b: $0] } ?? [:])
  }

  /// Looks at the samples one after the other and judges the last one.
  private static func judge(
    _ question: AftercareQuestion, _ samples: [CounterSample], _ baseline: AftercareBaseline? = nil
  ) -> AftercareOutcome {
    var state = AftercareState(order(baseline))
    for sample in samples.dropLast() {
      state.apply(.looked(AftercareLook(phases: [], outcomes: [], sample: sample), next: nil), at: sample.at)
    }
    return AftercareJudge.counters(AftercareCheck(question), in: .healthy, state, samples[samples.count - 1])
  }

  private static func baseline(p99: Double = 0.01, rate: Double? = 10) -> AftercareBaseline {
    AftercareBaseline(
      seconds: 600, figures: WatchFigures(requests: 6_000, errors: 0, errorRate: 0, p99: p99), requestsPerSecond: rate)
  }

  @Test("E14: an error rate above 1 % fails, below it passes, and too few requests are neither")
  func errorRate() {
    let question = AftercareQuestion.errorRate(above: 0.01)
    #expect(Self.judge(question, [Self.sample(0, 0), Self.sample(1, 1_000, errors: 10)]).verdict == .passed)
    #expect(Self.judge(question, [Self.sample(0, 0), Self.sample(1, 1_000, errors: 11)]).verdict == .failed)
    #expect(Self.judge(question, [Self.sample(0, 0), Self.sample(1, 49)]).verdict == .undecided)
    #expect(Self.judge(question, [Self.sample(0, 0), Self.sample(1, 3, errors: 3)]).verdict == .failed)
    #expect(Self.judge(question, [Self.sample(0, 5_000)]).verdict == .undecided)
    // Old sins are forgotten once they leave the window.
    let later = [
      Self.sample(0, 0), Self.sample(1, 100, errors: 50), Self.sample(7, 200, errors: 50),
      Self.sample(12, 900, errors: 50),
    ]
    #expect(Self.judge(question, later).verdict == .passed)
  }

  @Test("E14: p99 is held against what served before, with the doubt that few requests leave")
  func p99() {
    let question = AftercareQuestion.p99Increase(above: 0.1)
    let slow = [Self.sample(0, 0), Self.sample(1, 5_000, seconds: 0.05)]
    #expect(Self.judge(question, slow, Self.baseline(p99: 0.01)).verdict == .failed)
    #expect(Self.judge(question, slow, Self.baseline(p99: 0.05)).verdict == .passed)
    #expect(Self.judge(question, slow, nil).verdict == .skipped)
    #expect(Self.judge(question, [Self.sample(0, 0), Self.sample(1, 20)], Self.baseline()).verdict == .undecided)
    let beyond = [Self.sample(0, 0), Self.sample(1, 5_000, seconds: 60)]
    #expect(Self.judge(question, beyond, Self.baseline(p99: 9.9)).verdict != .passed)
  }

  @Test("E14: throughput has to stay within its band around what it was")
  func throughput() {
    let question = AftercareQuestion.throughput(below: 0.5, above: 2)
    func verdict(_ requests: UInt64) -> AftercareVerdict {
      Self.judge(question, [Self.sample(0, 0), Self.sample(1, requests)], Self.baseline(rate: 10)).verdict
    }
    #expect(verdict(600) == .passed)
    #expect(verdict(299) == .failed)
    #expect(verdict(1_201) == .failed)
    #expect(Self.judge(question, [Self.sample(0, 9)], Self.baseline()).verdict == .undecided)
    let restarted = [Self.sample(0, 600), Self.sample(1, 10, source: "t")]
    #expect(Self.judge(question, restarted, Self.baseline()).verdict == .undecided)
  }

  @Test("E14: traffic has to arrive, and crashes have to stay away")
  func arriving() {
    let traffic = AftercareQuestion.traffic(minimum: 1)
    #expect(Self.judge(traffic, [Self.sample(0, 7)]).verdict == .undecided)
    #expect(Self.judge(traffic, [Self.sample(0, 7), Self.sample(1, 7)]).verdict == .failed)
    #expect(Self.judge(traffic, [Self.sample(0, 7), Self.sample(1, 8)]).verdict == .passed)
    #expect(Self.judge(.processes, [Self.sample(0, 1, crashes: 3), Self.sample(1, 2, crashes: 3)]).verdict == .passed)
    #expect(Self.judge(.processes, [Self.sample(0, 1, crashes: 3), Self.sample(1, 2, crashes: 4)]).verdict == .failed)
    #expect(Self.judge(.processes, [Self.sample(0, 1, crashes: nil)]).verdict == .skipped)
    let calm = [
      Self.sample(0, 1), Self.sample(1, 2, crashes: 1), Self.sample(8, 3, crashes: 1), Self.sample(16, 4, crashes: 1),
      Self.sample(24, 5, crashes: 1),
    ]
    #expect(Self.judge(.processes, calm).detail == "no crash in 8m, 1 before")
  }

  @Test("E14: a business figure is held against its band and against what it was before")
  func figure() {
    func verdict(_ value: Double?, _ before: Double?, _ spec: FigureSpec) -> AftercareVerdict {
      AftercareJudge.figure(
        AftercareCheck(.figure(spec), name: "orders"), spec, in: .lasting, value: value, before: before
      ).verdict
    }
    let source = FigureSpec.Source.command(run: "orders", environment: [:])
    let band = FigureSpec(source: source, below: 10, above: 100)
    #expect(verdict(10, nil, band) == .passed)
    #expect(verdict(9.99, nil, band) == .failed)
    #expect(verdict(101, nil, band) == .failed)
    #expect(verdict(nil, 50, band) == .undecided)
    #expect(verdict(.nan, 50, band) == .undecided)
    let change = FigureSpec(source: source, drop: 0.2, rise: 0.5)
    #expect(verdict(80, 100, change) == .passed)
    #expect(verdict(79, 100, change) == .failed)
    #expect(verdict(151, 100, change) == .failed)
    #expect(verdict(79, nil, change) == .passed)
  }

  @Test("E14: the baseline is what the old release answered, and both slots' requests")
  func baseline() throws {
    var first = Self.sample(0, 100)
    var last = Self.sample(10, 700)
    first.slots[.a] = SlotCounters(requests: 50)
    last.slots[.a] = SlotCounters(requests: 650)
    let found = try #require(AftercareJudge.baseline(of: .b, in: [first, last]))
    #expect(found.requestsPerSecond == 2)
    #expect(found.figures.requests == 600)
    #expect(found.figures.p99 != nil)
    #expect(AftercareJudge.baseline(of: .b, in: [first]) == nil)
    #expect(AftercareJudge.baseline(of: .b, in: []) == nil)
  }
}
