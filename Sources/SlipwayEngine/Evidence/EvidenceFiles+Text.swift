internal import Foundation
internal import SlipwayJournal
package import SlipwayModel

/// The files that people read.
extension EvidenceFiles {
  var log: String {
    let happened = entries.map { "\($0.entry.at) #\($0.seq) \($0.entry.actor): \(EventText.line($0.entry, promotion))" }
    let steps = DeploymentLog(promotion).lines.map(\.text)
    return (happened + ["", "steps: " + DeploymentLog.heading] + steps).joined(separator: "\n") + "\n"
  }

  /// The actions as auditors read them, a JSON document per line (D9).
  func audit() throws -> Data {
    var trail = AuditTrail()
    return try entries.compactMap { trail.record($0) }.reduce(into: Data()) {
      $0 += try CanonicalJSON.encodeForUsers($1) + Data("\n".utf8)
    }
  }

  var summary: String {
    let plan = promotion.plan
    let outcome = promotion.outcome?.rawValue ?? promotion.status
    var text =
      "# \(plan.operation == .promote ? "Promotion" : "Rollback") of \(plan.project) \(plan.release.id) to \(plan.to): \(outcome)\n\n"
    text += "| | |\n|---|---|\n"
    for (name, value) in facts(outcome) { text += "| \(name) | \(value) |\n" }
    text += "\n## Steps\n\n" + DeploymentLog(promotion).table
    let open = promotion.records.filter { $0.step.exitGate != nil && $0.status != .succeeded }
    if !open.isEmpty, promotion.outcome == .success {
      text += "\n## Exit gates that are open\n\n"
      for record in open { text += "- \(record.step.id): \(record.status.word), \(record.detail)\n" }
    }
    if !promotion.remarks.isEmpty {
      text += "\n## Words and decisions\n\n"
      for remark in promotion.remarks { text += "- \(remark.at) **\(remark.by)**: \(remark.text)\n" }
    }
    text += "\nVerify this folder with `sh verify.sh` (needs only openssl) or `slipway evidence verify`.\n"
    return text
  }

  private func facts(_ outcome: String) -> [(String, String)] {
    let plan = promotion.plan
    var facts = [
      ("run", promotion.run.text), ("outcome", outcome), ("artifact", plan.release.artifact),
      ("artifact digest", plan.release.digest?.description ?? "not stated"),
      ("commit", plan.release.commit ?? "not stated"), ("plan digest", promotion.digest.description),
      ("requested", "\(promotion.requestedAt) by \(promotion.requester)"),
    ]
    if let guardrails = plan.guardrails {
      facts.append(("guardrails", "\(guardrails.file) \(guardrails.digest)"))
      for verdict in guardrails.verdicts { facts.append(("guardrail \(verdict.id.rawValue)", verdict.how)) }
    }
    if let blue = plan.blue { facts.append(("served before", "\(blue.release.id) in slot \(blue.slot)")) }
    if !promotion.approvals.isEmpty {
      facts.append(("approved by", promotion.approvals.map { "\($0.person)" }.joined(separator: ", ")))
    }
    if let cause = promotion.cause { facts.append(("went back because", cause.reason)) }
    if let span = promotion.breachToZero { facts.append(("from decision to green at 0 %", "\(span)")) }
    return facts
  }
}

/// One line per journal entry, as people read it.
package enum EventText {
  /// Says what happened; `promotion` gives the names of steps.
  package static func line(_ entry: Entry, _ promotion: Promotion) -> String {
    guard let event = try? RunHistory.event(entry) else { return entry.kind }
    return line(event, promotion)
  }

  /// The event of an entry; nil when it cannot be read.
  package static func event(_ entry: Entry) -> Event? { try? RunHistory.event(entry) }

  package static func line(_ event: Event, _ promotion: Promotion) -> String {
    switch event {
    case .requested(let request):
      "asked to \(request.plan.operation.rawValue) \(request.plan.release.id) to \(request.plan.to), plan \(request.digest)"
    case .resumed: "a driver took the run up again; what was under way is read back"
    case .stepIntended(let step, let attempt, let deadline):
      "\(name(step, promotion)): attempt \(attempt) begins, until \(deadline)"
    case .stepReported(let step, _, let result), .dataReported(let step, _, _, let result):
      "\(name(step, promotion)): \(text(result))"
    case .gatesReported(let step, _, let reports):
      "\(name(step, promotion)): "
        + reports.map { "\($0.gate) \($0.verdict.word), \($0.reason)" }.joined(separator: "; ")
    case .readBack(let step, _, let observation): "\(name(step, promotion)): \(text(observation))"
    case .measured(let step, _, let judgement):
      "\(name(step, promotion)): \(judgement.verdict.rawValue), \(judgement.reason)"
    case .referenced(let before, let after): "blue was measured from \(before.at) to \(after.at), before traffic moved"
    case .approved(let approval):
      "\(approval.person) approved plan \(approval.plan), known by \(approval.identity.kind.words)"
        + (approval.comment.map { ": \($0)" } ?? "")
    case .revoked(let person, let reason): "\(person) took the approval back: \(reason)"
    case .lapsed: "an approval grew too old and has to be given again"
    case .frozen(let until, let reason): "held by a freeze until \(until): \(reason)"
    case .thawed: "the freeze is over, it goes on"
    case .sourceLooked(let trouble):
      "\(promotion.plan.from.map(\.text) ?? "the source"): "
        + (trouble.map { "went bad meanwhile, \($0)" } ?? "is well again")
    case .followUpIntended(let attempt): "files the tasks, attempt \(attempt)"
    case .followedUp(let reference): "tasks filed: \(reference)"
    case .followUpFailed(let reason, let attempt): "tasks could not be filed (attempt \(attempt)): \(reason)"
    case .held(let person, let reason): "\(person) holds: \(reason)"
    case .paused(let person, let reason): "\(person) pauses: \(reason)"
    case .resumedBy(let person): "\(person) lets it go on"
    case .rejected(let person, let reason): "\(person) rejected: \(reason)"
    case .aborted(let person, let reason): "\(person) aborted: \(reason)"
    case .rollbackAsked(let person, let incident): "\(person) asked to go back, incident \(incident)"
    case .confirmed(let step, let person, let note): "\(name(step, promotion)): \(person) confirmed, \(note)"
    case .expired(let step): "\(name(step, promotion)): time is up"
    case .escalated(_, let reason): "escalated: \(reason)"
    case .evidenceWritten(let folder, _): "evidence in \(folder)"
    case .evidenceFailed(let reason, let attempt): "evidence could not be written (attempt \(attempt)): \(reason)"
    }
  }

  private static func name(_ index: Int, _ promotion: Promotion) -> String {
    promotion.records.indices.contains(index) ? promotion.records[index].step.id.text : "step \(index)"
  }

  private static func text(_ result: StepResult) -> String {
    switch result {
    case .succeeded(let detail): "done, \(detail)"
    case .failed(let reason): "failed, \(reason)"
    case .errored(let reason): "could not be done, \(reason)"
    case .waiting(let until, let reason): "waits until \(until), \(reason)"
    case .undecided(let reason): "undecided, \(reason)"
    }
  }

  private static func text(_ observation: Observation) -> String {
    switch observation {
    case .done(let detail): "had happened, \(detail)"
    case .undone(let detail): "had not happened, \(detail)"
    case .unclear(let detail): "may have happened, \(detail)"
    case .unreadable(let reason): "cannot be read back, \(reason)"
    }
  }
}
