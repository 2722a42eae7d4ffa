import Foundation
import SlipwayAnalysis
import SlipwayModel
import Testing

@Suite("Sequential judge: replay and hazards")
struct SequentialReplayTests {
  private static let rules = [
    WatchRule(.errorRate, [WatchLimit(.pause, .above, 0.02), WatchLimit(.rollBack, .above, 0.05)]),
    WatchRule.above(.errorRateIncrease, 0.01), .above(.p99Increase, 0.1, .pause), .above(.p95, 0.5, .pause),
    .below(.availability, 0.99, .pause),
  ]

  /// A watch with gaps, resets and every kind of trouble.
  private func stream(_ seed: Int, calm: Bool = false) -> SequentialStream {
    var random = Seeded(UInt64(seed))
    var stream = SequentialStream(
      Self.rules, SequentialSpec(warmUp: .seconds(Int64.random(in: 0...60, using: &random))), minimum: 20)
    let base = [0.0, 0.001, 0.02][Int.random(in: 0..<3, using: &random)]
    let worse = seed % 3 == 0 ? 0.04 : 0
    for index in 0..<40 {
      let green = Int.random(in: 0...60, using: &random)
      var bin = random.bin(green, base + (index > 10 ? worse : 0), green * 9, base)
      bin.greenLatency = [(0.08, green * 9 / 10), (0.2, green - green * 9 / 10)]
      bin.blueLatency = [(0.08, green * 8), (0.2, green)]
      stream.add(bin)
      guard !calm, let last = stream.samples.indices.last else { continue }
      switch Int.random(in: 0..<20, using: &random) {
      case 0: stream.samples[last].slots[.b] = nil
      case 1: stream.samples[last].slots[.a] = nil
      case 2: stream.samples[last].source = "other \(index)"
      case 3: stream.samples[last].slots[.b] = SlotCounters(latency: LatencyHistogram())
      default: break
      }
      if index < 39, stream.samples[last].slots.count < 2 {
        // The next reading goes on from the one before.
        let whole = stream.samples.last { $0.slots.count == 2 }
        var next = whole ?? stream.samples[0]
        next.at = stream.samples[last].at + .seconds(10)
        stream.samples.append(next)
      }
    }
    return stream
  }

  /// Everything but the number of looks.
  private func same(_ one: WatchJudgement?, _ other: WatchJudgement?) -> Bool {
    guard var one, var other else { return false }
    one.state?.looks = 0
    other.state?.looks = 0
    return one == other
  }

  @Test("B8, C5, D4, E12: a verdict is the same from look to look, at one look of everything, and from its own JSON")
  func replay() throws {
    for seed in 0..<60 {
      let stream = stream(seed)
      var state: SequentialState?
      var judgement: WatchJudgement?
      for index in stream.samples.indices {
        let next = WatchJudge.judge(stream.look(index, state))
        // As the journal keeps it.
        let kept = try CanonicalJSON.decode(WatchJudgement.self, from: CanonicalJSON.encode(next))
        #expect(kept == next)
        (state, judgement) = (kept.state, kept)
      }
      #expect(same(judgement, stream.atOnce()), "case \(seed)")
    }
  }

  @Test("any division of the same readings among looks gives the same verdict")
  func division() {
    for seed in 0..<60 {
      let stream = stream(seed)
      var random = Seeded(UInt64(seed) &+ 77)
      var state: SequentialState?
      var judgement: WatchJudgement?
      for index in stream.samples.indices
      where index == stream.samples.count - 1 || Int.random(in: 0..<4, using: &random) == 0 {
        judgement = WatchJudge.judge(stream.look(index, state))
        state = judgement?.state
      }
      #expect(same(judgement, stream.atOnce()), "case \(seed)")
    }
  }

  @Test("readings that are older than the window are not needed")
  func pruned() {
    for seed in 0..<30 {
      var stream = stream(seed, calm: true)
      stream.spec.window = .minutes(2)
      var (whole, cut): (SequentialState?, SequentialState?)
      for index in stream.samples.indices {
        let look = stream.look(index, whole)
        let full = WatchJudge.judge(look)
        var short = stream.look(index, cut)
        let edge = short.samples.lastIndex { $0.at <= short.now - stream.spec.window } ?? 0
        short.samples = Array(short.samples[edge...])
        let kept = WatchJudge.judge(short)
        #expect(full == kept, "case \(seed) at \(index)")
        (whole, cut) = (full.state, kept.state)
      }
    }
  }

  @Test(
    "a recording with what the first look knew gives the very judgements of the run, with φ of slow requests its own")
  func recorded() throws {
    for seed in 0..<12 {
      var stream = stream(seed)
      stream.spec.judge = .sequential(SequentialSpec(warmUp: .zero))
      // Hours in which slow requests came in clumps and errors did not, so that the two differ.
      stream.history = (0..<120).map { minute in
        var latency = LatencyHistogram()
        for index in 0..<1_000 { latency.record(seconds: index < (minute % 6 == 0 ? 300 : 20) ? 0.4 : 0.08) }
        return SlotCounters(requests: 1_000, serverErrors: UInt64(minute % 3), latency: latency)
      }
      stream.mustProve = true
      let judgements = stream.judgements()
      let first = try #require(judgements.first?.state)
      #expect(first.dispersion.latency > first.dispersion.errors && !first.edges.isEmpty)
      var stretch = WatchRecording.Stretch(percent: stream.percent, samples: stream.samples, planned: stream.duration)
      stretch.prior = WatchRecording.Prior(first)
      let recording = WatchRecording(
        blue: stream.blue, stretches: [stretch], dispersion: first.dispersion.errors, planned: stream.duration,
        steady: stream.percent)
      let looks = WatchReplay(recording, by: stream.spec, goesOn: true).looks.map(\.judgement)
      #expect(looks.count == judgements.count)
      for (index, (then, now)) in zip(judgements, looks).enumerated() {
        #expect(then.verdict == now.verdict && then.reason == now.reason, "case \(seed) at \(index)")
        #expect(then.report == now.report && then.findings == now.findings, "case \(seed) at \(index)")
      }
    }
  }

