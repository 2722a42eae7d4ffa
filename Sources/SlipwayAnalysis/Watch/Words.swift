internal import SlipwayModel

/// Figures as people read them: `6.2 %`, `812 ms`, `1.25 s`.
enum Words {
  private static let finest = 6

  /// `value` and `bound`, the first with just so many digits that it still reads as lying on its side of the second.
  static func pair(_ value: Double, _ bound: Double, for metric: WatchMetric) -> (value: String, bound: String) {
    let unit = Unit(metric, near: max(value.magnitude, bound.magnitude))
    let (scaled, limit) = (value * unit.factor, bound * unit.factor)
    let shown = (1...finest).lazy.map { rounded(scaled, $0) }.first {
      ($0 > limit) == (scaled > limit) && ($0 < limit) == (scaled < limit)
    }
    return (decimal(shown ?? scaled) + unit.suffix(scaled), decimal(rounded(limit, finest)) + unit.suffix(limit))
  }

  /// `value` alone.
  static func figure(_ value: Double, for metric: WatchMetric) -> String {
    let unit = Unit(metric, near: value.magnitude)
    let scaled = rounded(value * unit.factor, 1)
    return decimal(scaled) + unit.suffix(scaled)
  }

  /// `1 request`, `412 requests`.
  static func requests(_ count: UInt64) -> String { count == 1 ? "1 request" : "\(count) requests" }

  /// Parts joined as a sentence has them: `a; b; c`.
  static func list(_ parts: [String]) -> String { parts.joined(separator: "; ") }

  private struct Unit {
    let factor: Double
    private let one: String
    private let many: String

    init(_ metric: WatchMetric, near size: Double) {
      switch metric {
      case .errorRate, .availability, .p95Increase, .p99Increase: (factor, one, many) = (100, " %", " %")
      case .errorRateIncrease: (factor, one, many) = (100, " point", " points")
      case .p95, .p99: (factor, one, many) = size < 1 ? (1_000, " ms", " ms") : (1, " s", " s")
      case .crashes, .databaseErrors, .gauge: (factor, one, many) = (1, "", "")
      }
    }

    func suffix(_ value: Double) -> String { value == 1 ? one : many }
  }

  private static func rounded(_ value: Double, _ digits: Int) -> Double {
    let scale = (0..<digits).reduce(1.0) { scale, _ in scale * 10 }
    return value.magnitude < 1e9 ? (value * scale).rounded() / scale : value
  }

  private static func decimal(_ value: Double) -> String {
    guard value.isFinite, value.magnitude < 1e15 else { return "\(value)" }
    if value == value.rounded() { return "\(Int64(value))" }
    // Swift's shortest form; an exponent appears only below 0.0001 and is spelled out.
    guard value.magnitude < 0.001 else { return "\(value)" }
    let digits = "\(Int64((value.magnitude * 1e6).rounded()))"
    return (value < 0 ? "-0." : "0.") + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }
}
