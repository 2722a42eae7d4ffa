import Foundation
import SlipwayAnalysis
import SlipwayModel
import Testing

@Suite("Recordings: read, write, judge anew")
struct RecordingTests {
  static let cumulative = """
    # counts: cumulative
    time,slot,requests,errors,weight,le_0.1,le_inf,gauge_memory
    2026-11-21T10:00:00Z,blue,1000,1,10,990,1000,
    2026-11-21T10:00:00Z,green,0,0,10,0,0,100
    2026-11-21T10:00:10Z,blue,1900,2,10,1880,1900,
    2026-11-21T10:00:10Z,green,100,0,10,99,100,101.5
    2026-11-21T10:00:20Z,blue,2400,2,50,2300,2400,
    2026-11-21T10:00:20Z,green,600,1,50,590,600,102
    2026-11-21T10:00:30Z,blue,2900,3,50,2800,2900,
    2026-11-21T10:00:30Z,green,1100,2,50,1080,1100,102
    """

  static let intervals = """
    {"counts":"per-interval","green":"a","dispersion":1.5}
    {"time":10,"slot":"canary","requests":100,"errors":1,"le":{"0.1":90},"weight":10}
    {"time":10,"slot":"baseline","requests":900,"errors":0,"le":{"0.1":900},"weight":10}
    {"time":20,"slot":"a","requests":50,"errors":2,"le":{"0.1":50},"crashes":1,"gauges":{"pool":3}}
    {"time":30.5,"slot":"a","requests":70,"errors":0,"le":{"0.1":69,"inf":70}}
    """

  static func read(_ text: String, _ counts: RecordingCounts? = nil) throws -> WatchRecording {
    try RecordingReader.read(Data(text.utf8), counts: counts)
  }

  @Test("CSV with cumulative counts: readings by time, a stretch for each weight")
  func csv() throws {
    let recording = try Self.read(Self.cumulative)
    #expect(recording.green == .b && recording.blue == .a)
    #expect(recording.stretches.map(\.percent) == [10, 50])
    #expect(recording.stretches.map(\.samples.count) == [2, 2])
    let last = try #require(recording.samples.last)
    #expect(last.slots[.b]?.requests == 1_100 && last.slots[.b]?.errors == 2)
    #expect(last.slots[.b]?.latency?.counts == [1_080, 20])
    #expect(last.gauges == [.b: ["memory": 102]])
    #expect(recording.startedAt?.description == "2026-11-21T10:00:00.000Z")
  }

  @Test("JSON lines with counts of each interval: they are added up from an interval before the first")
  func json() throws {
    let recording = try Self.read(Self.intervals)
    #expect(recording.green == .a && recording.blue == .b && recording.dispersion == 1.5)
    let samples = recording.samples
    #expect(samples.map(\.at.milliseconds) == [0, 10_000, 20_000, 30_500])
    #expect(samples.map { $0.slots[.a]?.requests } == [0, 100, 150, 220])
    #expect(samples.map { $0.slots[.a]?.errors } == [0, 1, 3, 3])
    #expect(samples.last?.slots[.a]?.latency?.counts == [209, 11])
    #expect(samples[2].crashes == [.a: 1] && samples[2].gauges == [.a: ["pool": 3]])
  }

  @Test("a stretch of counts by interval begins with the reading before it")
  func weights() throws {
    let text =
      "# counts: per-interval\ntime,slot,requests,errors,weight\n"
      + (1...6).map { "\($0 * 10),green,\($0 > 3 ? 50 : 10),0,\($0 > 3 ? 50 : 10)" }.joined(separator: "\n")
    let recording = try Self.read(text)
    #expect(recording.stretches.map(\.percent) == [10, 50])
    #expect(recording.stretches.map(\.samples.count) == [4, 4])
    #expect(recording.stretches[1].samples.first?.at == recording.stretches[0].samples.last?.at)
    #expect(recording.blue == nil)
  }

