/// A length of time with millisecond precision; users write it as `250ms`, `30s`, `5m`, `2h`, `1d` or a sum like `1h30m`.
package struct Span: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Whole milliseconds; may be negative as the difference of two instants.
  package let milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }
  package static func milliseconds(_ count: Int64) -> Span { Span(milliseconds: count) }
  package static func seconds(_ count: Int64) -> Span { Span(milliseconds: count * 1_000) }
  package static func minutes(_ count: Int64) -> Span { .seconds(count * 60) }
  package static func hours(_ count: Int64) -> Span { .minutes(count * 60) }
  package static let zero = Span(milliseconds: 0)

  package static func < (left: Span, right: Span) -> Bool { left.milliseconds < right.milliseconds }

  /// The sum; saturates instead of overflowing.
  package static func + (left: Span, right: Span) -> Span {
    let (sum, overflow) = left.milliseconds.addingReportingOverflow(right.milliseconds)
    return Span(milliseconds: overflow ? (right.milliseconds > 0 ? .max : .min) : sum)
  }

  /// The difference; saturates instead of overflowing.
  package static func - (left: Span, right: Span) -> Span {
    let (difference, overflow) = left.milliseconds.subtractingReportingOverflow(right.milliseconds)
    return Span(milliseconds: overflow ? (right.milliseconds > 0 ? .min : .max) : difference)
  }

  /// `count` times the span; saturates instead of overflowing.
  package static func * (span: Span, count: Int) -> Span {
    let (product, overflow) = span.milliseconds.multipliedReportingOverflow(by: Int64(count))
    return Span(milliseconds: overflow ? ((span.milliseconds > 0) == (count > 0) ? .max : .min) : product)
  }

  /// Seconds with fraction, as JSON output gives durations.
  package var seconds: Double { Double(milliseconds) / 1_000 }

  /// The same length as Swift's own type.
  package var duration: Duration { .milliseconds(milliseconds) }

  private static let units: [(symbol: String, milliseconds: Int64)] = [
    ("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1),
  ]

  /// Reads what users write; nil for an unknown unit, a bare number, a sign, or more than 100 years.
  package init?(_ text: String) {
    var rest = text[...]
    var total: Int64 = 0
    guard !rest.isEmpty else { return nil }
    while !rest.isEmpty {
      let digits = rest.prefix { $0.isASCII && $0.isNumber }
      rest = rest.dropFirst(digits.count)
      let symbol = rest.prefix { $0.isASCII && $0.isLetter }
      rest = rest.dropFirst(symbol.count)
      guard digits.count <= 12, let count = Int64(digits),
        let unit = Self.units.first(where: { $0.symbol == symbol })
      else { return nil }
      let (product, overflow) = count.multipliedReportingOverflow(by: unit.milliseconds)
      guard !overflow, product <= 3_155_760_000_000 - total else { return nil }
      total += product
    }
    self.init(milliseconds: total)
  }

  /// The shortest form that reads back to the same length: `1h30m`, `250ms`, `0s`.
  package var description: String {
    guard milliseconds != 0 else { return "0s" }
    var rest = milliseconds.magnitude
    var text = milliseconds < 0 ? "-" : ""
    for unit in Self.units {
      let count = rest / UInt64(unit.milliseconds)
      if count > 0 { text += "\(count)\(unit.symbol)" }
      rest %= UInt64(unit.milliseconds)
    }
    return text
  }
}

extension Span: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let seconds = try container.decode(Double.self)
    guard let milliseconds = Int64(exactly: (seconds * 1_000).rounded()) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "\(seconds) seconds is no length of time")
    }
    self.init(milliseconds: milliseconds)
  }

  /// Encodes as seconds, the unit of every duration in the interface.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(seconds)
  }
}
