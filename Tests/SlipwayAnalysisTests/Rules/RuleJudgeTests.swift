import SlipwayAnalysis
import SlipwayModel
import Testing

/// Watches judged by the rules of other tools: when they speak, and that missing figures never pass.
@Suite("Watches by other tools' rules")
struct RuleJudgeTests {
  static let zero = Timestamp(milliseconds: 0)

  /// Readings every ten seconds; errors and requests are what came in on each side in ten seconds.
  static func samples(
    seconds: Int, green: (Int) -> (UInt64, UInt64)?, blue: (Int) -> (UInt64, UInt64)? = { _ in (900, 0) },
    slowGreen: Double = 0.05, crashes: Int? = nil
  ) -> [CounterSample] {
    var (above, below) = (SlotCounters(latency: LatencyHistogram()), SlotCounters(latency: LatencyHistogram()))
    return stride(from: 0, through: seconds, by: 10).map { second in
      if second > 0 {
        if let (requests, errors) = green(second) { above = grown(above, requests, errors, slowGreen) }
        if let (requests, errors) = blue(second) { below = grown(below, requests, errors, 0.05) }
      }
      let hasGreen = second == 0 || green(second) != nil
      return reading(Int64(second), green: hasGreen ? above : nil, blue: below, crashes: crashes)
    }
  }

  private static func grown(
    _ counters: SlotCounters, _ requests: UInt64, _ errors: UInt64, _ seconds: Double
  ) -> SlotCounters {
    var counters = counters
    counters.requests += requests
    counters.serverErrors += errors
    for _ in 0..<min(requests, 200) { counters.latency?.record(seconds: seconds) }
    return counters
  }

  static func judge(
    _ judge: JudgeSpec, _ samples: [CounterSample], minutes: Int64 = 10, rules: [WatchRule] = [], percent: Int = 10,
    reference: [CounterSample] = [], previous: [RuleEvaluation] = [], blue: Slot? = .a
  ) -> WatchJudgement {
    WatchJudge.judge(
      WatchLook(
        spec: WatchSpec(minimumRequests: 20, rules: rules, judge: judge), green: .b, blue: blue, percent: percent,
        duration: .minutes(minutes), samples: samples, reference: reference, previous: previous,
        now: samples.last?.at ?? zero))
  }

  // MARK: Kayenta

  static let kayenta = JudgeSpec.kayenta(
    KayentaSpec(
      metrics: [
        KayentaMetric(name: "errors", source: .errorRate, critical: true),
        KayentaMetric(name: "p99", source: .latency(percentile: 99)),
      ], interval: .minutes(5)))

  @Test("kayenta: equal versions pass at the end of an interval, and nothing is said before")
  func kayentaHealthy() throws {
    let noise: (Int) -> (UInt64, UInt64)? = { (100, UInt64($0 / 10 % 3 == 0 ? 1 : 0)) }
    #expect(Self.judge(Self.kayenta, Self.samples(seconds: 290, green: noise)).verdict == .undecided)
    let judgement = Self.judge(
      Self.kayenta, Self.samples(seconds: 300, green: noise, blue: { (900, UInt64($0 / 10 % 3 == 0 ? 9 : 0)) }))
    #expect(judgement.verdict == .healthy, "\(judgement.reason)")
    #expect(judgement.evaluation?.score == 100)
    #expect(judgement.evaluation?.items.map(\.name) == ["errors", "p99"])
    #expect(judgement.green?.requests == 3_000)
  }

  @Test("kayenta: a critical metric that is High takes traffic back at the first analysis")
  func kayentaBreach() throws {
    let judgement = Self.judge(Self.kayenta, Self.samples(seconds: 310, green: { (100, UInt64(5 + $0 / 10 % 3)) }))
    #expect(judgement.verdict == .breach)
    #expect(judgement.reason.contains("errors High, critical"), "\(judgement.reason)")
    #expect(judgement.evaluation?.result == .fail)
  }

