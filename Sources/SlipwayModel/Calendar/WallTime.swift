internal import Foundation

/// Instants of wall times in one zone, by the zone's offsets alone.
///
/// Foundation's calendar searches for a wall time from the start of a day, which does not exist where the clock is set forward at midnight.
struct WallTime: Sendable, Equatable {
  private let zone: TimeZone

  init(_ zone: TimeZone) { self.zone = zone }

  /// The zone of an IANA name; nil for anything else.
  ///
  /// Three-letter names have no daylight saving and mean different places to different people.
  init?(iana name: String) {
    guard name == "UTC" || name.contains("/"), let zone = TimeZone(identifier: name) else { return nil }
    self.zone = zone
  }

  static let utc = WallTime(.gmt)

  /// The zone's name.
  var name: String { zone.identifier }

  /// The day by the zone's wall clock, counted from 1970-01-01.
  func day(at time: Timestamp) -> Int {
    Int(RFC3339.floorDivide(wall(at: RFC3339.writable(time.milliseconds)), 86_400_000))
  }

  /// What the wall clock shows, in milliseconds as if it were UTC.
  func wall(at milliseconds: Int64) -> Int64 { milliseconds + offset(at: milliseconds) }

  /// The instant of `minute` after midnight on `day`; the `last` of two where the wall time comes twice, the first instant after the gap where it is skipped.
  func instant(day: Int, minute: Int, last: Bool) -> Timestamp {
    let wall = Int64(day) * 86_400_000 + Int64(minute) * 60_000
    let early = wall - offset(at: wall - 86_400_000)
    let late = wall - offset(at: wall + 86_400_000)
    let fitting = [early, late].filter { $0 + offset(at: $0) == wall }
    if let first = fitting.min(), let end = fitting.max() { return Timestamp(milliseconds: last ? end : first) }
    return Timestamp(milliseconds: firstInstant(showing: wall, between: min(early, late), and: max(early, late)))
  }

  /// The instant that an iCalendar file means by `wall`: the first of two, and in a gap the one by the offset before it (RFC 5545, 3.3.5).
  func instant(ofEvent wall: Int64) -> Int64 {
    let before = wall - offset(at: wall - 86_400_000)
    let after = wall - offset(at: wall + 86_400_000)
    if before == after { return before }
    return [before, after].filter { $0 + offset(at: $0) == wall }.min() ?? before
  }

  /// Milliseconds east of UTC.
  func offset(at milliseconds: Int64) -> Int64 {
    Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(milliseconds) / 1_000))) * 1_000
  }

  /// Bisects for the transition: before it the wall clock stands before `wall`, after it behind.
  private func firstInstant(showing wall: Int64, between start: Int64, and end: Int64) -> Int64 {
    var low = start - 1
    var high = end
    while high - low > 1 {
      let middle = low + (high - low) / 2
      if middle + offset(at: middle) >= wall { high = middle } else { low = middle }
    }
    return high
  }
}
