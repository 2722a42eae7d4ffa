/// Approvals over their life: given, taken back, grown old.
extension Promotion {
  /// Why the approval does not count; nil when it does.
  func refusal(of approval: Approval) -> String? {
    guard let spec = plan.approval, let index = approvalIndex else { return "run \(run) asks for no approval" }
    guard case .forward(let step, _) = phase, step <= index else { return "run \(run) no longer waits for approval" }
    if approval.plan != digest, !Mutant.approveAnotherPlan.isActive {
      return "the approval is for plan \(approval.plan), this run's plan is \(digest); look at it again"
    }
    if let refusal = refusal(of: approval.identity, for: approval, spec) { return refusal }
    if approvals.contains(where: { $0.person == approval.person }), !Mutant.countPersonTwice.isActive {
      return "\(approval.person) has approved already; one person counts once"
    }
    if let asked = records[index].startedAt, approval.at >= asked + spec.expires, !Mutant.ignoreExpiry.isActive {
      return "the time to approve ran out at \(asked + spec.expires); start a new run"
    }
    return nil
  }

  /// Whether it is the person, not the moment, that stands in the way of this word.
  package func isForbidden(_ event: Event) -> Bool {
    guard case .approved(let approval) = event, let spec = plan.approval else { return false }
    return refusal(of: approval.identity, for: approval, spec) != nil
  }

  private func refusal(of identity: Identity, for approval: Approval, _ spec: ApprovalSpec) -> String? {
    let person = approval.person
    guard identity.person == person else { return "the proof names \(identity.person), not \(person)" }
    if !plan.identity.accepts(identity.kind), !Mutant.believeAnyProof.isActive {
      return "\(person) is known here by \(identity.kind.words) only, which the pipeline file does not accept"
    }
    if person == requester, !spec.ownRequest, !Mutant.requesterApproves.isActive {
      return "\(person) asked for this run and may not approve it; another person has to"
    }
    if let role = approval.roles.first(where: { plan.roles[$0]?.isHeld(by: identity) != true }) {
      return "\(person) does not hold role \(role)"
    }
    let wanted = spec.rules.map(\.role)
    guard approval.roles.contains(where: wanted.contains) else {
      let obstacles = wanted.compactMap { role in
        plan.roles[role]?.obstacle(to: identity).map { "\(role): \($0)" }
      }
      let why = obstacles.isEmpty ? "" : "; \(obstacles.joined(separator: "; "))"
      return
        "\(person) holds none of the roles that may approve here (\(wanted.map(\.text).joined(separator: ", ")))\(why)"
    }
    return nil
  }

  var approvalIndex: Int? { plan.steps.firstIndex { $0.kind == .approve } }

  /// Why an approval cannot be taken back now; nil when it can.
  func refusalToRevoke(by person: Person) -> String? {
    guard approvals.contains(where: { $0.person == person }) else {
      return "\(person) has not approved run \(run), so there is nothing to take back"
    }
    return hasBegun
      ? "run \(run) has begun to change \(plan.to); use pause, abort or rollback instead" : nil
  }

  mutating func revoke(_ person: Person, _ reason: String, at time: Timestamp) {
    approvals.removeAll { $0.person == person }
    round += 1
    remark(person.text, "took the approval back: \(reason)", at: time)
    reopenApproval(at: time)
  }

  /// Whether approvals that the run relies on have grown too old before its first effect.
  func hasLapsed(at now: Timestamp) -> Bool {
    guard let spec = plan.approval, let index = approvalIndex, records[index].status == .succeeded, !hasBegun,
      case .forward(let step, _) = phase, step > index
    else { return false }
    return !spec.missing(in: spec.standing(approvals, at: now)).isEmpty
  }

  /// Drops what has grown old and asks again.
  mutating func lapse(at time: Timestamp) {
    guard let spec = plan.approval, !hasBegun else { return }
    let standing = spec.standing(approvals, at: time)
    let old = approvals.filter { !standing.contains($0) }
    guard !old.isEmpty else { return }
    approvals = standing
    round += 1
    let names = old.map(\.person.text).joined(separator: ", ")
    remark("slipway", "the approval by \(names) is older than \(spec.validFor) and has to be given again", at: time)
    reopenApproval(at: time)
  }

  /// Goes back to asking, where the run had gone past it; nothing outside was touched yet.
  private mutating func reopenApproval(at time: Timestamp) {
    guard let spec = plan.approval, let index = approvalIndex, case .forward(let step, let suspension) = phase,
      step > index, !hasBegun, !spec.missing(in: approvals).isEmpty
    else { return }
    for later in index...step {
      records[later].status = .pending
      records[later].startedAt = nil
      records[later].finishedAt = nil
      records[later].errors = 0
      records[later].detail = ""
    }
    phase = .forward(step: index, suspension: suspension)
  }
}

extension Identity.Kind {
  /// How people call this proof.
  package var words: String {
    switch self {
    case .oidc: "a signed token"
    case .ssh: "a signature"
    case .local: "the user of the operating system"
    case .claimed: "a name that nobody checked"
    }
  }
}

extension Promotion {
  /// What somebody signs who says `word` on this run now.
  package func statement(of word: String) -> DecisionStatement {
    DecisionStatement(word: word, run: run, plan: digest, round: round)
  }
}
