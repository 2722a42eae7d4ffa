/// Everything that says when promotions into one environment may begin: its windows, and the freezes that concern it.
package struct Timetable: Sendable, Equatable {
  package struct NamedWindow: Sendable, Equatable {
    package let name: String
    package let window: Window
  }

  package let windows: [NamedWindow]
  package let freezes: [Freeze]
  package let calendars: [FreezeCalendar]
  /// Whether discouraged hours hold nobody up, because somebody said why not.
  package let isDespiteHours: Bool

  /// All windows must be open; of the freezes and calendars, those are kept that concern the environment and the project.
  package init(
    of environment: EnvironmentName, in project: String, windows: [String: Window], freezes: [Freeze],
    calendars: [FreezeCalendar] = [], isDespiteHours: Bool = false
  ) {
    self.windows = windows.sorted { $0.key < $1.key }.map { NamedWindow(name: $0.key, window: $0.value) }
    self.freezes = freezes.filter { $0.concerns(environment, of: project) }
    self.calendars = calendars.filter { $0.spec.concerns(environment) }
    self.isDespiteHours = isDespiteHours
  }

  /// What stands in the way at some instant.
  package struct Obstacle: Sendable, Equatable {
    package enum Kind: String, Sendable {
      case closed
      case discouraged
      case freeze
      case calendar
    }

    package let kind: Kind
    package let name: String
    package let reason: String
    package let from: Timestamp
    /// When it is out of the way; nil when that will never be.
    package let until: Timestamp?
  }

  /// What stands in the way at `time`; nothing when promotions may begin.
  ///
  /// - Throws: when a calendar is not understood.
  package func obstacles(at time: Timestamp) throws(CalendarProblem) -> [Obstacle] {
    windows.compactMap { obstacle(of: $0, at: time) } + (try frozen(at: time))
  }

  /// The freezes in force at `time`.
  package func frozen(at time: Timestamp) throws(CalendarProblem) -> [Obstacle] {
    var found = freezes.filter { $0.isActive(at: time) }.map(Self.obstacle)
    for calendar in calendars {
      for entry in try calendar.covering(time) { found.append(Self.obstacle(entry, of: calendar)) }
    }
    return found
  }

  /// The freezes that overlap the time from `from` to `until`, by their begin; at most `limit` of each calendar.
  package func freezes(
    between from: Timestamp, and until: Timestamp, limit: Int = 20
  ) throws(CalendarProblem) -> [Obstacle] {
    var found = freezes.filter { $0.from < until && $0.until > from }.map(Self.obstacle)
    for calendar in calendars {
      found += try calendar.covering(from).map { Self.obstacle($0, of: calendar) }
      var time = from
      for _ in 0..<limit {
        guard let entry = try calendar.next(after: time), entry.occurrence.from < until else { break }
        found.append(Self.obstacle(entry, of: calendar))
        time = entry.occurrence.from
      }
    }
    return found.sorted { ($0.from, $0.name) < ($1.from, $1.name) }
  }

  private func obstacle(of named: NamedWindow, at time: Timestamp) -> Obstacle? {
    let opening = named.window.opening(from: time)
    guard opening == time else {
      return Obstacle(
        kind: .closed, name: named.name, reason: "closed", from: time, until: opening)
    }
    guard !isDespiteHours, named.window.whenDiscouraged == .ask, named.window.isDiscouraged(at: time) else {
      return nil
    }
    return Obstacle(
      kind: .discouraged, name: named.name, reason: "discouraged hours", from: time,
      until: named.window.discouragedHours.closing(after: time))
  }

  private static func obstacle(_ freeze: Freeze) -> Obstacle {
    Obstacle(kind: .freeze, name: freeze.name, reason: freeze.reason, from: freeze.from, until: freeze.until)
  }

  private static func obstacle(_ entry: FreezeCalendar.Entry, of calendar: FreezeCalendar) -> Obstacle {
    Obstacle(
      kind: .calendar, name: calendar.spec.name, reason: entry.reason, from: entry.occurrence.from,
      until: entry.occurrence.until)
  }
}

