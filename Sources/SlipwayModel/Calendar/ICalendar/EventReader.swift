/// Turns the components of a calendar into events, and matches single changed occurrences with the events they belong to.
struct EventReader {
  /// For whole days and times without zone.
  let zone: WallTime?
  var budget: WorkBudget
  private var events: [CalendarEvent] = []
  /// Changed or cancelled occurrences by the event they stand in for.
  private var replaced: [(uid: String, original: Timestamp, isDay: Bool, line: ContentLine)] = []
  /// The events that others may change, by UID.
  private var masters: [String: (index: Int, isDay: Bool)] = [:]
  var zones: [String: WallTime] = [:]
  /// Where an event was first seen.
  private var seen: [String: Int] = [:]

  init(zone: WallTime?, budget: WorkBudget) {
    self.zone = zone
    self.budget = budget
  }

  /// More would be no calendar of holidays and freezes.
  private static let mostDates = 5_000

  mutating func read(_ component: CalendarComponent) throws(CalendarProblem) {
    try EventProperties.check(component)
    let uid = try component.single("UID")?.value
    let original = try component.single("RECURRENCE-ID")
    let isCancelled = try component.single("STATUS")?.value.uppercased() == "CANCELLED"
    guard let startLine = try component.single("DTSTART") else {
      // A cancelled occurrence may come without.
      guard isCancelled, original == nil else {
        throw CalendarProblem(line: component.line, "the event has no DTSTART", expected: "when it begins")
      }
      return
    }
    let start = try value(startLine)
    try checkUnique(uid, original, component.line)
    if let original {
      guard let uid else {
        throw original.problem(
          "RECURRENCE-ID without UID belongs to no event", expected: "the UID of the event it changes")
      }
      if original.parameter("RANGE") != nil {
        throw original.problem(
          "RANGE changes all later occurrences too, which is not understood", expected: "an event of its own")
      }
      let time = try value(original)
      replaced.append((uid, try instant(time, original), time.form == .date, original))
    }
    // What does not take place freezes nothing; an occurrence that was cancelled is taken out of its event all the same.
    if isCancelled { return }
    events.append(try event(component, start, startLine))
    if let uid, original == nil { masters[uid] = (events.count - 1, start.form == .date) }
  }

  private mutating func event(
    _ component: CalendarComponent, _ start: CalendarTime, _ startLine: ContentLine
  ) throws(CalendarProblem) -> CalendarEvent {
    let zone = try self.zone(of: start, startLine)
    let length = try self.length(component, start, startLine)
    var rule: RecurrenceRule?
    if let line = try component.single("RRULE") {
      var read = try RecurrenceRule(line)
      if start.form == .date {
        guard read.frequency.unit == nil else {
          throw line.problem("whole days cannot recur \(read.frequency.rawValue)", expected: "DAILY or longer")
        }
        // Must be ignored for whole days (3.3.10).
        (read.hours, read.minutes, read.seconds) = ([], [], [])
      }
      read.complete(from: start.wall)
      rule = read
    }
    var extra: [CalendarEvent.Occurrence] = []
    var excluded: Set<Timestamp> = []
    for line in component.all("RDATE") { extra += try dates(line, start, zone, length) }
    for line in component.all("EXDATE") {
      for piece in try pieces(line) { excluded.insert(try instant(try typed(piece, like: start, line), line)) }
    }
    var limit = CalendarEvent.Limit.none
    if let rule, let line = try component.single("RRULE") {
      try checkComes(rule, start, line)
      limit = try self.limit(of: rule, start, zone, line)
    }
    return CalendarEvent(
      line: component.line, summary: try summary(component), zone: zone, start: start.wall, length: length,
      rule: rule, limit: limit, extra: extra, excluded: excluded)
  }

  private func summary(_ component: CalendarComponent) throws(CalendarProblem) -> String {
    guard let text = try component.single("SUMMARY")?.value, !text.isEmpty else {
      return "event in line \(component.line)"
    }
    let plain = text.replacing("\\n", with: " ").replacing("\\N", with: " ").replacing("\\,", with: ",")
      .replacing("\\;", with: ";").replacing("\\\\", with: "\\")
    return String(plain.prefix(200))
  }

  private mutating func checkUnique(_ uid: String?, _ original: ContentLine?, _ line: Int) throws(CalendarProblem) {
    guard let uid else { return }
    let key = "\(uid)\n\(original?.parameter("TZID") ?? "")\n\(original?.value ?? "")"
    if let first = seen.updateValue(line, forKey: key) {
      throw CalendarProblem(
        line: line, "this event has the UID '\(CalendarProblem.shown(uid))' of the one in line \(first)",
        expected: "each event once, with a UID of its own")
    }
  }

  /// Takes what was changed out of the events it was changed in.
  consuming func finish() throws(CalendarProblem) -> [CalendarEvent] {
    var events = events
    for change in replaced {
      // A change without its event, as in an invitation to one meeting of many, stands for itself.
      guard let master = masters[change.uid] else { continue }
      guard master.isDay == change.isDay else {
        throw change.line.problem(
          "RECURRENCE-ID and the DTSTART of its event are a day and a time, which do not meet",
          expected: "the same kind in both")
      }
      events[master.index].exclude(change.original)
    }
    guard !events.isEmpty else {
      throw CalendarProblem(
        "every event of the calendar is cancelled, so it would freeze nothing", expected: "one that takes place")
    }
    return events
  }

  // MARK: Values

  private func value(_ line: ContentLine) throws(CalendarProblem) -> CalendarTime { try time(line.value[...], line) }

