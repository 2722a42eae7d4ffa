internal import Foundation
package import SlipwayModel

/// Reads the file of risk acceptances that a pipeline file names.
package enum AcceptanceFile {
  /// The book as it is on disk at this moment; empty when the pipeline file names none.
  ///
  /// Nothing is thrown: what is wrong stands in the book, with file, line and column, and whoever judges by it sees that.
  package static func book(of pipeline: Pipeline, folder: String) -> AcceptanceBook {
    guard let spec = pipeline.acceptances else { return AcceptanceBook() }
    var book = AcceptanceBook(file: spec.file)
    let path = URL(filePath: spec.file, relativeTo: URL(filePath: folder, directoryHint: .isDirectory)).path
    let reading = Reading()
    do throws(PipelineProblem) {
      let data = try PipelineFile.bytes(of: path, expected: "a YAML list of risk acceptances", way: "")
      book.digest = Digest(of: data)
      book.entries = try entries(data, pipeline, reading)
    } catch {
      reading.problems.append(error)
    }
    guard !reading.problems.isEmpty else { return book }
    book.entries = []
    book.problems = PipelineProblems(path: spec.file, reading.problems).description.split(separator: "\n").map(
      String.init)
    return book
  }

  private static func entries(
    _ data: Data, _ pipeline: Pipeline, _ reading: Reading
  ) throws(PipelineProblem) -> [RiskAcceptance] {
    // A file whose last acceptance was taken out is no mistake.
    let lines = data.split(separator: 10).map { $0.drop { $0 <= 32 } }
    if lines.allSatisfy({ $0.isEmpty || $0.first == UInt8(ascii: "#") }) { return [] }
    let reader = YAMLReader(try SourceText(data))
    defer { reading.problems += reader.problems }
    let root = try reader.root()
    for environment in pipeline.environments { reading.define(.environment, environment.name.text, .start) }
    let entries = AcceptanceGrammar.entries.read(root, reading) ?? []
    reading.settle()
    let roles = pipeline.acceptances?.roles ?? []
    guard !roles.isEmpty else { return entries }
    for (index, entry) in entries.enumerated() where !roles.contains(where: pipeline.roles(naming: entry.by).contains) {
      // Places are known only while every entry could be read.
      let position = root.elements.count == entries.count ? root.elements[index].place("by") : root.position
      reading.report(
        .meaning, position, "'\(entry.by)' may not take the risk of \(entry.id)",
        expected: "somebody with one of the roles \(roles.map(\.text).joined(separator: ", "))")
    }
    return entries
  }
}
