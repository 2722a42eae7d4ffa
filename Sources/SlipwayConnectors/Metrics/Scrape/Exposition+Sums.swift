internal import SlipwayModel

extension Exposition {
  /// What a sum of series came to.
  enum Sum {
    case value(Double)
    /// No figures, and why.
    case missing(String)
  }

  /// Adds up what `sum` means.
  ///
  /// A counter that was never touched is often not there yet, so a series that is missing counts as nothing where the document knows its
  /// name. A name that the document does not know at all may be misspelled: then there is no figure.
  func value(of sum: SeriesSum) -> Sum {
    var total = 0.0
    for selector in sum.selectors {
      guard known.contains(selector.name) else { return .missing("there is no metric '\(selector.name)'") }
      for one in matching(selector) {
        guard one.value.isFinite else {
          return .missing("'\(selector.name)' is \(one.value.isNaN ? "NaN" : "infinite")")
        }
        total += one.value
      }
    }
    return .value(total)
  }

  /// Whether any series fits.
  func has(_ sum: SeriesSum) -> Bool { sum.selectors.contains { !matching($0).isEmpty } }

  /// The only series of this name as a number; nil when there is none or several.
  func single(_ name: String) -> Double? {
    let found = series[name] ?? []
    return found.count == 1 && found[0].value.isFinite ? found[0].value : nil
  }

  /// The buckets that `sum` means, added up by their bounds; where none has been touched yet, empty ones with the bounds of its kin.
  ///
  /// - Returns: nil without any figures.
  func histogram(of sum: SeriesSum, unit: LatencyUnit) throws(BucketProblem) -> LatencyHistogram? {
    var buckets: [Double: Double] = [:]
    for selector in sum.selectors {
      let found = matching(selector)
      var bounds: [Double: Int] = [:]
      for one in found.isEmpty ? series[selector.name] ?? [] : found {
        guard let text = one.labels["le"], let bound = Double(text), !bound.isNaN else {
          throw BucketProblem(description: "has a series of '\(selector.name)' without a bound in 'le'")
        }
        guard one.value.isFinite else { return nil }
        bounds[bound, default: 0] += 1
        buckets[bound, default: 0] += found.isEmpty ? 0 : one.value
      }
      guard found.isEmpty || Set(bounds.values).count == 1 else {
        throw BucketProblem(description: "has series of '\(selector.name)' with different bounds")
      }
    }
    guard !buckets.isEmpty else { return nil }
    var counts: [(bound: Double, count: UInt64)] = []
    for (bound, value) in buckets {
      guard let count = Count.exactly(value) else {
        throw BucketProblem(description: "has a bucket with \(value) in it, which is no count")
      }
      counts.append((bound * unit.inSeconds, count))
    }
    return try LatencyHistogram(cumulative: counts)
  }

  private func matching(_ selector: SeriesSum.Selector) -> [Series] {
    let test = selector.test()
    return (series[selector.name] ?? []).filter { test.fits($0.labels) }
  }
}
