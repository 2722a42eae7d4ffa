extension ApprovalRequest {
  /// The request of a run as it stands at `now`; nil when its plan asks nobody.
  ///
  /// - Parameters:
  ///   - promotion: the run.
  ///   - ledger: what is known outside the runs.
  ///   - history: earlier runs into the same environment, newest first.
  ///   - findings: weaknesses of the release and who accepted them.
  ///   - now: the instant of which the document speaks.
  ///   - revision: how many entries of the journal it rests on.
  package init?(
    promotion: Promotion, ledger: Ledger, history: [Promotion], findings: [RequestFinding], now: Timestamp,
    revision: Int64 = 0
  ) {
    let plan = promotion.plan
    guard let spec = plan.approval else { return nil }
    run = promotion.run
    project = plan.project
    release = plan.release.id
    from = plan.from
    to = plan.to
    requester = promotion.requester
    requestedAt = promotion.requestedAt
    planDigest = promotion.digest
    madeAt = now
    self.revision = revision
    status = promotion.status
    title = "Promote \(plan.project) \(plan.release.id) to \(plan.to)"
    change = RequestChange(plan, since: history.first { $0.outcome == .success })
    staging = Staging(plan, ledger, now: now)
    gates = promotion.records.compactMap(Gate.init)
    self.findings = RequestFinding.sorted(findings)
    stability = RequestStability(plan, history: history, now: now)
    timing = RequestTiming(promotion, spec, ledger, now: now)
    rollout = RequestRollout(plan)
    rollback = RequestRollback(plan)
    agreement = Agreement(promotion, spec)
    exception = plan.exception.map { Exception(name: $0.name, reason: $0.reason, waived: plan.waived) }
    resubmission = plan.resubmission
    rejections = history.filter { $0.plan.release.id == plan.release.id && $0.outcome == .rejected }
      .map(Rejection.init)
    options = Option.all(promotion)
    timeline = []
    blocker = Blocker(description: "", rootCause: "", impact: "", severity: .low)
    (summary, concerns) = ("", [])
    concerns = makeConcerns()
    timeline = Self.timeline(promotion, staging, rejections)
    blocker = makeBlocker(promotion)
    summary = makeSummary()
  }

  private static func timeline(_ promotion: Promotion, _ staging: Staging?, _ rejections: [Rejection]) -> [Moment] {
    let plan = promotion.plan
    let agent = "slipway"
    var moments = rejections.map {
      Moment(date: $0.at, event: "run \($0.run) with \(plan.release.id) was rejected: \($0.reason)", agent: $0.by)
    }
    if let blue = plan.blue {
      moments.append(
        Moment(date: blue.since, event: "\(blue.release.id) began to serve \(plan.to) (run \(blue.run))", agent: agent))
    }
    if let staging, let since = staging.verifiedSince {
      moments.append(
        Moment(date: since, event: "\(plan.release.id) was verified in \(staging.environment)", agent: agent))
    }
    moments.append(
      Moment(
        date: promotion.requestedAt, event: "asked to promote \(plan.release.id) to \(plan.to)",
        agent: promotion.requester.text))
    let gates = promotion.records.filter { $0.step.kind == .gate && $0.status == .succeeded }
    if let last = gates.compactMap(\.finishedAt).max() {
      moments.append(Moment(date: last, event: "\(counted(gates.count, "gate")) passed", agent: agent))
    }
    if let asked = promotion.records.first(where: { $0.step.kind == .approve })?.startedAt {
      moments.append(Moment(date: asked, event: "people were asked to decide", agent: agent))
    }
    moments += promotion.remarks.map { Moment(date: $0.at, event: $0.text, agent: $0.by) }
    // Stable, so that what happened in one millisecond keeps its order.
    return moments.enumerated().sorted { ($0.element.date, $0.offset) < ($1.element.date, $1.offset) }.map(\.element)
  }

  private func makeBlocker(_ promotion: Promotion) -> Blocker {
    let rules = agreement.rules.map { "\($0.count) by role \($0.role)" }.listed()
    let serves = change.now.map { "\($0.release) goes on serving \(to)" } ?? "nothing serves \(to)"
    let decides =
      timing.expiresAt.map { "without enough approvals by \($0.spoken) the run is rejected" }
      ?? "the time to decide, \(timing.expires.spoken), begins when every gate has passed"
    let isOpen = promotion.outcome == nil && !promotion.hasBegun
    let description: String
    if !isOpen {
      description = "nobody is asked any more: the run is \(status)"
    } else if let suspension = promotion.suspension {
      description = "the run is \(suspension.sentence)"
    } else if agreement.missing.isEmpty {
      description = "everybody who has to agree has agreed"
    } else {
      description = "the run waits for people: " + agreement.missing.listed()
    }
    return Blocker(
      description: description, rootCause: "the pipeline file asks for \(rules) before anything touches \(to)",
      impact: promotion.hasBegun
        ? "\(to) is being changed by this run" : "nothing was touched yet; \(serves); \(decides)",
      severity: worst)
  }

  /// What the worst thing is that speaks against a yes.
  private var worst: Severity {
    let open = findings.filter(\.isOpen).map { $0.severity ?? .low }.max() ?? .low
    return max(open, concerns.isEmpty ? .low : .medium)
  }

  private func makeConcerns() -> [String] {
    let open = findings.filter(\.isOpen)
    let accepted = findings.count - open.count
    var concerns: [String] = []
    if !open.isEmpty {
      let worst = open.compactMap(\.severity).max().map { ", the worst \($0.rawValue)" } ?? ""
      concerns.append("\(counted(open.count, "finding")) open\(worst)")
    }
    if rollback.losesData { concerns.append("data can be lost by going back") }
    for incident in stability.openIncidents {
      concerns.append(
        "\(incident.release) was rolled back since \(stability.serving.map(\.text) ?? "nothing") began to serve")
    }
    let unsure = gates.filter { $0.verdict != "passed" }
    if !unsure.isEmpty { concerns.append("not passed: " + unsure.map(\.name).listed()) }
    let warned = gates.filter { !$0.warnings.isEmpty }
    if !warned.isEmpty { concerns.append("warnings by " + warned.map(\.name).listed()) }
    if accepted > 0 { concerns.append("\(counted(accepted, "risk")) accepted") }
    if let exception {
      let waived = exception.waived.isEmpty ? "" : ", which sets aside \(exception.waived.listed())"
      concerns.append("\(exception.name)\(waived): \(exception.reason)")
    }
    if let resubmission { concerns.append("rejected before; since then: \(resubmission.note)") }
    if let freeze = timing.freezes.first { concerns.append("freeze '\(freeze.name)' from \(freeze.from.spoken)") }
    return concerns
  }

  private func makeSummary() -> String {
    var sentences: [String] = []
    let commit = change.next.commit.map { " (commit \($0.prefix(12)))" } ?? ""
    let way = from.map { " from \($0) to \(to)" } ?? " to \(to)"
    sentences.append("\(requester) asks to move \(release)\(commit)\(way)")
    if let now = change.now, let span = stability.servesFor {
      sentences.append("\(now.release) has served \(to) for \(span.spoken)")
    } else {
      sentences.append("it is the first deployment to \(to)")
    }
    let passed = gates.count { $0.verdict == "passed" }
    let warnings = gates.reduce(0) { $0 + $1.warnings.count }
    let open = findings.count(where: \.isOpen)
    let accepted = findings.count - open
    var proved =
      gates.isEmpty
      ? "no gate is asked" : "\(passed) of \(counted(gates.count, "gate")) passed with \(counted(warnings, "warning"))"
    if open > 0 { proved += ", \(counted(open, "finding")) open" }
    if accepted > 0 { proved += ", \(counted(accepted, "risk")) accepted" }
    sentences.append(proved)
    let shares = rollout.steps.map { "\($0.percent) %" }.joined(separator: ", ")
    sentences.append("traffic moves \(shares) and is watched for \(timing.takes.spoken)")
    sentences.append("data loss by going back: \(rollback.dataLoss)")
    return sentences.map { $0.prefix(1).uppercased() + $0.dropFirst() + "." }.joined(separator: " ")
  }
}

