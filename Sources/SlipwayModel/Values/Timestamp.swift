/// An instant in UTC with millisecond precision; prints and encodes as RFC 3339.
///
/// The model never reads a clock: every instant comes in with an event or as `now`.
package struct Timestamp: Hashable, Sendable, Comparable, CustomStringConvertible {
  /// Milliseconds since 1970-01-01T00:00:00Z.
  package let milliseconds: Int64

  package init(milliseconds: Int64) { self.milliseconds = milliseconds }

  package static func < (left: Timestamp, right: Timestamp) -> Bool { left.milliseconds < right.milliseconds }

  /// The instant `span` later; saturates instead of overflowing.
  package static func + (time: Timestamp, span: Span) -> Timestamp {
    let (sum, overflow) = time.milliseconds.addingReportingOverflow(span.milliseconds)
    return Timestamp(milliseconds: overflow ? (span.milliseconds > 0 ? .max : .min) : sum)
  }

  package static func - (time: Timestamp, span: Span) -> Timestamp { time + (Span.zero - span) }

  /// The time from `earlier` to `later`, negative when they are the other way round.
  package static func - (later: Timestamp, earlier: Timestamp) -> Span {
    Span(milliseconds: later.milliseconds) - Span(milliseconds: earlier.milliseconds)
  }

  /// Reads RFC 3339 with any offset and up to nine fraction digits (finer ones are cut); nil for anything else.
  package init?(rfc3339 text: String) {
    guard let parsed = RFC3339.parse(text) else { return nil }
    self.init(milliseconds: parsed)
  }

  /// `2026-11-21T05:01:47.382Z`; beyond the years 0 to 9999, which RFC 3339 cannot write, the nearest that it can.
  package var description: String { RFC3339.format(milliseconds) }

  /// `20261121-050147382`, in UTC; sorts by time.
  package var compactUTC: String {
    let civil = RFC3339.civil(RFC3339.writable(milliseconds))
    let date = RFC3339.padded(civil.year, 4) + RFC3339.padded(civil.month, 2) + RFC3339.padded(civil.day, 2)
    let time = RFC3339.padded(civil.hour, 2) + RFC3339.padded(civil.minute, 2) + RFC3339.padded(civil.second, 2)
    return date + "-" + time + RFC3339.padded(civil.millisecond, 3)
  }
}

extension Timestamp: Codable {
  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let time = Timestamp(rfc3339: text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "'\(text)' is not an RFC 3339 time")
    }
    self = time
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// RFC 3339 on integers alone, because the journal formats two times a step and Foundation's formatter costs 20 times as much.
enum RFC3339 {
  struct Civil {
    var year: Int, month: Int, day: Int, hour: Int, minute: Int, second: Int, millisecond: Int
  }

  static func padded(_ value: Int, _ width: Int) -> String {
    let digits = String(value)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }

  /// The proleptic Gregorian date of a day number (Howard Hinnant, "chrono-compatible low-level date algorithms").
  static func civil(_ milliseconds: Int64) -> Civil {
    let day = Int(floorDivide(milliseconds, 86_400_000))
    let inDay = Int(milliseconds - Int64(day) * 86_400_000)
    let shifted = day + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
    return Civil(
      year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month: month,
      day: dayOfYear - (153 * shiftedMonth + 2) / 5 + 1,
      hour: inDay / 3_600_000, minute: inDay / 60_000 % 60, second: inDay / 1_000 % 60, millisecond: inDay % 1_000)
  }

  static func dayNumber(year: Int, month: Int, day: Int) -> Int {
    let shiftedYear = month <= 2 ? year - 1 : year
    let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
    let yearOfEra = shiftedYear - era * 400
    let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
    return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
  }

  static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
    value >= 0 ? value / by : -((-value + by - 1) / by)
  }

  /// 0000-01-01T00:00:00.000Z to 9999-12-31T23:59:59.999Z.
  static let range: ClosedRange<Int64> = -62_167_219_200_000...253_402_300_799_999

  /// The nearest instant that four digits of a year can name.
  static func writable(_ milliseconds: Int64) -> Int64 { min(max(milliseconds, range.lowerBound), range.upperBound) }

  static func format(_ milliseconds: Int64) -> String {
    let civil = civil(writable(milliseconds))
    let date = "\(padded(civil.year, 4))-\(padded(civil.month, 2))-\(padded(civil.day, 2))"
    let time = "\(padded(civil.hour, 2)):\(padded(civil.minute, 2)):\(padded(civil.second, 2))"
    return "\(date)T\(time).\(padded(civil.millisecond, 3))Z"
  }

  static func parse(_ text: String) -> Int64? {
    var scanner = DigitScanner(text)
    guard let year = scanner.digits(4), scanner.take("-"), let month = scanner.digits(2), scanner.take("-"),
      let day = scanner.digits(2), scanner.take("T") || scanner.take("t") || scanner.take(" "),
      let hour = scanner.digits(2), scanner.take(":"), let minute = scanner.digits(2), scanner.take(":"),
      let second = scanner.digits(2), (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60,
      second <= 60
    else { return nil }
    let number = dayNumber(year: year, month: month, day: day)
    let back = civil(Int64(number) * 86_400_000)
    guard back.month == month, back.day == day else { return nil }
    var fraction = 0
    if scanner.take(".") {
      guard let read = scanner.fraction() else { return nil }
      fraction = read
    }
    guard let offset = scanner.offset(), scanner.isAtEnd else { return nil }
    let seconds = Int64(number) * 86_400 + Int64(hour * 3_600 + minute * 60 + second) - Int64(offset * 60)
    // A leap second is the same instant as the second after it; it comes only as the last of a month in UTC.
    if second == 60 {
      guard floorDivide(seconds, 86_400) * 86_400 == seconds, civil(seconds * 1_000).day == 1 else { return nil }
    }
    let milliseconds = seconds * 1_000 + Int64(fraction)
    return range.contains(milliseconds) ? milliseconds : nil
  }
}

/// Reads fixed-width digits from the front of a text.
private struct DigitScanner {
  private var rest: Substring.UTF8View
  init(_ text: String) { rest = text[...].utf8 }

  var isAtEnd: Bool { rest.isEmpty }

  mutating func take(_ character: Character) -> Bool {
    guard let byte = character.asciiValue, rest.first == byte else { return false }
    rest = rest.dropFirst()
    return true
  }

  mutating func digits(_ count: Int) -> Int? {
    guard rest.count >= count else { return nil }
    var value = 0
    for byte in rest.prefix(count) {
      guard (48...57).contains(byte) else { return nil }
      value = value * 10 + Int(byte - 48)
    }
    rest = rest.dropFirst(count)
    return value
  }

  mutating func fraction() -> Int? {
    let digits = rest.prefix { (48...57).contains($0) }
    guard (1...9).contains(digits.count) else { return nil }
    var value = 0
    for (index, byte) in digits.enumerated() where index < 3 { value = value * 10 + Int(byte - 48) }
    for _ in digits.count..<max(3, digits.count) { value *= 10 }
    rest = rest.dropFirst(digits.count)
    return value
  }

  /// Minutes east of UTC.
  mutating func offset() -> Int? {
    if take("Z") || take("z") { return 0 }
    let east = take("+")
    guard east || take("-"), let hours = digits(2), take(":"), let minutes = digits(2), hours < 24, minutes < 60 else {
      return nil
    }
    return (east ? 1 : -1) * (hours * 60 + minutes)
  }
}
