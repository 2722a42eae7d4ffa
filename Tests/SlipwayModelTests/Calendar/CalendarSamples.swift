/// Calendars in the forms that real programs write; each freezes 2026-12-25 in Berlin.
enum CalendarSamples {
  /// Google Calendar: public holidays are TRANSPARENT, long lines are folded.
  static let google = """
    BEGIN:VCALENDAR
    PRODID:-//Google Inc//Google Calendar 70.9054//EN
    VERSION:2.0
    CALSCALE:GREGORIAN
    METHOD:PUBLISH
    X-WR-CALNAME:Feiertage in Deutschland
    X-WR-TIMEZONE:UTC
    X-WR-CALDESC:Gesetzliche und andere Feiertage in Deutschland; auch was nur
      in einzelnen Ländern gilt
    BEGIN:VEVENT
    DTSTART;VALUE=DATE:20261225
    DTEND;VALUE=DATE:20261226
    DTSTAMP:20260901T101112Z
    UID:20261225_d1q5onrfe1gmsqbjdtkmurj3d4@google.com
    CLASS:PUBLIC
    CREATED:20240517T091508Z
    DESCRIPTION:Gesetzlicher Feiertag\\nGilt überall
    LAST-MODIFIED:20240517T091508Z
    SEQUENCE:0
    STATUS:CONFIRMED
    SUMMARY:Erster Weihnachtstag
    TRANSP:TRANSPARENT
    END:VEVENT
    END:VCALENDAR

    """

  /// Apple Calendar: a time zone of its own beside the IANA name, an alarm, a changed occurrence.
  static let apple = """
    BEGIN:VCALENDAR
    CALSCALE:GREGORIAN
    PRODID:-//Apple Inc.//macOS 15.1//EN
    VERSION:2.0
    X-APPLE-CALENDAR-COLOR:#FF2968
    BEGIN:VTIMEZONE
    TZID:Europe/Berlin
    BEGIN:DAYLIGHT
    TZOFFSETFROM:+0100
    RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
    DTSTART:19810329T020000
    TZNAME:CEST
    TZOFFSETTO:+0200
    END:DAYLIGHT
    BEGIN:STANDARD
    TZOFFSETFROM:+0200
    RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
    DTSTART:19961027T030000
    TZNAME:CET
    TZOFFSETTO:+0100
    END:STANDARD
    END:VTIMEZONE
    BEGIN:VEVENT
    CREATED:20261101T080000Z
    DTEND;TZID=Europe/Berlin:20261120T220000
    DTSTAMP:20261101T080001Z
    DTSTART;TZID=Europe/Berlin:20261120T060000
    LAST-MODIFIED:20261101T080000Z
    RRULE:FREQ=WEEKLY;BYDAY=FR;UNTIL=20261231T225959Z
    SEQUENCE:1
    SUMMARY:Month end\\, no changes
    TRANSP:OPAQUE
    UID:8A6F1E6E-7E4A-4F5B-9B5A-2F6B1B1C7A11
    BEGIN:VALARM
    ACTION:DISPLAY
    DESCRIPTION:Reminder
    TRIGGER:-PT15M
    UID:1
    X-WR-ALARMUID:1
    END:VALARM
    END:VEVENT
    BEGIN:VEVENT
    DTSTART;TZID=Europe/Berlin:20261204T120000
    DTEND;TZID=Europe/Berlin:20261204T130000
    DTSTAMP:20261101T080001Z
    RECURRENCE-ID;TZID=Europe/Berlin:20261204T060000
    SEQUENCE:1
    SUMMARY:Month end\\, only noon
    UID:8A6F1E6E-7E4A-4F5B-9B5A-2F6B1B1C7A11
    END:VEVENT
    END:VCALENDAR

    """

  /// Outlook and Exchange: X- properties, a vendor's prefix before the zone, days taken out.
  static let outlook = """
    BEGIN:VCALENDAR
    PRODID:-//Microsoft Corporation//Outlook 16.0 MIMEDIR//EN
    VERSION:2.0
    METHOD:PUBLISH
    X-MS-OLK-FORCEINSPECTOROPEN:TRUE
    BEGIN:VTIMEZONE
    TZID:/mozilla.org/20050126_1/Europe/Berlin
    BEGIN:STANDARD
    DTSTART:16011028T030000
    RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10
    TZOFFSETFROM:+0200
    TZOFFSETTO:+0100
    END:STANDARD
    END:VTIMEZONE
    BEGIN:VEVENT
    CLASS:PUBLIC
    DTSTART;TZID="/mozilla.org/20050126_1/Europe/Berlin":20261201T000000
    DURATION:P1D
    EXDATE;TZID="/mozilla.org/20050126_1/Europe/Berlin":20261202T000000,20261203T
     000000
    RRULE:FREQ=DAILY;COUNT=31
    DTSTAMP:20261101T080001Z
    PRIORITY:5
    SUMMARY;LANGUAGE=en-us:Closing of the books
    TRANSP:OPAQUE
    UID:040000008200E00074C5B7101A82E00800000000
    X-ALT-DESC;FMTTYPE=text/html:<html><body>A; "quoted": text</body></html>
    X-MICROSOFT-CDO-BUSYSTATUS:BUSY
    X-MICROSOFT-CDO-IMPORTANCE:1
    END:VEVENT
    END:VCALENDAR

    """

  /// A state's holiday list: rules by the year, the second day after Christmas added by RDATE.
  static let holidays = """
    BEGIN:VCALENDAR
    VERSION:2.0
    PRODID:-//ferien-api//DE//
    BEGIN:VEVENT
    UID:christmas@holidays
    DTSTART;VALUE=DATE:20201225
    DTEND;VALUE=DATE:20201227
    RRULE:FREQ=YEARLY
    SUMMARY:Weihnachten
    END:VEVENT
    BEGIN:VEVENT
    UID:thanksgiving@holidays
    DTSTART;VALUE=DATE:20201126
    RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH
    SUMMARY:Thanksgiving Day
    END:VEVENT
    BEGIN:VEVENT
    UID:extra@holidays
    DTSTART;VALUE=DATE:20260102
    RDATE;VALUE=DATE:20261228,20261229
    SUMMARY:Bridge day
    END:VEVENT
    END:VCALENDAR

    """

  static let all = [google, apple, outlook, holidays].map { $0.replacing("\n", with: "\r\n") }
}