extension ApprovalRequest.Staging {
  fileprivate init?(_ plan: Plan, _ ledger: Ledger, now: Timestamp) {
    guard let from = plan.from else { return nil }
    let state = ledger.environments[from]
    environment = from
    verifiedSince = state?.verified(plan.release)
    soaked = state?.longestStay(of: plan.release, at: now)?.span
    servesNow = state?.live?.release == plan.release
  }
}

extension ApprovalRequest.Gate {
  /// Nil for a step that is no gate of its own.
  fileprivate init?(_ record: StepRecord) {
    guard case .gate(let spec) = record.step.action else { return nil }
    let report = record.reports.last
    name = spec.name
    verdict = report?.verdict.word ?? "pending"
    reason = report?.reason ?? (record.detail.isEmpty ? "nobody has looked yet" : record.detail)
    remedy = report?.remedy
    warnings = report?.warnings ?? []
    proof = report?.proof ?? []
  }
}

extension ApprovalRequest.Agreement {
  fileprivate init(_ promotion: Promotion, _ spec: ApprovalSpec) {
    ownRequest = spec.ownRequest
    missing = spec.missing(in: promotion.approvals)
    given = promotion.approvals.map { Given(person: $0.person, roles: $0.roles, at: $0.at, comment: $0.comment) }
    let spent = Set(promotion.approvals.map(\.person))
    rules = spec.rules.map { rule in
      let role = promotion.plan.roles[rule.role]
      let holders = (role?.people ?? []).filter { person in
        !spent.contains(person) && (spec.ownRequest || person != promotion.requester)
      }
      return Rule(role: rule.role, count: rule.count, people: holders.sorted(), groups: role?.groups ?? [])
    }
  }
}

extension ApprovalRequest.Rejection {
  fileprivate init(_ promotion: Promotion) {
    run = promotion.run
    at = promotion.causeAt ?? promotion.finishedAt ?? promotion.touchedAt
    by = promotion.cause?.by ?? "slipway"
    reason = promotion.cause?.reason ?? "nobody decided in time"
  }
}

extension ApprovalRequest.Option {
  /// Yes, not yet and no, with the words that mean just that.
  fileprivate static func all(_ promotion: Promotion) -> [Self] {
    let plan = promotion.plan
    let name = plan.project
    let proof = plan.identity.flag
    return [
      Self(
        label: "Approve",
        description:
          "agree to exactly this plan; when everybody has agreed the gates are looked at again and the rollout begins",
        slackReply: "approved promote \(name)",
        command: "slipway approve \(promotion.run) --plan \(promotion.digest)\(proof)"),
      Self(
        label: "Hold",
        description:
          "not yet: nothing happens to \(plan.to) until somebody resumes the run or the time to decide is over",
        slackReply: "hold \(name)", command: "slipway hold \(promotion.run) --reason 'WHY'"),
      Self(
        label: "Reject", description: "no: the run ends with your reason and nothing is touched",
        slackReply: "rejected \(name) -- reason", command: "slipway reject \(promotion.run) --reason 'WHY'\(proof)"),
    ]
  }
}

extension IdentitySpec {
  /// What a command needs beside its words where the user of the operating system is not proof enough.
  fileprivate var flag: String {
    if local || claimed { return "" }
    return ssh != nil ? " --sign KEY" : oidc != nil ? " --sign-in" : ""
  }
}
