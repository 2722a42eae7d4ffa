internal import Foundation
internal import SlipwayModel

/// Windows and freezes.
enum CalendarGrammar {
  static let window = Shape<Window>.object(
    "a window", Window(zone: "", ranges: []),
    [
      .required("zone", \.zone, zone, "An IANA time zone such as Europe/Berlin; daylight saving follows from it."),
      .required(
        "open", \.ranges, .list(of: .weeklyRange, what: "ranges such as 'Tue-Thu 10:00-14:00'", minimum: 1),
        "When promotions may begin, in that zone's local time."),
    ])

  private static let zone = Shape<String>.text("an IANA time zone such as Europe/Berlin").checked {
    name, node, reading in
    // Three-letter zones have no daylight saving and mean different places to different people.
    guard TimeZone(identifier: name) == nil || !(name.contains("/") || name == "UTC") else { return }
    reading.report(
      .unknownName, node.position, "'\(name.shortened)' is no IANA time zone, so the window never opens",
      expected: "a zone such as Europe/Berlin or UTC",
      suggestion: reading.near(name, TimeZone.knownTimeZoneIdentifiers + ["UTC"]))
  }

  static let freeze = Shape<Freeze>.object(
    "a freeze", Freeze(name: "", from: Timestamp(milliseconds: 0), until: Timestamp(milliseconds: 0), reason: ""),
    [
      .required("name", \.name, .name("a name for the freeze"), "The freeze's name."),
      .required("from", \.from, .instant, "When it begins, with offset."),
      .required("until", \.until, .instant, "When it ends, with offset; that instant is free again."),
      .required("reason", \.reason, .text("the reason, as people will read it"), "Why nothing may move."),
      .optional(
        "environments", \.environments,
        .list(of: .reference(to: .environment), what: "environments", minimum: 1, isUnique: true),
        "The environments it covers; all when left out."),
    ]
  ).checked { freeze, node, reading in
    guard freeze.until <= freeze.from else { return }
    reading.report(
      .meaning, node.place("until"), "this freeze ends before it begins", expected: "an instant after 'from'")
  }
}
