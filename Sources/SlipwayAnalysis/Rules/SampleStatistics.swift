/// Statistics of samples as Kayenta takes them.
package enum SampleStatistics {
  /// The mean; nil of nothing.
  package static func mean(_ values: [Double]) -> Double? {
    values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
  }

  /// The value below which the fraction `rank` lies, by R's type 7; nil of nothing.
  package static func percentile(_ values: [Double], _ rank: Double) -> Double? {
    guard !values.isEmpty, rank >= 0, rank <= 1 else { return nil }
    let sorted = values.sorted()
    let place = rank * Double(sorted.count - 1)
    let below = Int(place)
    guard below + 1 < sorted.count else { return sorted.last }
    return sorted[below] + (place - Double(below)) * (sorted[below + 1] - sorted[below])
  }

  /// The mean of `canary` divided by that of `baseline`; NaN when one of them is 0, which says nothing about a ratio.
  package static func meanRatio(_ canary: [Double], to baseline: [Double]) -> Double {
    guard let above = mean(canary), let below = mean(baseline), above != 0, below != 0 else { return .nan }
    return above / below
  }

  /// The chance that a value of `canary` is greater than one of `baseline`, ties half.
  package static func commonLanguage(_ canary: [Double], over baseline: [Double]) -> Double {
    guard let test = MannWhitney(canary, baseline) else { return .nan }
    return test.statistic / (Double(canary.count) * Double(baseline.count))
  }

  /// The difference of the means in pooled standard deviations (Cohen's d).
  package static func cohen(_ canary: [Double], _ baseline: [Double]) -> Double {
    guard let above = mean(canary), let below = mean(baseline), canary.count + baseline.count > 2 else { return .nan }
    let squares = { (values: [Double], mean: Double) in values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } }
    let pooled =
      (squares(canary, above) + squares(baseline, below)) / Double(canary.count + baseline.count - 2)
    return (above - below) / pooled.squareRoot()
  }

  /// The values within `factor` interquartile ranges of the quartiles; where it `isTolerant`, what lies between the 1st and the 99th percentile stays
  /// in any case, as Kayenta's judge has it.
  package static func withoutOutliers(_ values: [Double], factor: Double = 3, isTolerant: Bool = true) -> [Double] {
    guard let first = percentile(values, 0.25), let third = percentile(values, 0.75),
      let least = percentile(values, 0.01), let most = percentile(values, 0.99)
    else { return values }
    let reach = factor * (third - first)
    let lower = isTolerant ? min(least, first - reach) : first - reach
    let upper = isTolerant ? max(most, third + reach) : third + reach
    return values.filter { $0 >= lower && $0 <= upper }
  }
}
