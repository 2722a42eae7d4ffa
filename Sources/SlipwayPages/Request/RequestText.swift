package import SlipwayModel

/// A request for approval as plain text that fits a terminal: 80 columns, no colour needed.
package struct RequestText: Sendable {
  private let request: ApprovalRequest
  private let width: Int

  /// For a terminal of `width` columns; narrower than 40 is taken as 40.
  package init(_ request: ApprovalRequest, width: Int = 80) {
    self.request = request
    self.width = max(40, width)
  }

  /// The lines, none longer than the width but for words that are longer themselves.
  package var lines: [String] {
    var lines = [rule("="), Escaping.line(request.title).uppercased()] + wrap(request.summary, "")
    lines += [rule("="), ""] + decision
    lines += part("What changes", change)
    lines += part("What was checked", proof)
    lines += part("Findings and accepted risks", findings)
    lines += part("How \(request.to) has fared", stability)
    lines += part("Timing", timing)
    lines += part("How traffic moves", rollout)
    lines += part("The way back", rollback)
    lines += part("Who has to agree", agreement)
    if !request.rejections.isEmpty { lines += part("Turned down before", rejections) }
    lines += part("Timeline", timeline)
    return lines + ["", rule("-")]
      + wrap(
        "run \(request.run), plan \(request.planDigest), as of \(request.madeAt). An answer counts for exactly this plan.",
        "")
  }

  // MARK: Parts

  private var decision: [String] {
    let until =
      request.timing.expiresAt.map { "\($0.spoken), \(($0 - request.madeAt).spoken) from then; silence is a no" }
      ?? "\(request.timing.expires.spoken) after every gate has passed; silence is a no"
    var lines = [
      fact("status", request.status.replacing("_", with: " ")), fact("why", request.blocker.description),
      fact("rule", request.blocker.rootCause), fact("meanwhile", request.blocker.impact), fact("decide by", until),
      fact("severity", request.blocker.severity.rawValue),
      fact("look at", request.concerns.isEmpty ? "nothing in particular" : request.concerns.joined(separator: "; ")),
    ].flatMap(\.self)
    for option in request.options {
      lines += ["", "  \(option.label.uppercased())"] + wrap(option.description, "    ")
      lines += ["    in chat:  \(Escaping.line(option.slackReply))"]
      lines += wrap(option.command, "    command:  ", hanging: "              ")
    }
    return lines
  }

  private var change: [String] {
    let (now, next) = (request.change.now, request.change.next)
    var lines = fact("now", now.map { "\($0.release)\(details($0))" } ?? "nothing: the first deployment")
    lines += fact("after", "\(next.release)\(details(next))")
    guard let run = request.change.comparedWith else { return lines + fact("config", "no earlier run to compare with") }
    if request.change.configuration.isEmpty { return lines + fact("config", "the same as in run \(run)") }
    lines += fact("config", "against run \(run), durations in seconds:")
    for difference in request.change.configuration {
      lines += bullet("\(difference.path): \(difference.old ?? "(was not there)") -> \(difference.new ?? "(removed)")")
    }
    if request.change.leftOut > 0 { lines += bullet("and \(request.change.leftOut) further differences") }
    return lines
  }

  private func details(_ version: RequestChange.Version) -> String {
    var parts = [version.artifact, version.digest?.description ?? "no digest stated"]
    if let commit = version.commit { parts.append("commit \(commit)") }
    if let run = version.ciRun { parts.append("CI run \(run)") }
    parts.append("slot \(version.slot)" + (version.since.map { " since \($0.spoken)" } ?? ""))
    return ": " + parts.joined(separator: ", ")
  }

  private var proof: [String] {
    var lines: [String] = []
    if let staging = request.staging {
      let since = staging.verifiedSince.map { "verified since \($0.spoken)" } ?? "never verified with this artifact"
      let soaked = staging.soaked.map { ", stayed \($0.spoken)" } ?? ""
      lines += fact(staging.environment.text, since + soaked + (staging.servesNow ? ", serves there now" : ""))
    }
    for gate in request.gates {
      lines += bullet("[\(gate.verdict)] \(gate.name): \(gate.reason)")
      for warning in gate.warnings { lines += wrap("warning: \(warning)", "      ") }
      if let remedy = gate.remedy { lines += wrap("to make it pass: \(remedy)", "      ") }
      for proof in gate.proof { lines += wrap("read: \(proof.what), from \(proof.from), \(proof.at.spoken)", "      ") }
    }
    return lines.isEmpty ? ["  no gate is asked"] : lines
  }

  private var findings: [String] {
    request.findings.isEmpty
      ? ["  the reports of this artifact name no finding"]
      : request.findings.flatMap { finding in
        let state =
          finding.acceptance.map { "accepted by \($0.by)\($0.until.map { " until \($0.spoken)" } ?? ""): \($0.reason)" }
          ?? "OPEN"
        let text = finding.text.isEmpty ? "" : "\(finding.text); "
        return bullet(
          "\(finding.id) [\(finding.severity?.rawValue ?? "severity not stated")] \(state) (\(text)\(finding.source))")
      }
  }

  private var stability: [String] {
    let stability = request.stability
    var lines = fact(
      "serving", stability.serving.map { "\($0) for \(stability.servesFor?.spoken ?? "no time")" } ?? "nothing yet")
    if !stability.runs.isEmpty {
      lines += fact(
        "last runs", "\(stability.succeeded) of \(stability.runs.count) succeeded, \(stability.rolledBack) went back")
    }
    for incident in stability.openIncidents {
      lines += bullet(
        "OPEN: \(incident.release) was rolled back in run \(incident.run): \(incident.reason ?? "no reason on record")")
    }
    for run in stability.runs {
      lines += bullet(
        "\(run.run) \(run.operation) \(run.release): \(run.status.replacing("_", with: " "))"
          + (run.reason.map { ", \($0)" } ?? ""))
    }
    return lines
  }

  private var timing: [String] {
    let timing = request.timing
    var lines = fact("asked", "\(request.requestedAt.spoken) by \(request.requester)")
    lines += fact("takes", "\(timing.takes.spoken) at least")
    lines += fact(
      "windows", timing.windows.isEmpty ? "none is asked for" : timing.windows.map(\.sentence).joined(separator: "; "))
    for freeze in timing.freezes {
      lines += fact("freeze", "'\(freeze.name)' \(freeze.from.spoken) to \(freeze.until.spoken): \(freeze.reason)")
    }
    return lines
  }

  private var rollout: [String] {
    let rollout = request.rollout
    var lines = rollout.steps.enumerated().flatMap { index, step in
      wrap("\(index + 1). \(step.percent) % to \(request.release), watched for \(step.watchedFor.spoken)", "  ")
    }
    for confirmation in rollout.confirmations { lines += bullet("by hand: \(confirmation)") }
    for rule in rollout.rules { lines += bullet(rule) }
    lines += bullet("before traffic: " + (["health"] + rollout.checksBeforeTraffic).joined(separator: ", "))
    return lines + bullet("after the rollout: " + (["health"] + rollout.checksAfterRollout).joined(separator: ", "))
  }

  private var rollback: [String] {
    let rollback = request.rollback
    func steps(_ acts: [RequestRollback.Act]) -> [String] {
      acts.enumerated().flatMap { wrap("\($0.offset + 1). \($0.element.text)", "    ") }
    }
    var lines = fact("data loss", rollback.dataLoss)
    lines += fact("goes back", rollback.automatic ? "by itself when a rule is broken" : "only when a person says so")
    lines += ["  before traffic moves:"] + steps(rollback.beforeTraffic)
    return lines + ["  once traffic has moved:"] + steps(rollback.afterTraffic)
  }

  private var agreement: [String] {
    var lines = request.agreement.rules.flatMap { rule in
      let people = rule.people.map(\.text).joined(separator: ", ")
      return bullet("\(rule.count) by role \(rule.role): \(people.isEmpty ? "nobody that the file names" : people)")
    }
    for given in request.agreement.given {
      lines += bullet("\(given.person) agreed \(given.at.spoken)" + (given.comment.map { ": \($0)" } ?? ""))
    }
    lines += fact(
      "missing", request.agreement.missing.isEmpty ? "nobody" : request.agreement.missing.joined(separator: ", "))
    return request.agreement.ownRequest ? lines : lines + wrap("\(request.requester) asked and may not agree", "  ")
  }

  private var rejections: [String] {
    request.rejections.flatMap { bullet("run \($0.run), \($0.at.spoken), by \($0.by): \($0.reason)") }
  }

  private var timeline: [String] { request.timeline.flatMap { bullet("\($0.date.spoken)  \($0.event) (\($0.agent))") } }

  // MARK: Lines

  private func part(_ title: String, _ lines: [String]) -> [String] {
    ["", Escaping.line(title), String(repeating: "-", count: min(width, title.count))] + lines
  }

  private func rule(_ character: Character) -> String { String(repeating: character, count: width) }

  private func fact(_ name: String, _ text: String) -> [String] {
    let head = "  " + name.padded(to: 10) + " "
    return wrap(text, head, hanging: String(repeating: " ", count: head.count))
  }

  private func bullet(_ text: String) -> [String] { wrap(text, "  - ", hanging: "    ") }

  /// Breaks between words; a word that is longer than a line stays whole, for it may be a digest that somebody copies.
  private func wrap(_ text: String, _ head: String, hanging: String? = nil) -> [String] {
    let next = hanging ?? head
    var lines: [String] = []
    var line = Escaping.line(head)
    var isEmpty = true
    for word in Escaping.line(text).split(separator: " ") {
      if !isEmpty, line.count + 1 + word.count > width {
        lines.append(line)
        line = next
        isEmpty = true
      }
      line += (isEmpty ? "" : " ") + word
      isEmpty = false
    }
    return lines + [line]
  }
}

extension String {
  fileprivate func padded(to width: Int) -> String {
    self + String(repeating: " ", count: max(0, width - count))
  }
}
