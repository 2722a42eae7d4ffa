/// A recurrence rule (RFC 5545, 3.3.10) with what it leaves out taken from the event's start.
struct RecurrenceRule: Sendable, Equatable {
  /// From the coarse to the fine.
  enum Frequency: String, Sendable, CaseIterable {
    case yearly = "YEARLY"
    case monthly = "MONTHLY"
    case weekly = "WEEKLY"
    case daily = "DAILY"
    case hourly = "HOURLY"
    case minutely = "MINUTELY"
    case secondly = "SECONDLY"

    /// The length of one period within a day; nil for a day and longer.
    var unit: Int64? {
      switch self {
      case .hourly: 3_600
      case .minutely: 60
      case .secondly: 1
      case .yearly, .monthly, .weekly, .daily: nil
      }
    }
  }

  /// `MO`, `2TU` or `-1FR`.
  struct Day: Sendable, Hashable {
    /// Which one in the month or year, from its end when negative; nil for every one.
    var ordinal: Int?
    /// 0 for Monday to 6 for Sunday.
    var weekday: Int
  }

  enum End: Sendable, Equatable {
    case never
    case count(Int)
    case until(CalendarTime)
  }

  var frequency: Frequency
  var interval = 1
  var end = End.never
  var months: [Int] = []
  var weekNumbers: [Int] = []
  var yearDays: [Int] = []
  var monthDays: [Int] = []
  var days: [Day] = []
  var hours: [Int] = []
  var minutes: [Int] = []
  var seconds: [Int] = []
  var positions: [Int] = []
  /// 0 for Monday to 6 for Sunday.
  var weekStart = 0

  /// Where an occurrence falls on a day of a rule that does not count by hours or less: seconds after midnight, rising.
  private(set) var times: [Int64] = []

  /// Takes from the event's start what the rule leaves open; each rule is completed once.
  mutating func complete(from start: Int64) {
    let day = Int(RFC3339.floorDivide(start, 86_400))
    let inDay = Int(start - Int64(day) * 86_400)
    let date = CivilDay.date(day)
    switch frequency {
    case .yearly where yearDays.isEmpty && monthDays.isEmpty && days.isEmpty && weekNumbers.isEmpty:
      if months.isEmpty { months = [date.month] }
      monthDays = [date.day]
    case .yearly where !weekNumbers.isEmpty && yearDays.isEmpty && monthDays.isEmpty && days.isEmpty:
      days = [Day(ordinal: nil, weekday: CivilDay.weekday(day))]
    case .monthly where monthDays.isEmpty && days.isEmpty: monthDays = [date.day]
    case .weekly where days.isEmpty: days = [Day(ordinal: nil, weekday: CivilDay.weekday(day))]
    case .yearly, .monthly, .weekly, .daily, .hourly, .minutely, .secondly: break
    }
    if frequency.unit == nil, hours.isEmpty { hours = [inDay / 3_600] }
    if frequency.unit ?? .max > 60, minutes.isEmpty { minutes = [inDay / 60 % 60] }
    if frequency.unit != 1, seconds.isEmpty { seconds = [inDay % 60] }
    guard frequency.unit == nil else { return }
    times = hours.flatMap { hour in
      minutes.flatMap { minute in seconds.map { Int64(hour * 3_600 + minute * 60 + $0) } }
    }.sorted()
  }
}
