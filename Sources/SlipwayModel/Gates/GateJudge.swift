/// Judges the gates whose proof is in the ledger or the calendar: pure rules, no I/O.
///
/// Five gates need the outside world and are judged there: `immutableReference`, `provenance`, `command`, `dependencies` and `dataReady`. Of `rollbackTarget` this is one half;
/// whether the artifact is still there is asked outside.
package struct GateJudge: Sendable {
  package let plan: Plan
  package let ledger: Ledger
  package let surroundings: Surroundings

  package init(plan: Plan, ledger: Ledger, surroundings: Surroundings) {
    self.plan = plan
    self.ledger = ledger
    self.surroundings = surroundings
  }

  /// The verdict of `gate` at `now`; nil for a gate that needs the outside world.
  package func judge(_ gate: GateSpec, at now: Timestamp) -> GateReport? {
    if let reason = ledger.quarantine[plan.release.id] {
      return GateReport(
        gate: gate.name, verdict: .failed, reason: "release \(plan.release.id) is quarantined: \(reason)",
        remedy: "promote another release")
    }
    switch gate {
    case .verified(let environment): return verified(gate, in: environment, at: now)
    case .soak(let environment, let needed): return soak(gate, in: environment, needed, at: now)
    case .reviews(let kinds, let maxAge): return reviews(gate, kinds, within: maxAge, at: now)
    case .tests(let minimum, let name, let maxAge): return tests(gate, minimum, name, within: maxAge, at: now)
    case .vulnerabilities(let limits, let maxAge): return vulnerabilities(gate, limits, within: maxAge, at: now)
    case .coverage(let lines, let maxAge): return coverage(gate, lines, within: maxAge, at: now)
    case .window(let name): return window(gate, name, at: now)
    case .noFreeze: return freeze(gate, at: now)
    case .rollbackTarget: return rollbackTarget(gate, at: now)
    case .sameCommit(let environment): return sameCommit(gate, as: environment, at: now)
    case .immutableReference, .provenance, .command, .dependencies, .dataReady: return nil
    }
  }

  // MARK: Where it has been

  private func verified(_ gate: GateSpec, in environment: EnvironmentName, at now: Timestamp) -> GateReport {
    let source = "record of \(environment)"
    let state = ledger.environments[environment]
    if let revocation = state?.revocation, revocation.release == plan.release {
      return GateReport(
        gate: gate.name, verdict: .failed,
        reason: "its verification in \(environment) was taken away at \(revocation.at): \(revocation.reason)",
        remedy: "mend it there, then: slipway verify \(environment)",
        proof: [Proof(what: "verification taken away", from: source, at: revocation.at, digest: plan.release.digest)])
    }
    guard let since = state?.verified(plan.release) else {
      return GateReport(
        gate: gate.name, verdict: .failed,
        reason: "release \(plan.release.id) with this very artifact was never verified in \(environment)",
        remedy: "promote it there first: slipway promote \(plan.release.id) --to \(environment)",
        proof: [Proof(what: "no verified stay", from: source, at: now)])
    }
    return GateReport(
      gate: gate.name, verdict: .passed, reason: "verified in \(environment) since \(since)",
      proof: [Proof(what: "verified stay", from: source, at: since, digest: plan.release.digest)])
  }

  private func soak(
    _ gate: GateSpec, in environment: EnvironmentName, _ needed: Span, at now: Timestamp
  ) -> GateReport {
    let state = ledger.environments[environment]
    let longest = state?.longestStay(of: plan.release, at: now)
    // An earlier stay that was long enough counts; one that was not must not hide that the release soaks again.
    let stay = longest.flatMap { $0.span >= needed ? $0 : state?.currentStay(of: plan.release, at: now) ?? $0 }
    guard let stay else {
      return GateReport(
        gate: gate.name, verdict: .failed,
        reason: "release \(plan.release.id) is not verified in \(environment), so no soak has begun",
        remedy: "promote it there first: slipway promote \(plan.release.id) --to \(environment)",
        proof: [Proof(what: "no verified stay", from: "record of \(environment)", at: now)])
    }
    let proof = [Proof(what: "stay of \(stay.span)", from: "record of \(environment)", at: stay.since)]
    if stay.span >= needed {
      return GateReport(
        gate: gate.name, verdict: .passed, reason: "stayed \(stay.span) in \(environment), \(needed) needed",
        proof: proof)
    }
    guard stay.isCurrent else {
      return GateReport(
        gate: gate.name, verdict: .failed,
        reason: "stayed only \(stay.span) of \(needed) in \(environment) and was replaced",
        remedy: "promote it there again: slipway promote \(plan.release.id) --to \(environment)", proof: proof)
    }
    let until = stay.since + needed
    return GateReport(
      gate: gate.name, verdict: .waiting(until: until),
      reason: "soaking in \(environment) for \(stay.span) of \(needed), done at \(until)",
      remedy: "wait; it is looked at again at \(until)", proof: proof)
  }

  private func rollbackTarget(_ gate: GateSpec, at now: Timestamp) -> GateReport {
    guard let blue = plan.blue else {
      return GateReport(
        gate: gate.name, verdict: .passed, reason: "first deployment: going back means serving nothing, as before")
    }
    guard let state = ledger.environments[plan.to], state.live == blue, !state.emptied.contains(blue.slot) else {
      return GateReport(
        gate: gate.name, verdict: .failed,
        reason: "\(blue.release.id) no longer serves \(plan.to) from slot \(blue.slot)",
        remedy: "make a new plan: slipway promote \(plan.release.id) --to \(plan.to)")
    }
    return GateReport(
      gate: gate.name, verdict: .passed,
      reason: "\(blue.release.id) stays in slot \(blue.slot), going back is a switch",
      proof: [
        Proof(
          what: "placement of \(blue.release.id)", from: "record of \(plan.to)", at: blue.since,
          digest: blue.release.digest)
      ])
  }
}
