extension Timestamp {
  private static let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
  private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

  /// For people who read: `Fri 15 Jan 2027, 08:00 UTC`; what is less than a minute is cut.
  package var spoken: String {
    let shown = RFC3339.writable(milliseconds)
    let civil = RFC3339.civil(shown)
    let day = Int(RFC3339.floorDivide(shown, 86_400_000))
    let weekday = Self.weekdays[((day % 7) + 7) % 7]
    return "\(weekday) \(civil.day) \(Self.months[civil.month - 1]) \(RFC3339.padded(civil.year, 4)), "
      + "\(RFC3339.padded(civil.hour, 2)):\(RFC3339.padded(civil.minute, 2)) UTC"
  }
}

extension Span {
  /// For people who read: the two largest units that are not zero, such as `3 d 4 h`, `1 h`, `45 s`, `250 ms`.
  package var spoken: String {
    guard milliseconds != 0 else { return "no time" }
    let units: [(name: String, size: UInt64)] = [
      ("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1),
    ]
    var rest = milliseconds.magnitude
    var parts: [String] = []
    for unit in units {
      let count = rest / unit.size
      rest %= unit.size
      // Beside a larger unit only the next smaller one says something.
      if count > 0 { parts.append("\(count) \(unit.name)") } else if !parts.isEmpty { break }
      if parts.count == 2 { break }
    }
    return (milliseconds < 0 ? "minus " : "") + parts.joined(separator: " ")
  }
}

extension Double {
  /// A fraction as people write it: `0.05` is `5 %`.
  var percent: String {
    guard isFinite, magnitude < 1e9 else { return "\(self)" }
    let thousandths = (self * 100_000).rounded() / 1_000
    let whole = thousandths.rounded()
    return thousandths == whole ? "\(Int(whole)) %" : "\(thousandths) %"
  }
}

extension Sequence where Element == String {
  /// `a`, `a and b`, `a, b and c`.
  func listed(_ last: String = "and") -> String {
    let all = Array(self)
    guard all.count > 1, let end = all.last else { return all.first ?? "" }
    return all.dropLast().joined(separator: ", ") + " \(last) " + end
  }
}

/// `1 gate`, `2 gates`.
func counted(_ count: Int, _ noun: String) -> String { "\(count) \(noun)\(count == 1 ? "" : "s")" }
