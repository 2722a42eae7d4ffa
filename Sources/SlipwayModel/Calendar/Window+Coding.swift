extension Window {
  private enum CodingKeys: String, CodingKey {
    case zone, ranges, discouraged, whenDiscouraged
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    zone = try container.decode(String.self, forKey: .zone)
    ranges = try container.decode([WeeklyRange].self, forKey: .ranges)
    discouraged = try container.decodeIfPresent([WeeklyRange].self, forKey: .discouraged) ?? []
    whenDiscouraged = try container.decodeIfPresent(Discouragement.self, forKey: .whenDiscouraged) ?? .warn
  }

  /// Leaves out what is not said, so that a plan without discouraged hours keeps the digest that people approved.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(zone, forKey: .zone)
    try container.encode(ranges, forKey: .ranges)
    guard !discouraged.isEmpty else { return }
    try container.encode(discouraged, forKey: .discouraged)
    try container.encode(whenDiscouraged, forKey: .whenDiscouraged)
  }

  /// The hours as the pipeline file writes them, such as `Tue,Wed,Thu 10:00-14:00`.
  package static func text(_ ranges: [WeeklyRange]) -> String {
    func clock(_ minute: Int) -> String { RFC3339.padded(minute / 60, 2) + ":" + RFC3339.padded(minute % 60, 2) }
    return ranges.map { range in
      range.days.map(\.rawValue).joined(separator: ",") + " \(clock(range.fromMinute))-\(clock(range.toMinute))"
    }.joined(separator: "; ")
  }

  /// `time` by the window's own clock, such as `Tue 2026-12-01 10:00:00 +01:00`; in UTC where the zone is unknown.
  package func localText(_ time: Timestamp) -> String {
    let clock = WallTime(iana: zone) ?? .utc
    let offset = Int(clock.offset(at: time.milliseconds) / 60_000)
    let civil = RFC3339.civil(RFC3339.writable(clock.wall(at: time.milliseconds)))
    let day = Weekday.allCases[CivilDay.weekday(clock.day(at: time))].rawValue
    let parts = [civil.hour, civil.minute, civil.second].map { RFC3339.padded($0, 2) }.joined(separator: ":")
    let date = "\(RFC3339.padded(civil.year, 4))-\(RFC3339.padded(civil.month, 2))-\(RFC3339.padded(civil.day, 2))"
    let size = abs(offset)
    return
      "\(day) \(date) \(parts) \(offset < 0 ? "-" : "+")\(RFC3339.padded(size / 60, 2)):\(RFC3339.padded(size % 60, 2))"
  }
}