  private func time(_ text: Substring, _ line: ContentLine) throws(CalendarProblem) -> CalendarTime {
    let type = line.parameter("VALUE")?.uppercased() ?? "DATE-TIME"
    guard let time = CalendarTime(text), type == (time.form == .date ? "DATE" : "DATE-TIME") else {
      let expected =
        type == "DATE" ? "a day such as 20261224" : "a time such as 20261224T100000Z, or VALUE=DATE before a day"
      throw line.problem("\(line.name) is '\(CalendarProblem.shown(text))'", expected: expected)
    }
    if time.form != .local, line.parameter("TZID") != nil {
      let what = time.form == .utc ? "a time in UTC" : "a whole day"
      throw line.problem("\(what) has a TZID as well, which contradict each other", expected: "one of them")
    }
    return time
  }

  /// Like the event's start: whole days beside whole days.
  private func typed(_ piece: Substring, like start: CalendarTime, _ line: ContentLine) throws(CalendarProblem)
    -> CalendarTime
  {
    let time = try time(piece, line)
    guard (time.form == .date) == (start.form == .date) else {
      throw line.problem(
        "\(line.name) and DTSTART are a day and a time, which do not meet", expected: "the same kind in both")
    }
    return time
  }

  private func pieces(_ line: ContentLine) throws(CalendarProblem) -> [Substring] {
    let pieces = line.value.split(separator: ",", omittingEmptySubsequences: false)
    guard pieces.count <= Self.mostDates else {
      throw line.problem("\(line.name) has \(pieces.count) dates", expected: "at most \(Self.mostDates)")
    }
    return pieces
  }

  private mutating func dates(
    _ line: ContentLine, _ start: CalendarTime, _ zone: WallTime, _ length: EventLength
  ) throws(CalendarProblem) -> [CalendarEvent.Occurrence] {
    var found: [CalendarEvent.Occurrence] = []
    let isPeriod = line.parameter("VALUE")?.uppercased() == "PERIOD"
    for piece in try pieces(line) {
      if isPeriod {
        found.append(try period(piece, start, line))
        continue
      }
      let time = try typed(piece, like: start, line)
      found += single(time, try self.zone(of: time, line), length).map { [$0] } ?? []
    }
    return found
  }

  /// `20261224T100000Z/PT2H`, or with an end.
  private mutating func period(
    _ piece: Substring, _ start: CalendarTime, _ line: ContentLine
  ) throws(CalendarProblem) -> CalendarEvent.Occurrence {
    let sides = piece.split(separator: "/", omittingEmptySubsequences: false)
    guard sides.count == 2, start.form != .date, let from = CalendarTime(sides[0]), from.form != .date else {
      throw line.problem(
        "'\(CalendarProblem.shown(piece))' is no period of this event", expected: "BEGIN/END or BEGIN/DURATION")
    }
    let zone = try self.zone(of: from, line)
    let occurrence: CalendarEvent.Occurrence?
    if let length = EventLength(sides[1]) {
      occurrence = single(from, zone, length)
    } else if let until = CalendarTime(sides[1]), until.form == from.form {
      let ends = (try instant(from, line), try instant(until, line))
      occurrence = ends.1 > ends.0 ? CalendarEvent.Occurrence(from: ends.0, until: ends.1) : nil
    } else {
      occurrence = nil
    }
    guard let occurrence else {
      throw line.problem(
        "the period '\(CalendarProblem.shown(piece))' covers no time", expected: "an end after its begin")
    }
    return occurrence
  }

  private func single(_ time: CalendarTime, _ zone: WallTime, _ length: EventLength) -> CalendarEvent.Occurrence? {
    length.occurrence(at: time.wall, zone)
  }

  private mutating func instant(_ time: CalendarTime, _ line: ContentLine) throws(CalendarProblem) -> Timestamp {
    Timestamp(milliseconds: try zone(of: time, line).instant(ofEvent: time.wall * 1_000))
  }

  private mutating func length(
    _ component: CalendarComponent, _ start: CalendarTime, _ startLine: ContentLine
  ) throws(CalendarProblem) -> EventLength {
    let end = try component.single("DTEND")
    if let line = try component.single("DURATION") {
      if end != nil { throw line.problem("the event ends by DTEND and by DURATION", expected: "one of them") }
      guard let length = EventLength(line.value), length.most > 0, start.form != .date || length.seconds == 0 else {
        throw line.problem(
          "DURATION is '\(CalendarProblem.shown(line.value))'",
          expected: start.form == .date ? "whole days such as P1D" : "a length such as PT2H or P1D")
      }
      return length
    }
    guard let end else {
      if start.form == .date { return EventLength(days: 1) }
      throw startLine.problem("the event has no end, so it covers no time", expected: "DTEND or DURATION")
    }
    let until = try typed(end.value[...], like: start, end)
    if start.form == .date {
      let days = Int((until.wall - start.wall) / 86_400)
      guard (0...36_600).contains(days) else {
        throw end.problem("the event ends before it begins, or after a hundred years", expected: "a day after DTSTART")
      }
      // Some programs write the last day instead of the one after it.
      return EventLength(days: max(1, days))
    }
    let span = try instant(until, end) - (try instant(start, startLine))
    guard span > .zero, span.milliseconds <= 36_600 * 86_400_000 else {
      throw end.problem(
        "the event ends before or when it begins, or after a hundred years", expected: "a time after DTSTART")
    }
    return EventLength(seconds: span.milliseconds / 1_000)
  }
}
