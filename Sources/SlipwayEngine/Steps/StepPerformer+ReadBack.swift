internal import SlipwayConnectors
internal import SlipwayModel

extension StepPerformer {
  /// Asks the world whether an interrupted attempt happened.
  func readBack(_ stepRun: StepRun) async -> Event {
    let found = await observe(stepRun.step.action)
    if let deed = deed(of: stepRun.step.action), case .done(let detail) = found, let report = await report(of: deed) {
      return .dataReported(
        step: stepRun.index, attempt: stepRun.attempt, report: report, result: .succeeded(detail))
    }
    return .readBack(step: stepRun.index, attempt: stepRun.attempt, observation: found)
  }

  /// What a step does to data, also inside a shift.
  private func deed(of action: Action) -> DataDeed? {
    switch action {
    case .data(let deed): deed
    case .shift(let percent, let settles): nameChange(percent, settles: settles)
    default: nil
    }
  }

  func observe(_ action: Action) async -> Observation {
    do throws(ConnectorError) {
      switch action {
      case .data(let deed): return try await observe(data: deed)
      case .deploy: return try await observeDeploy()
      case .shift(let percent, let settles):
        let wanted = plan.split(percent: percent, settles: settles)
        let found = try await connectors.plane.readSplit()
        guard found == wanted else { return .undone("the data plane says \(found), not \(wanted)") }
        guard let change = nameChange(percent, settles: settles) else { return .done("the data plane says \(found)") }
        return try await observe(change)
      case .destroy(let role):
        guard let deployment = role == .green ? candidate : standing else { return .done("there is no blue") }
        switch try await connectors.deployer.contents(of: deployment) {
        case .empty: return .done("slot \(deployment.slot) is empty")
        case .release(let id): return .undone("slot \(deployment.slot) holds \(id)")
        case .unknown: return .unclear("the tool cannot be asked what slot \(deployment.slot) holds")
        }
      case .notify: return .unclear("a message cannot be asked back")
      case .gate, .recheck, .approve, .confirm, .verify, .watch, .record, .schedule, .drain:
        return .undone("nothing outside is changed by this step")
      }
    } catch {
      return .unreadable(error.message)
    }
  }

  private func observeDeploy() async throws(ConnectorError) -> Observation {
    switch try await connectors.deployer.contents(of: candidate) {
    case .release(plan.release.id): .done("slot \(plan.green) holds \(plan.release.id)")
    case .release(let other): .undone("slot \(plan.green) holds \(other)")
    case .empty: .undone("slot \(plan.green) is empty")
    case .unknown: .unclear("the tool cannot be asked what slot \(plan.green) holds")
    }
  }
}
