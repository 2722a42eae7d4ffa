package import Foundation
package import SlipwayModel

/// A report file as it was read: its bytes, and what they say.
package struct ReadReport: Sendable, Equatable {
  /// What it was read as; for `auto`, what it turned out to be.
  package let kind: String
  package let content: ReportContent
  /// What it says about itself.
  package let origin: ReportOrigin
  /// SHA-256 of the bytes.
  package let digest: Digest
  package let data: Data

  /// Bytes of the file.
  package var size: Int { data.count }
}

/// Reads the reports that reviews, test runs, coverage tools and scanners leave behind.
///
/// A file that is not clearly what it is said to be is refused, with the place and what was expected; a figure that a file does not state is never
/// made up. What cannot be seen in a file is said as a caveat: `swift test` writes a skipped XCTest as a passed one. And semgrep ends with code 0
/// whatever it found, so that its findings and never its exit code are to be judged.
package enum ReportReader {
  /// Bytes of the largest file that is read.
  package static let sizeLimit = 64 << 20

  /// The kinds that ``read(_:kind:)`` knows.
  package static var kinds: [String] {
    // A key path to a static property of an existential crashes the compiler (Swift 6.3.1), a closure does not.
    ReviewKind.allCases.map(\.rawValue) + formats.map { $0.kind } + ["auto"]
  }

  static let formats: [any ReportFormat.Type] = [
    JUnitReport.self, CoberturaReport.self, LCOVReport.self, LLVMCoverage.self, PythonCoverage.self, SARIFReport.self,
    CycloneDXReport.self, TrivyReport.self, BanditReport.self, PipAuditReport.self,
  ]

  /// Reads the file at `path` as a report of `kind`; `auto` looks at the content, and at the file's name for a review.
  ///
  /// - Throws: ``ConnectorError``: `misconfigured` for a file that cannot be read and a kind that is not known, `garbage` for a file that is too large,
  ///   damaged or of another kind; the message begins with the file and, where known, line and column.
  package static func read(_ path: String, kind: String) throws(ConnectorError) -> ReadReport {
    guard kinds.contains(kind) else {
      throw ConnectorError(
        .misconfigured, "report kind '\(kind)' is not known; known: \(kinds.joined(separator: ", "))")
    }
    let data = try BoundedFile.contents(of: path, limit: sizeLimit)
    do throws(ReportProblem) {
      let text = try ReportText(data)
      let found = kind == "auto" ? try sniff(text, path) : kind
      let statement = try statement(of: text, kind: found, path)
      return ReadReport(
        kind: found, content: statement.content, origin: statement.origin, digest: Digest(of: data), data: data)
    } catch {
      throw ConnectorError(.garbage, error.message(file: path))
    }
  }

  private static func statement(
    of text: ReportText, kind: String, _ path: String
  ) throws(ReportProblem) -> ReportStatement {
    if let review = ReviewKind(rawValue: kind) {
      if let named = ReviewReport.kind(named: path), named != review {
        throw ReportProblem("is named as the \(named.rawValue) review, but was handed in as \(kind)")
      }
      return try ReviewReport.read(text, as: review)
    }
    guard let format = formats.first(where: { $0.kind == kind }) else { throw ReportProblem("has no known kind") }
    return try format.read(text)
  }

  private static func sniff(_ text: ReportText, _ path: String) throws(ReportProblem) -> String {
    let marks = try ReportMarks(text)
    if let format = formats.first(where: { $0.recognizes(marks) }) { return format.kind }
    if text.isJSON, let review = ReviewReport.kind(named: path) { return review.rawValue }
    throw ReportProblem(
      "is none of the known reports; name its kind, one of \(kinds.dropLast().joined(separator: ", "))")
  }
}

/// One kind of report file.
protocol ReportFormat: SendableMetatype {
  /// As users name it.
  static var kind: String { get }

  /// Whether the text has the marks of this kind; it may still be damaged.
  static func recognizes(_ marks: ReportMarks) -> Bool

  /// Reads the figures, and what they are about.
  static func read(_ text: ReportText) throws(ReportProblem) -> ReportStatement
}

/// What a text shows of its kind.
struct ReportMarks {
  /// The keys of the top object, where it is JSON.
  let keys: Set<String>
  /// The outermost element, where it is XML.
  let root: String?
  /// How it begins.
  let start: String

  /// - Throws: where the text is damaged: its kind cannot be told, and the place of the damage is what helps.
  init(_ text: ReportText) throws(ReportProblem) {
    keys = try text.isJSON ? text.topKeys() : []
    root = try text.isXML ? XMLProlog.root(of: text.data) : nil
    start = String(decoding: text.data.prefix(40), as: UTF8.self)
  }
}
