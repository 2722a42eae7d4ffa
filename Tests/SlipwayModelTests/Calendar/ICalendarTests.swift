import Foundation
import SlipwayModel
import Testing

@Suite("Calendar: iCalendar files")
struct ICalendarTests {
  private func at(_ text: String) throws -> Timestamp { try #require(Timestamp(rfc3339: text), "\(text)") }

  private func calendar(_ text: String, zone: String? = "Europe/Berlin") -> FreezeCalendar {
    FreezeCalendar(CalendarSpec(name: "c", file: "c.ics", zone: zone), bytes: Array(text.utf8))
  }

  private func event(_ lines: String...) -> String {
    "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VEVENT\nUID:1\nSUMMARY:s\n" + lines.joined(separator: "\n")
      + "\nEND:VEVENT\nEND:VCALENDAR\n"
  }

  /// Begins in UTC from 2026 on, up to `count`.
  private func begins(_ text: String, zone: String? = "Europe/Berlin", count: Int = 4) throws -> [String] {
    let calendar = calendar(text, zone: zone)
    var (time, found) = (try at("2025-12-31T23:59:59Z") - .hours(2), [String]())
    while found.count < count, let next = try calendar.next(after: time) {
      time = next.occurrence.from
      found.append(String(time.description.prefix(16)))
    }
    return found
  }

  private func problem(_ text: String, zone: String? = "Europe/Berlin") -> String {
    guard case .failure(let problems) = calendar(text, zone: zone).content else { return "no problem" }
    return problems.description
  }

  // MARK: What real programs write

  @Test(
    "E6: calendars of Google, Apple, Outlook and holiday lists freeze Christmas, to the second",
    arguments: CalendarSamples.all)
  func samples(text: String) throws {
    let calendar = calendar(text)
    #expect(try calendar.covering(at("2026-12-25T12:00:00+01:00")).count == 1)
    #expect(try calendar.covering(at("2026-11-19T12:00:00+01:00")).isEmpty)
    let unfolded = try calendar.content.get()
    #expect(unfolded.allSatisfy { !$0.summary.contains("\\") })
  }

  @Test(
    "E6: a whole day goes by its zone, a changed occurrence stands in for its own, a removed one does not take place")
  func meaning() throws {
    let google = calendar(CalendarSamples.google)
    let day = try #require(try google.covering(at("2026-12-24T23:00:00Z")).first)
    #expect(day.reason == "Erster Weihnachtstag")
    #expect(try day.occurrence.until == at("2026-12-25T23:00:00Z"))
    #expect(try google.covering(at("2026-12-24T22:59:59.999Z")).isEmpty)
    let apple = calendar(CalendarSamples.apple)
    #expect(try apple.covering(at("2026-12-04T08:00:00+01:00")).isEmpty)
    #expect(try apple.covering(at("2026-12-04T12:30:00+01:00")).map(\.reason) == ["Month end, only noon"])
    #expect(try apple.covering(at("2026-12-11T08:00:00+01:00")).map(\.reason) == ["Month end, no changes"])
    let outlook = calendar(CalendarSamples.outlook, zone: nil)
    #expect(try outlook.covering(at("2026-12-03T12:00:00+01:00")).isEmpty)
    #expect(try outlook.covering(at("2026-12-04T12:00:00+01:00")).count == 1)
    let holidays = calendar(CalendarSamples.holidays)
    #expect(try holidays.covering(at("2026-12-29T12:00:00+01:00")).map(\.reason) == ["Bridge day"])
    #expect(try holidays.covering(at("2027-11-25T12:00:00+01:00")).map(\.reason) == ["Thanksgiving Day"])
  }

  // MARK: Rules, by the examples of RFC 5545

  @Test(
    "E6: rules begin as the standard's examples say",
    arguments: [
      ("FREQ=YEARLY;BYMONTH=1;BYDAY=MO,1TU", ["2026-01-05", "2026-01-06", "2026-01-12", "2026-01-19"]),
      ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", ["2026-02-13", "2026-03-13", "2026-11-13", "2027-08-13"]),
      ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", ["2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30"]),
      ("FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", ["2026-05-11", "2027-05-17", "2028-05-15", "2029-05-14"]),
      ("FREQ=YEARLY;BYYEARDAY=-1", ["2026-12-31", "2027-12-31", "2028-12-31", "2029-12-31"]),
      ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", ["2028-02-29", "2032-02-29", "2036-02-29", "2040-02-29"]),
      ("FREQ=MONTHLY;BYMONTHDAY=31", ["2026-01-31", "2026-03-31", "2026-05-31", "2026-07-31"]),
      ("FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", ["2026-01-04", "2026-01-06", "2026-01-18", "2026-01-20"]),
    ])
  func rules(rule: String, days: [String]) throws {
    // A Thursday in 1997, and excluded, because a start always counts whether its rule names it or not.
    let text = event(
      "DTSTART;VALUE=DATE:19970102", "RRULE:" + rule, "EXDATE;VALUE=DATE:19970102")
    let found = try begins(text, zone: "UTC").map { String($0.prefix(10)) }
    #expect(found == days)
  }

  @Test("E6: a time in a gap is taken by the offset before it, one that comes twice is the first")
  func gapsAndOverlaps() throws {
    let gap = event("DTSTART;TZID=Europe/Berlin:20260328T023000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3")
    #expect(try begins(gap) == ["2026-03-28T01:30", "2026-03-29T01:30", "2026-03-30T00:30"])
    let overlap = event("DTSTART;TZID=Europe/Berlin:20261024T023000", "DURATION:PT1H", "RRULE:FREQ=DAILY;COUNT=3")
    #expect(try begins(overlap) == ["2026-10-24T00:30", "2026-10-25T00:30", "2026-10-26T01:30"])
  }

  @Test("E6, F7: a question about a rule that began in 1970 and goes by the second is answered near its instant")
  func far() throws {
    let text = event("DTSTART:19700101T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY;INTERVAL=2")
    let calendar = calendar(text)
    #expect(try calendar.covering(at("2026-11-21T10:00:00Z")).count == 1)
    #expect(try calendar.covering(at("2026-11-21T10:00:01Z")).isEmpty)
    let whole = Timetable(
      of: "p", in: "s", windows: [:], freezes: [],
      calendars: [
        self.calendar(
          event("DTSTART:19700101T000000Z", "DURATION:PT1S", "RRULE:FREQ=SECONDLY"))
      ])
    #expect(try whole.nextAllowed(from: at("2026-11-21T10:00:00Z")).allowed == nil, "frozen for ever is a verdict")
  }

  // MARK: What is not understood

  @Test(
    "E6, F7: what is not understood is a problem that names its line and what was expected",
    arguments: [
      ("DTSTART;VALUE=DATE:20260230", "line 6: DTSTART is '20260230'; expected a day"),
      ("DTSTART:20261224", "line 6: DTSTART is '20261224'; expected a time"),
      ("DTSTART:20261224T100000Z", "line 6: the event has no end, so it covers no time"),
      ("DTSTART:20261224T100000Z\nDTEND:20261224T100000Z", "line 7: the event ends before or when it begins"),
      ("DTSTART:20261224T100000Z\nDURATION:PT0S", "line 7: DURATION is 'PT0S'"),
      (
        "DTSTART:20261224T100000Z\nDTEND:20261224T110000Z\nDURATION:PT1H",
        "line 8: the event ends by DTEND and by DURATION"
      ),
      (
        "DTSTART;TZID=W. Europe Standard Time:20261224T100000\nDURATION:PT1H",
        "line 6: TZID 'W. Europe Standard Time' is no IANA time zone"
      ),
      ("DTSTART;TZID=Europe/Berlin:20261224T100000Z\nDURATION:PT1H", "line 6: a time in UTC has a TZID as well"),
      (
        "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;COUNT=2;UNTIL=20301224",
        "line 7: the rule ends by COUNT and by UNTIL"
      ),
      ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;UNTIL=20251224", "line 7: UNTIL lies before DTSTART"),
      ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "line 7: the rule never comes"),
      ("DTSTART:20261224T100000Z\nDURATION:PT1H\nRRULE:FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=30", "line 8: "),
      ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=FORTNIGHTLY", "line 7: 'FORTNIGHTLY' is no frequency"),
      (
        "DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DAILY;BYDAY=1MO",
        "line 7: a number before a day in BYDAY has no meaning"
      ),
      ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DAILY;BYEASTER=0", "line 7: nobody knows the part 'BYEASTER'"),
      ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DAILY;FREQ=YEARLY", "line 7: the rule has FREQ twice"),
      ("DTSTART;VALUE=DATE:20261224\nRRULE:FREQ=DAILY\nRRULE:FREQ=YEARLY", "line 8: the event has RRULE twice"),
      ("DTSTART;VALUE=DATE:20261224\nEXRULE:FREQ=DAILY", "line 7: EXRULE was taken out"),
      ("DTSTART;VALUE=DATE:20261224\nRRULF:FREQ=DAILY", "line 7: 'RRULF' is no property of an event"),
      ("DTSTART;VALUE=DATE:20261224\nEXDATE:20261224T000000Z", "line 7: EXDATE and DTSTART are a day and a time"),
      ("DTSTART;VALUE=DATE:20261224\nSTATUS:CANCELED", "line 7: STATUS is 'CANCELED'"),
      (
        "DTSTART;VALUE=DATE:20261224\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20261224",
        "line 7: RANGE changes all"
      ),
      ("STATUS:CANCELLED", "every event of the calendar is cancelled"),
      ("SUMMARY", "line 6: 'SUMMARY' has no value"),
    ])
  func mistakes(lines: String, message: String) {
    #expect(problem(event(lines)).contains(message), "\(problem(event(lines)))")
  }

