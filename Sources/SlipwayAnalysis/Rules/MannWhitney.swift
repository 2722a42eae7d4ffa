internal import Foundation

/// The Mann–Whitney test and the location shift that belongs to it, by the normal approximation with continuity correction and correction for ties
/// (canary-analysis, section 2), as R's `wilcox.test(correct = TRUE, exact = FALSE)` and Kayenta compute them.
package struct MannWhitney: Sendable {
  /// Where the shift of one sample against the other lies.
  package struct Shift: Sendable, Equatable {
    package let lower: Double
    package let upper: Double
    /// Kayenta's: it keeps the continuity correction, which R's does without.
    package let estimate: Double
  }

  /// Absolute, so that results depend on the unit (vector V9).
  private static let tolerance = 1e-4

  private let first: [Double]
  private let second: [Double]

  /// `first` against `second`; nil when one is empty or holds what is no finite number.
  package init?(_ first: [Double], _ second: [Double]) {
    guard !first.isEmpty, !second.isEmpty, (first + second).allSatisfy(\.isFinite) else { return nil }
    self.first = first.sorted()
    self.second = second.sorted()
  }

  /// How often a value of the first is greater than one of the second, ties half.
  package var statistic: Double {
    let count = Double(first.count)
    return ranks(shift: 0).sum - count * (count + 1) / 2
  }

  /// The two-sided p-value; nil when all values are equal.
  package var probability: Double? {
    standardized(shift: 0).map { min(1, erfc($0.magnitude / 2.0.squareRoot())) }
  }

  /// The interval of `confidence` for the shift; nil where all values are tied on the way, which leaves no spread to measure against.
  package func shift(confidence: Double) -> Shift? {
    guard let low = first.first, let high = first.last, let least = second.first, let most = second.last else {
      return nil
    }
    let (bottom, top) = (low - most, high - least)
    let quantile = NormalQuantile.value(at: 1 - (1 - confidence) / 2)
    guard let lower = root(quantile, bottom, top), let upper = root(-quantile, bottom, top),
      let estimate = solved(0, bottom, top)
    else { return nil }
    return Shift(lower: lower, upper: upper, estimate: estimate)
  }

  private func root(_ quantile: Double, _ bottom: Double, _ top: Double) -> Double? {
    guard let low = standardized(shift: bottom), let high = standardized(shift: top) else { return nil }
    if low - quantile <= 0 { return bottom }
    if high - quantile >= 0 { return top }
    return solved(quantile, bottom, top)
  }

  private func solved(_ quantile: Double, _ bottom: Double, _ top: Double) -> Double? {
    var isTied = false
    let root = RootFinder.root(bottom, top, tolerance: Self.tolerance) { shift in
      guard let value = standardized(shift: shift) else {
        isTied = true
        return 0
      }
      return value - quantile
    }
    return isTied ? nil : root
  }

  /// W(μ) without the quantile; nil when all values are tied.
  private func standardized(shift: Double) -> Double? {
    let (m, n) = (Double(first.count), Double(second.count))
    let ranks = ranks(shift: shift)
    let difference = ranks.sum - m * (m + 1) / 2 - m * n / 2
    let correction = difference == 0 ? 0 : difference > 0 ? 0.5 : -0.5
    let variance = m * n / 12 * ((m + n + 1) - ranks.ties / ((m + n) * (m + n - 1)))
    guard variance > 0 else { return nil }
    return (difference - correction) / variance.squareRoot()
  }

  /// The sum of the ranks of the first sample moved by `shift`, and Σ(t³ − t) over groups of equal values.
  private func ranks(shift: Double) -> (sum: Double, ties: Double) {
    var (sum, ties) = (0.0, 0.0)
    var (left, right) = (0, 0)
    while left < first.count || right < second.count {
      let value = min(
        left < first.count ? first[left] - shift : .infinity, right < second.count ? second[right] : .infinity)
      let (start, before) = (left, left + right)
      while left < first.count, first[left] - shift == value { left += 1 }
      while right < second.count, second[right] == value { right += 1 }
      let tied = Double(left + right - before)
      sum += Double(left - start) * (Double(before) + (tied + 1) / 2)
      ties += tied * tied * tied - tied
    }
    return (sum, ties)
  }
}

/// The standard normal distribution backwards.
enum NormalQuantile {
  /// The value below which `probability` lies, to the last digits: Newton's method on the complementary error function.
  static func value(at probability: Double) -> Double {
    guard probability > 0, probability < 1 else { return probability <= 0 ? -.infinity : .infinity }
    // Only the tail is computed, where the function has digits.
    let tail = min(probability, 1 - probability)
    let scale = (-2 * log(tail)).squareRoot()
    // Abramowitz and Stegun, 26.2.23, as the start.
    var value =
      scale - (2.515517 + scale * (0.802853 + scale * 0.010328))
      / (1 + scale * (1.432788 + scale * (0.189269 + scale * 0.001308)))
    for _ in 0..<8 {
      let density = exp(-value * value / 2) / (2 * Double.pi).squareRoot()
      guard density > 0 else { break }
      let step = (erfc(value / 2.0.squareRoot()) / 2 - tail) / density
      value += step
      if step.magnitude <= 1e-15 * value.magnitude { break }
    }
    return probability < 0.5 ? -value : value
  }
}
