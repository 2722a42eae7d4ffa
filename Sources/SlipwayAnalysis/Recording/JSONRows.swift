internal import Foundation
internal import SlipwayModel

/// Rows of a file with one JSON object a line; one without `slot` says what is meant.
enum JSONRows {
  private struct Line: Decodable {
    /// A number of seconds, or an instant.
    struct Time: Decodable {
      var text: String

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Double.self) {
          text = "\(number)"
        } else {
          text = try container.decode(String.self)
        }
      }
    }

    var time: Time?
    var slot: String?
    var requests: UInt64?
    var errors: UInt64?
    var weight: Int?
    var crashes: Int?
    var le: [String: UInt64]?
    var gauges: [String: Double]?
    var counts: String?
    var green: String?
    var blue: String?
    var dispersion: Double?
  }

  static func read(
    _ lines: [(number: Int, text: Substring)], _ head: inout RecordingHead
  ) throws(RecordingError) -> [RecordingRow] {
    let decoder = JSONDecoder()
    var rows: [RecordingRow] = []
    for line in lines where !line.text.hasPrefix("#") {
      guard let decoded = try? decoder.decode(Line.self, from: Data(line.text.utf8)) else {
        throw RecordingError(
          line.number, "this is no object with time, slot, requests and errors, whole numbers from 0")
      }
      guard decoded.slot != nil else {
        try take(decoded, &head, line: line.number)
        continue
      }
      rows.append(try row(decoded, head, line: line.number))
    }
    return rows
  }

  private static func take(_ line: Line, _ head: inout RecordingHead, line number: Int) throws(RecordingError) {
    guard line.time == nil, line.requests == nil else { throw RecordingError(number, "'slot' is missing") }
    let said = [
      ("counts", line.counts), ("green", line.green), ("blue", line.blue),
      ("dispersion", line.dispersion.map { "\($0)" }),
    ]
    for (key, value) in said {
      if let value { try head.take(key, value, line: number) }
    }
  }

  private static func row(_ line: Line, _ head: RecordingHead, line number: Int) throws(RecordingError) -> RecordingRow
  {
    guard let time = line.time, let name = line.slot, let requests = line.requests, let errors = line.errors else {
      throw RecordingError(number, "a row needs time, slot, requests and errors")
    }
    var row = RecordingRow(
      line: number, at: try RecordingValue.time(time.text, line: number), slot: try head.slot(name, line: number),
      requests: try RecordingValue.count("\(requests)", "requests", line: number),
      errors: try RecordingValue.count("\(errors)", "errors", line: number))
    if let weight = line.weight { row.weight = try RecordingValue.weight("\(weight)", line: number) }
    if let crashes = line.crashes { row.crashes = Int(try RecordingValue.count("\(crashes)", "crashes", line: number)) }
    for (bound, count) in line.le ?? [:] {
      row.atMost[try RecordingValue.bound(bound, line: number)] =
        try RecordingValue.count("\(count)", "a bucket", line: number)
    }
    for (name, value) in line.gauges ?? [:] {
      row.gauges[name] = try RecordingValue.number("\(value)", "gauge '\(name)'", line: number)
    }
    return row
  }
}
