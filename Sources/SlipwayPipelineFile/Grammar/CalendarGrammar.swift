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
      .optional(
        "discouraged", \.discouraged,
        .list(of: .weeklyRange, what: "ranges such as 'Fri 14:00-24:00'", minimum: 1),
        "Open hours that are better left alone."),
      .optional(
        "when_discouraged", \.whenDiscouraged, .word("answer to discouraged hours"),
        "In discouraged hours: 'warn' passes and says so, 'ask' waits for a better hour or a reason."),
    ]
  ).checked { window, node, reading in
    checkDiscouraged(window, node, reading)
  }

  /// Hours that are closed anyway need no discouragement, so whoever wrote them meant others.
  private static func checkDiscouraged(_ window: Window, _ node: YAMLNode, _ reading: Reading) {
    if node["when_discouraged"] != nil, node["discouraged"] == nil {
      reading.report(
        .meaning, node.keyPlace("when_discouraged"), "no hours are discouraged", expected: "'discouraged:' beside it")
    }
    let nodes = node["discouraged"]?.elements ?? []
    // What could not be read is missing in the value and was reported.
    guard nodes.count == window.discouraged.count, window.ranges.count == node["open"]?.elements.count else { return }
    for (range, place) in zip(window.discouraged, nodes) where !window.ranges.contains(where: range.meets) {
      reading.report(
        .meaning, place.position, "the window is never open in these hours, so that discouraging them means nothing",
        expected: "hours that 'open' has too")
    }
  }

  private static let zone = Shape<String>.text("an IANA time zone such as Europe/Berlin").checked {
    name, node, reading in
    // Three-letter zones have no daylight saving and mean different places to different people.
    guard TimeZone(identifier: name) == nil || !(name.contains("/") || name == "UTC") else { return }
    reading.report(
      .unknownName, node.position, "'\(name.shortened)' is no IANA time zone, so the window never opens",
      expected: "a zone such as Europe/Berlin or UTC",
      suggestion: reading.near(name, TimeZone.knownTimeZoneIdentifiers + ["UTC"]))
  }

  // MARK: Freezes

  /// One entry of `freezes`: written out, or kept in a calendar file.
  enum FreezeDraft: Sendable, Equatable {
    case written(Freeze)
    case calendar(CalendarSpec)

    var name: String {
      switch self {
      case .written(let freeze): freeze.name
      case .calendar(let spec): spec.name
      }
    }
  }

  static let freeze: Shape<FreezeDraft> = {
    let schema: Schema = ["anyOf": .list([.object(written.schema), .object(calendar.schema)])]
    return Shape(schema: schema, expectation: written.expectation) { node, reading in
      if case .mapping = node.content, node["calendar"] != nil {
        return calendar.read(node, reading).map { .calendar($0) }
      }
      return written.read(node, reading).map { .written($0) }
    }
  }()

  private static let written = Shape<Freeze>.object(
    "a freeze", Freeze(name: "", from: Timestamp(milliseconds: 0), until: Timestamp(milliseconds: 0), reason: ""),
    [
      .required("name", \.name, .name("a name for the freeze"), "The freeze's name."),
      .required("from", \.from, .instant, "When it begins, with offset."),
      .required("until", \.until, .instant, "When it ends, with offset; that instant is free again."),
      .required("reason", \.reason, .text("the reason, as people will read it"), "Why nothing may move."),
      .optional("environments", \.environments, environments, "The environments it covers; all when left out."),
    ]
  ).checked { freeze, node, reading in
    guard freeze.until <= freeze.from else { return }
    reading.report(
      .meaning, node.place("until"), "this freeze ends before it begins", expected: "an instant after 'from'")
  }

  private static let calendar = Shape<CalendarSpec>.object(
    "a freeze from a calendar", CalendarSpec(name: "", file: ""),
    [
      .required("name", \.name, .name("a name for the freeze"), "The calendar's name."),
      .required(
        "calendar", \.file, .text("an iCalendar file"),
        "An iCalendar file (RFC 5545), relative to the pipeline file; each event in it is a freeze."),
      .optional("zone", \.zone, zone, "The IANA time zone of its whole days and of times without zone."),
      .optional(
        "reason", \.reason, .text("the reason, as people will read it"),
        "Why nothing may move; what each event calls itself when left out."),
      .optional("environments", \.environments, environments, "The environments it covers; all when left out."),
    ])

  private static let environments = Shape<[EnvironmentName]>.list(
    of: .reference(to: .environment), what: "environments", minimum: 1, isUnique: true)

  /// Refuses a name that two freezes have: who ends one could not say which.
  static func checkNames(_ freezes: [Located<FreezeDraft>], _ reading: Reading) {
    var seen: [String: YAMLPosition] = [:]
    for freeze in freezes {
      let position = freeze.node.place("name")
      if let first = seen[freeze.value.name] {
        reading.report(
          .meaning, position, "there is a freeze '\(freeze.value.name)' already, in line \(first.line)",
          expected: "a name of its own for each")
      }
      seen[freeze.value.name] = seen[freeze.value.name] ?? position
    }
  }
}

extension WeeklyRange {
  /// Whether both have a minute in common.
  fileprivate func meets(_ other: WeeklyRange) -> Bool {
    !Set(days).isDisjoint(with: other.days) && max(fromMinute, other.fromMinute) < min(toMinute, other.toMinute)
  }
}
