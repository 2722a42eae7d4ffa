/// Which clock an event goes by.
extension EventReader {
  mutating func zone(of time: CalendarTime, _ line: ContentLine) throws(CalendarProblem) -> WallTime {
    switch time.form {
    case .utc: return WallTime.utc
    case .date, .local:
      if let name = line.parameter("TZID") { return try named(name, line) }
      if let zone { return zone }
      let what = time.form == .date ? "a whole day" : "a time without zone"
      throw line.problem(
        "\(line.name) is \(what), and nobody says where", expected: "'zone:' beside 'calendar:' in the pipeline file")
    }
  }

  private mutating func named(_ name: String, _ line: ContentLine) throws(CalendarProblem) -> WallTime {
    if let known = zones[name] { return known }
    // Vendors put their own name before: /mozilla.org/20050126_1/Europe/Berlin.
    var rest = name[...]
    while true {
      if rest.first != "/", let zone = WallTime(iana: String(rest)) {
        zones[name] = zone
        return zone
      }
      guard name.hasPrefix("/"), let slash = rest.dropFirst().firstIndex(of: "/") else { break }
      rest = rest[rest.index(after: slash)...]
      if rest.isEmpty { break }
    }
    if name.hasPrefix("/"), let zone = WallTime(iana: String(name.dropFirst())) {
      zones[name] = zone
      return zone
    }
    throw line.problem(
      "TZID '\(CalendarProblem.shown(name))' is no IANA time zone", expected: "one such as Europe/Berlin")
  }
}