/// Looking ahead.
extension Timetable {
  /// How far ahead an allowed instant is looked for.
  package static let reach = Span.hours(24 * 366 * 5)
  /// How many obstacles one after the other are gone through; more come only from rules of seconds and minutes.
  private static let mostSteps = 1_000
  private static let mostReasons = 20

  /// The first instant at which promotions may begin, and what stands in the way before.
  package struct Search: Sendable, Equatable {
    /// Nil when none was found within five years.
    package let allowed: Timestamp?
    /// In the order of their ends; the first twenty.
    package let obstacles: [Obstacle]
    /// How far was looked.
    package let looked: Timestamp
  }

  /// Looks for the first instant at or after `from` at which every window is open and nothing is frozen.
  package func nextAllowed(from: Timestamp) throws(CalendarProblem) -> Search {
    var (time, reasons) = (from, [Obstacle]())
    var horizon = from + Self.reach
    for _ in 0..<Self.mostSteps {
      let obstacles = try obstacles(at: time)
      if obstacles.isEmpty { return Search(allowed: time, obstacles: reasons, looked: time) }
      for obstacle in obstacles where reasons.count < Self.mostReasons {
        if !reasons.contains(where: { $0.name == obstacle.name && $0.until == obstacle.until }) {
          reasons.append(obstacle)
        }
      }
      let ends = obstacles.compactMap(\.until)
      // Who ordered a freeze until a year far off is believed.
      if time == from { horizon = max(horizon, ends.max() ?? horizon) }
      guard ends.count == obstacles.count, let next = ends.max(), next > time, next <= horizon else { break }
      time = next
    }
    return Search(allowed: nil, obstacles: reasons, looked: time)
  }

  /// A time in which every window is open, with what is frozen or discouraged in it.
  package struct Opening: Sendable, Equatable {
    package let from: Timestamp
    /// Nil when nothing closes it within a year.
    package let until: Timestamp?
    package let freezes: [Obstacle]
    package let discouraged: [Obstacle]
    /// When promotions may begin in it; nil when all of it is frozen or held for a reason.
    package let allowed: Timestamp?
  }

  /// The next `count` times in which every window is open, frozen or not.
  package func openings(from: Timestamp, count: Int) throws(CalendarProblem) -> [Opening] {
    let onlyWindows = Timetable(windows: windows, freezes: [], calendars: [], isDespiteHours: true)
    var (time, found) = (from, [Opening]())
    while found.count < count {
      guard let begin = try onlyWindows.nextAllowed(from: time).allowed else { break }
      let ends = windows.compactMap { $0.window.closing(after: begin) }
      let end = ends.min()
      let horizon = end ?? begin + Self.reach
      let allowed = try nextAllowed(from: begin).allowed
      found.append(
        Opening(
          from: begin, until: end, freezes: try freezes(between: begin, and: horizon),
          discouraged: discouraged(between: begin, and: horizon),
          allowed: allowed.flatMap { end == nil || $0 < horizon ? $0 : nil }))
      guard let end, end > time else { break }
      time = end
    }
    return found
  }

  private init(windows: [NamedWindow], freezes: [Freeze], calendars: [FreezeCalendar], isDespiteHours: Bool) {
    self.windows = windows
    self.freezes = freezes
    self.calendars = calendars
    self.isDespiteHours = isDespiteHours
  }

  /// The discouraged hours between two instants, cut to them.
  private func discouraged(between from: Timestamp, and until: Timestamp) -> [Obstacle] {
    var found: [Obstacle] = []
    for named in windows {
      let hours = named.window.discouragedHours
      var time = from
      for _ in 0..<Self.mostReasons {
        guard let begin = hours.opening(from: time), begin < until else { break }
        let end = hours.closing(after: begin).map { min($0, until) }
        found.append(
          Obstacle(
            kind: .discouraged, name: named.name, reason: named.window.whenDiscouraged.rawValue, from: begin, until: end
          ))
        guard let end, end > time else { break }
        time = end
      }
    }
    return found
  }
}
