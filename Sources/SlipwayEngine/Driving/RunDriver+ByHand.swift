internal import SlipwayModel

/// Work that is handed to a person.
extension RunDriver {
  /// What has to be looked at before an effect is looked at before a person is asked to make it: afterwards would be too late.
  func prepareHandOut(_ event: Event) async throws {
    guard case .stepIntended(let index, let attempt, let deadline) = event,
      let work = history.promotion.handedOut(by: index)
    else { return }
    let step = history.promotion.records[work].step
    try await prepare(StepRun(index: work, step: step, attempt: attempt, deadline: deadline))
  }
}
