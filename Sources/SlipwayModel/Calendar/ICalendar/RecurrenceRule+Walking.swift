/// The occurrences of a rule by the wall clock, which may skip or repeat them; the zone is applied afterwards, as the standard says.
extension RecurrenceRule {
  /// Calls `body` with each occurrence in `range`, rising, until it returns false.
  ///
  /// Begins near the range, however long ago the event began. The rule is complete; its end is not looked at.
  /// - Returns: false when the budget was used up first.
  func walk(
    _ range: ClosedRange<Int64>, from start: Int64, _ budget: inout WorkBudget, _ body: (Int64) -> Bool
  ) -> Bool {
    guard range.upperBound >= start else { return true }
    let range = max(range.lowerBound, start)...range.upperBound
    if let unit = frequency.unit { return walkWithinDays(range, from: start, unit, &budget, body) }
    let (first, last) = (Self.day(range.lowerBound), Self.day(range.upperBound))
    var period = self.period(of: max(first, Self.day(start)), from: Self.day(start))
    while true {
      guard budget.spend() else { return false }
      let bounds = self.bounds(ofPeriod: period, from: Self.day(start))
      guard bounds.lowerBound <= last else { return true }
      // Whoever counts positions needs the whole period, others only what is asked for.
      let wanted = positions.isEmpty ? first...last : bounds
      let days = self.days(in: bounds).filter { wanted.contains($0) }
      guard budget.spend(days.count * (positions.isEmpty ? 1 : times.count)) else { return false }
      if positions.isEmpty {
        for day in days {
          for time in times {
            let wall = Int64(day) * 86_400 + time
            if range.contains(wall), !body(wall) { return true }
          }
        }
      } else {
        let all = days.flatMap { day in times.map { Int64(day) * 86_400 + $0 } }
        for wall in chosen(all) where range.contains(wall) && !body(wall) { return true }
      }
      period += interval
    }
  }

  /// What BYSETPOS leaves of a period, rising.
  private func chosen(_ all: [Int64]) -> [Int64] {
    let indices = positions.map { $0 > 0 ? $0 - 1 : all.count + $0 }
    return Set(indices).filter(all.indices.contains).sorted().map { all[$0] }
  }

  private static func day(_ wall: Int64) -> Int { Int(RFC3339.floorDivide(wall, 86_400)) }

  // MARK: Periods of a day and longer

  /// The number of the period that holds `day` or, where it lies between two, the one before; periods are counted from the event's own.
  private func period(of day: Int, from start: Int) -> Int {
    let (date, origin) = (CivilDay.date(day), CivilDay.date(start))
    let passed =
      switch frequency {
      case .yearly: date.year - origin.year
      case .monthly: (date.year - origin.year) * 12 + date.month - origin.month
      case .weekly:
        (CivilDay.weekStart(day, startingOn: weekStart) - CivilDay.weekStart(start, startingOn: weekStart)) / 7
      case .daily, .hourly, .minutely, .secondly: day - start
      }
    return passed / interval * interval
  }

  private func bounds(ofPeriod number: Int, from start: Int) -> ClosedRange<Int> {
    let origin = CivilDay.date(start)
    switch frequency {
    case .yearly:
      return CivilDay.first(origin.year + number)...CivilDay.last(origin.year + number)
    case .monthly:
      let month = origin.month - 1 + number
      return CivilDay.first(
        origin.year + month / 12, month % 12 + 1)...CivilDay.last(origin.year + month / 12, month % 12 + 1)
    case .weekly:
      let first = CivilDay.weekStart(start, startingOn: weekStart) + 7 * number
      return first...first + 6
    case .daily, .hourly, .minutely, .secondly:
      return start + number...start + number
    }
  }

  /// The days of one period that the rule means, rising.
  private func days(in period: ClosedRange<Int>) -> [Int] {
    switch frequency {
    case .yearly, .monthly: return daysOfMonths(in: period)
    case .weekly, .daily, .hourly, .minutely, .secondly: return period.filter(matches)
    }
  }

  private func daysOfMonths(in period: ClosedRange<Int>) -> [Int] {
    let begin = CivilDay.date(period.lowerBound)
    let all = frequency == .monthly ? [begin.month] : Array(1...12)
    let wanted = all.filter { months.isEmpty || months.contains($0) }
    guard !wanted.isEmpty else { return [] }
    // A number before a day counts in the month, or in the year where no month is named.
    let countsInYear = frequency == .yearly && months.isEmpty
    var found: [Int] = []
    for month in wanted {
      let bounds = CivilDay.first(begin.year, month)...CivilDay.last(begin.year, month)
      for day in candidates(of: bounds) where fits(day, in: countsInYear ? period : bounds) { found.append(day) }
    }
    return found
  }

