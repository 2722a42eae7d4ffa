import Foundation
import SlipwayModel
import Testing

@testable import SlipwayConnectors

@Suite("Sums per interval")
struct IntervalLedgerTests {
  private static func at(_ second: Int64) -> Timestamp { Timestamp(milliseconds: second * 1_000) }

  @Test("an interval is asked for when it is over and its delay has passed, and only then")
  func windows() {
    let ledger = IntervalLedger(IntervalTiming(every: .seconds(60), delay: .seconds(30)))
    #expect(ledger.window(at: Self.at(6_089)) == IntervalLedger.Window(from: 5_400, to: 6_000))
    #expect(ledger.window(at: Self.at(6_090)) == IntervalLedger.Window(from: 5_460, to: 6_060))
    ledger.take([:], of: IntervalLedger.Window(from: 5_460, to: 6_060))
    #expect(ledger.window(at: Self.at(6_149)) == nil)
    #expect(ledger.window(at: Self.at(6_000)) == nil, "a clock that goes back asks nothing twice")
    #expect(ledger.window(at: Self.at(6_150)) == IntervalLedger.Window(from: 5_520, to: 6_120))
    #expect(ledger.window(at: Self.at(600_000))?.from == Int64(599_940 - 360 * 60))
  }

  @Test("any order of any answers counts each interval once: what it held when it closed", arguments: 0..<50)
  func property(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    let ledger = IntervalLedger(IntervalTiming(every: .seconds(10), delay: .zero))
    var world: [Int64: UInt64] = [:]
    var counted: [Int64: UInt64] = [:]
    var now: Int64 = 1_000
    var origin: Int64?
    for _ in 0..<60 {
      now += Int64.random(in: 0...25, using: &random)
      // Something happens now, and something from the last minute arrives late.
      world[now / 10 * 10, default: 0] += UInt64.random(in: 0...9, using: &random)
      if Bool.random(using: &random) {
        world[(now - Int64.random(in: 0...60, using: &random)) / 10 * 10, default: 0] += 1
      }
      guard let window = ledger.window(at: Self.at(now)) else { continue }
      let known = world.filter { $0.key >= window.from && $0.key < window.to }
      ledger.take([.b: IntervalSums(requests: known, errors: known)], of: window)
      for start in stride(from: window.from, to: window.to, by: 10) where start >= (origin ?? window.to) {
        if counted[start] == nil { counted[start] = known[start] ?? 0 }
      }
      origin = origin ?? window.to
      let sample = ledger.sample(at: Self.at(now), source: "x")
      let total = counted.values.reduce(0, +)
      if !known.isEmpty { #expect(sample.slots[.b] == SlotCounters(requests: total, serverErrors: total)) }
    }
  }

  @Test("a native histogram falls on the grid by upper bounds, the same buckets whatever is empty")
  func native() throws {
    let json =
      #"{"count":"7","sum":"1","buckets":[[0,"0.0009765625","0.00116","2"],[0,"0.5","0.5946035575013605","4"],[0,"40","50","1"]]}"#
    let histogram = try JSONDecoder().decode(NativeHistogram.self, from: Data(json.utf8))
    let grid = try #require(histogram.onGrid(.seconds))
    #expect(NativeHistogram.grid.count == 61)
    #expect(zip(NativeHistogram.grid, NativeHistogram.grid.dropFirst()).allSatisfy { abs($1 / $0 - 1.189_207) < 1e-5 })
    #expect(grid.total == 7 && grid.counts.last == 1)
    let half = try #require(NativeHistogram.grid.firstIndex { abs($0 - 0.594_603_557) < 1e-8 })
    #expect(grid.counts[half] == 4)
    let empty = try JSONDecoder().decode(NativeHistogram.self, from: Data(#"{"count":"0","sum":"0"}"#.utf8))
    let nothing = try #require(empty.onGrid(.seconds))
    #expect(grid.since(nothing)?.total == 7)
    for bad in [
      #"{"count":"6","sum":"1","buckets":[[0,"1","2","7"]]}"#,
      #"{"count":"0.5","sum":"1","buckets":[[0,"1","2","0.5"]]}"#,
      #"{"count":"NaN","sum":"1","buckets":[]}"#,
    ] {
      #expect(try JSONDecoder().decode(NativeHistogram.self, from: Data(bad.utf8)).onGrid(.seconds) == nil)
    }
  }

  @Test("minutes of a history leave out gaps, restarts and what is no count")
  func history() throws {
    func points(_ pairs: [(Int, String)]) throws -> [PrometheusAnswer.Point] {
      let text = "[" + pairs.map { "[\($0.0),\"\($0.1)\"]" }.joined(separator: ",") + "]"
      return try JSONDecoder().decode([PrometheusAnswer.Point].self, from: Data(text.utf8))
    }
    let all = try points([
      (0, "10"), (60, "15"), (120, "30"), (240, "50"), (300, "5"), (360, "7.5"), (420, "9"), (480, "12"),
    ])
    let wrong = try points([
      (0, "1"), (60, "1"), (120, "3"), (240, "4"), (300, "0"), (360, "0"), (420, "0"), (480, "1"),
    ])
    #expect(
      PrometheusSource.minutes(of: all, errors: wrong) == [
        SlotCounters(requests: 5), SlotCounters(requests: 15, serverErrors: 2),
        SlotCounters(requests: 3, serverErrors: 1),
      ])
  }
}
