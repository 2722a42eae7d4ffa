internal import SlipwayModel

/// What a person's submission means for the run.
extension RunDriver {
  /// - Throws: ``EngineError`` when it is about a step that is not there, or no decision at all.
  func event(for word: SpokenWord) throws -> Event {
    let person = word.submission.by
    switch word.submission.content {
    case .decide(_, let decision): return try event(for: decision, by: word.identity ?? unproven(person))
    case .rollback(_, _, let incident): return .rollbackAsked(by: person, incident: incident)
    case .ledger, .promote: throw EngineError(.badInput, "this is no decision on a run")
    }
  }

  private func unproven(_ person: Person) -> Identity {
    Identity(person: person, kind: .claimed, provenAt: house.time.now())
  }

  private func event(for decision: Submission.Decision, by identity: Identity) throws -> Event {
    let person = identity.person
    switch decision {
    case .approve(let plan, let comment):
      let roles = history.promotion.plan.roles.filter { $0.value.isHeld(by: identity) }.map(\.key).sorted()
      return .approved(
        Approval(
          person: person, roles: roles, plan: plan ?? history.promotion.digest, at: house.time.now(), comment: comment,
          identity: identity))
    case .hold(let reason): return .held(by: person, reason: reason)
    case .resume: return .resumedBy(person)
    case .reject(let reason): return .rejected(by: person, reason: reason)
    case .revoke(let reason): return .revoked(by: person, reason: reason)
    case .pause(let reason): return .paused(by: person, reason: reason)
    case .abort(let reason): return .aborted(by: person, reason: reason)
    case .confirm(let step, let note): return .confirmed(step: try index(ofConfirm: step), by: person, note: note)
    }
  }

  private func index(ofConfirm step: String) throws -> Int {
    let records = history.promotion.records
    if let index = records.firstIndex(where: { $0.step.id.text == step || $0.step.id.text == "confirm-\(step)" }) {
      return index
    }
    let known = records.filter { $0.step.kind == .confirm }.map(\.step.id.text).joined(separator: ", ")
    throw EngineError(
      .notFound, "run \(run) has no step '\(step)' to confirm; it has: \(known.isEmpty ? "none" : known)")
  }
}
