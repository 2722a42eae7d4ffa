internal import SlipwayModel

/// Why buckets are no histogram, as the end of a sentence.
struct BucketProblem: Error, CustomStringConvertible {
  let description: String
}

extension LatencyHistogram {
  /// Makes a histogram of cumulative counts, as Prometheus' classic histograms have them, in any order.
  init(cumulative unordered: [(bound: Double, count: UInt64)]) throws(BucketProblem) {
    let buckets = unordered.sorted { $0.bound < $1.bound }
    guard buckets.last?.bound == .infinity else { throw BucketProblem(description: "has no bucket le=\"+Inf\"") }
    let cumulative = buckets.map(\.count)
    guard zip(cumulative, cumulative.dropFirst()).allSatisfy({ $0 <= $1 }) else {
      throw BucketProblem(description: "has buckets that fall as 'le' rises, so they are not cumulative counts")
    }
    let counts = zip([0] + cumulative, cumulative).map { $1 - $0 }
    guard let histogram = LatencyHistogram(bounds: buckets.dropLast().map(\.bound), counts: counts) else {
      throw BucketProblem(description: "has two series for the same 'le'")
    }
    self = histogram
  }
}
