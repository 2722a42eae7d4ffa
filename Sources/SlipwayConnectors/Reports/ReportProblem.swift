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
    return "\(file)\(place) \(Self.plain(reason))"
  }

  /// A reason may quote what the file calls its keys and elements: one line for a terminal, of a length that a person reads.
  private static func plain(_ reason: String) -> String {
    let scalars = reason.unicodeScalars.prefix(lengthLimit).map { scalar -> Unicode.Scalar in
      scalar.properties.generalCategory == .control ? "?" : scalar
    }
    return String(String.UnicodeScalarView(scalars)) + (reason.unicodeScalars.count > lengthLimit ? "…" : "")
  }

  /// Characters of a reason that are shown.
  static let lengthLimit = 500

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
