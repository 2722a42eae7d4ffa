internal import Foundation

/// The line through points that a few wild ones cannot bend: the median of the slopes between all pairs, with its confidence interval (E14).
///
/// Method and rounding are those of `scipy.stats.theilslopes` (Sen 1968): the interval is made of two of the pairs' slopes, chosen by the variance of
/// Kendall's score with its correction for ties.
package struct TheilSen: Sendable, Equatable {
  /// Units of y per unit of x.
  package let slope: Double
  package let intercept: Double
  /// The interval that holds the true slope with the asked confidence, where the noise of neighbouring points is independent.
  package let low: Double
  package let high: Double

  /// Nil for fewer than two different x, unequal counts, or a value that is not finite.
  ///
  /// - Parameters:
  ///   - x: finite, in any order; the number of pairs grows with its square, so that a caller keeps it below a few hundred.
  ///   - y: finite, as many as `x`.
  ///   - confidence: such as 0.95.
  ///   - inflation: by how much neighbouring noise that hangs together widens the variance (``Autocorrelation/inflation(of:)``); 1 where it does not.
  package init?(x: [Double], y: [Double], confidence: Double = 0.95, inflation: Double = 1) {
    guard x.count == y.count, x.count >= 2, (x + y).allSatisfy(\.isFinite), confidence > 0, confidence < 1 else {
      return nil
    }
    var slopes: [Double] = []
    slopes.reserveCapacity(x.count * (x.count - 1) / 2)
    for i in x.indices {
      for j in x.indices where x[j] > x[i] { slopes.append((y[j] - y[i]) / (x[j] - x[i])) }
    }
    slopes.sort()
    guard let slope = slopes.median, slope.isFinite, let middleX = x.sorted().median, let middleY = y.sorted().median
    else { return nil }
    self.slope = slope
    intercept = middleY - slope * middleX
    let deviation = (MannKendall.variance(x: x, y: y) * max(1, inflation)).squareRoot()
    let reach = -GaussQuantile.value(below: (1 - confidence) / 2) * deviation
    let pairs = Double(slopes.count)
    // Half to even, as numpy rounds.
    let lower = ((pairs - reach) / 2).rounded(.toNearestOrEven) - 1
    let upper = ((pairs + reach) / 2).rounded(.toNearestOrEven)
    low = slopes[Int(min(max(lower, 0), pairs - 1))]
    high = slopes[Int(max(min(upper, pairs - 1), 0))]
  }

  /// The line's value at `x`.
  package func value(at x: Double) -> Double { intercept + slope * x }
}

/// Kendall's score of y over x, which says whether there is a trend at all.
package struct MannKendall: Sendable, Equatable {
  /// Pairs that rise, less those that fall.
  package let score: Int
  /// Of the score where there is no trend, corrected for ties.
  package let variance: Double

  /// `y` in the order of time, finite.
  package init(_ y: [Double]) {
    var score = 0
    for i in y.indices {
      for later in y[(i + 1)...] { score += later > y[i] ? 1 : later < y[i] ? -1 : 0 }
    }
    self.score = score
    variance = Self.variance(x: y.indices.map(Double.init), y: y)
  }

  /// The score in standard deviations, with the correction for whole numbers; 0 where nothing varies.
  package var z: Double {
    guard variance > 0, score != 0 else { return 0 }
    return Double(score - score.signum()) / variance.squareRoot()
  }

  /// The chance of a score so far from 0 where there is no trend.
  package var p: Double { min(1, erfc(abs(z) / 2.0.squareRoot())) }

  /// The variance of the score with ties in both (Sen 1968, as scipy has it).
  static func variance(x: [Double], y: [Double]) -> Double {
    func term(_ count: Double) -> Double { count * (count - 1) * (2 * count + 5) }
    func ties(_ values: [Double]) -> Double {
      Dictionary(grouping: values, by: { $0 }).values.reduce(0) { $1.count > 1 ? $0 + term(Double($1.count)) : $0 }
    }
    return max(0, term(Double(y.count)) - ties(x) - ties(y)) / 18
  }
}

