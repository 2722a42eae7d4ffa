internal import SlipwayModel

/// What `llvm-cov export` and `swift test --enable-code-coverage` write.
enum LLVMCoverage: ReportFormat {
  static let kind = "llvm-cov"
  private static let expected = "JSON of the type 'llvm.coverage.json.export' with totals"

  private struct File: Decodable {
    struct Part: Decodable {
      struct Totals: Decodable { var lines: Lines }
      var totals: Totals
    }
    struct Lines: Decodable {
      var count: Int
      var covered: Int
    }
    var type: String
    var data: [Part]
  }

  static func recognizes(_ marks: ReportMarks) -> Bool { marks.keys.isSuperset(of: ["type", "data"]) }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement {
    let file = try text.decoded(File.self, expected: expected)
    guard file.type == "llvm.coverage.json.export" else {
      throw ReportProblem("states the type '\(file.type.prefix(40))'; expected \(expected)")
    }
    var sum = CoverageFigures(lines: 0, covered: 0)
    for part in file.data {
      let checked = try CoverageFigures(checked: part.totals.lines.count, part.totals.lines.covered)
      sum.lines += checked.lines
      sum.covered += checked.covered
    }
    return ReportStatement(content: .coverage(sum))
  }
}

/// The JSON of coverage.py.
enum PythonCoverage: ReportFormat {
  static let kind = "coverage.py"
  private static let expected = "coverage.py's JSON with totals"

  private struct File: Decodable {
    struct Meta: Decodable {
      var version: String
      var timestamp: String?
    }
    struct Totals: Decodable {
      var lines: Int
      var covered: Int

      private enum CodingKeys: String, CodingKey {
        case lines = "num_statements"
        case covered = "covered_lines"
      }
    }
    var meta: Meta
    var totals: Totals
  }

  static func recognizes(_ marks: ReportMarks) -> Bool {
    marks.keys.isSuperset(of: ["meta", "files", "totals"])
  }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement {
    let file = try text.decoded(File.self, expected: expected)
    var notes = OriginNotes()
    notes.time(file.meta.timestamp)
    let figures = try CoverageFigures(checked: file.totals.lines, file.totals.covered)
    return ReportStatement(content: .coverage(figures), origin: notes.whole)
  }
}

extension CoverageFigures {
  /// Figures that can be true: no more covered than there are.
  init(checked lines: Int, _ covered: Int, line: Int? = nil) throws(ReportProblem) {
    self.init(
      lines: try ReportProblem.count(lines, "number of lines", line: line),
      covered: try ReportProblem.count(covered, "number of covered lines", line: line))
    guard covered <= lines else {
      throw ReportProblem("states \(covered) covered lines of \(lines), which cannot be", line: line)
    }
  }
}
