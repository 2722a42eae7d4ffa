internal import SlipwayModel

extension Shape where Value == Span {
  /// A length of time; longer than nothing unless zero is allowed.
  static func duration(orNone: Bool = false) -> Shape {
    let expectation = "a duration such as 30s, 5m or 1h30m"
    return pattern(
      "(?:[0-9]{1,12}(?:d|h|ms|m|s))+", expectation, show: { .text($0.description) },
      suggest: { $0.isMatch(of: "[0-9]{1,6}") ? $0 + "s" : nil }, parse: { Span($0) }
    ).checked { span, node, reading in
      guard !orNone, span == .zero else { return }
      reading.report(.meaning, node.position, "'\(node.text ?? "")' is no time at all", expected: expectation)
    }
  }
}

extension Shape where Value == Double {
  private static func scaled(by exponent: String, what: String) -> Shape {
    pattern(
      "[0-9]{1,6}(?:\\.[0-9]{1,6})?%", what, show: { _ in nil },
      suggest: { $0.isMatch(of: "[0-9]{1,6}(?:\\.[0-9]{1,6})?") ? $0 + "%" : nil },
      // Read with its exponent, so that 99.9% is the double nearest to 0.999 and not a quotient beside it.
      parse: { Double($0.dropLast() + exponent) })
  }

  /// A percentage as its number: `80%` is 80.
  static let percent = scaled(by: "", what: "a percentage such as 80%")
  /// A percentage as a fraction: `5%` is 0.05.
  static let fraction = scaled(by: "e-2", what: "a percentage such as 5% or 99.9%")
  /// A length of time in seconds.
  static let seconds = Shape<Span>.duration().map { $0.seconds }
  /// A whole number.
  static let count = Shape<Int>.integer(0...1_000_000, "a number").map { Double($0) }
}

extension Shape where Value == Int {
  static let wholePercent = pattern(
    "[0-9]{1,3}%", "a whole percentage such as 10%", show: { .text("\($0)%") },
    suggest: { $0.isMatch(of: "[0-9]{1,3}") ? $0 + "%" : nil }, parse: { Int($0.dropLast()) })
  static let port = integer(1...65_535, "a port")
}

extension Shape where Value == Timestamp {
  static let instant = pattern(
    "[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\\.[0-9]{1,9})?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})",
    "an instant such as 2026-12-20T00:00:00+01:00", show: { .text($0.description) },
    suggest: { $0.isMatch(of: "[0-9]{4}-[0-9]{2}-[0-9]{2}") ? $0 + "T00:00:00Z" : nil },
    parse: { Timestamp(rfc3339: $0) })
}

extension Shape where Value == WeeklyRange {
  private static let day = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
  private static let time = "[0-2][0-9]:[0-5][0-9]"

  static let weeklyRange = pattern(
    "\(day)(?:-\(day))?(?:,\(day)(?:-\(day))?)* \(time)-\(time)", "days and times such as 'Tue-Thu 10:00-14:00'",
    show: { _ in nil }, parse: { parse($0) }
  ).checked { range, node, reading in
    guard range.fromMinute >= range.toMinute else { return }
    reading.report(
      .meaning, node.position, "'\(node.text ?? "")' never opens: it ends before it begins",
      expected: "an end after the begin on the same day; for a night write two ranges")
  }

  private static func parse(_ text: String) -> WeeklyRange? {
    let parts = text.split(separator: " ")
    guard parts.count == 2 else { return nil }
    let times = parts[1].split(separator: "-").compactMap { minutes($0) }
    guard times.count == 2 else { return nil }
    var days: Set<Weekday> = []
    for piece in parts[0].split(separator: ",") {
      let ends = piece.split(separator: "-").compactMap { Weekday(rawValue: String($0)) }
      guard let first = ends.first, let last = ends.last else { return nil }
      days.formUnion(week(from: first, through: last))
    }
    return WeeklyRange(
      days: Weekday.allCases.filter { days.contains($0) }, fromMinute: times[0], toMinute: times[1])
  }

  /// `Sat-Mon` goes over the end of the week.
  private static func week(from first: Weekday, through last: Weekday) -> [Weekday] {
    let all = Weekday.allCases
    guard let start = all.firstIndex(of: first), let end = all.firstIndex(of: last) else { return [] }
    return start <= end ? Array(all[start...end]) : Array(all[start...] + all[...end])
  }

  private static func minutes(_ text: Substring) -> Int? {
    let parts = text.split(separator: ":").compactMap { Int($0) }
    guard parts.count == 2, parts[0] < 24 || parts == [24, 0] else { return nil }
    return parts[0] * 60 + parts[1]
  }
}

extension Shape where Value: Name {
  /// A name that must be defined elsewhere, as its own type.
  static func reference(to kind: Reading.Kind) -> Shape {
    Shape<String>.reference(to: kind).map(show: { .text($0.text) }) { Value($0) }
  }
}

extension Shape where Value == Person {
  static let person = pattern(
    "[^\\s,:\\[\\]{}$]{1,100}", "a person's name without spaces", show: { .text($0.text) }, parse: { Person($0) })
}
