package import Foundation
package import SlipwayModel

/// Reads the objectives that a pipeline file names: Keptn's `slo.yaml`, or an `AnalysisDefinition` of its lifecycle toolkit.
package enum SLOFile {
  /// The objectives in `data`, or every mistake with its place.
  package static func read(_ data: Data, path: String) -> Result<ServiceLevelObjectives, PipelineProblems> {
    let reading = Reading()
    do throws(PipelineProblem) {
      let reader = YAMLReader(try SourceText(data))
      defer { reading.problems += reader.problems }
      let found = SLOGrammar.objectives(try reader.root(), reading)
      if let found, reading.problems.isEmpty, reader.problems.isEmpty { return .success(found) }
    } catch {
      reading.problems.append(error)
    }
    return .failure(PipelineProblems(path: path, reading.problems))
  }

  /// The spec with the content of its file; what is wrong there is reported at `position`, with the place in that file too.
  static func read(
    into spec: KeptnSpec, at position: YAMLPosition, _ reading: Reading, folder: String
  ) -> KeptnSpec? {
    let path = URL(filePath: spec.file, relativeTo: URL(filePath: folder, directoryHint: .isDirectory)).path
    var problems: [PipelineProblem]
    do throws(PipelineProblem) {
      let data = try PipelineFile.bytes(of: path, expected: "an SLO file of Keptn", way: "")
      switch read(data, path: spec.file) {
      case .success(let objectives):
        return KeptnSpec(
          file: spec.file, digest: Digest(of: data), objectives: objectives, onWarning: spec.onWarning)
      case .failure(let found): problems = found.problems
      }
    } catch {
      problems = [error]
    }
    for problem in problems {
      reading.report(
        problem.code, position, "keptn \(spec.file):\(problem.line):\(problem.column): \(problem.sentence)")
    }
    return nil
  }
}
