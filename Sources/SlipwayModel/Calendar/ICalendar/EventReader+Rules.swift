/// Whether a rule takes place, and where it ends.
extension EventReader {
  /// Refuses a rule that no day fits, which is looked for through a whole cycle of the calendar.
  mutating func checkComes(
    _ rule: RecurrenceRule, _ start: CalendarTime, _ line: ContentLine
  ) throws(CalendarProblem) {
    var comes = false
    var allowance = WorkBudget(min(150_000, budget.left))
    let before = allowance.left
    let isEnough = rule.walk(start.wall...start.wall + Self.cycle, from: start.wall, &allowance) { _ in
      comes = true
      return false
    }
    guard budget.spend(max(1, before - max(0, allowance.left))) else { throw tooLong(line) }
    guard !comes else { return }
    throw line.problem(
      isEnough ? "the rule never comes: no day fits it" : "no day was found that fits the rule",
      expected: "a rule that takes place")
  }

  /// Where the rule ends.
  mutating func limit(
    of rule: RecurrenceRule, _ start: CalendarTime, _ zone: WallTime, _ line: ContentLine
  ) throws(CalendarProblem) -> CalendarEvent.Limit {
    switch rule.end {
    case .never: return .none
    case .until(let time):
      // A day beside a time means all of that day.
      let wall = time.form == .date && start.form != .date ? time.wall + 86_399 : time.wall
      let until = (time.form == .utc ? WallTime.utc : zone).instant(ofEvent: wall * 1_000)
      guard until >= zone.instant(ofEvent: start.wall * 1_000) else {
        throw line.problem("UNTIL lies before DTSTART, which contradict each other", expected: "an UNTIL after DTSTART")
      }
      return .instant(Timestamp(milliseconds: until))
    case .count(let count):
      // The start counts as the first, whether the rule names it or not.
      var (left, last) = (count - 1, start.wall)
      let isEnough = rule.walk(start.wall...Self.farFuture, from: start.wall, &budget) { wall in
        guard left > 0 else { return false }
        if wall == start.wall { return true }
        (left, last) = (left - 1, wall)
        return left > 0
      }
      guard isEnough, left == 0 else { throw tooLong(line) }
      return .wall(last)
    }
  }

  private func tooLong(_ line: ContentLine) -> CalendarProblem {
    line.problem("the rules up to here take too long to follow", expected: "a smaller COUNT, or UNTIL")
  }

  /// 400 years, after which the calendar repeats itself.
  private static let cycle: Int64 = 146_097 * 86_400
  private static let farFuture: Int64 = 253_402_300_799
}
