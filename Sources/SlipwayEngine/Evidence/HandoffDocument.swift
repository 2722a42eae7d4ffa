internal import Foundation
package import SlipwayModel

/// The document with which a release is handed over: what was done, by whom, how well, and how to go back (C9).
package enum HandoffDocument {
  /// - Parameters:
  ///   - promotion: the run as it stands when the document is written.
  ///   - evidence: where its evidence will lie.
  ///   - now: the time of writing.
  package static func text(_ promotion: Promotion, evidence: String, at now: Timestamp) -> String {
    let plan = promotion.plan
    var text = "# Handoff: \(plan.project) \(plan.release.id) in \(plan.to)\n\n"
    text += "| | |\n|---|---|\n"
    for (name, value) in facts(promotion, evidence, now) { text += "| \(name) | \(cell(value)) |\n" }
    text += "\n## Gates\n\n" + list(gates(promotion), none: "No gate was asked.")
    text += "\n## Approvals\n\n" + list(approvals(promotion), none: "Nobody had to agree.")
    text += "\n## Steps\n\n" + DeploymentLog(promotion).table
    text += "\n## Exit gates\n\n" + list(exits(promotion), none: "None beside this document.")
    text += "\n## Going back\n\n" + list(wayBack(promotion), none: "")
    if !promotion.remarks.isEmpty {
      text += "\n## Words and decisions\n\n"
      text += list(promotion.remarks.map { "\($0.at) \($0.by): \($0.text)" }, none: "")
    }
    return text
  }

  private static func facts(_ promotion: Promotion, _ evidence: String, _ now: Timestamp) -> [(String, String)] {
    let plan = promotion.plan
    return [
      ("release", plan.release.id.text), ("artifact", plan.release.artifact),
      ("digest", plan.release.digest?.description ?? "not stated"), ("commit", plan.release.commit ?? "not stated"),
      ("environment", plan.to.text), ("came from", plan.from?.text ?? "nowhere before"), ("run", promotion.run.text),
      ("plan", promotion.digest.description), ("asked for", "\(promotion.requestedAt) by \(promotion.requester)"),
      ("written", "\(now)"), ("served before", plan.blue?.release.id.text ?? "nothing"), ("evidence", evidence),
    ]
  }

  private static func gates(_ promotion: Promotion) -> [String] {
    promotion.records.flatMap(\.reports).map { "\($0.gate): \($0.verdict.word), \($0.reason)" }
  }

  private static func approvals(_ promotion: Promotion) -> [String] {
    promotion.approvals.map {
      "\($0.person) (\($0.roles.map(\.text).joined(separator: ", "))) at \($0.at)"
        + ($0.comment.map { ": \($0)" } ?? "")
    }
  }

  private static func exits(_ promotion: Promotion) -> [String] {
    promotion.records.compactMap { record in
      guard let gate = record.step.exitGate else { return nil }
      if case .handoff = gate.deed, record.status != .failed { return nil }
      return "\(gate.id): \(record.status.word); \(gate.criterion)"
        + (record.detail.isEmpty ? "" : "; \(record.detail)")
    }
  }

  private static func wayBack(_ promotion: Promotion) -> [String] {
    let plan = promotion.plan
    guard let blue = plan.blue else {
      return ["Nothing served before, so there is nothing to go back to."]
    }
    let settled = promotion.records.first { record in
      if case .schedule = record.step.action { record.status == .succeeded } else { false }
    }?.finishedAt
    let end = settled.map { "until \($0 + plan.rollback.keepBlue)" } ?? "for \(plan.rollback.keepBlue)"
    var lines = [
      "`slipway rollback \(plan.to) --incident ID` brings \(blue.release.id) back; it stays startable \(end).",
      "What it would do and lose is shown by the same command with `--dry-run`.",
    ]
    switch plan.migration {
    case .compatible?: lines.append("The migration is compatible: the data stay as they are.")
    case .restorable?:
      lines.append("The migration is taken back by restoring the data, and what was written since is lost.")
    case .irreversible?: lines.append("The migration cannot be taken back: a person decides.")
    case nil: break
    }
    return lines
  }

  private static func list(_ lines: [String], none: String) -> String {
    lines.isEmpty ? (none.isEmpty ? "" : none + "\n") : lines.map { "- \($0.replacing("\n", with: " "))\n" }.joined()
  }

  private static func cell(_ text: String) -> String {
    text.replacing("|", with: "\\|").replacing("\n", with: " ")
  }
}
