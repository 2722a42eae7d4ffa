internal import SlipwayModel

/// Cobertura's XML. Its own totals count where it states them; else its lines are counted.
enum CoberturaReport: ReportFormat {
  static let kind = "cobertura"
  private static let expected = "Cobertura XML: <coverage> with lines-valid and lines-covered, or with its lines"

  static func recognizes(_ marks: ReportMarks) -> Bool { marks.root == "coverage" }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement {
    let lines = Lines()
    try XMLScan.run(text, into: lines, roots: ["coverage"], expected: expected)
    guard let figures = lines.figures else {
      throw ReportProblem("states neither totals nor lines; expected \(expected)")
    }
    return ReportStatement(content: .coverage(figures), origin: lines.notes.whole)
  }

  private final class Lines: XMLTarget {
    private var stated: CoverageFigures?
    private(set) var notes = OriginNotes()
    private var hasClasses = false
    private var file = ""
    private var hits: [String: [Int: Bool]] = [:]

    /// nil when the file says nothing about lines. A report on no class at all covers no lines.
    var figures: CoverageFigures? {
      if let stated { return stated }
      guard !hits.isEmpty || hasClasses else { return nil }
      return hits.values.reduce(into: CoverageFigures(lines: 0, covered: 0)) { sum, lines in
        sum.lines += lines.count
        sum.covered += lines.values.count { $0 }
      }
    }

    func begin(
      _ element: String, _ attributes: [String: String], path: [String], line: Int
    ) throws(ReportProblem) {
      switch element {
      case "coverage" where path.isEmpty:
        notes.time(sinceEpoch: attributes["timestamp"].flatMap { Int64($0) })
        guard let valid = attributes["lines-valid"], let covered = attributes["lines-covered"] else { return }
        stated = try CoverageFigures(
          checked: number(valid, "lines-valid", line), number(covered, "lines-covered", line), line: line)
      case "class":
        hasClasses = true
        file = attributes["filename"] ?? attributes["name"] ?? ""
      // The lines of a method stand again among those of its class.
      case "line" where stated == nil && path.suffix(2) == ["class", "lines"]:
        let number = try number(attributes["number"] ?? "", "number", line)
        let isHit = try self.number(attributes["hits"] ?? "", "hits", line) > 0
        hits[file, default: [:]][number] = (hits[file]?[number] ?? false) || isHit
      default: break
      }
    }

    func end(_ element: String, path: [String]) {}

    private func number(_ text: String, _ name: String, _ line: Int) throws(ReportProblem) -> Int {
      guard let number = Int(text) else {
        throw ReportProblem("has \(name)=\"\(text.prefix(40))\" where a count was expected", line: line)
      }
      return number
    }
  }
}
