/// A DATE or DATE-TIME as written, before a zone gives it an instant.
struct CalendarTime: Sendable, Equatable {
  enum Form: Sendable, Equatable {
    case date
    /// A wall time without zone of its own.
    case local
    case utc
  }

  var form: Form
  /// Seconds from 1970-01-01 by the wall clock.
  var wall: Int64

  /// Reads `20261224`, `20261224T100000` or `20261224T100000Z`; nil for anything else, days that do not exist included.
  init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    guard bytes.count == 8 || bytes.count == 15 || (bytes.count == 16 && bytes[15] == UInt8(ascii: "Z")),
      let date = Self.number(bytes[0..<8]), let day = Self.day(date)
    else { return nil }
    wall = Int64(day) * 86_400
    form = .date
    guard bytes.count > 8 else { return }
    guard bytes[8] == UInt8(ascii: "T"), let time = Self.number(bytes[9..<15]) else { return nil }
    let (hour, minute, second) = (time / 10_000, time / 100 % 100, time % 100)
    guard hour < 24, minute < 60, second <= 60 else { return nil }
    // Who knows no leap seconds takes them for the second before (3.3.12).
    wall += Int64(hour * 3_600 + minute * 60 + min(second, 59))
    form = bytes.count == 16 ? .utc : .local
  }

  private static func day(_ date: Int) -> Int? {
    let (year, month, day) = (date / 10_000, date / 100 % 100, date % 100)
    // Before the Gregorian calendar nobody agrees what day it was.
    guard year >= 1_583, (1...12).contains(month), day >= 1, day <= CivilDay.daysInMonth(year, month) else {
      return nil
    }
    return RFC3339.dayNumber(year: year, month: month, day: day)
  }

  private static func number(_ bytes: ArraySlice<UInt8>) -> Int? {
    var value = 0
    for byte in bytes {
      guard (48...57).contains(byte) else { return nil }
      value = value * 10 + Int(byte - 48)
    }
    return value
  }
}

/// How long an event is: days follow the wall clock, seconds do not (RFC 5545, 3.8.5.3).
struct EventLength: Sendable, Equatable {
  var days: Int
  var seconds: Int64

  /// No occurrence is longer than this, whatever the clock does meanwhile.
  var most: Int64 { Int64(days) * 86_400 + seconds + (days == 0 ? 0 : 26 * 3_600) }

  init(days: Int = 0, seconds: Int64 = 0) {
    self.days = days
    self.seconds = seconds
  }

  /// Reads `P1D`, `P2W`, `PT1H30M`; nil for anything else, and for what is negative or longer than a hundred years.
  init?(_ text: some StringProtocol) {
    var rest = Array(text.utf8)[...]
    if rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    guard rest.first == UInt8(ascii: "P") else { return nil }
    rest = rest.dropFirst()
    var (days, seconds) = (0, Int64(0))
    // Each unit once, the large before the small, and the days before the T.
    var units: [(unit: UInt8, add: (Int) -> Void)] = []
    let timeUnits: [(UInt8, Int64)] = [(UInt8(ascii: "H"), 3_600), (UInt8(ascii: "M"), 60), (UInt8(ascii: "S"), 1)]
    units = [(UInt8(ascii: "W"), { days += $0 * 7 }), (UInt8(ascii: "D"), { days += $0 })]
    var parts = 0
    var hasTime = false
    while !rest.isEmpty {
      if rest.first == UInt8(ascii: "T") {
        guard !hasTime else { return nil }
        hasTime = true
        parts = 0
        rest = rest.dropFirst()
        units = timeUnits.map { unit, size in (unit, { seconds += Int64($0) * size }) }
        continue
      }
      let digits = rest.prefix { (48...57).contains($0) }
      guard (1...8).contains(digits.count), let value = Int(String(decoding: digits, as: UTF8.self)) else { return nil }
      rest = rest.dropFirst(digits.count)
      guard let index = units.firstIndex(where: { $0.unit == rest.first }) else { return nil }
      units[index].add(value)
      units.removeFirst(index + 1)
      rest = rest.dropFirst()
      parts += 1
    }
    guard parts > 0, days <= 36_600, seconds <= 36_600 * 86_400 else { return nil }
    self.days = days
    self.seconds = seconds
  }
}

/// Days of the Gregorian calendar by number, day 0 being 1970-01-01.
enum CivilDay {
  static func daysInMonth(_ year: Int, _ month: Int) -> Int {
    let isLeap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0
    return [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1]
  }

  /// 0 for Monday to 6 for Sunday.
  static func weekday(_ day: Int) -> Int { ((day + 3) % 7 + 7) % 7 }

  static func date(_ day: Int) -> (year: Int, month: Int, day: Int) {
    let civil = RFC3339.civil(Int64(day) * 86_400_000)
    return (civil.year, civil.month, civil.day)
  }

  static func first(_ year: Int, _ month: Int = 1) -> Int { RFC3339.dayNumber(year: year, month: month, day: 1) }
  static func last(_ year: Int, _ month: Int = 12) -> Int { first(year, month) + daysInMonth(year, month) - 1 }

  /// The first day of the week that `day` lies in.
  static func weekStart(_ day: Int, startingOn start: Int) -> Int { day - ((weekday(day) - start + 7) % 7) }

  /// The number of the week, and how many the year has that owns it: the one that holds four of its days.
  static func week(_ day: Int, startingOn start: Int) -> (number: Int, of: Int) {
    func owner(_ fourth: Int) -> (year: Int, number: Int) {
      let year = date(fourth).year
      return (year, (fourth - first(year)) / 7 + 1)
    }
    let mine = owner(weekStart(day, startingOn: start) + 3)
    let end = weekStart(last(mine.year), startingOn: start) + 3
    return (mine.number, owner(date(end).year == mine.year ? end : end - 7).number)
  }
}
