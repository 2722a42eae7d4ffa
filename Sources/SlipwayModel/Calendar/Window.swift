internal import Foundation

/// When promotions may begin: weekly ranges in one IANA time zone.
package struct Window: Codable, Sendable, Equatable {
  /// An IANA zone such as `Europe/Berlin`.
  package var zone: String
  package var ranges: [WeeklyRange]

  package init(zone: String, ranges: [WeeklyRange]) {
    self.zone = zone
    self.ranges = ranges
  }

  /// Whether the window is open at `time`.
  package func isOpen(at time: Timestamp) -> Bool { opening(from: time) == time }

  /// The first open instant at or after `time` within 366 days; nil when there is none or the zone is unknown.
  ///
  /// In a gap of daylight saving a range starts at the first instant at or after its wall time; where a wall time comes twice, the
  /// range starts at the first and ends at the last (decision table, governance notes 1.3).
  package func opening(from time: Timestamp) -> Timestamp? {
    guard let zone = TimeZone(identifier: zone) else { return nil }
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = zone
    let start = Date(timeIntervalSince1970: Double(time.milliseconds) / 1_000)
    var best: Timestamp?
    for offset in -1...366 {
      if best != nil, offset > 1 { break }
      guard let day = calendar.date(byAdding: .day, value: offset, to: calendar.startOfDay(for: start)) else {
        continue
      }
      let weekday = Weekday(calendarNumber: calendar.component(.weekday, from: day))
      for range in ranges where range.days.contains(weekday) {
        guard let from = instant(calendar, day, range.fromMinute, last: false),
          let until = instant(calendar, day, range.toMinute, last: true), until > time, until > from
        else { continue }
        let candidate = max(from, time)
        if best.map({ candidate < $0 }) ?? true { best = candidate }
      }
    }
    return best
  }

  /// The end of the range that covers `time`; nil when the window is closed then.
  package func closing(after time: Timestamp) -> Timestamp? {
    guard isOpen(at: time), let zone = TimeZone(identifier: zone) else { return nil }
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = zone
    let today = calendar.startOfDay(for: Date(timeIntervalSince1970: Double(time.milliseconds) / 1_000))
    let weekday = Weekday(calendarNumber: calendar.component(.weekday, from: today))
    return ranges.filter { $0.days.contains(weekday) }.compactMap { instant(calendar, today, $0.toMinute, last: true) }
      .filter { $0 > time }.min()
  }

  private func instant(_ calendar: Calendar, _ day: Date, _ minute: Int, last: Bool) -> Timestamp? {
    var date: Date?
    if minute >= 1_440 {
      date = calendar.date(byAdding: .day, value: 1, to: day)
    } else {
      date = calendar.date(
        bySettingHour: minute / 60, minute: minute % 60, second: 0, of: day, matchingPolicy: .nextTime,
        repeatedTimePolicy: last ? .last : .first, direction: .forward)
    }
    return date.map { Timestamp(milliseconds: Int64(($0.timeIntervalSince1970 * 1_000).rounded())) }
  }
}

/// From one wall time to another on certain weekdays; never over midnight (write two ranges for that).
package struct WeeklyRange: Codable, Sendable, Equatable {
  package var days: [Weekday]
  /// Minutes after midnight, 0 to 1439.
  package var fromMinute: Int
  /// Minutes after midnight, exclusive, up to 1440.
  package var toMinute: Int

  package init(days: [Weekday], fromMinute: Int, toMinute: Int) {
    self.days = days
    self.fromMinute = fromMinute
    self.toMinute = toMinute
  }
}

/// A day of the week as the pipeline file spells it.
package enum Weekday: String, Codable, Sendable, CaseIterable {
  case monday = "Mon"
  case tuesday = "Tue"
  case wednesday = "Wed"
  case thursday = "Thu"
  case friday = "Fri"
  case saturday = "Sat"
  case sunday = "Sun"

  /// From Foundation's numbering, where Sunday is 1.
  init(calendarNumber: Int) { self = Self.allCases[(calendarNumber + 5) % 7] }
}

/// A time in which nothing may be promoted.
package struct Freeze: Codable, Sendable, Equatable {
  package var name: String
  package var from: Timestamp
  package var until: Timestamp
  package var reason: String
  /// The environments it covers; empty means all.
  package var environments: [EnvironmentName]

  package init(name: String, from: Timestamp, until: Timestamp, reason: String, environments: [EnvironmentName] = []) {
    self.name = name
    self.from = from
    self.until = until
    self.reason = reason
    self.environments = environments
  }

  /// Whether the freeze stands in the way of `environment` at `time`.
  package func covers(_ environment: EnvironmentName, at time: Timestamp) -> Bool {
    from <= time && time < until && (environments.isEmpty || environments.contains(environment))
  }
}
