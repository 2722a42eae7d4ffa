import Foundation
import SlipwayModel
import Testing

@Suite("Calendar: windows")
struct WindowTests {
  private func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text), "\(text)") }

  private func window(_ zone: String, _ days: [Weekday], _ from: Int, _ to: Int) -> Window {
    Window(zone: zone, ranges: [WeeklyRange(days: days, fromMinute: from, toMinute: to)])
  }

  @Test("E6: Tue to Thu 10:00 to 14:00 in local time, to the millisecond, summer and winter")
  func office() throws {
    let office = window("Europe/Berlin", [.tuesday, .wednesday, .thursday], 600, 840)
    #expect(try office.opening(from: at("2026-11-21T05:00:00Z")) == at("2026-11-24T10:00:00+01:00"))
    #expect(try office.opening(from: at("2026-07-01T05:00:00Z")) == at("2026-07-01T10:00:00+02:00"))
    #expect(try !office.isOpen(at: at("2026-11-24T09:59:59.999+01:00")))
    #expect(try office.isOpen(at: at("2026-11-24T10:00:00+01:00")))
    #expect(try office.isOpen(at: at("2026-11-24T13:59:59.999+01:00")))
    #expect(try !office.isOpen(at: at("2026-11-24T14:00:00+01:00")))
    #expect(try office.closing(after: at("2026-11-24T11:00:00+01:00")) == at("2026-11-24T14:00:00+01:00"))
    #expect(try office.closing(after: at("2026-11-24T15:00:00+01:00")) == nil)
    #expect(try office.opening(from: at("2026-11-26T14:00:00+01:00")) == at("2026-12-01T10:00:00+01:00"))
  }

  @Test(
    "E6: where the clock is set forward a range begins at the first instant after its wall time",
    arguments: [
      ("Europe/Berlin", "2026-03-29T00:00:00Z", "2026-03-29T01:00:00Z"),
      ("America/New_York", "2026-03-08T06:00:00Z", "2026-03-08T07:00:00Z"),
    ])
  func gap(zone: String, before: String, opening: String) throws {
    let (time, opens) = (try at(before), try at(opening))
    #expect(window(zone, [.sunday], 150, 240).opening(from: time) == opens)
    #expect(
      window(zone, [.sunday], 121, 122).opening(from: time) != opens, "a range inside the gap does not take place")
    #expect(window(zone, [.sunday], 90, 150).closing(after: opens - .seconds(1)) == opens)
  }

  @Test(
    "E6: where the clock is set back a range begins at the first and ends at the last of two wall times",
    arguments: [
      ("Europe/Berlin", "2026-10-25T00:00:00Z"), ("America/New_York", "2026-11-01T05:00:00Z"),
    ])
  func overlap(zone: String, first: String) throws {
    // Berlin repeats 02:00 to 03:00, New York 01:00 to 02:00.
    let hour = zone == "Europe/Berlin" ? 120 : 60
    let half = window(zone, [.sunday], hour + 15, hour + 30)
    let began = try at(first) + .minutes(15)
    #expect(half.opening(from: began - .hours(3)) == began)
    #expect(half.closing(after: began) == began + .minutes(75))
    #expect(half.isOpen(at: began + .minutes(40)))
  }

  @Test(
    "E6: a midnight that does not exist shifts no later day",
    arguments: [
      ("Africa/Cairo", "2026-04-24T00:00:00+03:00", "2026-04-26T00:00:00+03:00"),
      ("Asia/Beirut", "2026-03-29T00:00:00+03:00", "2026-03-31T00:00:00+03:00"),
    ])
  func noMidnight(zone: String, transition: String, later: String) throws {
    let all = window(zone, Weekday.allCases, 0, 60)
    #expect(try all.isOpen(at: at(later)))
    #expect(try !all.isOpen(at: at(later) + .hours(1)))
    #expect(try !all.isOpen(at: at(later) - .seconds(1)))
  }

  @Test("E6: a range may go up to 24:00, and touching ranges are one opening")
  func midnight() throws {
    let late = Window(
      zone: "Europe/Berlin",
      ranges: [
        WeeklyRange(days: [.friday], fromMinute: 1_200, toMinute: 1_440),
        WeeklyRange(days: [.saturday], fromMinute: 0, toMinute: 60),
      ])
    let friday = try at("2026-11-20T23:59:59.999+01:00")
    #expect(late.isOpen(at: friday))
    #expect(try late.closing(after: friday) == at("2026-11-21T01:00:00+01:00"))
    let alone = window("Europe/Berlin", [.friday], 1_200, 1_440)
    #expect(try alone.closing(after: friday) == at("2026-11-21T00:00:00+01:00"))
    #expect(try !alone.isOpen(at: at("2026-11-21T00:00:00+01:00")))
    let overlapping = Window(
      zone: "UTC",
      ranges: [
        WeeklyRange(days: [.friday], fromMinute: 600, toMinute: 960),
        WeeklyRange(days: [.friday], fromMinute: 840, toMinute: 900),
      ])
    #expect(try overlapping.closing(after: at("2026-11-20T14:30:00Z")) == at("2026-11-20T16:00:00Z"))
  }

  @Test(
    "E6: weekends are what the file says, a window that is always open never closes, one without ranges or zone never opens"
  )
  func always() throws {
    let now = try at("2026-11-21T05:00:00Z")
    let always = window("Asia/Tokyo", Weekday.allCases, 0, 1_440)
    #expect(always.isOpen(at: now) && always.closing(after: now) == nil)
    #expect(try window("UTC", [.monday], 0, 1_440).opening(from: now) == at("2026-11-23T00:00:00Z"))
    for never in [
      Window(zone: "UTC", ranges: []), window("UTC", [], 0, 1_440), window("UTC", [.monday], 600, 600),
      window("Nowhere/Land", Weekday.allCases, 0, 1_440),
    ] {
      #expect(never.opening(from: now) == nil && !never.isOpen(at: now) && never.closing(after: now) == nil)
    }
    _ = always.opening(from: Timestamp(milliseconds: .max))
    _ = always.opening(from: Timestamp(milliseconds: .min))
  }

  // MARK: Against another implementation

  private struct Question: Encodable {
    var zone: String
    var ranges: [[Int]]
    var time: Int64
  }

  private static let zones = [
    "Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "America/Santiago",
    "Asia/Kathmandu", "America/Havana", "Pacific/Chatham", "UTC",
  ]
  /// Half of the instants lie near a change of the clock somewhere.
  private static let changes: [Int64] = [
    1_774_746_000_000, 1_792_890_000_000, 1_772_953_200_000, 1_793_512_800_000, 1_776_981_600_000, 1_774_735_200_000,
    1_775_314_800_000, 1_788_667_200_000,
  ]

  /// The answer by zoneinfo and dateutil; only a wall time that does not exist is searched, minute by minute.
  private static let program = """
    import json, sys
    from datetime import datetime, timedelta, timezone
    from zoneinfo import ZoneInfo
    from dateutil import tz
    EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
    def ms(moment): return (moment.astimezone(timezone.utc) - EPOCH) // timedelta(milliseconds=1)
    def instant(zone, day, minute, last):
        wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
        if tz.datetime_exists(wall.replace(tzinfo=zone)):
            return ms(wall.replace(tzinfo=zone, fold=1 if last else 0))
        moment = (wall - timedelta(hours=30)).replace(tzinfo=timezone.utc)
        while moment.astimezone(zone).replace(tzinfo=None) < wall: moment += timedelta(minutes=1)
        return ms(moment)
    def answer(question):
        zone, time = ZoneInfo(question["zone"]), question["time"]
        today = (EPOCH + timedelta(milliseconds=time)).astimezone(zone).date()
        best = None
        for offset in range(-1, 9):
            day = today + timedelta(days=offset)
            for first, until, mask in question["ranges"]:
                if not mask >> day.weekday() & 1: continue
                start = instant(zone, day, first, False)
                end = instant(zone, day, until, until < 1440)
                if end > start and end > time:
                    opening = max(start, time)
                    best = opening if best is None else min(best, opening)
            if best is not None: break
        return best
    print(json.dumps([answer(question) for question in json.load(open(sys.argv[1]))]))
    """

  @Test("E6: 2,000 random windows and instants open as zoneinfo and dateutil say")
  func againstPython() throws {
    var random = SplitMix64(seed: 6)
    let questions = try (0..<2_000).map { _ in
      let from = Int.random(in: 0..<1_440, using: &random)
      let wide = Int64.random(in: 1_700_000_000_000...1_900_000_000_000, using: &random)
      let near =
        try #require(Self.changes.randomElement(using: &random))
        + Int64.random(in: -200_000_000...200_000_000, using: &random)
      return Question(
        zone: try #require(Self.zones.randomElement(using: &random)),
        ranges: (0..<Int.random(in: 1...3, using: &random)).map { index in
          let start = index == 0 ? from : Int.random(in: 0..<240, using: &random)
          return [start, Int.random(in: start + 1...1_440, using: &random), Int.random(in: 1...127, using: &random)]
        }, time: random.chance(50) ? near : wide)
    }
    let folder = FileManager.default.temporaryDirectory.appending(path: "slipway-window-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let input = folder.appending(path: "questions.json")
    try JSONEncoder().encode(questions).write(to: input)
    let (process, pipe) = (Process(), Pipe())
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", Self.program, input.path]
    process.standardOutput = pipe
    try process.run()
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    let answers = try JSONDecoder().decode([Int64?].self, from: output)
    try #require(answers.count == questions.count)
    var wrong = 0
    for (question, answer) in zip(questions, answers) {
      let window = Window(
        zone: question.zone,
        ranges: question.ranges.map { range in
          WeeklyRange(
            days: Weekday.allCases.enumerated().filter { range[2] >> $0.offset & 1 == 1 }.map(\.element),
            fromMinute: range[0], toMinute: range[1])
        })
      let opening = window.opening(from: Timestamp(milliseconds: question.time))
      if opening?.milliseconds != answer { wrong += 1 }
      if wrong > 5 { break }
      let expected = answer.map { Timestamp(milliseconds: $0) }
      #expect(opening == expected, "\(question) at \(Timestamp(milliseconds: question.time))")
    }
  }
}
