/// Numbers from outside that are to be counts.
enum Count {
  /// Doubles count exactly up to here.
  static let largest = 9_007_199_254_740_992.0

  /// The number as a count; nil when it is none: negative, broken, not finite or too large to be exact.
  static func exactly(_ value: Double) -> UInt64? {
    guard value.isFinite, value >= 0, value <= largest, value == value.rounded() else { return nil }
    return UInt64(value)
  }
}
