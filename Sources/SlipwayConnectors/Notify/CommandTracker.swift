internal import Foundation
package import SlipwayModel

/// Files tasks with an issue tracker through a command of the pipeline file, as JSON on its standard input.
package struct CommandTracker: Sendable {
  private let spec: FollowUpSpec
  private let runner: CommandRunner

  package init(_ spec: FollowUpSpec, runner: CommandRunner) {
    self.spec = spec
    self.runner = runner
  }

  /// What the command reads: the run is the key under which a repeat is the same.
  private struct Note: Encodable {
    var run: RunID
    var project: String
    var release: ReleaseID
    var environment: EnvironmentName
    var rejectedBy: String
    var reason: String
    var tasks: [Promotion.FollowUpTask]
  }

  /// - Returns: the last line that the command printed, at most 500 characters.
  /// - Throws: ``ConnectorError`` when it could not be run, or did not exit with 0.
  package func file(
    _ tasks: [Promotion.FollowUpTask], of promotion: Promotion
  ) async throws(ConnectorError) -> String {
    let plan = promotion.plan
    let note = Note(
      run: promotion.run, project: plan.project, release: plan.release.id, environment: plan.to,
      rejectedBy: promotion.cause?.by ?? "", reason: promotion.cause?.reason ?? "", tasks: tasks)
    guard let data = try? CanonicalJSON.encodeForUsers(note) else {
      throw ConnectorError(.misconfigured, "the tasks of run \(promotion.run) cannot be written as JSON")
    }
    let output = try await runner.run(
      spec.run, variables: ["SLIPWAY_EVENT": "rejected", "SLIPWAY_RUN": promotion.run.text],
      references: spec.environment, input: String(decoding: data, as: UTF8.self) + "\n", timeout: spec.timeout)
    guard output.code == 0 else {
      throw ConnectorError(.refused, "'\(spec.run)' ended with code \(output.code): \(output.ending)")
    }
    let last = output.text.split(whereSeparator: \.isNewline).last.map(String.init) ?? "filed"
    return String(last.prefix(500))
  }
}
