/// What an event may say. A name that no standard knows may be a damaged one that meant something, so it is not passed over.
enum EventProperties {
  private static let once: Set<String> = [
    "CLASS", "CREATED", "DESCRIPTION", "DTEND", "DTSTAMP", "DTSTART", "DURATION", "GEO", "LAST-MODIFIED", "LOCATION",
    "ORGANIZER", "PRIORITY", "RECURRENCE-ID", "RRULE", "SEQUENCE", "STATUS", "SUMMARY", "TRANSP", "UID", "URL",
  ]
  /// RFC 5545, 7986, 9073 and 9253.
  private static let often: Set<String> = [
    "ATTACH", "ATTENDEE", "CALENDAR-ADDRESS", "CATEGORIES", "COLOR", "COMMENT", "CONCEPT", "CONFERENCE", "CONTACT",
    "EXDATE", "IMAGE", "LINK", "RDATE", "REFID", "RELATED-TO", "REQUEST-STATUS", "RESOURCES", "STRUCTURED-DATA",
    "STYLED-DESCRIPTION", "ACKNOWLEDGED", "NAME", "SOURCE", "REFRESH-INTERVAL",
  ]
  private static let statuses: Set<String> = ["TENTATIVE", "CONFIRMED", "CANCELLED"]
  private static let transparencies: Set<String> = ["OPAQUE", "TRANSPARENT"]

  static func check(_ component: CalendarComponent) throws(CalendarProblem) {
    for line in component.properties {
      if line.name == "EXRULE" {
        throw line.problem(
          "EXRULE was taken out of the standard in 2009", expected: "EXDATE for what does not take place")
      }
      guard once.contains(line.name) || often.contains(line.name) || line.name.hasPrefix("X-") else {
        throw line.problem(
          "'\(CalendarProblem.shown(line.name))' is no property of an event, and might be a damaged one",
          expected: "a property of RFC 5545, or a name that begins with X-")
      }
      try check(line, "STATUS", statuses)
      // Whether it makes people look busy says nothing about releases: public holidays are written as TRANSPARENT.
      try check(line, "TRANSP", transparencies)
    }
    for name in once { _ = try component.single(name) }
  }

  private static func check(_ line: ContentLine, _ name: String, _ known: Set<String>) throws(CalendarProblem) {
    guard line.name == name, !known.contains(line.value.uppercased()) else { return }
    throw line.problem(
      "\(name) is '\(CalendarProblem.shown(line.value))'", expected: "one of \(known.sorted().joined(separator: ", "))")
  }
}
