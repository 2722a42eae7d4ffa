import Foundation
import SlipwayModel
import Testing

@Suite("Gates: windows, discouraged hours, freezes and calendars")
struct CalendarGateTests {
  private func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text), "\(text)") }

  private func judge(
    _ gate: GateSpec, at time: String, windows: [String: Window] = [:], freezes: [Freeze] = [],
    calendars: [FreezeCalendar] = [], despite: String? = nil
  ) throws -> GateReport {
    var plan = try Sample.plan()
    plan.windows = windows
    plan.despiteHours = despite
    let judge = GateJudge(
      plan: plan, ledger: Sample.ledger(), surroundings: Surroundings(freezes: freezes, calendars: calendars))
    return try #require(judge.judge(gate, at: at(time)))
  }

  private func window(_ when: Window.Discouragement) -> Window {
    Window(
      zone: "Europe/Berlin",
      ranges: [
        WeeklyRange(days: [.monday, .tuesday, .wednesday, .thursday, .friday], fromMinute: 480, toMinute: 1_440)
      ],
      discouraged: [
        WeeklyRange(days: [.friday], fromMinute: 840, toMinute: 1_440),
        WeeklyRange(days: [.monday, .tuesday, .wednesday, .thursday], fromMinute: 1_080, toMinute: 1_440),
      ], whenDiscouraged: when)
  }

  private func christmas(_ text: String = CalendarSamples.google, zone: String? = "Europe/Berlin") -> FreezeCalendar {
    FreezeCalendar(CalendarSpec(name: "holidays", file: "ops/holidays.ics", zone: zone), bytes: Array(text.utf8))
  }

  @Test("E6: Friday after 14:00 and after 18:00 are discouraged: a warning names the hours and the next better one")
  func warn() throws {
    let friday = "2026-11-20T15:00:00+01:00"
    let report = try judge(.window("w"), at: friday, windows: ["w": window(.warn)])
    #expect(report.verdict == .passed && report.remedy == nil)
    #expect(report.warnings.count == 1)
    #expect(report.warnings.first?.contains("Fri 14:00-24:00") == true)
    #expect(report.warnings.first?.contains("better from 2026-11-23T07:00:00.000Z") == true, "\(report.warnings)")
    #expect(try judge(.window("w"), at: "2026-11-20T13:59:59+01:00", windows: ["w": window(.warn)]).warnings.isEmpty)
    #expect(try judge(.window("w"), at: "2026-11-19T18:00:00+01:00", windows: ["w": window(.warn)]).warnings.count == 1)
  }

  @Test("E6: hours that ask wait for a better one, or pass with the reason that somebody gave")
  func ask() throws {
    let friday = "2026-11-20T15:00:00+01:00"
    let report = try judge(.window("w"), at: friday, windows: ["w": window(.ask)])
    #expect(try report.verdict == .waiting(until: at("2026-11-23T08:00:00+01:00")))
    #expect(report.remedy?.contains("--despite-hours REASON") == true)
    let despite = try judge(.window("w"), at: friday, windows: ["w": window(.ask)], despite: "the shop is down")
    #expect(despite.verdict == .passed && despite.warnings.first?.contains("the shop is down") == true)
    let closed = try judge(
      .window("w"), at: "2026-11-21T15:00:00+01:00", windows: ["w": window(.ask)], despite: "the shop is down")
    #expect(closed.verdict != .passed, "discouraged hours can be gone into, closed ones cannot")
    var always = window(.ask)
    always.discouraged = always.ranges
    #expect(try judge(.window("w"), at: friday, windows: ["w": always]).verdict == .failed)
  }

  @Test("E6: who waits for a window waits until every window is open and nothing is frozen")
  func together() throws {
    let tokyo = Window(
      zone: "Asia/Tokyo", ranges: [WeeklyRange(days: Weekday.allCases, fromMinute: 1_020, toMinute: 1_140)])
    let freeze = Freeze(
      name: "audit", from: try at("2026-11-23T00:00:00Z"), until: try at("2026-11-24T00:00:00Z"), reason: "auditors")
    let report = try judge(
      .window("w"), at: "2026-11-21T12:00:00+01:00", windows: ["w": window(.warn), "t": tokyo], freezes: [freeze])
    #expect(try report.verdict == .waiting(until: at("2026-11-24T09:00:00+01:00")), "\(report)")
    #expect(report.reason.contains("opens 2026-11-23T07:00:00.000Z") && report.reason.contains("'audit'"))
    #expect(report.remedy != nil && !report.proof.isEmpty)
  }

  @Test("E6, E7: a calendar's event freezes with its name, and the file's digest is the proof")
  func calendar() throws {
    let report = try judge(.noFreeze, at: "2026-12-25T10:00:00+01:00", calendars: [christmas()])
    #expect(try report.verdict == .waiting(until: at("2026-12-26T00:00:00+01:00")))
    #expect(report.reason.contains("'holidays' (Erster Weihnachtstag)"))
    let digest = Digest(of: Data(CalendarSamples.google.utf8))
    #expect(report.proof.contains { $0.digest == digest && $0.from == "ops/holidays.ics" })
    let before = try judge(.noFreeze, at: "2026-12-24T10:00:00+01:00", calendars: [christmas()])
    #expect(before.verdict == .passed && before.warnings.isEmpty)
    let after = try judge(.noFreeze, at: "2027-01-02T10:00:00+01:00", calendars: [christmas()])
    #expect(after.verdict == .passed && after.warnings.first?.contains("renew it") == true)
    var elsewhere = CalendarSpec(name: "h", file: "h.ics", zone: "Europe/Berlin", environments: ["staging"])
    #expect(
      try judge(
        .noFreeze, at: "2026-12-25T10:00:00+01:00",
        calendars: [FreezeCalendar(elsewhere, bytes: Array(CalendarSamples.google.utf8))]
      ).verdict == .passed)
    elsewhere.environments = []
    elsewhere.reason = "closed"
    let renamed = FreezeCalendar(elsewhere, bytes: Array(CalendarSamples.google.utf8))
    #expect(
      try judge(.noFreeze, at: "2026-12-25T10:00:00+01:00", calendars: [renamed]).reason.contains("'h' (closed)"))
  }

  @Test("E6, F7: a calendar that is missing or not understood is an error, never a pass")
  func broken() throws {
    let missing = FreezeCalendar(
      CalendarSpec(name: "holidays", file: "ops/holidays.ics"), unreadable: "ops/holidays.ics cannot be read")
    for calendar in [missing, christmas("garbage"), christmas(zone: nil)] {
      let report = try judge(.noFreeze, at: "2026-07-01T10:00:00Z", calendars: [calendar])
      #expect(
        report.verdict == .error && report.reason.contains("ops/holidays.ics") && report.remedy != nil, "\(report)")
    }
  }

  @Test("E6: a freeze covers the projects it names, and is read back as it was written")
  func projects() throws {
    let now = try at("2026-11-21T10:00:00Z")
    let project = try Sample.plan().project
    var freeze = Freeze(
      name: "f", from: now - .hours(1), until: now + .hours(1), reason: "r", projects: [project], by: "ann", at: now)
    #expect(
      try judge(.noFreeze, at: "2026-11-21T10:00:00Z", freezes: [freeze]).verdict == .waiting(until: freeze.until))
    #expect(try JSONDecoder().decode(Freeze.self, from: JSONEncoder().encode(freeze)) == freeze)
    freeze.projects = ["another"]
    #expect(try judge(.noFreeze, at: "2026-11-21T10:00:00Z", freezes: [freeze]).verdict == .passed)
    let old =
      #"{"name":"f","from":"2026-01-01T00:00:00Z","until":"2026-01-02T00:00:00Z","reason":"r","environments":[]}"#
    #expect(try JSONDecoder().decode(Freeze.self, from: Data(old.utf8)).projects.isEmpty)
    let plain = Window(zone: "UTC", ranges: [])
    #expect(try !String(decoding: JSONEncoder().encode(plain), as: UTF8.self).contains("iscouraged"))
    #expect(try JSONDecoder().decode(Window.self, from: JSONEncoder().encode(window(.ask))) == window(.ask))
  }
}
