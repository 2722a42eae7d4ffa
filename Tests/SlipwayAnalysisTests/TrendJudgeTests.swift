import Foundation
import SlipwayAnalysis
import SlipwayModel
import Testing

@Suite("Trends after a deployment")
struct TrendJudgeTests {
  private static let start = Timestamp(milliseconds: 1_800_000_000_000)

  private static func readings(_ values: [Double], every: Span = .minutes(10)) -> [AftercareState.GaugeReading] {
    values.enumerated().map { AftercareState.GaugeReading(at: start + every * $0.offset, value: $0.element) }
  }

  private static func judge(
    _ values: [Double], _ limit: TrendSpec.Limit, every: Span = .minutes(10)
  ) -> (verdict: AftercareVerdict, detail: String, slope: Double?) {
    TrendJudge.judge("memory", readings(values, every: every), limit, over: .hours(23))
  }

  @Test("E14: a leak is found by where it leads, and the words say when")
  func leak() {
    // 200 MB, 6 MB an hour, noise of 4 MB.
    var random = TrendSeed(seed: 3)
    let values = (0..<48).map { 200 + Double($0) + (random.unit() - 0.5) * 8 }
    let found = Self.judge(values, .reaches(.above, 400, within: .hours(48)))
    #expect(found.verdict == .failed)
    #expect(found.detail.contains("at this rate: above 400 within 2d"))
    #expect(abs((found.slope ?? 0) - 6) < 0.5)
    #expect(Self.judge(values, .reaches(.above, 400, within: .hours(12))).verdict == .passed)
    #expect(Self.judge(values, .perHour(.above, 3)).verdict == .failed)
    #expect(Self.judge(values, .perHour(.above, 8)).verdict == .passed)
    #expect(Self.judge(values, .grows(0.5, within: .hours(24))).verdict == .failed)
    #expect(Self.judge(values, .grows(1, within: .hours(24))).verdict == .passed)
  }

  @Test("E14: a disk that fills up is found by what is left")
  func disk() {
    let values = (0..<30).map { 50 - Double($0) * 0.5 }
    #expect(Self.judge(values, .reaches(.below, 10, within: .hours(24))).verdict == .failed)
    #expect(Self.judge(values, .reaches(.below, 10, within: .hours(6))).verdict == .passed)
    #expect(Self.judge(values, .perHour(.below, 2)).verdict == .failed)
    #expect(Self.judge(values.map { $0 - 45 }, .reaches(.below, 10, within: .hours(1))).detail.contains("already"))
  }

  @Test("too few readings, too short a time and readings of one moment are no trend")
  func tooFew() {
    let limit = TrendSpec.Limit.perHour(.above, 0)
    #expect(Self.judge([1, 2, 3, 4, 5, 6, 7], limit).verdict == .undecided)
    #expect(Self.judge((0..<20).map(Double.init), limit, every: .seconds(10)).verdict == .undecided)
    #expect(Self.judge([], limit).verdict == .undecided)
    #expect(Self.judge(Array(repeating: .nan, count: 40), limit).verdict == .undecided)
    #expect(Self.judge([.nan, .infinity] + (0..<40).map(Double.init), limit).verdict == .failed)
  }

  @Test("a single jump and a constant are no growth")
  func steps() {
    let limit = TrendSpec.Limit.perHour(.above, 0.5)
    #expect(Self.judge(Array(repeating: 7, count: 60), limit).verdict == .passed)
    #expect(Self.judge(Array(repeating: 7, count: 30) + Array(repeating: 7.1, count: 30), limit).verdict == .passed)
  }

  /// Looks every ten minutes for a day at a gauge without any trend: how many days raise an alarm at the sharpest limit there is, any rise at all.
  private static func falseAlarms(_ days: Int, _ noise: (inout TrendSeed, Int, Double) -> Double) -> Int {
    var random = TrendSeed(seed: 17)
    return (0..<days).count { _ in
      var values: [Double] = []
      var last = 0.0
      // Every twelfth look, for the test's time; neighbours say nearly the same.
      for index in 0..<141 {
        last = noise(&random, index, last)
        values.append(100 + last)
        if index % 12 == 11, Self.judge(values, .perHour(.above, 0)).verdict == .failed { return true }
      }
      return false
    }
  }

  @Test("E14: noise, noise that hangs together and the saw teeth of a garbage collector seldom look like growth")
  func falseAlarms() {
    let days = 40
    let white = Self.falseAlarms(days) { random, _, _ in random.unit() * 10 }
    let clinging = Self.falseAlarms(days) { random, _, last in 0.6 * last + random.unit() * 10 - 5 }
    let teeth = Self.falseAlarms(days) { random, index, _ in Double(index % 9) * 4 + random.unit() * 5 }
    print(
      "days with a false alarm of \(days): white noise \(white), autoregressive 0.6 \(clinging), saw teeth \(teeth)")
    #expect(white <= days / 6)
    #expect(clinging <= days / 5)
    #expect(teeth <= days / 6)
  }

  @Test("many readings are thinned out and say the same")
  func many() {
    let values = (0..<5_000).map { Double($0) / 60 }
    let found = TrendJudge.judge(
      "memory", Self.readings(values, every: .minutes(1)), .perHour(.above, 0.9), over: .hours(24))
    #expect(found.verdict == .failed)
    #expect(abs((found.slope ?? 0) - 1) < 1e-6)
  }
}
