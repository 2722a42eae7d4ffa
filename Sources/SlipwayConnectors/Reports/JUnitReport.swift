internal import SlipwayModel

/// JUnit's XML, as dozens of tools write it.
///
/// The cases are counted, not the totals believed: totals disagree between tools on whether a skipped case is one (Swift Testing says it is not, pytest
/// that it is). Only where the totals state more failures than the cases show, the totals count.
enum JUnitReport: ReportFormat {
  static let kind = "junit"
  private static let expected = "JUnit XML: <testsuites> or <testsuite>"
  private static let roots: Set<String> = ["testsuites", "testsuite"]

  static func recognizes(_ marks: ReportMarks) -> Bool { marks.root.map(roots.contains) ?? false }

  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement {
    let cases = Cases()
    try XMLScan.run(text, into: cases, roots: roots, expected: expected)
    return ReportStatement(content: .tests(cases.figures), origin: cases.origin)
  }

  private final class Cases: XMLTarget {
    private struct Ending {
      var failed = false
      var errored = false
      var skipped = false
    }

    private var ending = Ending()
    private var notes = OriginNotes()
    /// Whether anything in the file tells that a test can be skipped in it.
    private var knowsSkips = false
    private var isSwiftTest = false
    private var counted = TestFigures(executed: 0, failed: 0, errored: 0, skipped: 0)
    /// Stated by the root, and the sum of what the outermost suites state.
    private var root = TestFigures(executed: 0, failed: 0, errored: 0, skipped: 0)
    private var suites = TestFigures(executed: 0, failed: 0, errored: 0, skipped: 0)

    var figures: TestFigures {
      var figures = counted
      figures.failed = max(figures.failed, root.failed, suites.failed)
      figures.errored = max(figures.errored, root.errored, suites.errored)
      return figures
    }

    /// What `swift test --parallel` writes of XCTest has no word for a skipped test: it stands there as one that passed.
    var origin: ReportOrigin {
      var notes = notes
      if isSwiftTest, !knowsSkips {
        notes.caveat("swift test writes skipped XCTests as passed ones; how many were skipped cannot be told")
      }
      return notes.whole
    }

    func begin(
      _ element: String, _ attributes: [String: String], path: [String], line: Int
    ) throws(ReportProblem) {
      note(element, attributes, path)
      switch (element, path.last) {
      case ("testsuites", nil): try state(attributes, in: &root, line)
      case ("testsuite", nil), ("testsuite", "testsuites"): try state(attributes, in: &suites, line)
      case ("testcase", _): ending = Self.ending(attributes)
      case ("failure", "testcase"): ending.failed = true
      case ("error", "testcase"): ending.errored = true
      case ("skipped", "testcase"): ending.skipped = true
      // A suite that broke outside of its cases.
      case ("failure", "testsuite"): counted.failed += 1
      case ("error", "testsuite"): counted.errored += 1
      default: break
      }
    }

    func end(_ element: String, path: [String]) {
      guard element == "testcase" else { return }
      if ending.failed {
        counted.failed += 1
      } else if ending.errored {
        counted.errored += 1
      } else if ending.skipped {
        counted.skipped += 1
        return
      }
      counted.executed += 1
    }

    private func note(_ element: String, _ attributes: [String: String], _ path: [String]) {
      switch element {
      case "testsuites" where path.isEmpty, "testsuite":
        notes.time(attributes["timestamp"])
        if attributes["skipped"] != nil { knowsSkips = true }
        if attributes["name"] == "TestResults" { isSwiftTest = true }
      case "skipped": knowsSkips = true
      case "property" where attributes["name"] == "commit": notes.commit(attributes["value"])
      case "property" where attributes["name"] == "digest": notes.digest(in: attributes["value"])
      default: break
      }
    }

    /// GoogleTest writes a case that did not run without an element of its own.
    private static func ending(_ attributes: [String: String]) -> Ending {
      let words = [attributes["status"], attributes["result"]].compactMap { $0?.lowercased() }
      let idle: Set<String> = ["notrun", "skipped", "disabled", "suppressed", "ignored"]
      return Ending(skipped: words.contains { idle.contains($0) })
    }

    private func state(
      _ attributes: [String: String], in figures: inout TestFigures, _ line: Int
    ) throws(ReportProblem) {
      figures.failed = try add(attributes, "failures", to: figures.failed, line)
      figures.errored = try add(attributes, "errors", to: figures.errored, line)
    }

    private func add(
      _ attributes: [String: String], _ name: String, to sum: Int, _ line: Int
    ) throws(ReportProblem) -> Int {
      guard let text = attributes[name], !text.isEmpty else { return sum }
      guard let count = Int(text) else {
        throw ReportProblem("has \(name)=\"\(text.prefix(40))\" where a count was expected", line: line)
      }
      return try ReportProblem.count(sum + ReportProblem.count(count, name, line: line), name, line: line)
    }
  }
}
