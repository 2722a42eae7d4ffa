internal import ArgumentParser
internal import Foundation
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

struct WindowsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "windows",
    abstract: "Shows the next times at which promotions to an environment may begin, and what is frozen meanwhile.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The environment.") var environment: String
  @Option(name: .long, help: "Look from this time on (RFC 3339); default: now.") var at: String?
  @Option(name: .long, help: "How many, up to 100.") var count = 5

  func run() async throws {
    guard (1...100).contains(count) else { throw CommandError(.usage, "--count is \(count); expected 1 to 100") }
    let from = try at.map(CalendarTimeText.read) ?? SystemTime().now()
    let workshop = try Workshop(options)
    let pipeline = try workshop.pipeline()
    guard let promotion = pipeline.promotion(to: EnvironmentName(environment)) else {
      throw CommandError(.usage, "no promotion leads to '\(environment)'")
    }
    let surroundings = workshop.surroundings(of: pipeline)
    let windows = promotion.gates.compactMap { gate in
      if case .window(let name) = gate { pipeline.windows[name].map { (name, $0) } } else { nil }
    }
    let timetable = Timetable(
      of: promotion.to, in: pipeline.project, windows: Dictionary(windows, uniquingKeysWith: { first, _ in first }),
      freezes: surroundings.freezes + (try await workshop.ledgerOrNone()).freezes.values,
      calendars: surroundings.calendars)
    let view: WindowsView
    do throws(CalendarProblem) {
      view = try WindowsView(timetable, from: from, count: count)
    } catch {
      throw CommandError(.badInput, "what is frozen is not known: \(error)")
    }
    if options.isJSON { return try Terminal.json(view) }
    view.lines(environment).forEach { print($0) }
  }
}

/// What `windows` shows.
struct WindowsView: Encodable {
  struct Stretch: Encodable {
    var name: String
    var reason: String
    var from: Timestamp
    var until: Timestamp?
    var fromLocal: String
    var untilLocal: String?

    init(_ obstacle: Timetable.Obstacle, _ local: (Timestamp) -> String) {
      name = obstacle.name
      reason = obstacle.reason
      from = obstacle.from
      until = obstacle.until
      fromLocal = local(obstacle.from)
      untilLocal = obstacle.until.map(local)
    }
  }

  struct Opening: Encodable {
    var opens: Timestamp
    var closes: Timestamp?
    var opensLocal: String
    var closesLocal: String?
    /// The first allowed instant in it; left out when all of it is frozen.
    var allowed: Timestamp?
    var frozenBy: [Stretch]
    var discouraged: [Stretch]
  }

  var from: Timestamp
  /// The zone that local times are written in: that of the first window, UTC without one.
  var zone: String
  var windows: [String: String]
  /// Nil when none is found within five years.
  var nextAllowed: Timestamp?
  var obstacles: [Stretch]
  var openings: [Opening]

  init(_ timetable: Timetable, from: Timestamp, count: Int) throws(CalendarProblem) {
    let clock = timetable.windows.first?.window ?? Window(zone: "UTC", ranges: [])
    let local = { (time: Timestamp) in clock.localText(time) }
    let search = try timetable.nextAllowed(from: from)
    self.from = from
    zone = clock.zone
    windows = Dictionary(
      timetable.windows.map { ($0.name, "\(Window.text($0.window.ranges)) (\($0.window.zone))") },
      uniquingKeysWith: { first, _ in first })
    nextAllowed = search.allowed
    obstacles = search.obstacles.map { Stretch($0, local) }
    openings = []
    guard !timetable.windows.isEmpty else { return }
    openings = try timetable.openings(from: from, count: count).map { opening in
      Opening(
        opens: opening.from, closes: opening.until, opensLocal: local(opening.from),
        closesLocal: opening.until.map(local), allowed: opening.allowed,
        frozenBy: opening.freezes.map { Stretch($0, local) },
        discouraged: opening.discouraged.map { Stretch($0, local) })
    }
  }

  func lines(_ environment: String) -> [String] {
    var lines: [String] = []
    if windows.isEmpty {
      lines.append("\(environment) has no window: promotions may begin at any time outside freezes")
    }
    for (name, text) in windows.sorted(by: { $0.key < $1.key }) { lines.append("window \(name): \(text)") }
    lines.append(nextAllowed.map { "next allowed: \($0)" } ?? "next allowed: not within five years")
    for obstacle in obstacles {
      lines.append(
        "  before it: '\(obstacle.name)' \(obstacle.reason), until \(obstacle.until.map { "\($0)" } ?? "for ever")")
    }
    guard !openings.isEmpty else { return lines }
    var table = Table(["opens", "closes", "opens (UTC)", "closes (UTC)", ""])
    for opening in openings {
      table.add([
        opening.opensLocal, opening.closesLocal ?? "never", "\(opening.opens)",
        opening.closes.map { "\($0)" } ?? "never", opening.allowed == nil ? "frozen" : "",
      ])
      for stretch in opening.frozenBy {
        table.add(Self.row("frozen by '\(stretch.name)' (\(stretch.reason))", stretch))
      }
      for stretch in opening.discouraged { table.add(Self.row("discouraged (\(stretch.reason))", stretch)) }
    }
    return lines + [""] + table.lines()
  }

  private static func row(_ what: String, _ stretch: Stretch) -> [String] {
    [
      "  " + stretch.fromLocal, stretch.untilLocal ?? "for ever", "\(stretch.from)",
      stretch.until.map { "\($0)" } ?? "for ever", what,
    ]
  }
}

