internal import SlipwayConnectors
internal import SlipwayModel

/// What is done to the data of the environment.
extension StepPerformer {
  /// Carries a deed out and asks the data themselves whether it happened.
  func change(_ deed: DataDeed) async -> StepResult {
    do throws(ConnectorError) {
      let said = try await store().carryOut(deed, for: candidate)
      switch try await store().hasHappened(deed, for: candidate) {
      case .done(let found): return .succeeded("\(said); read back: \(found)")
      case .undone(let found): return .errored("\(said); but read back: \(found)")
      case .unclear(let found), .unreadable(let found): return .errored("\(said); cannot be read back: \(found)")
      }
    } catch {
      return Self.result(of: error)
    }
  }

  func observe(data deed: DataDeed) async throws(ConnectorError) -> Observation {
    try await store().hasHappened(deed, for: candidate)
  }

  private func store() throws(ConnectorError) -> any DataStore {
    guard let store = connectors.data else {
      throw ConnectorError(.misconfigured, "'\(plan.to)' keeps no data; name who does under 'data' of the environment")
    }
    return store
  }
}
