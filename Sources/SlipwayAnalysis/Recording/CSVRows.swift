internal import SlipwayModel

/// Rows of a CSV file: a header line that names the columns, `#` lines that say what is meant.
enum CSVRows {
  private enum Column {
    case time, slot, requests, errors, weight, crashes
    case atMost(Double)
    case gauge(String)
  }

  private static let names = ["time", "slot", "requests", "errors"]

  static func read(
    _ lines: [(number: Int, text: Substring)], _ head: inout RecordingHead
  ) throws(RecordingError) -> [RecordingRow] {
    var columns: [Column] = []
    var rows: [RecordingRow] = []
    for line in lines {
      if line.text.hasPrefix("#") {
        let parts = line.text.dropFirst().split(separator: ":", maxSplits: 1)
        guard parts.count == 2 else { continue }
        try head.take(trimmed(parts[0]), trimmed(parts[1]), line: line.number)
      } else if columns.isEmpty {
        columns = try header(line.text, line: line.number)
      } else {
        rows.append(try row(line.text, columns, head, line: line.number))
      }
    }
    return rows
  }

  private static func header(_ text: Substring, line: Int) throws(RecordingError) -> [Column] {
    let titles = fields(text)
    for name in names where !titles.contains(name) {
      throw RecordingError(
        line, "the header lacks the column '\(name)'; expected \(names.joined(separator: ",")) and more")
    }
    if let twice = Dictionary(grouping: titles, by: \.self).first(where: { $0.value.count > 1 })?.key {
      throw RecordingError(line, "the column '\(twice.prefix(40))' stands in the header twice")
    }
    var columns: [Column] = []
    for title in titles { columns.append(try column(title, line: line)) }
    return columns
  }

  private static func column(_ title: String, line: Int) throws(RecordingError) -> Column {
    switch title {
    case "time": return .time
    case "slot": return .slot
    case "requests": return .requests
    case "errors": return .errors
    case "weight": return .weight
    case "crashes": return .crashes
    default:
      if title.hasPrefix("le_") { return .atMost(try RecordingValue.bound(title.dropFirst(3), line: line)) }
      if title.hasPrefix("gauge_"), title.utf8.count > 6 { return .gauge(String(title.dropFirst(6))) }
      // A column that nobody knows would be left out unseen.
      throw RecordingError(
        line, "the column '\(title.prefix(40))' is not known; expected weight, crashes, le_SECONDS or gauge_NAME")
    }
  }

  private static func row(
    _ text: Substring, _ columns: [Column], _ head: RecordingHead, line: Int
  ) throws(RecordingError) -> RecordingRow {
    let fields = fields(text)
    guard fields.count == columns.count else {
      throw RecordingError(line, "\(fields.count) fields stand here, the header has \(columns.count)")
    }
    var row = RecordingRow(line: line, at: Timestamp(milliseconds: 0), slot: .a, requests: 0, errors: 0)
    for (field, column) in zip(fields, columns) {
      switch column {
      case .time: row.at = try RecordingValue.time(field, line: line)
      case .slot: row.slot = try head.slot(field, line: line)
      case .requests: row.requests = try RecordingValue.count(field, "requests", line: line)
      case .errors: row.errors = try RecordingValue.count(field, "errors", line: line)
      // What is left empty was not recorded.
      case _ where field.isEmpty: continue
      case .weight: row.weight = try RecordingValue.weight(field, line: line)
      case .crashes: row.crashes = Int(try RecordingValue.count(field, "crashes", line: line))
      case .atMost(let bound): row.atMost[bound] = try RecordingValue.count(field, "a bucket", line: line)
      case .gauge(let name): row.gauges[name] = try RecordingValue.number(field, "gauge '\(name)'", line: line)
      }
    }
    return row
  }

  private static func fields(_ text: Substring) -> [String] {
    text.split(separator: ",", omittingEmptySubsequences: false).map(trimmed)
  }

  private static func trimmed(_ text: Substring) -> String {
    var part = text
    while let first = part.first, first == " " || first == "\t" { part = part.dropFirst() }
    while let last = part.last, last == " " || last == "\t" { part = part.dropLast() }
    if part.count > 1, part.first == "\"", part.last == "\"" { part = part.dropFirst().dropLast() }
    return String(part)
  }
}
