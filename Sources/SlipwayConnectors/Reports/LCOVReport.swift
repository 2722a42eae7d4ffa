internal import Foundation
internal import SlipwayModel

/// LCOV's tracefile. A file that several records name is counted once; a line is covered when any of them hit it.
enum LCOVReport: ReportFormat {
  static let kind = "lcov"
  private static let expected = "an LCOV tracefile: SF:, DA:, end_of_record"

  static func recognizes(_ marks: ReportMarks) -> Bool { marks.start.hasPrefix("TN:") || marks.start.hasPrefix("SF:") }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement {
    guard !text.isJSON, !text.isXML else { throw ReportProblem("looks like \(text.look); expected \(expected)") }
    var trace = Trace()
    for (index, bytes) in text.data.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
      let line = String(decoding: bytes.last == 13 ? bytes.dropLast() : bytes, as: UTF8.self)
      try trace.take(line, number: index + 1)
    }
    return ReportStatement(content: .coverage(try trace.figures()))
  }

  private struct Trace {
    private var files: [String: [Int: Bool]] = [:]
    private var file: String?
    private var hits: [Int: Bool] = [:]
    private var openedAt = 0
    private var stated: (lines: Int?, covered: Int?) = (nil, nil)
    private var summaries = CoverageFigures(lines: 0, covered: 0)

    mutating func take(_ line: String, number: Int) throws(ReportProblem) {
      if line.isEmpty || line.hasPrefix("#") { return }
      if line == "end_of_record" { return try close(number) }
      guard let colon = line.firstIndex(of: ":") else {
        throw ReportProblem("has '\(line.prefix(40))'; expected \(expected)", line: number)
      }
      let value = line[line.index(after: colon)...]
      switch line[..<colon] {
      case "SF":
        if file != nil { throw ReportProblem("begins a file before the last one's end_of_record", line: number) }
        file = String(value)
        openedAt = number
      case "DA": try hit(value, number)
      case "LF": stated.lines = try count(value, number)
      case "LH": stated.covered = try count(value, number)
      case let name where name.allSatisfy { $0.isASCII && ($0.isUppercase || $0.isNumber) } && !name.isEmpty: break
      default: throw ReportProblem("has '\(line.prefix(40))'; expected \(expected)", line: number)
      }
    }

    private mutating func hit(_ value: Substring, _ number: Int) throws(ReportProblem) {
      let parts = value.split(separator: ",")
      guard file != nil, parts.count >= 2, let line = Int(parts[0]), let count = Int(parts[1]) else {
        throw ReportProblem("has 'DA:\(value.prefix(40))'; expected DA:line,hits inside a file's record", line: number)
      }
      hits[line] = (hits[line] ?? false) || count > 0
    }

    private func count(_ value: Substring, _ number: Int) throws(ReportProblem) -> Int {
      guard let count = Int(value) else {
        throw ReportProblem("has '\(value.prefix(40))' where a count was expected", line: number)
      }
      return try ReportProblem.count(count, "number of lines", line: number)
    }

    private mutating func close(_ number: Int) throws(ReportProblem) {
      guard let name = file else { throw ReportProblem("has end_of_record without SF:", line: number) }
      if hits.isEmpty, let lines = stated.lines, let covered = stated.covered {
        let checked = try CoverageFigures(checked: lines, covered, line: number)
        summaries.lines = try ReportProblem.count(summaries.lines + checked.lines, "number of lines", line: number)
        summaries.covered += checked.covered
      }
      files[name, default: [:]].merge(hits) { $0 || $1 }
      file = nil
      hits = [:]
      stated = (nil, nil)
    }

    func figures() throws(ReportProblem) -> CoverageFigures {
      if file != nil { throw ReportProblem("ends in the middle of a record: end_of_record is missing", line: openedAt) }
      guard !files.isEmpty else { throw ReportProblem("names no file; expected \(expected)") }
      var sum = summaries
      for lines in files.values {
        sum.lines += lines.count
        sum.covered += lines.values.count { $0 }
      }
      return sum
    }
  }
}
