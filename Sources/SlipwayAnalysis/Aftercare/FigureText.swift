internal import Foundation

/// Figures without a unit, as people read them.
enum FigureText {
  /// Four digits, whole numbers whole: `2048`, `3.142`, `0.0125`.
  static func plain(_ value: Double) -> String {
    guard value.isFinite else { return "\(value)" }
    if value == value.rounded(), value.magnitude < 1e15 { return "\(Int64(value))" }
    if value.magnitude >= 1_000, value.magnitude < 1e15 { return "\(Int64(value.rounded()))" }
    return String(format: "%.4g", value)
  }

  static func signed(_ value: Double) -> String { (value > 0 ? "+" : "") + plain(value) }

  /// `0.012` as `1.2 %`.
  static func percent(_ share: Double) -> String { plain((share * 1e6).rounded() / 1e4) + " %" }

  static func milliseconds(_ seconds: Double) -> String {
    seconds < 1 ? plain((seconds * 1e5).rounded() / 100) + " ms" : plain((seconds * 1e3).rounded() / 1e3) + " s"
  }
}
