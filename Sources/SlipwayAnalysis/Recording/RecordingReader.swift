package import Foundation
internal import SlipwayModel

/// Reads recorded counts: CSV with a header line, or one JSON object a line (docs/recordings.md).
package enum RecordingReader {
  /// Bytes; whoever records more splits the file.
  package static let limit = 64 * 1_024 * 1_024

  /// The recording in `data`.
  ///
  /// - Parameters:
  ///   - data: the file; which of the two formats it is shows in its first character.
  ///   - counts: how the counts are meant; nil: as the file says.
  /// - Returns: the recording, one stretch for each weight.
  /// - Throws: ``RecordingError`` with the line of the first mistake.
  package static func read(
    _ data: Data, counts: RecordingCounts? = nil
  ) throws(RecordingError) -> WatchRecording {
    guard data.count <= limit else {
      throw RecordingError(0, "the file is larger than \(limit / 1_024 / 1_024) MiB; split it by watch")
    }
    guard let text = String(data: data, encoding: .utf8) else { throw RecordingError(0, "the file is no UTF-8 text") }
    var head = RecordingHead()
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { index, line in
      (number: index + 1, text: line.hasSuffix("\r") ? line.dropLast() : line)
    }.filter { !$0.text.allSatisfy(\.isWhitespace) }
    guard let first = lines.first(where: { !$0.text.hasPrefix("#") }) else {
      throw RecordingError(0, "the file has no rows; expected CSV with a header line, or JSON lines")
    }
    let rows =
      first.text.hasPrefix("{")
      ? try JSONRows.read(lines, &head) : try CSVRows.read(lines, &head)
    guard let meant = counts ?? head.counts else {
      throw RecordingError(
        0,
        "nothing says how the counts are meant; add '# counts: cumulative' or '# counts: per-interval', or use --counts"
      )
    }
    return try RecordingBuilder(head: head, counts: meant).recording(rows)
  }
}

/// What a recording says about itself.
struct RecordingHead {
  var counts: RecordingCounts?
  var green = Slot.b
  var hasBlue = true
  var dispersion: Double?

  var blue: Slot { green == .a ? .b : .a }

  mutating func take(_ key: String, _ value: String, line: Int) throws(RecordingError) {
    switch key {
    case "counts":
      guard let counts = RecordingCounts(rawValue: value) else {
        throw RecordingError(line, "counts are 'cumulative' or 'per-interval', not '\(value.prefix(40))'")
      }
      self.counts = counts
    case "green":
      guard let slot = Slot(rawValue: value) else { throw RecordingError(line, "green is slot 'a' or 'b'") }
      green = slot
    case "blue":
      guard value == "none" || Slot(rawValue: value) != nil else {
        throw RecordingError(line, "blue is slot 'a' or 'b', or 'none'")
      }
      hasBlue = value != "none"
    case "dispersion":
      guard let number = Double(value), number.isFinite, number >= 1 else {
        throw RecordingError(line, "the dispersion is a number from 1")
      }
      dispersion = number
    default: break
    }
  }

  /// The slot that a row names: by its letter or by its role.
  func slot(_ name: String, line: Int) throws(RecordingError) -> Slot {
    switch name {
    case "a": return .a
    case "b": return .b
    case "green", "canary": return green
    case "blue", "baseline": return blue
    default: throw RecordingError(line, "'\(name.prefix(40))' is no slot; expected green or blue, a or b")
    }
  }
}

/// Numbers and times as recordings spell them.
enum RecordingValue {
  private static let most: Double = 1e15

  static func count(_ text: some StringProtocol, _ what: String, line: Int) throws(RecordingError) -> UInt64 {
    guard let value = UInt64(text), Double(value) <= most else {
      throw RecordingError(line, "'\(text.prefix(40))' is no whole number from 0 for \(what)")
    }
    return value
  }

  static func number(_ text: some StringProtocol, _ what: String, line: Int) throws(RecordingError) -> Double {
    guard text.utf8.count < 40, let value = Double(text), value.isFinite, value.magnitude <= most else {
      throw RecordingError(line, "'\(text.prefix(40))' is no number for \(what)")
    }
    return value
  }

  /// An instant, or seconds since any beginning.
  static func time(_ text: some StringProtocol, line: Int) throws(RecordingError) -> Timestamp {
    if let time = Timestamp(rfc3339: String(text)) { return time }
    guard text.utf8.count < 40, let seconds = Double(text), seconds >= 0, seconds < 1e11 else {
      throw RecordingError(
        line, "'\(text.prefix(40))' is no time; expected 2026-11-21T10:00:00Z, or seconds since any beginning")
    }
    return Timestamp(milliseconds: Int64((seconds * 1_000).rounded()))
  }

  static func weight(_ text: some StringProtocol, line: Int) throws(RecordingError) -> Int {
    let digits = text.hasSuffix("%") ? String(text.dropLast()) : String(text)
    guard let weight = Int(digits), (0...100).contains(weight) else {
      throw RecordingError(line, "'\(text.prefix(40))' is no weight from 0 to 100")
    }
    return weight
  }

  static func bound(_ text: some StringProtocol, line: Int) throws(RecordingError) -> Double {
    if ["inf", "+inf", "+Inf", "Inf"].contains(String(text)) { return .infinity }
    let bound = try number(text, "a latency bound in seconds", line: line)
    guard bound > 0 else { throw RecordingError(line, "a latency bound is more than 0 seconds") }
    return bound
  }
}
