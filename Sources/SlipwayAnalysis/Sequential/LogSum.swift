internal import Foundation

/// Sums of numbers that are kept as their natural logarithms, because their products leave every range.
package enum LogSum {
  /// ln(eᵃ + eᵇ).
  package static func add(_ a: Double, _ b: Double) -> Double {
    let (high, low) = a > b ? (a, b) : (b, a)
    return low == -.infinity ? high : high + log1p(exp(low - high))
  }

  /// ln Σ e^term; minus infinity without terms.
  package static func of(_ terms: [Double]) -> Double {
    guard let high = terms.max(), high > -.infinity else { return -.infinity }
    var sum = 0.0
    for term in terms { sum += exp(term - high) }
    return high + log(sum)
  }
}

/// The natural logarithm, for files that need nothing else of the C library.
enum Logarithm {
  static func of(_ value: Double) -> Double { log(value) }
}
