package import SlipwayModel

/// Keeps data with the command lines of the pipeline file; green works on blue's data.
package struct CommandDataStore: DataStore {
  private let spec: DataCommandsSpec
  private let runner: CommandRunner

  package init(_ spec: DataCommandsSpec, runner: CommandRunner) {
    self.spec = spec
    self.runner = runner
  }

  package func carryOut(
    _ order: DataOrder, progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) -> DataResult {
    let (name, line) = try command(order)
    guard let line else {
      throw ConnectorError(
        .misconfigured, "no \(name) command is configured under 'data' of '\(order.environment)'; add one")
    }
    let output = try await run(line, name, order)
    guard output.code == 0 else {
      throw ConnectorError(
        output.isMissing ? .misconfigured : .refused,
        "\(name) command '\(line)' ended with code \(output.code): \(output.ending); \(output.advice)")
    }
    var report = DataReport(deed: order.deed)
    if order.deed != .migrate { report.snapshot = order.snapshot(ofSource: false) }
    return DataResult("\(name) command ended with code 0", report)
  }

  package func hasHappened(_ order: DataOrder) async throws(ConnectorError) -> Observation {
    let (name, _) = try command(order)
    let output = try await run(spec.readBack, name, order, isAnswer: true)
    guard output.code == 0 else {
      throw ConnectorError(
        output.isMissing ? .misconfigured : .unreachable,
        "data read_back command '\(spec.readBack)' ended with code \(output.code): \(output.ending); \(output.advice)")
    }
    switch output.answer.trimmingWhitespace {
    case "done": return .done("\(name) of \(order.run) is there")
    case "undone": return .undone("\(name) of \(order.run) is not there")
    case let other:
      return .unclear(
        "read_back command '\(spec.readBack)' says '\(other.prefix(80))' of \(name), not 'done' or 'undone'")
    }
  }

  package func variables(of slot: Slot, isLive: Bool) -> [String: String] { [:] }

  package func loss(_ order: DataOrder) async throws(ConnectorError) -> DataLoss? { nil }

  package func readiness(live: Slot?) async -> DataReadiness { DataReadiness(checks: []) }

  package func remove(_ aside: AsideData) async throws(ConnectorError) {}

  package func contents(of slot: Slot, live: Slot?) -> AsideData? { nil }

  /// The deed as the commands know it, and its command.
  private func command(_ order: DataOrder) throws(ConnectorError) -> (String, String?) {
    switch order.deed {
    case .backup: return ("snapshot", spec.snapshot)
    case .migrate: return ("migrate", spec.migrate)
    case .restore: return ("restore", spec.restore)
    case .snapshot, .green, .swap, .swapBack, .resumeWrites, .setAside:
      throw ConnectorError(
        .misconfigured,
        "'\(order.environment)' keeps its data by commands, which cannot give green data of its own; use 'postgres' under 'data'"
      )
    }
  }

  private func run(
    _ line: String, _ deed: String, _ order: DataOrder, isAnswer: Bool = false
  ) async throws(ConnectorError) -> CommandOutput {
    var variables = order.deployment.variables
    variables["SLIPWAY_SNAPSHOT"] = order.run.text
    variables["SLIPWAY_DEED"] = deed
    return try await runner.run(
      line, variables: variables, references: spec.environment, directory: spec.directory, isAnswer: isAnswer,
      timeout: spec.timeout)
  }
}