/// How much the noise of neighbouring readings hangs together, as memory between two garbage collections does.
package enum Autocorrelation {
  /// By how much the variance of Kendall's score grows where `residuals`, what is left once the trend is taken out, are alike from one to the next: the
  /// number of readings over the number of independent ones that say as much (Bayley and Hammersley 1946, as Yue and Wang 2004 use it), never below 1.
  ///
  /// The larger of two estimates: the sum over all lags up to the first that is not beyond chance, and what a first-order process with the likeness of
  /// neighbours would have; that likeness is corrected for what taking out the trend hides of it in few readings (Kendall 1954).
  package static func inflation(of residuals: [Double]) -> Double {
    let count = residuals.count
    guard count >= 8 else { return 1 }
    // Ranks, so that one wild reading does not hide how alike the others are.
    let order = residuals.indices.sorted { (residuals[$0], $0) < (residuals[$1], $1) }
    var ranks = [Double](repeating: 0, count: count)
    for (rank, index) in order.enumerated() { ranks[index] = Double(rank) - Double(count - 1) / 2 }
    let power = ranks.reduce(0) { $0 + $1 * $1 }
    guard power > 0 else { return 1 }
    let chance = 1.645 / Double(count).squareRoot()
    func likeness(_ lag: Int) -> Double { zip(ranks, ranks.dropFirst(lag)).reduce(0) { $0 + $1.0 * $1.1 } / power }
    var sum = 0.0
    for lag in 1...(count / 3) {
      let found = likeness(lag)
      guard found > chance else { break }
      sum += (1 - Double(lag) / Double(count)) * found
    }
    let neighbours = min(0.95, max(0, (Double(count) * likeness(1) + 2) / (Double(count) - 4)))
    return max(1 + 2 * sum, (1 + neighbours) / (1 - neighbours))
  }
}

extension Array where Element == Double {
  /// The middle of a sorted list; nil when it is empty.
  fileprivate var median: Double? {
    guard !isEmpty else { return nil }
    return count % 2 == 1 ? self[count / 2] : (self[count / 2 - 1] + self[count / 2]) / 2
  }
}

/// The standard normal distribution, as far as trends need it.
private enum GaussQuantile {
  /// The value below which a fraction `p` lies, exact to 1e-13 relative: Acklam's rational function with one step of Halley's method.
  static func value(below p: Double) -> Double {
    guard p > 0, p < 1 else { return p <= 0 ? -.infinity : .infinity }
    // The upper half by symmetry, so that nothing is lost to 1 - p.
    if p > 0.5 { return -value(below: 1 - p) }
    let first = estimate(p)
    let error = erfc(-first / 2.0.squareRoot()) / 2 - p
    let step = error * (2 * Double.pi).squareRoot() * exp(first * first / 2)
    return first - step / (1 + first * step / 2)
  }

  private static func estimate(_ p: Double) -> Double {
    if p < 0.02425 {
      let q = (-2 * log(p)).squareRoot()
      return polynomial(
        [
          -7.784894002430293e-3, -0.3223964580411365, -2.400758277161838, -2.549732539343734,
          4.374664141464968, 2.938163982698783,
        ], q)
        / polynomial([7.784695709041462e-3, 0.3224671290700398, 2.445134137142996, 3.754408661907416, 1], q)
    }
    let q = p - 0.5
    let r = q * q
    return q
      * polynomial(
        [
          -39.69683028665376, 220.9460984245205, -275.9285104469687, 138.3577518672690, -30.66479806614716,
          2.506628277459239,
        ], r)
      / polynomial(
        [
          -54.47609879822406, 161.5858368580409, -155.6989798598866, 66.80131188771972, -13.28068155288572,
          1,
        ], r)
  }

  private static func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
    coefficients.reduce(0) { $0 * x + $1 }
  }
}
