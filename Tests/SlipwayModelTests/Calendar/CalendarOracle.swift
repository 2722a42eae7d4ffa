import Foundation
import Testing

/// The independent implementation: python3-dateutil expands rules, zoneinfo knows the zones; one process answers all questions, a JSON line each.
final class CalendarOracle {
  private let process = Process()
  private let (questions, answers) = (Pipe(), Pipe())
  private var rest = Data()

  init() throws {
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["python3", "-c", Self.program]
    process.standardInput = questions
    process.standardOutput = answers
    try process.run()
  }

  func close() {
    try? questions.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  func ask<Answer: Decodable>(_ question: some Encodable, _ answer: Answer.Type) throws -> Answer {
    try questions.fileHandleForWriting.write(contentsOf: try JSONEncoder().encode(question) + Data("\n".utf8))
    while true {
      if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
        let line = Data(rest[rest.startIndex..<end])
        rest = Data(rest[(end + 1)...])
        return try JSONDecoder().decode(Answer.self, from: line)
      }
      let more = answers.fileHandleForReading.availableData
      try #require(!more.isEmpty, "the oracle has ended")
      rest += more
    }
  }

  /// One event, by its parts rather than by its text, and the instants that are asked for.
  struct Event: Encodable {
    var kind = "event"
    var zone: String
    var isDay: Bool
    /// Seconds by the wall clock.
    var start: Int64
    var days: Int
    var seconds: Int64
    var rule: String?
    var count: Int?
    /// An instant in milliseconds.
    var until: Int64?
    var added: [Int64]
    var removed: [Int64]
    var instants: [Int64]
    /// How far after an instant the next begin is looked for.
    var reach: Int64
  }

  struct Cover: Decodable, Equatable {
    var end: Int64?
    var next: Int64?
  }

  struct EventAnswer: Decodable {
    /// Nil when dateutil took too long.
    var covers: [Cover]?
    var never: Bool
  }

  /// Windows and freezes: when is the first instant that is allowed?
  struct Table: Encodable {
    var kind = "table"
    struct Window: Encodable {
      var zone: String
      /// Minutes from, minutes until, days as bits.
      var open: [[Int]]
      var discouraged: [[Int]]
    }
    var windows: [Window]
    var freezes: [[Int64]]
    var time: Int64
  }

  struct Zone: Encodable {
    var kind = "zone"
    var zone: String
    var times: [Int64]
  }

