internal import SlipwayModel

/// A native histogram as Prometheus' API gives it: only buckets that hold something, each with both its bounds.
struct NativeHistogram: Decodable, Sendable, Equatable {
  /// `[rule, left, right, count]`, numbers as text.
  struct Bucket: Decodable, Sendable, Equatable {
    let left: Double
    let right: Double
    let count: Double

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      _ = try container.decode(Int.self)
      let texts = [
        try container.decode(String.self), try container.decode(String.self), try container.decode(String.self),
      ]
      let numbers = texts.compactMap { Double($0) }
      guard numbers.count == 3, container.isAtEnd else {
        throw DecodingError.dataCorruptedError(in: container, debugDescription: "a bucket is no row of numbers")
      }
      (left, right, count) = (numbers[0], numbers[1], numbers[2])
    }
  }

  let count: String
  let buckets: [Bucket]?

  /// Four bounds for each doubling, 1 ms to 32 s. Buckets of schema 2 and finer end exactly here; a coarser or a custom one counts at the first bound above its own.
  static let grid: [Double] = (-40...20).map { exponent in
    let quarter = [1, 1.189_207_115_002_721, 1.414_213_562_373_095_1, 1.681_792_830_507_429][((exponent % 4) + 4) % 4]
    let doublings = (exponent - (((exponent % 4) + 4) % 4)) / 4
    return quarter * (doublings >= 0 ? Double(1 << doublings) : 1 / Double(1 << -doublings))
  }

  /// The counts on ``grid``, so that two readings can be compared although they list other buckets; nil when they are no counts.
  ///
  /// A bucket counts at its upper bound: a latency may be shown longer than it was by at most one bucket, never shorter.
  func onGrid(_ unit: LatencyUnit) -> LatencyHistogram? {
    var counts = [UInt64](repeating: 0, count: Self.grid.count + 1)
    var total: UInt64 = 0
    for bucket in buckets ?? [] {
      guard let count = Count.exactly(bucket.count), !bucket.right.isNaN, total <= .max - count else { return nil }
      // A bound that was computed elsewhere may differ in its last digits.
      let place = Self.grid.firstIndex { bucket.right * unit.inSeconds <= $0 * (1 + 1e-9) } ?? Self.grid.count
      counts[place] += count
      total += count
    }
    guard let all = Double(count).flatMap(Count.exactly), all == total else { return nil }
    return LatencyHistogram(bounds: Self.grid, counts: counts)
  }
}