  @Test("kayenta: a score between marginal and pass holds on, and fails as the last one")
  func kayentaMarginal() throws {
    var spec = KayentaSpec(
      metrics: [
        KayentaMetric(name: "errors", source: .errorRate), KayentaMetric(name: "p99", source: .latency(percentile: 99)),
      ], groups: ["all": 100], marginal: 40, pass: 95)
    spec.interval = .minutes(5)
    let slow = Self.samples(
      seconds: 600, green: { (100, UInt64($0 / 10 % 2)) }, blue: { (900, UInt64($0 / 10 % 2) * 9) }, slowGreen: 0.4)
    let first = Self.judge(.kayenta(spec), Array(slow.prefix(31)))
    #expect(first.verdict == .undecided && first.reason.contains("marginal"), "\(first.reason)")
    let last = Self.judge(.kayenta(spec), slow)
    #expect(last.verdict == .breach && last.reason.contains("the last"), "\(last.reason)")
  }

  @Test("kayenta: marginal itself is a failure, as in Spinnaker's stage")
  func kayentaAtMarginal() {
    let spec = KayentaSpec(
      metrics: [
        KayentaMetric(name: "errors", source: .errorRate), KayentaMetric(name: "p99", source: .latency(percentile: 99)),
      ], marginal: 50, pass: 95)
    let slow = Self.samples(
      seconds: 300, green: { (100, UInt64($0 / 10 % 2)) }, blue: { (900, UInt64($0 / 10 % 2) * 9) }, slowGreen: 0.4)
    #expect(Self.judge(.kayenta(spec), slow).verdict == .breach)
  }

  @Test(
    "kayenta: no data is never a pass, whatever Kayenta makes of it", arguments: KayentaMetric.MissingPoints.allCases)
  func kayentaSilent(nan: KayentaMetric.MissingPoints) {
    let spec = KayentaSpec(metrics: [
      KayentaMetric(name: "errors", source: .errorRate, nan: nan),
      KayentaMetric(name: "p99", source: .latency(percentile: 99), nan: nan),
      KayentaMetric(name: "memory", source: .gauge("memory"), nan: nan),
    ])
    let silent = Self.judge(.kayenta(spec), Self.samples(seconds: 300, green: { _ in (0, 0) }))
    #expect(silent.verdict == .noData, "\(silent.reason)")
    let gone = Self.judge(.kayenta(spec), Self.samples(seconds: 300, green: { _ in nil }))
    #expect(gone.verdict == .noData)
    let partly = Self.judge(.kayenta(spec), Self.samples(seconds: 300, green: { _ in (100, 0) }))
    #expect(partly.verdict == .undecided && partly.reason.contains("memory has no data"), "\(partly.reason)")
    let first = Self.judge(.kayenta(spec), Self.samples(seconds: 300, green: { _ in (100, 0) }), blue: nil)
    #expect(first.verdict == .noData)
  }

  @Test("kayenta: where blue gets nothing any more, what it answered before is the baseline")
  func kayentaReference() {
    let before = Self.samples(seconds: 300, green: { _ in (100, 0) }, blue: { (900, UInt64($0 / 10 % 2) * 9) })
    let now = Self.samples(seconds: 300, green: { (1_000, UInt64($0 / 10 % 2) * 10) }, blue: { _ in (0, 0) })
    let judgement = Self.judge(Self.kayenta, now, percent: 100, reference: before)
    #expect(judgement.verdict == .healthy, "\(judgement.reason)")
    #expect(Self.judge(Self.kayenta, now, percent: 100).verdict != .healthy)
  }

  @Test("kayenta: a regression at half time is seen by a sliding lookback and missed by a growing one")
  func kayentaSliding() {
    let late = Self.samples(
      seconds: 1_800, green: { (100, UInt64($0 > 1_200 ? 5 + $0 / 10 % 2 : $0 / 10 % 2)) },
      blue: { (900, UInt64($0 / 10 % 2) * 9) })
    var spec = KayentaSpec(metrics: [KayentaMetric(name: "errors", source: .errorRate, critical: true)])
    #expect(Self.judge(.kayenta(spec), late, minutes: 30).verdict == .healthy)
    spec.lookback = .sliding(.minutes(10))
    #expect(Self.judge(.kayenta(spec), late, minutes: 30).verdict == .breach)
  }