  @Test("E6, F7: a file that is no calendar, or half of one, is a problem and never an empty calendar")
  func wholeFiles() {
    let whole = CalendarSamples.google
    for (text, message) in [
      ("", "the file is empty"), ("<html></html>", "does not begin with the name"),
      ("BEGIN:VCALENDAR\nVERSION:2.0\nEND:VCALENDAR\n", "no event, so it would freeze nothing"),
      (String(whole.prefix(whole.count / 2)), "line "),
      (whole.replacing("VERSION:2.0", with: "VERSION:1.0"), "version '1.0'"),
      (whole.replacing("END:VEVENT", with: "END:VTODO"), "closes nothing that is open"),
      (whole.replacing("BEGIN:VEVENT", with: "BEGIN:VEVEMT"), "'VEVEMT' is no component of VCALENDAR"),
      (whole.replacing("GREGORIAN", with: "HEBREW"), "nobody here counts by 'HEBREW'"),
      (whole.replacing("METHOD:PUBLISH", with: "METHOD:CANCEL"), "cancels events"),
      (whole + whole, "has the UID"), (whole.replacing("SUMMARY", with: "SUMMARY;X=\u{1}"), "control character"),
      (String(repeating: "x", count: 1 << 20) + "y", "the calendar has 1048577 bytes"),
    ] {
      #expect(problem(text).contains(message) && problem(text) != "no problem", "\(problem(text)) for \(message)")
    }
    #expect(problem(whole, zone: nil).contains("line 11: DTSTART is a whole day, and nobody says where"))
    #expect(problem(whole, zone: "Mars/Base").contains("'Mars/Base' is no IANA time zone"))
    let invalid = FreezeCalendar(CalendarSpec(name: "c", file: "c"), bytes: [0x42, 0xFF, 0x3A])
    #expect(throws: CalendarProblems.self) { try invalid.content.get() }
  }

