internal import Foundation

/// When promotions may begin: weekly ranges in one IANA time zone.
package struct Window: Codable, Sendable, Equatable {
  /// What happens in open hours that are better left alone.
  package enum Discouragement: String, Codable, Sendable, CaseIterable {
    /// The gate passes and says so.
    case warn
    /// The promotion waits for a better hour, or for somebody who says why not.
    case ask
  }

  /// An IANA zone such as `Europe/Berlin`.
  package var zone: String
  package var ranges: [WeeklyRange]
  /// Open hours that are better left alone.
  package var discouraged: [WeeklyRange]
  package var whenDiscouraged: Discouragement

  package init(
    zone: String, ranges: [WeeklyRange], discouraged: [WeeklyRange] = [], whenDiscouraged: Discouragement = .warn
  ) {
    self.zone = zone
    self.ranges = ranges
    self.discouraged = discouraged
    self.whenDiscouraged = whenDiscouraged
  }

  /// The discouraged hours as a window of their own.
  package var discouragedHours: Window { Window(zone: zone, ranges: discouraged) }

  /// Whether `time` lies in discouraged hours.
  package func isDiscouraged(at time: Timestamp) -> Bool { !discouraged.isEmpty && discouragedHours.isOpen(at: time) }

  /// Whether the window is open at `time`.
  package func isOpen(at time: Timestamp) -> Bool { opening(from: time) == time }

  /// The first open instant at or after `time` within 366 days; nil when there is none or the zone is unknown.
  ///
  /// In a gap of daylight saving a range starts at the first instant at or after its wall time; where a wall time comes twice, the
  /// range starts at the first and ends at the last (decision table, governance notes 1.3). 24:00 is the first instant of the next day.
  package func opening(from time: Timestamp) -> Timestamp? {
    guard let zone = TimeZone(identifier: zone) else { return nil }
    let wall = WallTime(zone)
    let today = wall.day(at: time)
    for day in today - 1...today + 366 {
      // A range of the day before can reach past midnight only where the clock is set back over it.
      let openings = spans(on: day, wall).filter { $0.until > time }.map { max($0.from, time) }
      if let first = openings.min() { return first }
    }
    return nil
  }

  /// The first open instant at or after `time` outside discouraged hours; nil when there is none within about a year.
  package func nextUndiscouraged(from time: Timestamp) -> Timestamp? {
    let hours = discouragedHours
    var next = opening(from: time)
    // Each turn leaves one opening or one stretch of discouraged hours behind.
    for _ in 0..<2_000 {
      guard let open = next, hours.isOpen(at: open) else { return next }
      next = hours.closing(after: open).flatMap { opening(from: $0) }
    }
    return nil
  }

  /// When the window closes that is open at `time`; nil when it is closed then, or open for a year and longer.
  package func closing(after time: Timestamp) -> Timestamp? {
    guard let zone = TimeZone(identifier: zone), isOpen(at: time) else { return nil }
    let wall = WallTime(zone)
    let today = wall.day(at: time)
    var end = time
    for day in today - 1...today + 366 {
      // Ranges that touch or overlap are one opening to those who wait.
      for span in spans(on: day, wall).sorted(by: { $0.from < $1.from }) where span.from <= end {
        end = max(end, span.until)
      }
      if wall.day(at: end) < day { return end }
    }
    return nil
  }

  private func spans(on day: Int, _ wall: WallTime) -> [(from: Timestamp, until: Timestamp)] {
    let weekday = Weekday.allCases[((day + 3) % 7 + 7) % 7]  // day 0 was a Thursday
    return ranges.filter { $0.days.contains(weekday) }.compactMap { range in
      let from = wall.instant(day: day, minute: range.fromMinute, last: false)
      let until = wall.instant(day: day, minute: range.toMinute, last: range.toMinute < 1_440)
      return until > from ? (from, until) : nil
    }
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

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    days = try container.decode([Weekday].self, forKey: .days)
    fromMinute = try container.decode(Int.self, forKey: .fromMinute)
    toMinute = try container.decode(Int.self, forKey: .toMinute)
    guard (0...1_440).contains(fromMinute), (0...1_440).contains(toMinute) else {
      throw DecodingError.dataCorruptedError(
        forKey: .fromMinute, in: container,
        debugDescription: "\(fromMinute) to \(toMinute) are no minutes of a day")
    }
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
}
