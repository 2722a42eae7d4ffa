import Foundation
import SlipwayModel

/// Random events and timetables, as text for us and in parts for the oracle.
struct RandomCalendar {
  var random: SplitMix64
  /// Zones whose offsets both sides know alike.
  let zones: [String]

  static let candidates = [
    "Europe/Berlin", "America/New_York", "Africa/Cairo", "Asia/Beirut", "Australia/Lord_Howe", "America/Santiago",
    "Asia/Kathmandu", "America/Havana", "Pacific/Chatham", "Pacific/Apia", "Antarctica/Troll", "Africa/Casablanca",
    "Europe/London", "Asia/Tehran", "America/Sao_Paulo", "UTC",
  ]

  /// Changes of the clock in some of these zones, in seconds.
  private static let changes: [Int64] = [
    1_774_746_000, 1_792_890_000, 1_772_953_200, 1_793_512_800, 1_776_981_600, 1_774_735_200, 1_775_314_800,
    1_788_667_200,
    1_325_239_200, 1_616_893_200, 1_635_642_000,
  ]

  struct Sample {
    var text: String
    var question: CalendarOracle.Event
  }

  mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
  private mutating func pick<Element>(_ list: [Element]) -> Element { list[number(0...list.count - 1)] }

  private struct Frequency {
    var name: String
    /// Of one period, in seconds.
    var period: Int64
    var periods: Int
    var weight: Int
  }

  private static let frequencies = [
    Frequency(name: "YEARLY", period: 31_557_600, periods: 9, weight: 5),
    Frequency(name: "MONTHLY", period: 2_629_800, periods: 40, weight: 5),
    Frequency(name: "WEEKLY", period: 604_800, periods: 100, weight: 5),
    Frequency(name: "DAILY", period: 86_400, periods: 400, weight: 5),
    Frequency(name: "HOURLY", period: 3_600, periods: 300, weight: 2),
    Frequency(name: "MINUTELY", period: 60, periods: 1_500, weight: 1),
    Frequency(name: "SECONDLY", period: 1, periods: 5_000, weight: 1),
  ]

  mutating func sample() -> Sample {
    let weighted = Self.frequencies.flatMap { Array(repeating: $0, count: $0.weight) }
    let frequency = random.chance(8) ? nil : pick(weighted)
    let isDay = (frequency?.period ?? 86_400) >= 86_400 && random.chance(35)
    let zone = pick(zones)
    let near = pick(Self.changes) + Int64(number(-60...60)) * 3_600
    var start = random.chance(60) ? near : Int64(number(1_400_000_000...1_850_000_000))
    start = start / 900 * 900 + (random.chance(10) ? Int64(number(0...899)) : 0)
    if isDay { start = start / 86_400 * 86_400 }
    let period = frequency?.period ?? 86_400
    let (days, seconds) = length(isDay, period)
    let reach = min(period * Int64(frequency?.periods ?? 1), 800 * 86_400)
    var question = CalendarOracle.Event(
      zone: zone, isDay: isDay, start: start, days: days, seconds: seconds, rule: nil, count: nil, until: nil,
      added: [],
      removed: [], instants: [], reach: reach * 1_000)
    let span = period * Int64(frequency?.periods ?? 2)
    question.instants = (0..<5).map { index in
      let base = index < 3 ? start + Int64.random(in: -period...span, using: &random) : near
      return base * 1_000 + Int64(number(-14 * 3_600_000...14 * 3_600_000))
    }
    var lines = [
      isDay ? "DTSTART;VALUE=DATE:\(Self.date(start))" : "DTSTART;TZID=\(zone):\(Self.time(start))",
      "DURATION:" + Self.duration(days, seconds),
    ]
    if let frequency { lines += rule(frequency, &question, isDay) }
    lines += dates(&question, isDay, period)
    let text =
      (["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:test", "BEGIN:VEVENT", "UID:1", "SUMMARY:s"] + lines
      + ["END:VEVENT", "END:VCALENDAR", ""]).joined(separator: "\r\n")
    return Sample(text: text, question: question)
  }

  private mutating func length(_ isDay: Bool, _ period: Int64) -> (Int, Int64) {
    if isDay { return (number(1...4), 0) }
    if random.chance(30), period >= 86_400 { return (number(1...3), Int64(number(0...7_200))) }
    return (0, Int64.random(in: 1...max(1, min(period * 2, 200_000)), using: &random))
  }