  @Test("what is known is small: a few numbers for each rule, after thousands of readings too")
  func small() throws {
    var random = Seeded(8)
    var stream = SequentialStream(Self.rules)
    var state: SequentialState?
    var sizes: [Int] = []
    for index in 0..<400 {
      stream.add(random.bin(20, 0.001, 180, 0.001))
      if stream.samples.count > 40 { stream.samples.removeFirst() }
      state = WatchJudge.judge(stream.look(stream.samples.count - 1, state)).state
      if index % 100 == 99 { sizes.append(try CanonicalJSON.encode(try #require(state)).count) }
    }
    #expect((sizes.max() ?? 0) < 6_000)
    #expect((sizes.last ?? 0) < (sizes.first ?? 0) * 11 / 10)
  }

  @Test("no data, whatever kind, never passes")
  func noData() {
    let nothing: [(String, (inout CounterSample) -> Void)] = [
      ("no slot", { $0.slots[.b] = nil }), ("a counter that begins anew", { $0.source = "\($0.at)" }),
      ("no request", { $0.slots[.b] = SlotCounters() }), ("no blue", { $0.slots[.a] = nil }),
    ]
    for (name, hide) in nothing {
      for rules in [Self.rules, [.above(.errorRateIncrease, 0.01)], [.above(.errorRate, 0.05)]] {
        var stream = SequentialStream(rules, minimum: 0)
        for _ in 0..<30 { stream.add(.init((20, 0), (180, 0))) }
        for index in stream.samples.indices { hide(&stream.samples[index]) }
        let judgements = stream.judgements()
        // Green without a request while blue has them is also "avoided", which waits for a person.
        #expect(judgements.allSatisfy { [.undecided, .noData, .pause].contains($0.verdict) }, "\(name)")
      }
    }
  }

  @Test("six readings in a row that cannot be counted end what was well, until one can be counted")
  func missing() {
    var stream = SequentialStream([.above(.errorRate, 0.05)])
    for _ in 0..<40 { stream.add(.init((20, 0), (180, 0))) }
    for index in 20..<26 { stream.samples[index].slots[.a] = nil }
    let verdicts = stream.judgements().map(\.verdict)
    #expect(verdicts[19] == .healthy)
    #expect(verdicts[24] == .healthy && verdicts[25] == .undecided)
    // The first reading that has blue again begins an interval, the next one ends it.
    #expect(verdicts[26] == .undecided && verdicts[27] == .healthy)
  }

  @Test("C5: green that fails goes back where blue is not counted at all, and one reading without blue is no reason to")
  func withoutBlue() {
    var random = Seeded(12)
    var stream = SequentialStream([.above(.errorRate, 0.05)])
    for _ in 0..<12 { stream.add(random.bin(200, 0.3, 1_800, 0.3)) }
    stream.samples[6].slots[.a] = nil
    #expect(!stream.judgements().contains { $0.verdict == .breach })
    for index in stream.samples.indices { stream.samples[index].slots[.a] = nil }
    #expect(stream.judgements().last?.verdict == .breach)
  }

  @Test("a clock that was set back, the same reading twice and errors counted before their requests break nothing")
  func odd() throws {
    var stream = SequentialStream([.above(.errorRate, 0.05), .above(.errorRateIncrease, 0.01)])
    var random = Seeded(9)
    for _ in 0..<40 { stream.add(random.bin(200, 0.3, 1_800, 0.001)) }
    for index in 1..<3 { stream.samples[index].at = stream.samples[index].at - .hours(1) }
    let twice = stream.samples[4]
    stream.samples.insert(twice, at: 4)
    stream.samples[5].slots[.b]?.serverErrors += 5_000
    let late = stream.samples[5].slots[.b]?.serverErrors ?? 0
    stream.samples[6].slots[.b]?.serverErrors = late
    let judgements = stream.judgements()
    #expect(judgements.contains { $0.verdict == .breach })
    #expect(judgements.compactMap(\.state).allSatisfy { $0.evidence.values.flatMap(\.bets).allSatisfy(\.isFinite) })
    #expect(judgements.compactMap(\.report).flatMap(\.tests).allSatisfy { (0...1).contains($0.p) })
  }

  @Test("evidence goes on from step to step of a run")
  func steps() throws {
    var random = Seeded(10)
    var first = SequentialStream([.above(.errorRateIncrease, 0.01)])
    for _ in 0..<10 { first.add(random.bin(20, 0.021, 180, 0.001)) }
    let state = try #require(first.judgements().last?.state)
    var second = SequentialStream([.above(.errorRateIncrease, 0.01)])
    second.percent = 50
    for index in second.samples.indices { second.samples[index].at = second.samples[index].at + .hours(1) }
    for _ in 0..<10 { second.add(random.bin(100, 0.021, 100, 0.001)) }
    let fresh = WatchJudge.judge(second.look(second.samples.count - 1, nil))
    let after = WatchJudge.judge(second.look(second.samples.count - 1, state))
    let evidence = { (judgement: WatchJudgement) in judgement.report?.tests.first { $0.id == "T1" }?.evidence ?? 0 }
    #expect(evidence(after) > evidence(fresh))
    #expect(after.report?.compared.first == 1_200)
  }
}
