import Foundation
import Testing

@Suite("Commands: calendars, windows and who froze what")
struct CalendarCommandTests {
  private static let calendar = """
    BEGIN:VCALENDAR
    VERSION:2.0
    BEGIN:VEVENT
    UID:1
    DTSTART;VALUE=DATE:20201225
    RRULE:FREQ=YEARLY
    SUMMARY:Christmas Day
    END:VEVENT
    END:VCALENDAR

    """

  private static func pipeline(_ shop: Shop) -> String {
    shop.shortPipeline.replacing(
      "project: shop",
      with: """
        project: shop
        windows:
          always: {zone: Asia/Kathmandu, open: [Mon-Sun 00:00-24:00]}
          noon: {zone: Asia/Kathmandu, open: [Mon-Sun 11:00-14:00], discouraged: [Mon-Sun 13:00-14:00]}
        freezes:
          - {name: holidays, calendar: holidays.ics, zone: Asia/Kathmandu}
        """
    ).replacing("gates: [no-freeze]", with: "gates: [no-freeze, {window: always}, {window: noon}]")
  }

  @Test("E6, F7: windows, freeze list and check read calendar files, and a broken one stops everything with its line")
  func calendars() async throws {
    try await Shop.with({ Self.pipeline($0) }) { shop in
      let file = shop.folder.appending(path: "holidays.ics")
      let missing = try await shop.slipway("check", expecting: 65)
      #expect(missing.complaint.contains("holidays.ics"), "\(missing)")
      try Self.calendar.write(to: file, atomically: true, encoding: .utf8)
      try await shop.slipway("check")
      let windows = try await shop.slipway("windows", "production", "--at", "2026-12-25T04:00:00Z", "--count", "2")
      #expect(windows.text.contains("next allowed: 2026-12-26T05:15:00.000Z"), "\(windows)")
      #expect(windows.text.contains("Christmas Day") && windows.text.contains("discouraged"), "\(windows)")
      #expect(windows.text.contains("Fri 2026-12-25 11:00:00 +05:45"), "\(windows)")
      let json = try await shop.slipway(
        "windows", "production", "--at", "2026-12-25T04:00:00Z", "--output", "json")
      #expect(json.text.contains("\"nextAllowed\"") || json.text.contains("\"next_allowed\""), "\(json)")

      try await shop.slipway(
        "freeze", "add", "audit", "--until", "2099-01-01T00:00:00Z", "--reason", "auditors", "--as", "vera")
      let list = try await shop.slipway("freeze", "list")
      for word in ["vera", "command line", "active", "holidays.ics", "Christmas Day", "next"] {
        #expect(list.text.contains(word), "\(word): \(list)")
      }
      let twice = try await shop.slipway(
        "freeze", "add", "audit", "--until", "2099-01-01T00:00:00Z", "--reason", "again", expecting: 2)
      #expect(twice.complaint.contains("slipway freeze remove audit"), "\(twice)")

      try Self.calendar.replacing("YEARLY", with: "NEVERLY").write(to: file, atomically: true, encoding: .utf8)
      let broken = try await shop.slipway("check", expecting: 65)
      #expect(broken.complaint.contains("holidays.ics: line 6: 'NEVERLY' is no frequency"), "\(broken)")
      try await shop.register("1.0.0")
      let refused = try await shop.slipway("preflight", "1.0.0", "--to", "production", expecting: 2)
      #expect(refused.text.contains("what is frozen is not known"), "\(refused)")
    }
  }
}
