/// Reads iCalendar files (RFC 5545): all their events, or every reason why one cannot be understood.
///
/// An event that was skipped would be a freeze that nobody keeps, so whatever is not understood is a problem: a component, a property or a part of a rule that
/// no standard knows, a zone that no clock knows, a rule that never comes. Time and memory are bounded whatever the bytes are.
package enum ICalendarFile {
  /// The most that is read of a file.
  package static var sizeLimit: Int { ContentLines.sizeLimit }
  /// The most problems that are told at once.
  private static let mostProblems = 20
  /// The work that all rules of a file together may cost.
  private static let budget = 2_000_000

  /// Reads the `bytes` of a file; `zone` is an IANA name for whole days and for times without zone, nil when there is none.
  package static func read(_ bytes: [UInt8], zone: String?) -> Result<[CalendarEvent], CalendarProblems> {
    do throws(CalendarProblem) {
      var fallback: WallTime?
      if let zone {
        guard let known = WallTime(iana: zone) else {
          throw CalendarProblem(
            "'\(CalendarProblem.shown(zone))' is no IANA time zone", expected: "one such as Europe/Berlin")
        }
        fallback = known
      }
      let components = try CalendarComponent.events(in: try ContentLines.read(bytes))
      var reader = EventReader(zone: fallback, budget: WorkBudget(budget))
      var problems: [CalendarProblem] = []
      for component in components {
        do throws(CalendarProblem) {
          try reader.read(component)
        } catch {
          problems.append(error)
          if problems.count == mostProblems { break }
        }
      }
      if problems.isEmpty { return .success(try reader.finish()) }
      return .failure(CalendarProblems(problems))
    } catch {
      return .failure(CalendarProblems([error]))
    }
  }
}

/// Every reason why a calendar file cannot be understood; never none.
package struct CalendarProblems: Error, Sendable, Equatable, CustomStringConvertible {
  package let all: [CalendarProblem]

  package init(_ all: [CalendarProblem]) { self.all = all }

  package var description: String { all.map(\.description).joined(separator: "\n") }
}

/// One VEVENT: its properties, without those of the alarms in it.
struct CalendarComponent: Sendable {
  let line: Int
  private(set) var properties: [ContentLine] = []

  /// The only line of that name; nil when there is none.
  func single(_ name: String) throws(CalendarProblem) -> ContentLine? {
    let all = properties.filter { $0.name == name }
    if all.count > 1 { throw all[1].problem("the event has \(name) twice", expected: "it once") }
    return all.first
  }

  func all(_ name: String) -> [ContentLine] { properties.filter { $0.name == name } }

  /// The events of all calendars in the file; refuses what stands outside a calendar, is nested wrongly or is no component.
  static func events(in lines: [ContentLine]) throws(CalendarProblem) -> [CalendarComponent] {
    var open: [ContentLine] = []
    var events: [CalendarComponent] = []
    var calendar: [String: ContentLine] = [:]
    for line in lines {
      let path = open.map { $0.value.uppercased() }
      switch line.name {
      case "BEGIN":
        try checkBegin(line, in: path)
        if path.isEmpty { calendar = [:] }
        open.append(line)
        if path == ["VCALENDAR"], line.value.uppercased() == "VEVENT" {
          events.append(CalendarComponent(line: line.number))
        }
      case "END":
        guard let begin = open.popLast(), begin.value.uppercased() == line.value.uppercased() else {
          throw line.problem(
            "END:\(CalendarProblem.shown(line.value)) closes nothing that is open",
            expected: path.last.map { "END:\($0)" } ?? "BEGIN:VCALENDAR")
        }
        if open.isEmpty { try checkCalendar(calendar, line) }
      default:
        guard !path.isEmpty else {
          throw line.problem("'\(line.name)' stands outside a calendar", expected: "BEGIN:VCALENDAR")
        }
        if path == ["VCALENDAR"] { calendar[line.name] = line }
        if path == ["VCALENDAR", "VEVENT"] { events[events.count - 1].properties.append(line) }
      }
    }
    if let begin = open.last {
      throw begin.problem(
        "\(CalendarProblem.shown(begin.value)) is never closed",
        expected: "END:\(begin.value) before the end of the file")
    }
    guard !lines.isEmpty else { throw CalendarProblem("the file is empty", expected: "BEGIN:VCALENDAR") }
    guard !events.isEmpty else {
      throw CalendarProblem("the calendar has no event, so it would freeze nothing", expected: "at least one VEVENT")
    }
    return events
  }

  /// What may stand where; inside what is not read, anything may, as long as it is closed.
  private static func checkBegin(_ line: ContentLine, in path: [String]) throws(CalendarProblem) {
    let name = line.value.uppercased()
    let allowed: Set<String>
    switch path {
    case []: allowed = ["VCALENDAR"]
    case ["VCALENDAR"]:
      allowed = ["VEVENT", "VTIMEZONE", "VTODO", "VJOURNAL", "VFREEBUSY", "VAVAILABILITY", "VALARM"]
    case ["VCALENDAR", "VEVENT"]: allowed = ["VALARM", "PARTICIPANT", "VLOCATION", "VRESOURCE"]
    default:
      guard path.count < 8 else {
        throw line.problem("components lie in each other nine deep", expected: "at most eight")
      }
      return
    }
    guard allowed.contains(name) || (!path.isEmpty && name.hasPrefix("X-")) else {
      throw line.problem(
        "'\(CalendarProblem.shown(line.value))' is no component\(path.last.map { " of \($0)" } ?? "")",
        expected: "one of \(allowed.sorted().joined(separator: ", "))")
    }
  }

  private static func checkCalendar(_ lines: [String: ContentLine], _ end: ContentLine) throws(CalendarProblem) {
    guard let version = lines["VERSION"] else {
      throw end.problem("the calendar has no VERSION", expected: "VERSION:2.0")
    }
    guard version.value == "2.0" else {
      throw version.problem(
        "this is version '\(CalendarProblem.shown(version.value))' of the format", expected: "VERSION:2.0")
    }
    if let scale = lines["CALSCALE"], scale.value.uppercased() != "GREGORIAN" {
      throw scale.problem(
        "nobody here counts by '\(CalendarProblem.shown(scale.value))'", expected: "CALSCALE:GREGORIAN")
    }
    if let method = lines["METHOD"], method.value.uppercased() == "CANCEL" {
      throw method.problem("this is a message that cancels events, no calendar", expected: "METHOD:PUBLISH or none")
    }
  }
}
