internal import SlipwayConnectors
internal import SlipwayModel

/// What is done to the data of the environment.
extension StepPerformer {
  /// Carries a deed out and asks the data themselves whether it happened.
  func change(_ deed: DataDeed, _ progress: @escaping @Sendable (String) -> Void) async -> StepResult {
    do throws(ConnectorError) {
      let said = try await store().carryOut(order(deed), progress: progress)
      switch try await store().hasHappened(order(deed)) {
      case .done(let found): return .succeeded("\(said.line); read back: \(found)")
      case .undone(let found): return .errored("\(said.line); but read back: \(found)")
      case .unclear(let found), .unreadable(let found): return .errored("\(said.line); cannot be read back: \(found)")
      }
    } catch {
      return Self.result(of: error)
    }
  }

  func observe(data deed: DataDeed) async throws(ConnectorError) -> Observation {
    try await store().hasHappened(order(deed))
  }

  private func order(_ deed: DataDeed) -> DataOrder {
    DataOrder(
      deed: deed, environment: plan.to, release: plan.release, green: plan.green, blue: plan.blue, run: run,
      greenData: .shared, now: time.now())
  }

  private func store() throws(ConnectorError) -> any DataStore {
    guard let store = connectors.data else {
      throw ConnectorError(.misconfigured, "'\(plan.to)' keeps no data; name who does under 'data' of the environment")
    }
    return store
  }
}
