package import SlipwayModel

/// Where the looks at a release are, as the command line, the API and evidence show it.
package struct AftercareStatus: Codable, Sendable, Equatable {
  package var runID: RunID
  package var project: String
  package var environment: EnvironmentName
  package var release: ReleaseID
  package var slot: Slot
  package var servesSince: Timestamp
  /// `running`, `completed` or `superseded`.
  package var status: String
  /// What serves instead; nil unless superseded.
  package var supersededBy: String?
  /// When it is looked at again.
  package var nextLook: Timestamp?
  package var looks: Int
  package var endedAt: Timestamp?
  package var baseline: AftercareBaseline?
  package var phases: [Phase]
  package var findings: [AftercareFinding]
  package var evidenceDir: String?

  enum CodingKeys: String, CodingKey {
    case runID = "runId"
    case project, environment, release, slot, servesSince, status, supersededBy, nextLook, looks, endedAt, baseline,
      phases, findings, evidenceDir
  }

  package struct Phase: Codable, Sendable, Equatable {
    package var phase: AftercarePhase
    package var result: AftercareResult
    package var from: Timestamp
    package var until: Timestamp
    package var nextLook: Timestamp?
    package var looks: Int
    /// Looks that were made after the next one should have been.
    package var lateLooks: Int
    package var checks: [Check]
  }

  package struct Check: Codable, Sendable, Equatable {
    package var name: String
    /// Of the newest look; `pending` before the first.
    package var verdict: String
    package var detail: String
    package var value: Double?
    package var consequence: AftercareConsequence
    /// Whether it ever passed.
    package var hasPassed: Bool
  }

  package init(_ state: AftercareState) {
    let order = state.order
    runID = order.run
    project = order.project
    environment = order.environment
    release = order.release
    slot = order.slot
    servesSince = order.since
    status = state.ending?.word ?? "running"
    if case .superseded(let other)? = state.ending { supersededBy = other }
    nextLook = state.next
    looks = state.looks
    endedAt = state.endedAt
    baseline = order.baseline
    phases = AftercarePhase.allCases.map { Phase(state, $0) }
    findings = state.findings
    evidenceDir = state.evidence?.folder
  }

  /// For people, a line each.
  package var lines: [String] {
    var lines = [
      "\(release) in \(environment), serving since \(servesSince): \(status)"
        + (supersededBy.map { " by \($0)" } ?? "") + (nextLook.map { ", next look \($0)" } ?? "")
    ]
    for phase in phases where !phase.checks.isEmpty {
      let late = phase.lateLooks == 0 ? "" : ", \(phase.lateLooks) late"
      lines.append(
        "\(phase.phase.rawValue): \(phase.result.rawValue), \(phase.looks) look\(phase.looks == 1 ? "" : "s")\(late), until \(phase.until)"
      )
      lines += phase.checks.map { "  \($0.name): \($0.verdict)" + ($0.detail.isEmpty ? "" : ", \($0.detail)") }
    }
    for finding in findings {
      let end = finding.ended.map { "until \($0)" } ?? "not ended"
      lines.append("found: \(finding.check) since \(finding.began), \(end): \(finding.text)")
    }
    if let evidenceDir { lines.append("evidence: \(evidenceDir)") }
    return lines
  }
}

extension AftercareStatus.Phase {
  fileprivate init(_ state: AftercareState, _ phase: AftercarePhase) {
    let progress = state.phases[phase]
    self.init(
      phase: phase, result: state.result(of: phase), from: state.order.start(of: phase),
      until: state.order.end(of: phase), nextLook: progress?.next, looks: progress?.looks ?? 0,
      lateLooks: progress?.late ?? 0,
      checks: state.order.spec[phase].checks.map { check in
        let last = progress?.last[check.name]
        return AftercareStatus.Check(
          name: check.name, verdict: last?.verdict.rawValue ?? "pending", detail: last?.detail ?? "",
          value: last?.value, consequence: check.consequence,
          hasPassed: progress?.passed.contains(check.name) ?? false)
      })
  }
}
