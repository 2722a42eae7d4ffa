internal import Foundation

/// Instants of wall times in one zone, by the zone's offsets alone.
///
/// Foundation's calendar searches for a wall time from the start of a day, which does not exist where the clock is set forward at midnight.
struct WallTime {
  private let zone: TimeZone

  init(_ zone: TimeZone) { self.zone = zone }

  /// The day by the zone's wall clock, counted from 1970-01-01.
  func day(at time: Timestamp) -> Int {
    let milliseconds = RFC3339.writable(time.milliseconds)
    return Int(RFC3339.floorDivide(milliseconds + offset(at: milliseconds), 86_400_000))
  }

  /// The instant of `minute` after midnight on `day`; the `last` of two where the wall time comes twice, the first instant after the gap where it is skipped.
  func instant(day: Int, minute: Int, last: Bool) -> Timestamp {
    let wall = Int64(day) * 86_400_000 + Int64(minute) * 60_000
    let early = wall - offset(at: wall - 86_400_000)
    let late = wall - offset(at: wall + 86_400_000)
    let fitting = [early, late].filter { $0 + offset(at: $0) == wall }
    if let first = fitting.min(), let end = fitting.max() { return Timestamp(milliseconds: last ? end : first) }
    return Timestamp(milliseconds: firstInstant(showing: wall, between: min(early, late), and: max(early, late)))
  }

  /// Milliseconds east of UTC.
  private func offset(at milliseconds: Int64) -> Int64 {
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
