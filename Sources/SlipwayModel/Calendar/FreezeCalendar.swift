/// A calendar file whose events are freezes, as the pipeline file names it.
package struct CalendarSpec: Codable, Sendable, Equatable {
  package var name: String
  /// The file, relative to the pipeline file's folder.
  package var file: String
  /// For whole days and times without zone; nil when the file says it all.
  package var zone: String?
  /// Why nothing may move; nil for what each event calls itself.
  package var reason: String?
  /// The environments it covers; empty means all.
  package var environments: [EnvironmentName]

  package init(
    name: String, file: String, zone: String? = nil, reason: String? = nil, environments: [EnvironmentName] = []
  ) {
    self.name = name
    self.file = file
    self.zone = zone
    self.reason = reason
    self.environments = environments
  }

  package func concerns(_ environment: EnvironmentName) -> Bool {
    environments.isEmpty || environments.contains(environment)
  }
}

/// A calendar file as it was read: its events, or why they are not known.
package struct FreezeCalendar: Sendable, Equatable {
  package let spec: CalendarSpec
  /// Of the file's bytes; nil when it could not be read.
  package let digest: Digest?
  package let content: Result<[CalendarEvent], CalendarProblems>

  /// The calendar that the `bytes` of the file make.
  package init(_ spec: CalendarSpec, bytes: [UInt8]) {
    self.spec = spec
    digest = Digest(of: bytes)
    content = ICalendarFile.read(bytes, zone: spec.zone)
  }

  /// A calendar whose file could not be read.
  package init(_ spec: CalendarSpec, unreadable reason: String) {
    self.spec = spec
    digest = nil
    content = .failure(CalendarProblems([CalendarProblem(reason)]))
  }

  /// An occurrence with the reason that people read.
  package struct Entry: Sendable, Equatable {
    package let reason: String
    package let occurrence: CalendarEvent.Occurrence
  }

  /// The work that one question may cost.
  private static let work = 500_000
  /// How far ahead the next event is looked for.
  static let reach = Span.hours(24 * 366 * 10)

  /// The events that cover `time`.
  ///
  /// - Throws: when the file is not understood, or following its rules takes too long.
  package func covering(_ time: Timestamp) throws(CalendarProblem) -> [Entry] {
    var budget = WorkBudget(Self.work)
    var found: [Entry] = []
    for event in try events() {
      if let occurrence = try event.covering(time, &budget) { found.append(entry(event, occurrence)) }
    }
    return found
  }

  /// The event that begins next after `time`; nil when none does in ten years.
  package func next(after time: Timestamp) throws(CalendarProblem) -> Entry? {
    var budget = WorkBudget(Self.work)
    var horizon = time + Self.reach
    var first: Entry?
    for event in try events() {
      guard let occurrence = try event.next(after: time, until: horizon, &budget) else { continue }
      if let known = first, known.occurrence.from <= occurrence.from { continue }
      first = entry(event, occurrence)
      // Nobody needs to look further than the best so far.
      horizon = occurrence.from
    }
    return first
  }

  private func events() throws(CalendarProblem) -> [CalendarEvent] {
    switch content {
    case .success(let events): return events
    case .failure(let problems): throw CalendarProblem("\(spec.file): \(problems)")
    }
  }

  private func entry(_ event: CalendarEvent, _ occurrence: CalendarEvent.Occurrence) -> Entry {
    Entry(reason: spec.reason ?? event.summary, occurrence: occurrence)
  }
}
