internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel

/// What closes a run.
extension RunDriver {
  /// Passes an exit gate. Its intent is on disk before; after a crash it is done again, which is harmless by contract.
  func pass(_ stepRun: StepRun, _ gate: ExitGate, after intent: Event) async throws {
    try await write([intent])
    let order = order(gate)
    try await underWay(stepRun) { [house] in
      let result: StepResult
      do throws(ConnectorError) {
        result = .succeeded(try await house.catalog.pass(order))
      } catch {
        result = StepPerformer.result(of: error)
      }
      return .stepReported(step: stepRun.index, attempt: stepRun.attempt, result: result)
    }
  }

  private func order(_ gate: ExitGate) -> ExitOrder {
    let plan = history.promotion.plan
    var document: String?
    if case .handoff = gate.deed {
      document = house.author.handoff(
        history.promotion, evidence: house.state.evidence(of: history.promotion).path, at: house.time.now())
    }
    return ExitOrder(
      gate: gate, deployment: performer.candidate(isLive: true), facts: plan.facts(of: run),
      frontDoor: performer.connectors.plane.frontDoor, document: document)
  }
}