  @Test("E6, F7: thousands of endless or contradictory rules end in a verdict, not in a search without end")
  func manyRules() throws {
    let never =
      "BEGIN:VEVENT\nDTSTART:19700101T000000Z\nDURATION:PT1S\nRRULE:FREQ=HOURLY;INTERVAL=24;BYHOUR=5\nEND:VEVENT\n"
    let text = "BEGIN:VCALENDAR\nVERSION:2.0\n" + String(repeating: never, count: 5_000) + "END:VCALENDAR\n"
    #expect(problem(text).contains("line "))
    let always = never.replacing(";INTERVAL=24;BYHOUR=5", with: "")
    let many = calendar("BEGIN:VCALENDAR\nVERSION:2.0\n" + String(repeating: always, count: 2_000) + "END:VCALENDAR\n")
    #expect(try many.covering(at("2026-11-21T10:00:00Z")).count == 2_000)
  }

  // MARK: Damage

  @Test(
    "E6, F7: damaged calendars never crash, and never turn silently into calendars without events", arguments: 0..<4)
  func damage(seed: Int) throws {
    var random = SplitMix64(seed: UInt64(seed))
    let good = Array(CalendarSamples.all[seed].utf8)
    for _ in 0..<600 {
      var bytes = good
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<4, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &random)], at: place)
        default: bytes.removeSubrange(place..<min(bytes.count, place + Int.random(in: 1...40, using: &random)))
        }
      }
      let damaged = FreezeCalendar(CalendarSpec(name: "c", file: "c.ics", zone: "Europe/Berlin"), bytes: bytes)
      guard case .success(let events) = damaged.content else { continue }
      #expect(!events.isEmpty)
      // Whatever is left of it can be asked.
      let covered = try damaged.covering(at("2026-12-25T12:00:00+01:00"))
      #expect(covered.allSatisfy { $0.occurrence.from < $0.occurrence.until })
    }
  }

  @Test("E6, F7: a cut anywhere between the begin and the end of an event is found", arguments: CalendarSamples.all)
  func cut(text: String) throws {
    let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false).map(String.init)
    for count in 0..<lines.count - 2 {
      let head = lines.prefix(count).joined(separator: "\r\n")
      #expect(problem(head) != "no problem", "cut after \(count) lines")
    }
    for index in lines.indices {
      let structural = ["BEGIN:", "END:", "DTSTART", "VERSION"].contains { lines[index].hasPrefix($0) }
      guard structural else { continue }
      var fewer = lines
      fewer.remove(at: index)
      let isInZone = lines[..<index].last { $0.hasPrefix("BEGIN:") }.map {
        $0 != "BEGIN:VEVENT" && $0 != "BEGIN:VCALENDAR"
      }
      if lines[index].hasPrefix("DTSTART"), isInZone == true { continue }
      #expect(problem(fewer.joined(separator: "\r\n")) != "no problem", "without line \(index + 1): \(lines[index])")
    }
  }
}
