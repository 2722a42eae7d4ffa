package import Foundation
package import SlipwayModel

/// Reads a file of inputs, `{project_id, staging_env_id, prod_env_id, …}` (B2).
package enum InputsFile {
  private static let blank = PromotionInputs(project: "", staging: "", production: "", terms: PromotionTerms())

  private static let shape = Shape<PromotionInputs>.object(
    "inputs", blank, isLenient: true,
    [
      .required("project_id", \.project, .text("the project's name"), "The project of the pipeline file."),
      .required("staging_env_id", \.staging, environment, "Where the release serves now."),
      .required("prod_env_id", \.production, environment, "Where it is to serve."),
      .optional(
        "rollback_window_hours", \.terms.rollbackWindowHours,
        .integer(PromotionTerms.windowHours, "a number of hours"), "How long blue is kept startable after success."),
      .optional(
        "skip_smoke_tests", \.terms.skipSmokeTests, .boolean, "Whether smoke tests are left out."),
      .optional(
        "auto_rollback_on_failure", \.terms.automaticRollback, .boolean, "Whether a breach takes traffic back."),
    ])

  private static let environment = Shape<String>.text("an environment").map { EnvironmentName($0) }

  /// The inputs in the file at `path`, held against `pipeline`; or all mistakes at once, one line each.
  package static func read(
    contentsOf path: String, shownAs name: String, for pipeline: Pipeline
  ) -> Result<PromotionInputs, PipelineProblems> {
    do throws(PipelineProblem) {
      let data = try PipelineFile.bytes(of: path, expected: "a JSON file of inputs", way: "")
      return read(data, shownAs: name, for: pipeline)
    } catch {
      return .failure(PipelineProblems(path: name, [error]))
    }
  }

  /// The inputs in `data`; JSON is read as the YAML that it is, so that every mistake has its place.
  package static func read(
    _ data: Data, shownAs name: String, for pipeline: Pipeline
  ) -> Result<PromotionInputs, PipelineProblems> {
    let reading = Reading()
    var found: PromotionInputs?
    do throws(PipelineProblem) {
      let reader = YAMLReader(try SourceText(data))
      defer { reading.problems += reader.problems }
      let root = try reader.root()
      found = shape.read(root, reading)
      // What was not written, or not readable, is reported already.
      let isWhole = ["project_id", "staging_env_id", "prod_env_id"].allSatisfy { root[$0]?.text != nil }
      if let found, isWhole {
        for mistake in found.mistakes(in: pipeline) {
          let key = ["project_id", "staging_env_id", "prod_env_id"].first { mistake.hasPrefix($0) }
          reading.report(.meaning, key.map { root.place($0) } ?? root.position, mistake)
        }
      }
    } catch {
      reading.problems.append(error)
    }
    guard reading.problems.isEmpty, let found else {
      return .failure(PipelineProblems(path: name, reading.problems))
    }
    return .success(found)
  }
}
