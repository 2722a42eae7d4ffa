package import SlipwayModel

/// Deploys with the command lines of the pipeline file.
package struct CommandDeployer: Deployer {
  private let spec: CommandsSpec
  private let runner: CommandRunner

  package init(_ spec: CommandsSpec, runner: CommandRunner) {
    self.spec = spec
    self.runner = runner
  }

  package func deploy(_ deployment: Deployment) async throws(ConnectorError) -> String {
    try await said(spec.run, deployment, "deploy")
  }

  package func destroy(_ deployment: Deployment) async throws(ConnectorError) -> String {
    guard let line = spec.destroy else { return "no destroy command is configured, slot \(deployment.slot) is kept" }
    return try await said(line, deployment, "destroy")
  }

  package func contents(of deployment: Deployment) async throws(ConnectorError) -> SlotContents {
    guard let line = spec.readBack else { return .unknown }
    let output = try await run(line, deployment, isAnswer: true)
    guard output.code == 0 else {
      // Looking again is harmless and may help, unless the program is not there.
      throw ConnectorError(
        output.isMissing ? .misconfigured : .unreachable,
        "read_back command '\(line)' ended with code \(output.code): \(output.ending); \(output.advice)")
    }
    let answer = output.answer.trimmingWhitespace
    if answer.isEmpty { return .empty }
    guard !answer.contains(where: \.isNewline) else {
      throw ConnectorError(
        .garbage,
        "read_back command '\(line)' must print one line, the release or digest; it printed "
          + "\(answer.split(whereSeparator: \.isNewline).count)")
    }
    // A tool that knows only digests is as good: the digest is the release.
    if let digest = deployment.release.digest, answer == digest.description || answer == digest.hex {
      return .release(deployment.release.id)
    }
    return .release(ReleaseID(answer))
  }

  package func crashes(_ slot: Slot) async throws(ConnectorError) -> Int? { nil }

  private func said(_ line: String, _ deployment: Deployment, _ verb: String) async throws(ConnectorError) -> String {
    let output = try await run(line, deployment)
    guard output.code == 0 else {
      throw ConnectorError(
        output.isMissing ? .misconfigured : .refused,
        "\(verb) command '\(line)' ended with code \(output.code): \(output.ending); \(output.advice)")
    }
    return "\(verb) command ended with code 0"
  }

  private func run(
    _ line: String, _ deployment: Deployment, isAnswer: Bool = false
  ) async throws(ConnectorError) -> CommandOutput {
    var variables = deployment.variables
    let address = deployment.slot == .a ? spec.addressA : spec.addressB
    variables["SLIPWAY_ADDRESS"] = address
    if let port = address.split(separator: ":").last { variables["PORT"] = String(port) }
    return try await runner.run(
      line, variables: variables, references: spec.environment, directory: spec.directory,
      isAnswer: isAnswer, timeout: spec.timeout)
  }
}

extension String {
  /// Without white space and line ends at either end.
  var trimmingWhitespace: String {
    var text = self[...]
    while let first = text.first, first.isWhitespace { text.removeFirst() }
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }
}
