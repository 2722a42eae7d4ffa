package import Foundation
package import SlipwayModel

/// A pipeline file that passed every check.
package struct PipelineDocument: Sendable, Equatable {
  package let pipeline: Pipeline
  /// Of the bytes as they were read.
  package let digest: Digest
}

/// Reads pipeline files: a checked pipeline comes out, or all mistakes at once.
package enum PipelineFile {
  /// Reads the text of a pipeline file; `path` is the name that messages show.
  ///
  /// Time and memory are bounded whatever `data` holds. `folder` is where the registry of guardrails is looked for; without one it is not looked at.
  package static func read(
    _ data: Data, path: String, folder: String? = nil
  ) -> Result<PipelineDocument, PipelineProblems> {
    let reading = Reading()
    reading.folder = folder
    do throws(PipelineProblem) {
      let reader = YAMLReader(try SourceText(data))
      defer { reading.problems += reader.problems }
      let pipeline = PipelineGrammar.read(try reader.root(), reading, folder: folder)
      if let pipeline, reading.problems.isEmpty, reader.problems.isEmpty {
        return .success(PipelineDocument(pipeline: pipeline, digest: Digest(of: data)))
      }
    } catch {
      reading.problems.append(error)
    }
    return .failure(PipelineProblems(path: path, reading.problems))
  }

  /// Reads the file at `path`, which messages show as `name`; no more of it than a pipeline file may hold.
  package static func read(
    contentsOf path: String, shownAs name: String? = nil
  ) -> Result<PipelineDocument, PipelineProblems> {
    let shown = name ?? path
    do throws(PipelineProblem) {
      return read(
        try bytes(of: path), path: shown, folder: URL(fileURLWithPath: path).deletingLastPathComponent().path)
    } catch {
      return .failure(PipelineProblems(path: shown, [error]))
    }
  }

  /// The bytes of the registry of guardrails.
  static func registry(_ name: String, in folder: String) throws(PipelineProblem) -> Data {
    let path = URL(filePath: name, relativeTo: URL(filePath: folder, directoryHint: .isDirectory)).path
    return try bytes(of: path, expected: "a YAML list of guardrails", way: "; 'slipway init' writes one")
  }

  /// The bytes of a regular file, of a large one only so many that it is refused; `what` says what it should be.
  static func bytes(
    of path: String, expected what: String = "a pipeline file", way: String = "; 'slipway init' writes one"
  ) throws(PipelineProblem) -> Data {
    // Asked before opening, because opening a pipe waits for a writer.
    let url = URL(fileURLWithPath: path).resolvingSymlinksInPath()
    let attributes = try? FileManager.default.attributesOfItem(atPath: url.path)
    guard let type = attributes?[.type] as? FileAttributeType else {
      throw PipelineProblem(
        .unreadable, at: .start, "there is no such file, or its folder may not be entered",
        expected: what + way)
    }
    guard type == .typeRegular else {
      throw PipelineProblem(.unreadable, at: .start, "this is no regular file", expected: what)
    }
    do {
      let handle = try FileHandle(forReadingFrom: url)
      defer { try? handle.close() }
      return try handle.read(upToCount: SourceText.limit + 1) ?? Data()
    } catch {
      throw PipelineProblem(
        .unreadable, at: .start, "the file cannot be read", expected: "a file that this user may read")
    }
  }
}
