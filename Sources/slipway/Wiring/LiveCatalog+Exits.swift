internal import SlipwayConnectors
internal import SlipwayData
internal import SlipwayModel

/// Exit gates, each by what passes it.
extension LiveCatalog {
  func pass(_ order: ExitOrder) async throws(ConnectorError) -> String {
    switch order.gate.deed {
    case .command(let line, let references, let timeout):
      var variables = order.deployment.variables
      variables["SLIPWAY_URL"] = order.frontDoor
      let output = try await runner.run(line, variables: variables, references: references, timeout: timeout)
      guard output.code == 0 else {
        // What is to be seen may take a moment to show, so it is tried again.
        throw ConnectorError(
          output.isMissing ? .misconfigured : .unreachable,
          "command '\(line)' ended with code \(output.code): \(output.ending)")
      }
      return "command '\(line)' ended with code 0: \(output.ending)"
    case .sql(let spec): return try await PostgresExit(secrets: secrets).change(spec, order.facts)
    case .handoff(let path):
      let resolved = HandoffPath.resolved(path, order.facts)
      return "written to "
        + (try HandoffFile.write(order.document ?? "", to: resolved, root: options.root.path))
    }
  }
}