  @Test("readings that two watches share are written once")
  func shared() throws {
    let text =
      "# counts: per-interval\ntime,slot,requests,errors,weight\n"
      + (1...6).map { "\($0 * 10),green,50,0,\($0 > 3 ? 50 : 10)" }.joined(separator: "\n")
    let again = try RecordingReader.read(try RecordingWriter.lines(try Self.read(text)))
    #expect(again.stretches.map(\.percent) == [10, 50])
    #expect(again.samples.map { $0.slots[.b]?.requests } == [0, 50, 100, 150, 200, 250, 300])
  }

  @Test("what was written reads the same again")
  func roundTrip() throws {
    for text in [Self.cumulative, Self.intervals] {
      let recording = try Self.read(text)
      let again = try RecordingReader.read(try RecordingWriter.lines(recording))
      #expect(again.stretches.flatMap(\.samples).map(\.slots) == recording.stretches.flatMap(\.samples).map(\.slots))
      #expect(again.stretches.map(\.percent) == recording.stretches.map(\.percent))
      #expect(again.green == recording.green && again.blue == recording.blue)
      #expect(again.dispersion == recording.dispersion)
    }
  }

  @Test(
    "every mistake is told with its line",
    arguments: [
      ("2026-11-21T10:00:10Z,green,100,0", "2026-11-21T10:00:10Z,green,-1,0", "line 6: '-1' is no whole number"),
      (",green,100,0,10,99", ",green,100,101,10,99", "line 6: 101 errors of 100 requests"),
      (",green,100,0,10,99", ",purple,100,0,10,99", "line 6: 'purple' is no slot"),
      ("2026-11-21T10:00:20Z,blue", "2026-11-21T09:00:20Z,blue", "line 7: 2026-11-21T09:00:20.000Z is earlier"),
      ("10:00:20Z,green", "10:00:20Z,blue", "line 8: slot a has a row"),
      ("time,slot,requests", "time,slot,hits", "line 2: the header lacks the column 'requests'"),
      (",gauge_memory", ",memory", "line 2: the column 'memory' is not known"),
      ("# counts: cumulative\n", "", "nothing says how the counts are meant"),
      ("cumulative", "both", "line 1: counts are 'cumulative' or 'per-interval'"),
      (",1080,1100,102", ",1080,1100", "line 10: 7 fields stand here, the header has 8"),
      (",1080,1100,102", ",1200,1100,102", "line 10: a bucket of latencies holds less"),
      (",1080,1100,102", ",1080,1100,nan", "line 10: 'nan' is no number"),
      ("2026-11-21T10:00:30Z,green", "soon,green", "line 10: 'soon' is no time"),
      (",50,1080", ",500,1080", "line 10: '500' is no weight"),
    ])
  func mistakes(find: String, replacement: String, complaint: String) throws {
    let text = Self.cumulative.replacing(find, with: replacement, maxReplacements: 1)
    #expect(text != Self.cumulative)
    let error = try #require(throws: RecordingError.self) { try Self.read(text) }
    #expect(error.description.hasPrefix(complaint), "\(error)")
  }

  @Test(
    "files that hold nothing to judge are refused",
    arguments: [
      "", "\n\n", "# counts: cumulative\n", "{}", "{\"slot\":\"a\"}", "time,slot,requests,errors\n",
      "# counts: cumulative\ntime,slot,requests,errors\n1,green,1,0\n",
      "# counts: cumulative\ntime,slot,requests,errors\n1,blue,1,0\n2,blue,2,0\n",
      "{\"counts\":\"cumulative\"}\n{\"time\":1,\"slot\":\"green\",\"requests\":1.5,\"errors\":0}",
    ])
  func empty(text: String) {
    #expect(throws: RecordingError.self) { try Self.read(text) }
  }