  /// Days of a month before the filters; most rules name them by number, which spares looking at the others.
  private func candidates(of month: ClosedRange<Int>) -> [Int] {
    guard !monthDays.isEmpty else { return Array(month) }
    return Set(monthDays.map { $0 > 0 ? month.lowerBound + $0 - 1 : month.upperBound + $0 + 1 })
      .filter(month.contains).sorted()
  }

  private func fits(_ day: Int, in bounds: ClosedRange<Int>) -> Bool {
    matchesYearDay(day) && matchesWeek(day)
      && (days.isEmpty || days.contains { $0.weekday == CivilDay.weekday(day) && $0.counts(day, in: bounds) })
  }

  /// Whether every part that limits days lets `day` through; numbers before days do not occur in the rules that use this.
  private func matches(_ day: Int) -> Bool {
    guard days.isEmpty || days.contains(where: { $0.weekday == CivilDay.weekday(day) }) else { return false }
    if months.isEmpty && monthDays.isEmpty && yearDays.isEmpty { return true }
    let date = CivilDay.date(day)
    guard months.isEmpty || months.contains(date.month) else { return false }
    let size = CivilDay.daysInMonth(date.year, date.month)
    guard monthDays.isEmpty || monthDays.contains(date.day) || monthDays.contains(date.day - size - 1) else {
      return false
    }
    return matchesYearDay(day)
  }

  private func matchesYearDay(_ day: Int) -> Bool {
    guard !yearDays.isEmpty else { return true }
    let year = CivilDay.date(day).year
    return yearDays.contains(day - CivilDay.first(year) + 1) || yearDays.contains(day - CivilDay.last(year) - 1)
  }

  private func matchesWeek(_ day: Int) -> Bool {
    guard !weekNumbers.isEmpty else { return true }
    let week = CivilDay.week(day, startingOn: weekStart)
    return weekNumbers.contains(week.number) || weekNumbers.contains(week.number - week.of - 1)
  }

  // MARK: Hours and less

  private func walkWithinDays(
    _ range: ClosedRange<Int64>, from start: Int64, _ unit: Int64, _ budget: inout WorkBudget, _ body: (Int64) -> Bool
  ) -> Bool {
    let origin = RFC3339.floorDivide(start, unit)
    let step = Int64(interval)
    /// The first period of the rule at or after `wall`.
    func period(from wall: Int64) -> Int64 {
      let passed = max(0, RFC3339.floorDivide(wall, unit) - origin)
      return origin + (passed + step - 1) / step * step
    }
    var current = period(from: range.lowerBound)
    while current * unit <= range.upperBound {
      guard budget.spend() else { return false }
      let wall = current * unit
      if let later = skip(wall, unit) {
        current = max(current + step, period(from: later))
        continue
      }
      let all = withinPeriod(wall, unit)
      for time in positions.isEmpty ? all : chosen(all) where range.contains(time) && !body(time) { return true }
      current += step
    }
    return true
  }

  /// The next moment worth looking at when the period that begins at `wall` cannot hold an occurrence; nil when it can.
  private func skip(_ wall: Int64, _ unit: Int64) -> Int64? {
    let day = Self.day(wall)
    let inDay = Int(wall - Int64(day) * 86_400)
    if !months.isEmpty {
      let date = CivilDay.date(day)
      if !months.contains(date.month) { return Int64(CivilDay.last(date.year, date.month) + 1) * 86_400 }
    }
    if !matches(day) { return Int64(day + 1) * 86_400 }
    if !hours.isEmpty, !hours.contains(inDay / 3_600) { return wall - wall.modulo(3_600) + 3_600 }
    if unit < 3_600, !minutes.isEmpty, !minutes.contains(inDay / 60 % 60) { return wall - wall.modulo(60) + 60 }
    if unit == 1, !seconds.isEmpty, !seconds.contains(inDay % 60) { return wall + 1 }
    return nil
  }

  /// The occurrences of one hour, minute or second, rising.
  private func withinPeriod(_ wall: Int64, _ unit: Int64) -> [Int64] {
    switch unit {
    case 3_600: minutes.flatMap { minute in seconds.map { wall + Int64(minute * 60 + $0) } }
    case 60: seconds.map { wall + Int64($0) }
    default: [wall]
    }
  }
}

extension RecurrenceRule.Day {
  /// Whether `day` is the one that the number means, counted in `bounds`.
  fileprivate func counts(_ day: Int, in bounds: ClosedRange<Int>) -> Bool {
    guard let ordinal else { return true }
    return ordinal > 0
      ? (day - bounds.lowerBound) / 7 + 1 == ordinal : (bounds.upperBound - day) / 7 + 1 == -ordinal
  }
}

extension Int64 {
  fileprivate func modulo(_ other: Int64) -> Int64 { ((self % other) + other) % other }
}