  private mutating func rule(_ frequency: Frequency, _ question: inout CalendarOracle.Event, _ isDay: Bool) -> [String]
  {
    var parts = ["FREQ=\(frequency.name)"]
    if random.chance(50) { parts.append("INTERVAL=\(number(1...(random.chance(80) ? 4 : 30)))") }
    // dateutil goes second by second through days that a filter leaves out.
    if frequency.period >= 3_600 { parts += days(frequency.name) }
    if !isDay { parts += times(frequency.period) }
    if parts.contains(where: { $0.hasPrefix("BY") }), random.chance(20) {
      parts.append("BYSETPOS=" + pick(["1", "-1", "2", "1,-1", "-2,3", "5"]))
    }
    if random.chance(25) { parts.append("WKST=" + pick(Self.weekdays)) }
    question.rule = parts.joined(separator: ";")
    switch number(0...3) {
    case 0:
      let count = number(1...30)
      question.count = count
      parts.append("COUNT=\(count)")
    case 1:
      let until = question.start + Int64(number(0...frequency.periods)) * frequency.period
      if isDay {
        parts.append("UNTIL=\(Self.date(until))")
        // By the day's own midnight, which the oracle finds by the wall clock.
        question.until = WallSide.instant(until / 86_400 * 86_400, question.zone)
      } else {
        parts.append("UNTIL=\(Self.time(until + 86_400))Z")
        question.until = (until + 86_400) * 1_000
      }
    default: break
    }
    return ["RRULE:" + parts.joined(separator: ";")]
  }

  private mutating func days(_ frequency: String) -> [String] {
    let isLong = ["YEARLY", "MONTHLY"].contains(frequency)
    var parts: [String] = []
    if random.chance(25) { parts.append("BYMONTH=" + list(1...12, 4)) }
    if frequency == "YEARLY", random.chance(15) {
      parts.append("BYWEEKNO=" + list(1...53, 3, negative: 5))
      if random.chance(60) { parts.append("BYDAY=" + someDays()) }
      return parts
    }
    if frequency == "YEARLY" || !["MONTHLY", "WEEKLY", "DAILY", "YEARLY"].contains(frequency), random.chance(12) {
      parts.append("BYYEARDAY=" + list(1...366, 4, negative: 366))
    }
    if frequency != "WEEKLY", random.chance(25) { parts.append("BYMONTHDAY=" + list(1...31, 5, negative: 31)) }
    guard random.chance(45) else { return parts }
    if isLong, random.chance(60) {
      let ordinals = [1, 2, 3, 4, 5, -1, -2, -5] + (frequency == "YEARLY" ? [10, 20, 51, -20, -51] : [])
      let chosen = (0..<number(1...3)).map { _ in "\(pick(ordinals))\(pick(Self.weekdays))" }
      parts.append("BYDAY=" + chosen.joined(separator: ","))
    } else {
      parts.append("BYDAY=" + someDays())
    }
    return parts
  }

  private mutating func times(_ period: Int64) -> [String] {
    var parts: [String] = []
    if random.chance(25) { parts.append("BYHOUR=" + list(0...23, 4)) }
    if random.chance(20) { parts.append("BYMINUTE=" + list(0...59, 3)) }
    if random.chance(10) { parts.append("BYSECOND=" + list(0...59, 2)) }
    return parts
  }

  private mutating func dates(_ question: inout CalendarOracle.Event, _ isDay: Bool, _ period: Int64) -> [String] {
    var lines: [String] = []
    func line(_ name: String, _ wall: Int64) -> String {
      isDay ? "\(name);VALUE=DATE:\(Self.date(wall))" : "\(name);TZID=\(question.zone):\(Self.time(wall))"
    }
    if random.chance(20) {
      let wall = question.start + Int64(number(-3...40)) * (isDay ? 86_400 : max(period / 2, 1))
      question.added.append(wall)
      lines.append(line("RDATE", wall))
    }
    if question.rule != nil, random.chance(30) {
      for _ in 0..<number(1...3) {
        let wall = question.start + Int64(number(0...8)) * (isDay ? max(period, 86_400) : period) / 86_400 * 86_400
        let day = isDay ? wall / 86_400 * 86_400 : wall
        question.removed.append(day)
        lines.append(line("EXDATE", day))
      }
    }
    return lines
  }

  // MARK: Spelling

  private static let weekdays = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]

  private mutating func someDays() -> String {
    Set((0..<number(1...3)).map { _ in pick(Self.weekdays) }).sorted().joined(separator: ",")
  }

  private mutating func list(_ range: ClosedRange<Int>, _ most: Int, negative: Int = 0) -> String {
    let values = (0..<number(1...most)).map { _ in
      negative > 0 && random.chance(30) ? -number(1...negative) : number(range)
    }
    return Set(values).sorted().map(String.init).joined(separator: ",")
  }

  static func date(_ wall: Int64) -> String { String(time(wall).prefix(8)) }

  static func time(_ wall: Int64) -> String {
    let text = Timestamp(milliseconds: wall * 1_000).compactUTC
    return text.prefix(8) + "T" + text.dropFirst(9).prefix(6)
  }

  static func duration(_ days: Int, _ seconds: Int64) -> String {
    "P" + (days > 0 ? "\(days)D" : "") + (seconds > 0 ? "T\(seconds)S" : "")
  }
}

/// Midnights for UNTIL, by Foundation's calendar, which is neither ours nor the oracle's.
enum WallSide {
  static func instant(_ wall: Int64, _ zone: String) -> Int64? {
    guard let zone = TimeZone(identifier: zone) else { return nil }
    let guess = wall - Int64(zone.secondsFromGMT(for: Date(timeIntervalSince1970: Double(wall - 86_400))))
    // Anything in the day itself bounds the same whole days.
    return (guess + 7_200) * 1_000
  }
}