/// Times as people give them on the command line.
enum CalendarTimeText {
  static func read(_ text: String) throws -> Timestamp {
    guard let time = Timestamp(rfc3339: text) else {
      throw CommandError(.usage, "'\(text)' is no time; expected RFC 3339 such as 2026-12-24T10:00:00+01:00")
    }
    return time
  }
}

struct FreezeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "freeze", abstract: "Keeps promotions from beginning for a while.",
    subcommands: [Add.self, List.self, Remove.self])

  struct Add: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Adds a freeze.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "A name for it.") var name: String
    @Option(name: .long, help: "When it begins (RFC 3339); default: now.") var from: String?
    @Option(name: .long, help: "When it ends (RFC 3339).") var until: String
    @Option(name: .long, help: "Why.") var reason: String
    @Option(name: .long, help: "An environment it covers; may be repeated; default: all.") var environment: [String] =
      []
    @Option(name: .long, help: "A project it covers, where several share the state; may be repeated; default: all.")
    var project: [String] = []

    func run() async throws {
      let workshop = try Workshop(options)
      let now = SystemTime().now()
      let begin = try from.map(CalendarTimeText.read) ?? now
      let end = try CalendarTimeText.read(until)
      guard begin < end else { throw CommandError(.usage, "the freeze would end (\(end)) before it begins (\(begin))") }
      guard !reason.allSatisfy(\.isWhitespace) else { throw CommandError(.usage, "--reason is empty; say why") }
      let freeze = Freeze(
        name: name, from: begin, until: end, reason: reason, environments: environment.map { EnvironmentName($0) },
        projects: project, by: options.person, at: now)
      _ = try await workshop.hand(.ledger(.freezeAdded(freeze))).orRefusal()
      if options.isJSON { return try Terminal.json(freeze) }
      print("freeze '\(name)' from \(begin) until \(end): \(reason)")
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the freezes of the file, of calendars and of the command line.")

    @OptionGroup var options: CommonOptions

    func run() async throws {
      let workshop = try Workshop(options)
      let surroundings = workshop.surroundings(of: try workshop.pipeline())
      let ledger = try await workshop.ledgerOrNone()
      let now = SystemTime().now()
      var rows = surroundings.freezes.map { FreezeRow($0, source: options.file, at: now) }
      rows += ledger.freezes.values.map { FreezeRow($0, source: "command line", at: now) }
      for calendar in surroundings.calendars { rows += FreezeRow.rows(of: calendar, at: now) }
      rows.sort { ($0.from ?? now, $0.name) < ($1.from ?? now, $1.name) }
      if options.isJSON { return try Terminal.json(rows) }
      var table = Table(["freeze", "state", "from", "until", "environments", "by", "source", "reason"])
      for row in rows {
        table.add([
          row.name, row.state, row.from.map { "\($0)" } ?? "-", row.until.map { "\($0)" } ?? "-", row.scope,
          row.by?.text ?? "-", row.source, row.reason,
        ])
      }
      table.lines().forEach { print($0) }
    }
  }

  struct Remove: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Removes a freeze that was added on the command line.")

    @OptionGroup var options: CommonOptions
    @Argument(help: "Its name.") var name: String

    func run() async throws {
      let removed = LedgerEvent.freezeRemoved(name: name, by: options.person)
      let reply = try await Workshop(options).hand(.ledger(removed)).orRefusal()
      if options.isJSON { return try Terminal.json(reply) }
      print("freeze '\(name)' is removed")
    }
  }
}

/// A freeze as `freeze list` shows it.
struct FreezeRow: Encodable {
  var name: String
  /// active, next, over, or error for a calendar that is not understood.
  var state: String
  var from: Timestamp?
  var until: Timestamp?
  var reason: String
  var environments: [EnvironmentName]
  var projects: [String]
  var by: Person?
  var at: Timestamp?
  var source: String

  init(_ freeze: Freeze, source: String, at now: Timestamp) {
    name = freeze.name
    state = freeze.isActive(at: now) ? "active" : freeze.from > now ? "next" : "over"
    from = freeze.from
    until = freeze.until
    reason = freeze.reason
    environments = freeze.environments
    projects = freeze.projects
    by = freeze.by
    at = freeze.at
    self.source = source
  }

  private init(_ spec: CalendarSpec, _ state: String, _ entry: FreezeCalendar.Entry?, _ reason: String) {
    name = spec.name
    self.state = state
    from = entry?.occurrence.from
    until = entry?.occurrence.until
    self.reason = reason
    environments = spec.environments
    projects = []
    source = spec.file
  }

  /// The events that are active, and the next one.
  static func rows(of calendar: FreezeCalendar, at now: Timestamp) -> [FreezeRow] {
    do throws(CalendarProblem) {
      var rows = try calendar.covering(now).map { FreezeRow(calendar.spec, "active", $0, $0.reason) }
      if let next = try calendar.next(after: now) { rows.append(FreezeRow(calendar.spec, "next", next, next.reason)) }
      return rows.isEmpty ? [FreezeRow(calendar.spec, "over", nil, "no event after \(now)")] : rows
    } catch {
      return [FreezeRow(calendar.spec, "error", nil, error.description)]
    }
  }

  var scope: String {
    let places = environments.isEmpty ? "all" : environments.map(\.text).joined(separator: ", ")
    return projects.isEmpty ? places : "\(places) of \(projects.joined(separator: ", "))"
  }
}
