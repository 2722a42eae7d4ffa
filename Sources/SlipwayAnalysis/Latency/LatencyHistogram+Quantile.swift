package import SlipwayModel

/// A figure and how well it is known.
package struct Reading: Sendable, Equatable {
  /// Whether the true value can lie beside the one that is given.
  package enum Precision: Sendable, Equatable {
    case exact
    /// The true value is greater.
    case atLeast
    /// The true value is smaller.
    case atMost
  }

  package let value: Double
  package let precision: Precision

  package init(_ value: Double, _ precision: Precision = .exact) {
    self.value = value
    self.precision = precision
  }
}

extension LatencyHistogram {
  /// The latency below which the fraction `rank` of all requests lies, interpolated inside its bucket as Prometheus'
  /// `histogram_quantile` does; nil when nothing was counted or there are no bounds.
  ///
  /// A rank that falls into the last bucket, which has no upper bound, gives that bucket's lower bound as
  /// ``Reading/Precision/atLeast``.
  package func quantile(_ rank: Double) -> Reading? {
    let total = Double(total)
    guard total > 0, let first = bounds.first, let last = bounds.last, rank >= 0, rank <= 1 else { return nil }
    let wanted = rank * total
    var below: Double = 0
    for (index, upper) in bounds.enumerated() {
      let count = Double(counts[index])
      if below + count >= wanted, count > 0 {
        if index == 0, first <= 0 { return Reading(first) }
        let lower = index == 0 ? 0 : bounds[index - 1]
        return Reading(lower + (upper - lower) * ((wanted - below) / count))
      }
      below += count
    }
    return Reading(last, .atLeast)
  }

  /// Both histograms counted together; nil when their buckets differ.
  package func adding(_ other: LatencyHistogram) -> LatencyHistogram? {
    guard bounds == other.bounds else { return nil }
    return LatencyHistogram(bounds: bounds, counts: zip(counts, other.counts).map { $0 &+ $1 })
  }
}
