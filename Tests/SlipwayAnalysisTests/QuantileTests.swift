import SlipwayAnalysis
import SlipwayModel
import Testing

@Suite("Latency: quantiles")
struct QuantileTests {
  private func histogram(_ bounds: [Double], _ counts: [UInt64]) throws -> LatencyHistogram {
    try #require(LatencyHistogram(bounds: bounds, counts: counts))
  }

  @Test(
    "are what Prometheus 2.42 gives for the same buckets",
    arguments: [
      (0.0, 0.0), (0.25, 0.05), (0.5, 0.1), (0.75, 0.5), (0.9, 8.260869565217391e-01), (0.95, 9.347826086956521e-01),
    ])
  func likePrometheus(rank: Double, expected: Double) throws {
    let reading = try #require(histogram([0.1, 0.2, 0.5, 1], [50, 0, 25, 23, 2]).quantile(rank))
    #expect(abs(reading.value - expected) < 1e-12)
    #expect(reading.precision == .exact)
  }

  @Test("beyond the last bound are at least that bound", arguments: [0.99, 1])
  func lastBucket(rank: Double) throws {
    #expect(try histogram([0.1, 0.2, 0.5, 1], [50, 0, 25, 23, 2]).quantile(rank) == Reading(1, .atLeast))
  }

  @Test("in a first bucket that ends below zero are its bound, as in Prometheus")
  func negative() throws {
    let buckets = try histogram([-1, 1], [10, 10, 0])
    #expect(buckets.quantile(0.25) == Reading(-1))
    #expect(buckets.quantile(0.75) == Reading(0))
  }

  @Test("of nothing are unknown")
  func empty() throws {
    #expect(LatencyHistogram().quantile(0.5) == nil)
    #expect(try histogram([], [7]).quantile(0.5) == nil)
    #expect(LatencyHistogram().quantile(.nan) == nil)
  }
}