  @Test("crashes hold beside every rule")
  func crashes() {
    var samples = Self.samples(seconds: 300, green: { _ in (100, 0) }, crashes: 0)
    samples[20].crashes[.b] = 1
    for index in 20..<samples.count { samples[index].crashes[.b] = 1 }
    let judgement = Self.judge(Self.kayenta, samples, rules: [.above(.crashes, 0)])
    #expect(judgement.verdict == .breach && judgement.reason.contains("crash"))
  }

  // MARK: Counted thresholds

  static let rules: [WatchRule] = [
    WatchRule(.errorRate, [WatchLimit(.rollBack, .above, 0.05), WatchLimit(.pause, .above, 0.01)])
  ]

  static func minutes(_ errors: [UInt64]) -> [CounterSample] {
    samples(seconds: errors.count * 60, green: { (100, errors[($0 - 1) / 60]) })
  }

  @Test(
    "Argo: three failures are one too many for a limit of two, and allowed by a limit of three",
    arguments: [(2, WatchVerdict.breach), (3, .healthy)])
  func failures(limit: Int, verdict: WatchVerdict) {
    let judgement = Self.judge(
      .limitedThresholds(FailureLimits(failureLimit: limit)), Self.minutes([10, 0, 10, 0, 10, 0]), rules: Self.rules)
    #expect(judgement.verdict == verdict, "\(judgement.reason)")
    #expect(judgement.evaluation?.items.first?.value == 3)
  }

  @Test("failures are counted over the whole watch and never forgiven; the default allows none")
  func neverForgiven() {
    let limits = JudgeSpec.limitedThresholds(FailureLimits())
    #expect(Self.judge(limits, Self.minutes([0, 0, 0]), rules: Self.rules).verdict == .healthy)
    #expect(Self.judge(limits, Self.minutes([10, 0, 0, 0, 0, 0, 0, 0]), rules: Self.rules).verdict == .breach)
  }

  @Test("more inconclusive measurements than allowed ask a person")
  func inconclusive() {
    let one = FailureLimits(inconclusiveLimit: 1)
    #expect(Self.judge(.limitedThresholds(one), Self.minutes([2, 0]), rules: Self.rules).verdict == .healthy)
    #expect(Self.judge(.limitedThresholds(one), Self.minutes([2, 2, 0]), rules: Self.rules).verdict == .pause)
  }

  @Test("measurements without figures are neither failures nor passes; too many in a row cannot decide")
  func errors() {
    let silent = Self.samples(seconds: 420, green: { $0 <= 60 ? (100, 0) : (0, 0) })
    #expect(Self.judge(.limitedThresholds(FailureLimits()), silent, rules: Self.rules).verdict == .noData)
    let patient = FailureLimits(consecutiveErrorLimit: 10)
    #expect(Self.judge(.limitedThresholds(patient), silent, rules: Self.rules).verdict == .undecided)
    let early = Self.judge(.limitedThresholds(patient), Array(silent.prefix(3)), rules: Self.rules)
    #expect(early.verdict == .undecided)
  }

  @Test("Argo: what is no number, which fails there, is inconclusive or may be allowed, is never a success here")
  func notANumber() {
    // TestProcessNaNResponse has a success condition alone, both conditions, and one that lets NaN pass; a bound or a reading may be NaN.
    let (success, both) = (
      [WatchLimit(.rollBack, .above, .nan)], Self.rules[0].limits + [WatchLimit(.pause, .above, .nan)]
    )
    let calm = Self.minutes([0, 0, 0])
    for limits in [success, both] {
      for judge in [JudgeSpec.limitedThresholds(FailureLimits()), .thresholds, .sequential(SequentialSpec())] {
        let judgement = Self.judge(judge, calm, rules: [WatchRule(.errorRate, limits)])
        #expect(judgement.verdict != .healthy && judgement.verdict != .breach, "\(judge): \(judgement.reason)")
      }
    }
    let memory = GaugeSpec(
      name: "memory", unit: "MiB", query: .command("x", timeout: .seconds(1)),
      limits: [WatchLimit(.rollBack, .above, 900), WatchLimit(.pause, .above, 500)])
    var reading = calm[calm.count - 1]
    reading.gauges = [.b: ["memory": .nan]]
    let healthy = Self.judge(.limitedThresholds(FailureLimits()), calm, rules: Self.rules)
    #expect(healthy.verdict == .healthy)
    let judged = GaugeLimits.adding(GaugeLimits.judge([memory], green: .b, sample: reading), to: healthy)
    #expect(judged.verdict == .undecided)
  }

