/// One event of a calendar with all its occurrences, placed on the line of time.
package struct CalendarEvent: Sendable, Equatable {
  /// Where it begins in the file.
  package let line: Int
  /// What the event calls itself.
  package let summary: String
  let zone: WallTime
  /// Of the first occurrence, in seconds by the wall clock of `zone`.
  let start: Int64
  let length: EventLength
  /// Nil for a single event.
  let rule: RecurrenceRule?
  let limit: Limit
  /// Occurrences beside the rule: the start itself, which always counts as the first, and what RDATE adds.
  private let named: [Occurrence]
  /// Beginnings that do not take place, by EXDATE or because another event stands in for them.
  private(set) var excluded: Set<Timestamp>

  /// Where a rule ends: an UNTIL is an instant, a COUNT ends at a time of the wall clock.
  enum Limit: Sendable, Equatable {
    case none
    case instant(Timestamp)
    case wall(Int64)
  }

  /// One time at which an event takes place.
  package struct Occurrence: Sendable, Equatable {
    package let from: Timestamp
    /// That instant is free again.
    package let until: Timestamp

    func covers(_ time: Timestamp) -> Bool { from <= time && time < until }
  }

  init(
    line: Int, summary: String, zone: WallTime, start: Int64, length: EventLength, rule: RecurrenceRule?,
    limit: Limit, extra: [Occurrence], excluded: Set<Timestamp>
  ) {
    self.line = line
    self.summary = summary
    self.zone = zone
    self.start = start
    self.length = length
    self.rule = rule
    self.limit = limit
    self.excluded = excluded
    named = [length.occurrence(at: start, zone)].compactMap { $0 } + extra
  }

  /// Takes out the occurrence that begins at `time`.
  mutating func exclude(_ time: Timestamp) { excluded.insert(time) }

  /// The occurrence of the rule at `wall`; nil when the clock skips all of it, or it does not take place.
  private func occurrence(at wall: Int64) -> Occurrence? {
    if case .wall(let last) = limit, wall > last { return nil }
    guard let occurrence = length.occurrence(at: wall, zone), !excluded.contains(occurrence.from) else { return nil }
    if case .instant(let last) = limit, occurrence.from > last { return nil }
    return occurrence
  }

  /// The occurrence that covers `time` and ends last; nil when none does.
  func covering(_ time: Timestamp, _ budget: inout WorkBudget) throws(CalendarProblem) -> Occurrence? {
    var best = named.filter { $0.covers(time) && !excluded.contains($0.from) }.max { $0.until < $1.until }
    guard let rule else { return best }
    let earliest = time.milliseconds - length.most * 1_000
    try walk(rule, (walls(around: earliest).lowerBound)...walls(around: time.milliseconds).upperBound, &budget) {
      if $0.covers(time), $0.until > (best?.until ?? $0.from) { best = $0 }
      return true
    }
    return best
  }

  /// The first occurrence that begins after `time` and not after `horizon`; nil when there is none.
  func next(after time: Timestamp, until horizon: Timestamp, _ budget: inout WorkBudget) throws(CalendarProblem)
    -> Occurrence?
  {
    var first = named.filter { $0.from > time && $0.from <= horizon && !excluded.contains($0.from) }.min {
      $0.from < $1.from
    }
    guard let rule else { return first }
    var slack = 0
    try walk(
      rule, walls(around: time.milliseconds).lowerBound...walls(around: horizon.milliseconds).upperBound, &budget
    ) {
      guard $0.from > time, $0.from <= horizon else { return $0.from <= horizon }
      if $0.from < first?.from ?? .init(milliseconds: .max) { first = $0 }
      // Where the clock is set back, a later wall time can come at an earlier instant.
      slack += 1
      return slack < 3
    }
    return first
  }

  private func walk(
    _ rule: RecurrenceRule, _ range: ClosedRange<Int64>, _ budget: inout WorkBudget, _ body: (Occurrence) -> Bool
  ) throws(CalendarProblem) {
    let end: Int64 =
      switch limit {
      case .none: .max
      case .instant(let last): walls(around: last.milliseconds).upperBound
      case .wall(let last): last
      }
    guard end >= range.lowerBound else { return }
    let wasEnough = rule.walk(range.lowerBound...min(range.upperBound, end), from: start, &budget) { wall in
      guard let occurrence = occurrence(at: wall) else { return true }
      return body(occurrence)
    }
    guard !wasEnough else { return }
    throw CalendarProblem(
      line: line, "the rule of '\(summary)' takes too long to follow", expected: "a simpler rule, or plain dates")
  }

  /// All that the wall clock can show for events that begin at about this instant, in seconds.
  private func walls(around milliseconds: Int64) -> ClosedRange<Int64> {
    let instant = RFC3339.writable(milliseconds)
    let offsets = [-1, 0, 1].map { zone.offset(at: instant + $0 * 86_400_000) }
    let (low, high) = (offsets.min() ?? 0, offsets.max() ?? 0)
    // In a gap an event stands on the wall by the offset before it, which is behind what the clock shows.
    let slack = high - low
    return RFC3339.floorDivide(instant + low - slack, 1_000)...RFC3339.floorDivide(instant + high + slack, 1_000) + 1
  }
}

extension EventLength {
  /// What begins at `wall`; nil when the clock skips all of it.
  func occurrence(at wall: Int64, _ zone: WallTime) -> CalendarEvent.Occurrence? {
    let from = zone.instant(ofEvent: wall * 1_000)
    // Days follow the wall clock, the rest is exact (3.8.5.3).
    let end = (days == 0 ? from : zone.instant(ofEvent: (wall + Int64(days) * 86_400) * 1_000)) + seconds * 1_000
    guard end > from else { return nil }
    return CalendarEvent.Occurrence(from: Timestamp(milliseconds: from), until: Timestamp(milliseconds: end))
  }
}
