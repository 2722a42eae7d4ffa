import Foundation
import SlipwayModel
import Testing

@Suite("Calendar: against dateutil and zoneinfo", .serialized)
struct CalendarOracleTests {
  /// How many rules; each is asked for at five instants. `make soak-calendar` sets more, and a seed.
  private static let rules = ProcessInfo.processInfo.environment["SLIPWAY_CALENDAR_RULES"].flatMap { Int($0) } ?? 400
  private static let seed = ProcessInfo.processInfo.environment["SLIPWAY_CALENDAR_SEED"].flatMap { UInt64($0) } ?? 2_026

  /// Zones whose offsets differ between Foundation's data and the system's between 2010 and 2042 would compare two time zone databases, not two calendars.
  private func agreedZones(_ oracle: CalendarOracle) throws -> [String] {
    let times = stride(from: Int64(1_262_304_000_000), to: 2_300_000_000_000, by: 86_400_000).map { $0 }
    return try RandomCalendar.candidates.filter { name in
      let zone = try #require(TimeZone(identifier: name))
      let theirs = try oracle.ask(CalendarOracle.Zone(zone: name, times: times), [Int].self)
      let ours = times.map { zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double($0) / 1_000)) }
      if ours != theirs { print("calendar: \(name) differs between the two time zone databases; left out") }
      return ours == theirs
    }
  }

  @Test("E6: random iCalendar rules cover, end and begin again as dateutil and zoneinfo say")
  func events() throws {
    let oracle = try CalendarOracle()
    defer { oracle.close() }
    var maker = RandomCalendar(random: SplitMix64(seed: Self.seed), zones: try agreedZones(oracle))
    try #require(maker.zones.count >= 10)
    var (asked, refused, slow) = (0, 0, 0)
    var wrong: [(text: String, message: String)] = []
    for _ in 0..<Self.rules {
      var sample = maker.sample()
      let spec = CalendarSpec(name: "c", file: "c.ics", zone: sample.question.zone)
      let calendar = FreezeCalendar(spec, bytes: Array(sample.text.utf8))
      if case .failure(let problems) = calendar.content {
        refused += 1
        guard problems.description.contains("never comes") || problems.description.contains("no day was found") else {
          wrong.append((sample.text, "refused: \(problems)"))
          continue
        }
        sample.question.instants = []
        if try oracle.ask(sample.question, CalendarOracle.EventAnswer.self).never { continue }
        wrong.append((sample.text, "refused, but it comes: \(problems)"))
        continue
      }
      guard let covers = try oracle.ask(sample.question, CalendarOracle.EventAnswer.self).covers else {
        slow += 1
        if slow < 5 { print("calendar: too slow for dateutil: \(sample.question.rule ?? "")") }
        continue
      }
      for (time, theirs) in zip(sample.question.instants, covers) {
        asked += 1
        let now = Timestamp(milliseconds: time)
        let end = try calendar.covering(now).first?.occurrence.until.milliseconds
        let next = try calendar.next(after: now)?.occurrence.from.milliseconds
        let near = next.flatMap { $0 <= time + sample.question.reach ? $0 : nil }
        if end != theirs.end || near != theirs.next {
          let said =
            "at \(now): ends \(shown(end)) not \(shown(theirs.end)), next \(shown(near)) not \(shown(theirs.next))"
          wrong.append((sample.text, said))
        }
      }
      if wrong.count > 20 { break }
    }
    print("calendar: seed \(Self.seed): \(asked) instants, \(refused) rules refused, \(slow) too slow for dateutil")
    let smallest = wrong.min { $0.text.utf8.count < $1.text.utf8.count }
    #expect(
      smallest == nil,
      "seed \(Self.seed), \(wrong.count) wrong; smallest:\n\(smallest?.text ?? "")\(smallest?.message ?? "")")
    #expect(asked >= Self.rules * 4 && slow * 10 <= Self.rules, "\(asked) asked, \(refused) refused, \(slow) too slow")
  }

  private func shown(_ time: Int64?) -> String { time.map { Timestamp(milliseconds: $0).description } ?? "none" }

  @Test("E6: random windows, discouraged hours and freezes open first when zoneinfo says")
  func timetables() throws {
    struct Answer: Decodable { var allowed: Int64? }
    let oracle = try CalendarOracle()
    defer { oracle.close() }
    var maker = RandomCalendar(random: SplitMix64(seed: Self.seed), zones: try agreedZones(oracle))
    var compared = 0
    for _ in 0..<Self.rules {
      let (question, timetable) = maker.table()
      let theirs = try oracle.ask(question, Answer.self).allowed
      let search = try timetable.nextAllowed(from: Timestamp(milliseconds: question.time))
      // The oracle looks forty days ahead.
      let ours = search.allowed.flatMap { $0.milliseconds < question.time + 40 * 86_400_000 ? $0.milliseconds : nil }
      if let theirs, theirs >= question.time + 40 * 86_400_000 { continue }
      compared += 1
      #expect(ours == theirs, "seed \(Self.seed): \(question): ours \(shown(ours)), theirs \(shown(theirs))")
      if ours != theirs { break }
    }
    #expect(compared * 10 >= Self.rules * 8)
  }
}

extension RandomCalendar {
  fileprivate mutating func table() -> (CalendarOracle.Table, Timetable) {
    let time = Int64.random(in: 1_774_000_000_000...1_794_000_000_000, using: &random)
    var question = CalendarOracle.Table(windows: [], freezes: [], time: time)
    var windows: [String: Window] = [:]
    for index in 0..<number(1...2) {
      let zone = zones[number(0...zones.count - 1)]
      let open = ranges(number(1...3))
      let discouraged = random.chance(50) ? ranges(number(1...2)) : []
      question.windows.append(CalendarOracle.Table.Window(zone: zone, open: open, discouraged: discouraged))
      windows["w\(index)"] = Window(
        zone: zone, ranges: open.map(Self.range), discouraged: discouraged.map(Self.range), whenDiscouraged: .ask)
    }
    var freezes: [Freeze] = []
    for index in 0..<number(0...3) {
      let from = time + Int64(number(-3 * 86_400...10 * 86_400)) * 1_000
      let until = from + Int64(number(1...6 * 86_400)) * 1_000
      question.freezes.append([from, until])
      freezes.append(
        Freeze(
          name: "f\(index)", from: Timestamp(milliseconds: from), until: Timestamp(milliseconds: until), reason: "r"))
    }
    return (question, Timetable(of: "production", in: "shop", windows: windows, freezes: freezes))
  }

  private mutating func ranges(_ count: Int) -> [[Int]] {
    (0..<count).map { _ in
      let start = number(0...1_300)
      return [start, number(start + 1...1_440), number(1...127)]
    }
  }

  private static func range(_ numbers: [Int]) -> WeeklyRange {
    WeeklyRange(
      days: Weekday.allCases.enumerated().filter { numbers[2] >> $0.offset & 1 == 1 }.map(\.element),
      fromMinute: numbers[0], toMinute: numbers[1])
  }
}