  @Test(
    "changed at random, a recording is read or refused, and what is read holds no impossible counts",
    arguments: 0..<6 as Range<UInt64>)
  func fuzz(seed: UInt64) {
    var random = Seeded(seed)
    let alphabet = Array("0123456789,:.-+eE{}[]\"\n#aglsxX \u{0}ÿ".utf8)
    for _ in 0..<100 {
      var bytes = Array((Bool.random(using: &random) ? Self.cumulative : Self.intervals).utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = alphabet.randomElement(using: &random) ?? 0
        case 1: bytes.remove(at: place)
        default: bytes.insert(alphabet.randomElement(using: &random) ?? 0, at: place)
        }
      }
      guard let recording = try? RecordingReader.read(Data(bytes)) else { continue }
      #expect(recording.samples.count > 1)
      for (earlier, later) in zip(recording.samples, recording.samples.dropFirst()) { #expect(earlier.at <= later.at) }
      for counters in recording.samples.flatMap(\.slots.values) { #expect(counters.errors <= counters.requests) }
      for judge in [JudgeSpec.thresholds, .sequential(SequentialSpec())] {
        let replay = WatchReplay(recording, by: WatchSpec(rules: RuleJudgeTests.rules, judge: judge))
        #expect(replay.decidedAt != nil)
      }
    }
  }

  // MARK: Replay

  static func recording(_ errors: (Int) -> UInt64, minutes: Int = 10, planned: Span? = nil) -> WatchRecording {
    WatchRecording(
      stretches: [
        WatchRecording.Stretch(
          percent: 10, samples: RuleJudgeTests.samples(seconds: minutes * 60, green: { (100, errors($0)) }),
          planned: planned)
      ], dispersion: 1)
  }

  @Test("a healthy recording is promoted, a bad one rolled back, by thresholds and by evidence")
  func decisions() {
    for judge in [JudgeSpec.thresholds, .sequential(SequentialSpec())] {
      let spec = WatchSpec(minimumRequests: 50, rules: RuleJudgeTests.rules, judge: judge)
      let good = WatchReplay(Self.recording { _ in 0 }, by: spec)
      #expect(good.decision == .promote, "\(good.reason)")
      let bad = WatchReplay(Self.recording { $0 > 300 ? 50 : 0 }, by: spec)
      #expect(bad.decision == .rollBack, "\(bad.reason)")
      let at = bad.decidedAt.map { $0.milliseconds / 1_000 } ?? 0
      #expect(at > 300 && at < 420)
      #expect(bad.looks.count == Int(at) / 10 + 1, "it stops at the decision")
      let whole = WatchReplay(Self.recording { $0 > 300 ? 50 : 0 }, by: spec, goesOn: true)
      #expect(whole.looks.count == 61 && whole.decidedAt == bad.decidedAt && whole.decision == .rollBack)
    }
  }

  @Test("a pause waits for a person, and no later watch counts")
  func pauses() {
    let spec = WatchSpec(minimumRequests: 50, rules: RuleJudgeTests.rules, judge: .thresholds)
    var recording = Self.recording { $0 > 300 ? 5 : 0 }
    recording.stretches.append(
      WatchRecording.Stretch(
        percent: 50, samples: RuleJudgeTests.samples(seconds: 300, green: { _ in (100, 50) })))
    let replay = WatchReplay(recording, by: spec)
    #expect(replay.decision == .pause && replay.looks.allSatisfy { $0.stretch == 0 }, "\(replay.reason)")
  }

  @Test("a recording that ends before its watch, or without a verdict, promotes nothing")
  func holds() {
    let spec = WatchSpec(minimumRequests: 50, rules: RuleJudgeTests.rules, judge: .thresholds)
    let short = WatchReplay(Self.recording({ _ in 0 }, minutes: 5, planned: .minutes(10)), by: spec)
    #expect(short.decision == .hold && short.reason.contains("only 5m of 10m"))
    let picky = WatchSpec(minimumRequests: 1_000_000, rules: RuleJudgeTests.rules, judge: .thresholds)
    #expect(WatchReplay(Self.recording { _ in 0 }, by: picky).decision == .hold)
    #expect(WatchReplay(WatchRecording(), by: spec).decision == .hold)
  }
}
