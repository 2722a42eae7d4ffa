package import SlipwayModel

/// A run as the interface shows it (`status --output json`, in snake case): a projection of the machine's state.
package struct RunStatus: Codable, Sendable, Equatable {
  package var runID: RunID
  package var project: String
  package var operation: String
  package var release: ReleaseID
  package var from: EnvironmentName?
  package var to: EnvironmentName
  package var status: String
  package var step: StepID?
  package var waitingFor: WaitingFor?
  package var planDigest: Digest
  package var requestedBy: Person
  package var startedAt: Timestamp
  package var finishedAt: Timestamp?
  package var weights: Weights?
  package var gates: [Gate]
  package var steps: [StepLine]
  package var approvals: [ApprovalLine]
  package var rollback: Rollback?
  package var watch: WatchLine?
  package var evidenceDir: String?
  /// The snapshot that was taken of what served before; nil while there is none.
  package var blueBackupID: String?
  /// What green is made of: the artifact's digest, or its reference where no digest is known; nil before it was deployed.
  package var greenArtifactID: String?
  /// When green began to take traffic.
  package var cutoverAt: Timestamp?
  package var inputs: Inputs

  /// What holds for this promotion, chosen or by the file (B2).
  package struct Inputs: Codable, Sendable, Equatable {
    package var rollbackWindowHours: Double
    package var skipSmokeTests: Bool
    package var autoRollbackOnFailure: Bool
  }

  enum CodingKeys: CodingKey {
    case runID, project, operation, release, from, to, status, step, waitingFor, planDigest, requestedBy, startedAt
    case finishedAt, weights, gates, steps, approvals, rollback, watch, evidenceDir
    case blueBackupID, greenArtifactID, cutoverAt, inputs
  }

  package struct WaitingFor: Codable, Sendable, Equatable {
    package var kind: String
    package var until: Timestamp?
    package var reason: String

    enum CodingKeys: CodingKey {
      case kind, until, reason
    }
  }

  package struct Weights: Codable, Sendable, Equatable {
    package var blue: Int
    package var green: Int
  }

  package struct Gate: Codable, Sendable, Equatable {
    package var name: String
    package var verdict: String
    package var reason: String
    /// What would make it pass.
    package var remedy: String?
    package var warnings: [String]
    /// When it is looked at again; nil when it is not waiting.
    package var looksAgainAt: Timestamp?
    package var proof: [Proof]

    enum CodingKeys: CodingKey {
      case name, verdict, reason, remedy, warnings, looksAgainAt, proof
    }
  }

  package struct StepLine: Codable, Sendable, Equatable {
    package var id: StepID
    package var kind: StepKind
    package var status: String
    package var attempts: Int
    package var startedAt: Timestamp?
    package var finishedAt: Timestamp?
    package var detail: String
    /// What was done to data, in numbers; nil for other steps.
    package var data: DataReport?
    package var level: AutomationLevel
    package var confirmedBy: Person?
    package var note: String?

    enum CodingKeys: CodingKey {
      case id, kind, status, attempts, startedAt, finishedAt, detail, data, level, confirmedBy, note
    }
  }

  package struct ApprovalLine: Codable, Sendable, Equatable {
    package var approver: Person
    package var roles: [RoleName]
    package var approvedAt: Timestamp
    package var planDigest: Digest
    package var comment: String?
    package var provenBy: Identity.Kind
  }

  package struct Rollback: Codable, Sendable, Equatable {
    package var cause: String
    package var reason: String
    package var by: String
    package var incident: String?
    package var decidedAt: Timestamp?
    package var steps: [StepID]
  }

  package struct WatchLine: Codable, Sendable, Equatable {
    package var step: StepID
    package var verdict: WatchVerdict
    package var reason: String
    package var startedAt: Timestamp
    package var until: Timestamp
    package var looks: Int
    package var blue: WatchFigures?
    package var green: WatchFigures?
    /// What the sequential judge has tested, in figures and in words.
    package var report: SequentialReport?
  }

  /// Projects `promotion` as it stands at `now`.
  package init(_ promotion: Promotion, at now: Timestamp) {
    runID = promotion.run
    project = promotion.plan.project
    operation = promotion.plan.operation.rawValue
    release = promotion.plan.release.id
    from = promotion.plan.from
    to = promotion.plan.to
    status = promotion.status
    step = promotion.current.map { promotion.records[$0].step.id }
    waitingFor = Self.waiting(promotion, at: now)
    planDigest = promotion.digest
    requestedBy = promotion.requester
    startedAt = promotion.requestedAt
    finishedAt = promotion.finishedAt
    weights = promotion.greenPercent.map { Weights(blue: promotion.plan.blue == nil ? 0 : 100 - $0, green: $0) }
    gates = promotion.records.compactMap(Self.gate)
    steps = promotion.records.enumerated().map { index, record in
      let confirmation = promotion.confirmation(of: index)
      return StepLine(
        id: record.step.id, kind: record.step.kind, status: record.status.word, attempts: record.attempts,
        startedAt: record.startedAt, finishedAt: record.finishedAt, detail: record.detail, data: record.data,
        level: record.step.level, confirmedBy: confirmation?.by, note: confirmation?.note)
    }
    approvals = promotion.approvals.map {
      ApprovalLine(
        approver: $0.person, roles: $0.roles, approvedAt: $0.at, planDigest: $0.plan, comment: $0.comment,
        provenBy: $0.identity.kind)
    }
    rollback = promotion.cause.map { cause in
      Rollback(
        cause: cause.kind.rawValue, reason: cause.reason, by: cause.by, incident: cause.incident,
        decidedAt: promotion.causeAt,
        steps: promotion.records.dropFirst(promotion.plan.steps.count).map(\.step.id))
    }
    watch = Self.watch(promotion)
    evidenceDir = promotion.evidenceFolder
    blueBackupID = promotion.blueBackup?.text
    greenArtifactID = promotion.greenArtifact
    cutoverAt = promotion.cutoverAt
    inputs = Inputs(
      rollbackWindowHours: promotion.plan.rollback.keepBlue.seconds / 3_600,
      skipSmokeTests: promotion.plan.terms.skipSmokeTests, autoRollbackOnFailure: promotion.plan.rollback.automatic)
  }

  private static func waiting(_ promotion: Promotion, at now: Timestamp) -> WaitingFor? {
    // A run that somebody stopped is watched on, but what it waits for is a person.
    if let suspension = promotion.suspension {
      return WaitingFor(
        kind: (suspension.thawsAt == nil ? Wait.Kind.person : .freeze).rawValue, until: suspension.thawsAt,
        reason: suspension.sentence)
    }
    guard case .wait(var wait) = promotion.next(at: now) else { return nil }
    // The driver looks at green in between; people want to know until when they may answer.
    if wait.kind == .confirmation { wait.until = promotion.confirmationEnds ?? wait.until }
    return WaitingFor(kind: wait.kind.rawValue, until: wait.until, reason: wait.reason)
  }

  private static func gate(_ record: StepRecord) -> Gate? {
    guard case .gate(let spec) = record.step.action else { return nil }
    guard let report = record.reports.first else {
      return Gate(name: spec.name, verdict: "pending", reason: record.detail, warnings: [], proof: [])
    }
    var again: Timestamp?
    if case .waiting(let until) = record.status { again = until }
    return Gate(
      name: spec.name, verdict: report.verdict.word, reason: report.reason, remedy: report.remedy,
      warnings: report.warnings, looksAgainAt: again, proof: report.proof)
  }

  private static func watch(_ promotion: Promotion) -> WatchLine? {
    guard let record = promotion.records.last(where: { $0.watch != nil }), let progress = record.watch,
      case .watch(_, let duration) = record.step.action
    else { return nil }
    return WatchLine(
      step: record.step.id, verdict: progress.last.verdict, reason: progress.last.reason,
      startedAt: progress.startedAt, until: progress.startedAt + duration, looks: progress.looks,
      blue: progress.last.blue, green: progress.last.green, report: progress.last.report)
  }
}
