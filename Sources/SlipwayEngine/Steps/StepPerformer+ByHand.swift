internal import SlipwayConnectors
internal import SlipwayModel

/// Steps that a person does: the world is looked at, nothing is done.
extension StepPerformer {
  /// Whether what a person said was done is so. What cannot be asked counts as done by their word, which the result says.
  func lookAtHandwork(_ stepRun: StepRun, _ progress: @escaping @Sendable (String) -> Void) async -> Event {
    let result: StepResult
    if case .verify(let target, let checks) = stepRun.step.action {
      result = await look(at: target, leaving: checks, progress)
    } else {
      result =
        switch await observe(stepRun.step.action) {
        case .done(let found): .succeeded("done by hand; read back: \(found)")
        case .undone(let found): .failed("read back: \(found)")
        case .unclear(let found):
          .succeeded("done by hand, by the word of who confirmed it, because it cannot be read back: \(found)")
        case .unreadable(let reason): .errored("cannot be read back: \(reason)")
        }
    }
    return .stepReported(step: stepRun.index, attempt: stepRun.attempt, result: result)
  }

  /// Health and version, which can be asked at any time; the checks themselves a person has made.
  private func look(
    at target: VerifyTarget, leaving checks: [CheckSpec], _ progress: @escaping @Sendable (String) -> Void
  ) async -> StepResult {
    let result = await verify(target, [], progress)
    guard case .succeeded(let found) = result, !checks.isEmpty else { return result }
    let names = checks.map(\.name).joined(separator: ", ")
    return .succeeded("\(found); by the word of who confirmed it: \(names)")
  }
}
