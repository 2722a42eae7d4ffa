internal import SlipwayModel

/// What a person's submission means for the run.
extension RunDriver {
  /// - Throws: ``EngineError`` when it is about a step that is not there, or no decision at all.
  func event(for submission: Submission) throws -> Event {
    let person = submission.by
    switch submission.content {
    case .decide(_, .approve(let plan, let comment)):
      let roles = history.promotion.plan.roles.filter { $0.value.contains(person) }.map(\.key).sorted()
      return .approved(
        Approval(
          person: person, roles: roles, plan: plan ?? history.promotion.digest, at: house.time.now(), comment: comment))
    case .decide(_, .hold(let reason)): return .held(by: person, reason: reason)
    case .decide(_, .resume): return .resumedBy(person)
    case .decide(_, .reject(let reason)): return .rejected(by: person, reason: reason)
    case .decide(_, .pause(let reason)): return .paused(by: person, reason: reason)
    case .decide(_, .abort(let reason)): return .aborted(by: person, reason: reason)
    case .decide(_, .confirm(let step, let note)):
      guard
        let index = history.promotion.records.firstIndex(where: {
          $0.step.id.text == step || $0.step.id.text == "confirm-\(step)"
        })
      else {
        let known = history.promotion.records.filter { $0.step.kind == .confirm }.map(\.step.id.text).joined(
          separator: ", ")
        throw EngineError(
          .notFound, "run \(run) has no step '\(step)' to confirm; it has: \(known.isEmpty ? "none" : known)")
      }
      return .confirmed(step: index, by: person, note: note)
    case .rollback(_, _, let incident): return .rollbackAsked(by: person, incident: incident)
    case .ledger, .promote: throw EngineError(.badInput, "this is no decision on a run")
    }
  }
}