  /// Where dateutil 2.9 itself leaves RFC 5545, the question is put so that it answers by the standard:
  ///
  /// - BYWEEKNO without BYDAY means the weekday of DTSTART; dateutil takes all seven: the weekday is named.
  /// - BYSETPOS in the first week of a WEEKLY rule counts from DTSTART instead of the week's begin: asked from the week's begin.
  /// - DTSTART that its rule does not name is left out and not counted: added and counted here.
  /// - `MO,1TU` asks for days that are both instead of either: never asked for (see ICalendarRuleTests).
  /// - A number before a day that few years have, such as `53FR` or `52MO`, can end in an IndexError: counted as too slow.
  /// - BYWEEKNO of -52 and -53 at the turn of the year looks at the wrong year's weeks: never asked for.
  private static let program = #"""
    import json, signal, sys
    from datetime import datetime, timedelta, timezone
    from zoneinfo import ZoneInfo
    from dateutil import rrule, tz
    EPOCH, NAIVE = datetime(1970, 1, 1, tzinfo=timezone.utc), datetime(1970, 1, 1)
    def ms(moment): return (moment.astimezone(timezone.utc) - EPOCH) // timedelta(milliseconds=1)
    def event_instant(zone, wall): return ms(wall.replace(tzinfo=zone, fold=0))
    class TooLong(Exception): pass
    def alarm(*_): raise TooLong()
    signal.signal(signal.SIGALRM, alarm)
    # Whoever starts us may have blocked them, and a blocked alarm lets a search go on for ever.
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM, signal.SIGTERM})

    def starts(q, limit):
        """Naive starts in order; the start itself first."""
        start = NAIVE + timedelta(seconds=q["start"])
        if q.get("rule") is None:
            yield start
            return
        text = q["rule"]
        parts = dict(part.split("=") for part in text.split(";"))
        asked = start
        if "BYWEEKNO" in parts and not {"BYDAY", "BYYEARDAY", "BYMONTHDAY"} & set(parts):
            parts["BYDAY"] = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][start.weekday()]
        if parts["FREQ"] == "WEEKLY" and "BYSETPOS" in parts:
            parts.setdefault("BYDAY", ["MO", "TU", "WE", "TH", "FR", "SA", "SU"][start.weekday()])
            parts.setdefault("BYHOUR", str(start.hour))
            parts.setdefault("BYMINUTE", str(start.minute))
            parts.setdefault("BYSECOND", str(start.second))
            week = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"].index(parts.get("WKST", "MO"))
            asked = (start - timedelta(days=(start.weekday() - week) % 7)).replace(hour=0, minute=0, second=0)
        rule = rrule.rrulestr(";".join(k + "=" + v for k, v in parts.items()), dtstart=asked)
        left = q.get("count")
        def counted():
            yield start
            for wall in rule:
                if wall > start: yield wall
        for wall in counted():
            if left is not None:
                if left == 0: return
                left -= 1
            if wall > limit and wall != start: return
            yield wall

    def event(q):
        zone = ZoneInfo(q["zone"])
        top = max(q["instants"]) + q["reach"]
        limit = (EPOCH + timedelta(milliseconds=top)).replace(tzinfo=None) + timedelta(days=3)
        spans = []
        def add(wall):
            begin = event_instant(zone, wall)
            end = (event_instant(zone, wall + timedelta(days=q["days"])) if q["days"] else begin) + q["seconds"] * 1000
            if end > begin: spans.append((begin, end))
            return begin
        first = True
        for wall in starts(q, limit):
            begin = event_instant(zone, wall)
            if q.get("until") is not None and not first and begin > q["until"]: continue
            first = False
            add(wall)
            if len(spans) > 60000: raise TooLong()
        for wall in q["added"]: add(NAIVE + timedelta(seconds=wall))
        removed = {event_instant(zone, NAIVE + timedelta(seconds=wall)) for wall in q["removed"]}
        spans = [span for span in spans if span[0] not in removed]
        answers = []
        for t in q["instants"]:
            ends = [end for begin, end in spans if begin <= t < end]
            later = [begin for begin, end in spans if t < begin <= t + q["reach"]]
            answers.append({"end": max(ends, default=None), "next": min(later, default=None)})
        return answers

    def answer_event(q):
        signal.setitimer(signal.ITIMER_REAL, 0.5)
        try:
            if q["instants"]: return {"covers": event(q), "never": False}
            # From here on: does a rule that was refused ever come?
            walls = starts(q, datetime(2400, 1, 1))
            next(walls)
            return {"covers": None, "never": next(walls, None) is None}
        except (ValueError, OverflowError): return {"covers": None, "never": True}
        except (TooLong, IndexError): return {"covers": None, "never": not q["instants"]}
        finally: signal.setitimer(signal.ITIMER_REAL, 0)

    def edge(zone, day, minute, last):
        wall = datetime(day.year, day.month, day.day) + timedelta(minutes=minute)
        if tz.datetime_exists(wall.replace(tzinfo=zone)): return ms(wall.replace(tzinfo=zone, fold=1 if last else 0))
        low = (wall - timedelta(hours=30)).replace(tzinfo=timezone.utc)
        high = low + timedelta(hours=60)
        while high - low > timedelta(seconds=1):
            middle = low + timedelta(seconds=(high - low) // timedelta(seconds=1) // 2)
            if middle.astimezone(zone).replace(tzinfo=None) >= wall: high = middle
            else: low = middle
        return ms(high)
    def spans_of(zone, ranges, time, days):
        today = (EPOCH + timedelta(milliseconds=time)).astimezone(zone).date()
        for offset in range(-2, days):
            day = today + timedelta(days=offset)
            for first, until, mask in ranges:
                if mask >> day.weekday() & 1:
                    begin, end = edge(zone, day, first, False), edge(zone, day, until, until < 1440)
                    if end > begin: yield begin, end
    def table(q):
        """Every edge is a candidate; the first that lies in all windows and in nothing else."""
        open_, shut, candidates = [], list(map(tuple, q["freezes"])), {q["time"]}
        for window in q["windows"]:
            zone = ZoneInfo(window["zone"])
            open_.append(list(spans_of(zone, window["open"], q["time"], 45)))
            shut += spans_of(zone, window["discouraged"], q["time"], 45)
        for spans in open_: candidates |= {begin for begin, _ in spans}
        candidates |= {end for _, end in shut}
        for t in sorted(c for c in candidates if c >= q["time"]):
            if all(any(b <= t < e for b, e in spans) for spans in open_) and not any(b <= t < e for b, e in shut):
                return t
        return None
    def offsets(q):
        zone = ZoneInfo(q["zone"])
        return [int((EPOCH + timedelta(milliseconds=t)).astimezone(zone).utcoffset().total_seconds()) for t in q["times"]]
    for line in sys.stdin:
        q = json.loads(line)
        # The alarm can also ring while its own question is being put away.
        try: reply = {"event": answer_event, "table": lambda q: {"allowed": table(q)}, "zone": offsets}[q["kind"]](q)
        except TooLong: reply = {"covers": None, "never": not q["instants"]}
        print(json.dumps(reply), flush=True)
    """#
}
