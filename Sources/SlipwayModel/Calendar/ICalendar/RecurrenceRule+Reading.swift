extension RecurrenceRule {
  /// More times on one day are no calendar that people keep.
  static let mostTimesADay = 1_440

  /// Reads the value of an `RRULE` line.
  init(_ line: ContentLine) throws(CalendarProblem) {
    var parts: [String: String] = [:]
    for piece in line.value.split(separator: ";", omittingEmptySubsequences: false) {
      let sides = piece.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[1].isEmpty else {
        throw line.problem(
          "'\(CalendarProblem.shown(piece))' is no part of a rule", expected: "parts such as FREQ=YEARLY;COUNT=3")
      }
      guard parts.updateValue(sides[1].uppercased(), forKey: sides[0].uppercased()) == nil else {
        throw line.problem("the rule has \(sides[0].uppercased()) twice", expected: "each part once")
      }
    }
    var reader = PartReader(line: line, parts: parts)
    frequency = try reader.frequency()
    interval = try reader.number("INTERVAL", 1...100_000) ?? 1
    end = try reader.end()
    months = try reader.numbers("BYMONTH", 1...12, isSigned: false)
    weekNumbers = try reader.numbers("BYWEEKNO", 1...53)
    yearDays = try reader.numbers("BYYEARDAY", 1...366)
    monthDays = try reader.numbers("BYMONTHDAY", 1...31)
    days = try reader.days("BYDAY")
    hours = try reader.numbers("BYHOUR", 0...23, isSigned: false)
    minutes = try reader.numbers("BYMINUTE", 0...59, isSigned: false)
    // A leap second is taken for the one before.
    seconds = Set(try reader.numbers("BYSECOND", 0...60, isSigned: false).map { min($0, 59) }).sorted()
    positions = try reader.numbers("BYSETPOS", 1...366)
    weekStart = try reader.weekStart()
    try reader.finish()
    try checkMeaning(line)
  }

  /// What the standard forbids, and what would be more work than a calendar is worth.
  private func checkMeaning(_ line: ContentLine) throws(CalendarProblem) {
    func refuse(_ wrong: Bool, _ what: String) throws(CalendarProblem) {
      if wrong {
        throw line.problem("\(what) has no meaning in a rule of \(frequency.rawValue)", expected: "a rule without it")
      }
    }
    try refuse(!weekNumbers.isEmpty && frequency != .yearly, "BYWEEKNO")
    try refuse(!yearDays.isEmpty && [.monthly, .weekly, .daily].contains(frequency), "BYYEARDAY")
    try refuse(!monthDays.isEmpty && frequency == .weekly, "BYMONTHDAY")
    let hasOrdinals = days.contains { $0.ordinal != nil }
    try refuse(hasOrdinals && ![.yearly, .monthly].contains(frequency), "a number before a day in BYDAY")
    try refuse(hasOrdinals && !weekNumbers.isEmpty, "a number before a day in BYDAY beside BYWEEKNO")
    let hasOther =
      ![months, weekNumbers, yearDays, monthDays, hours, minutes, seconds].allSatisfy(\.isEmpty) || !days.isEmpty
    if !positions.isEmpty, !hasOther {
      throw line.problem("BYSETPOS chooses from nothing", expected: "another BY… part beside it")
    }
    guard max(1, hours.count) * max(1, minutes.count) * max(1, seconds.count) <= Self.mostTimesADay else {
      throw line.problem("the rule names more than \(Self.mostTimesADay) times a day", expected: "fewer")
    }
  }

  private struct PartReader {
    let line: ContentLine
    var parts: [String: String]

    mutating func frequency() throws(CalendarProblem) -> Frequency {
      let known = Frequency.allCases.map(\.rawValue).joined(separator: ", ")
      guard let text = parts.removeValue(forKey: "FREQ") else {
        throw line.problem("the rule has no FREQ", expected: "FREQ= with one of \(known)")
      }
      guard let frequency = Frequency(rawValue: text) else {
        throw line.problem("'\(CalendarProblem.shown(text))' is no frequency", expected: "one of \(known)")
      }
      return frequency
    }

    mutating func end() throws(CalendarProblem) -> End {
      let count = try number("COUNT", 1...100_000)
      guard let text = parts.removeValue(forKey: "UNTIL") else { return count.map { .count($0) } ?? .never }
      guard count == nil else {
        throw line.problem("the rule ends by COUNT and by UNTIL, which contradict each other", expected: "one of them")
      }
      guard let until = CalendarTime(text) else {
        throw line.problem(
          "UNTIL is '\(CalendarProblem.shown(text))'",
          expected: "a day such as 20261224 or a time such as 20261224T100000Z")
      }
      return .until(until)
    }

    mutating func number(_ name: String, _ range: ClosedRange<Int>) throws(CalendarProblem) -> Int? {
      guard let text = parts.removeValue(forKey: name) else { return nil }
      return try number(text[...], name, range, isSigned: false)
    }

    mutating func numbers(
      _ name: String, _ range: ClosedRange<Int>, isSigned: Bool = true
    ) throws(CalendarProblem) -> [Int] {
      guard let text = parts.removeValue(forKey: name) else { return [] }
      var numbers: Set<Int> = []
      for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
        numbers.insert(try number(piece, name, range, isSigned: isSigned))
      }
      return numbers.sorted()
    }

    private func number(
      _ text: Substring, _ name: String, _ range: ClosedRange<Int>, isSigned: Bool
    ) throws(CalendarProblem) -> Int {
      let digits = isSigned && (text.hasPrefix("-") || text.hasPrefix("+")) ? text.dropFirst() : text
      guard (1...6).contains(digits.utf8.count), digits.utf8.allSatisfy({ (48...57).contains($0) }),
        let value = Int(digits), range.contains(value)
      else {
        throw line.problem(
          "\(name) is '\(CalendarProblem.shown(text))'",
          expected: "\(range.lowerBound) to \(range.upperBound)\(isSigned ? ", or the same from the end with '-'" : "")"
        )
      }
      return text.hasPrefix("-") ? -value : value
    }

    mutating func days(_ name: String) throws(CalendarProblem) -> [Day] {
      guard let text = parts.removeValue(forKey: name) else { return [] }
      var days: [Day] = []
      for piece in text.split(separator: ",", omittingEmptySubsequences: false) {
        let prefix = piece.dropLast(2)
        guard let weekday = Self.weekdays.firstIndex(of: String(piece.suffix(2))) else {
          throw line.problem(
            "\(name) is '\(CalendarProblem.shown(piece))'", expected: "days such as MO, 2TU or -1FR")
        }
        let ordinal = prefix.isEmpty ? nil : try number(prefix, name, 1...53, isSigned: true)
        let day = Day(ordinal: ordinal, weekday: weekday)
        if !days.contains(day) { days.append(day) }
      }
      return days
    }

    mutating func weekStart() throws(CalendarProblem) -> Int {
      guard let text = parts.removeValue(forKey: "WKST") else { return 0 }
      guard let day = Self.weekdays.firstIndex(of: text) else {
        throw line.problem(
          "WKST is '\(CalendarProblem.shown(text))'", expected: "one of \(Self.weekdays.joined(separator: ", "))")
      }
      return day
    }

    /// A part that nobody understands could change everything.
    func finish() throws(CalendarProblem) {
      guard let unknown = parts.keys.min() else { return }
      throw line.problem(
        "nobody knows the part '\(CalendarProblem.shown(unknown))' of a rule", expected: "the parts of RFC 5545")
    }

    static let weekdays = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
  }
}