  // MARK: Keptn

  static func keptn(_ objectives: [SLOObjective], onWarning: KeptnSpec.OnWarning = .pause) -> JudgeSpec {
    .keptn(
      KeptnSpec(
        file: "slo.yaml", objectives: ServiceLevelObjectives(objectives: objectives, pass: 90, warning: 50),
        onWarning: onWarning))
  }

  static let errorsBelow = SLOObjective(
    name: "error_rate",
    expectation: .criteria(pass: [[SLOCriterion(.lessOrEqual, 1)]], warning: [[SLOCriterion(.less, 5)]]))

  @Test(
    "keptn: judged at the end of the watch, a warning asks a person, a failure goes back",
    arguments: [(UInt64(0), WatchVerdict.healthy), (1, .healthy), (3, .pause), (10, .breach)])
  func keptnEnd(errors: UInt64, verdict: WatchVerdict) {
    let samples = Self.samples(seconds: 600, green: { _ in (100, errors) })
    let judgement = Self.judge(Self.keptn([Self.errorsBelow]), samples)
    #expect(judgement.verdict == verdict, "\(judgement.reason)")
    let early = Self.judge(Self.keptn([Self.errorsBelow]), Array(samples.prefix(20)))
    #expect(early.verdict == (verdict == .healthy ? .healthy : .undecided))
    let lenient = Self.judge(Self.keptn([Self.errorsBelow], onWarning: .pass), samples)
    #expect(lenient.verdict == (verdict == .pause ? .healthy : verdict))
  }

  @Test("keptn: a missing figure never passes, and fails only what would fail without it")
  func keptnMissing() {
    let memory = SLOObjective(
      name: "memory", expectation: .criteria(pass: [[SLOCriterion(.less, 100)]], warning: []))
    let good = Self.samples(seconds: 600, green: { _ in (100, 0) })
    let heavy = SLOObjective(name: "error_rate", weight: 99, expectation: Self.errorsBelow.expectation)
    #expect(Self.judge(Self.keptn([heavy, memory]), good).verdict == .undecided)
    #expect(Self.judge(Self.keptn([memory]), good).verdict == .noData)
    let bad = Self.samples(seconds: 600, green: { _ in (100, 50) })
    #expect(Self.judge(Self.keptn([heavy, memory]), bad).verdict == .breach)
    #expect(Self.judge(Self.keptn([]), good).verdict == .undecided)
    #expect(
      Self.judge(Self.keptn([Self.errorsBelow]), Self.samples(seconds: 600, green: { _ in (0, 0) })).verdict == .noData)
  }

  @Test("keptn: criteria that compare need something to compare with")
  func keptnPrevious() {
    let relative = SLOObjective(
      name: "error_rate",
      expectation: .criteria(
        pass: [[SLOCriterion(.lessOrEqual, 10, isPercentage: true, isComparison: true, isIncrease: true)]], warning: [])
    )
    let samples = Self.samples(seconds: 600, green: { _ in (100, 2) })
    let alone = Self.judge(Self.keptn([relative]), samples)
    #expect(alone.verdict == .undecided && alone.reason.contains("none yet"))
    let before = { (value: Double) in
      RuleEvaluation(
        rule: "keptn", result: .pass, items: [RuleEvaluation.Item(name: "error_rate", result: "pass", value: value)])
    }
    #expect(Self.judge(Self.keptn([relative]), samples, previous: [before(2)]).verdict == .healthy)
    #expect(Self.judge(Self.keptn([relative]), samples, previous: [before(1)]).verdict == .breach)
  }

  @Test("keptn: a latency beyond the last bound of its histogram is not known well enough to pass")
  func keptnTail() {
    let slow = Self.samples(seconds: 600, green: { _ in (100, 0) }, slowGreen: 60)
    let objective = SLOObjective(
      name: "p99", expectation: .criteria(pass: [[SLOCriterion(.less, 30_000)]], warning: []))
    #expect(Self.judge(Self.keptn([objective]), slow).verdict == .noData)
  }
}
