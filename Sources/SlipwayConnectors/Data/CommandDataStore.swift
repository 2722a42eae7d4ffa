package import SlipwayModel

/// Keeps data with the command lines of the pipeline file.
package struct CommandDataStore: DataStore {
  private let spec: DataCommandsSpec
  private let runner: CommandRunner

  package init(_ spec: DataCommandsSpec, runner: CommandRunner) {
    self.spec = spec
    self.runner = runner
  }

  package func carryOut(_ deed: DataDeed, for deployment: Deployment) async throws(ConnectorError) -> String {
    guard let line = line(deed) else {
      throw ConnectorError(
        .misconfigured, "no \(deed.rawValue) command is configured under 'data' of '\(deployment.environment)'; add one"
      )
    }
    let output = try await run(line, deed, deployment)
    guard output.code == 0 else {
      throw ConnectorError(
        output.isMissing ? .misconfigured : .refused,
        "\(deed.rawValue) command '\(line)' ended with code \(output.code): \(output.ending); \(output.advice)")
    }
    return "\(deed.rawValue) command ended with code 0"
  }

  package func hasHappened(_ deed: DataDeed, for deployment: Deployment) async throws(ConnectorError) -> Observation {
    let output = try await run(spec.readBack, deed, deployment, isAnswer: true)
    guard output.code == 0 else {
      throw ConnectorError(
        output.isMissing ? .misconfigured : .unreachable,
        "data read_back command '\(spec.readBack)' ended with code \(output.code): \(output.ending); \(output.advice)")
    }
    switch output.answer.trimmingWhitespace {
    case "done": return .done("\(deed.rawValue) of \(deployment.run) is there")
    case "undone": return .undone("\(deed.rawValue) of \(deployment.run) is not there")
    case let other:
      return .unclear(
        "read_back command '\(spec.readBack)' says '\(other.prefix(80))' of \(deed.rawValue), not 'done' or 'undone'")
    }
  }

  private func line(_ deed: DataDeed) -> String? {
    switch deed {
    case .snapshot: spec.snapshot
    case .migrate: spec.migrate
    case .restore: spec.restore
    }
  }

  private func run(
    _ line: String, _ deed: DataDeed, _ deployment: Deployment, isAnswer: Bool = false
  ) async throws(ConnectorError) -> CommandOutput {
    var variables = deployment.variables
    variables["SLIPWAY_SNAPSHOT"] = deployment.run.text
    variables["SLIPWAY_DEED"] = deed.rawValue
    return try await runner.run(
      line, variables: variables, references: spec.environment, directory: spec.directory, isAnswer: isAnswer,
      timeout: spec.timeout)
  }
}
