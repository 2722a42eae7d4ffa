internal import SlipwayConnectors
internal import SlipwayModel

/// What a slot still answers when its traffic is gone.
extension StepPerformer {
  private static let lookEvery = Span.milliseconds(200)

  /// Lets requests and connections on `role`'s slot end, and cuts what is open when `patience` is over.
  ///
  /// It has no verdict: traffic is where it belongs already, and nothing that follows may wait for a client that does not hang up.
  func drain(
    _ role: Role, _ patience: Span, _ progress: @escaping @Sendable (String) -> Void
  ) async -> StepResult {
    guard let slot = role == .green ? plan.green : plan.blue?.slot else { return .succeeded("there is no blue") }
    let end = time.now() + patience
    do throws(ConnectorError) {
      var said = 0
      while let open = try await connectors.plane.inFlight(slot) {
        if open == 0 { return .succeeded("\(role.rawValue) answers nothing any more") }
        let left = end - time.now()
        guard left > .zero else { return try await cut(slot, role, open, after: patience) }
        if said != open { progress("\(open) open on \(role.rawValue), cut in \(left)") }
        said = open
        do { try await time.sleep(for: min(Self.lookEvery, left)) } catch {
          return .errored("given up before all had ended")
        }
      }
      return .succeeded("the data plane cannot tell what \(role.rawValue) still answers; nothing was cut")
    } catch {
      return .succeeded("what \(role.rawValue) still answers is not known, so nothing was cut: \(error.message)")
    }
  }

  private func cut(
    _ slot: Slot, _ role: Role, _ open: Int, after patience: Span
  ) async throws(ConnectorError) -> StepResult {
    guard connectors.plane.capabilities.cuts else {
      return .succeeded("\(open) still open on \(role.rawValue) after \(patience); this data plane cannot cut them")
    }
    try await connectors.plane.cut(slot)
    let left = try await connectors.plane.inFlight(slot) ?? 0
    let after = left == 0 ? "" : "; \(left) are there still"
    return .succeeded("\(open) still open on \(role.rawValue) after \(patience) and cut\(after)")
  }
}
