/// What is wrong with a report, and where in it.
struct ReportProblem: Error, Sendable {
  let reason: String
  var line: Int?
  var column: Int?

  init(_ reason: String, line: Int? = nil, column: Int? = nil) {
    self.reason = reason
    self.line = line
    self.column = column
  }

  /// The whole sentence, beginning with the place.
  func message(file: String) -> String {
    let place = [line, column].compactMap { $0.map { ":\($0)" } }.joined()
    return "\(file)\(place) \(reason)"
  }

  /// Counts above this are a mistake, and would overflow when added up.
  static let largest = 1_000_000_000_000

  /// The count, when it can be one.
  static func count(_ value: Int, _ name: String, line: Int? = nil) throws(ReportProblem) -> Int {
    guard (0...largest).contains(value) else {
      throw ReportProblem("states \(value) as \(name); expected 0 to \(largest)", line: line)
    }
    return value
  }
}
