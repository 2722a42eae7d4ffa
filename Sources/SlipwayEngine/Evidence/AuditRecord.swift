package import SlipwayModel

/// One action of a run as auditors read it (D9).
package struct AuditRecord: Encodable, Sendable, Equatable {
  package var version: ReleaseID
  package var timestamp: Timestamp
  package var action: String
  package var fromStage: EnvironmentName?
  package var toStage: EnvironmentName
  /// Whose approvals stood at that moment.
  package var approvedBy: [Person]
  package var ciRunID: String?
  package var commitSHA: String?

  enum CodingKeys: String, CodingKey {
    case version, timestamp, action
    case fromStage = "from_stage"
    case toStage = "to_stage"
    case approvedBy = "approved_by"
    case ciRunID = "ci_run_id"
    case commitSHA = "commit_sha"
  }

  // Every key is there in every record.
  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(version, forKey: .version)
    try container.encode(timestamp, forKey: .timestamp)
    try container.encode(action, forKey: .action)
    try container.encode(fromStage, forKey: .fromStage)
    try container.encode(toStage, forKey: .toStage)
    try container.encode(approvedBy, forKey: .approvedBy)
    try container.encode(ciRunID, forKey: .ciRunID)
    try container.encode(commitSHA, forKey: .commitSHA)
  }

  /// The record of `event`; nil for what is no action, such as a look at counters.
  ///
  /// - Parameters:
  ///   - event: what happened.
  ///   - time: when.
  ///   - promotion: the run with the event folded in.
  package init?(_ event: Event, at time: Timestamp, in promotion: Promotion) {
    guard let action = Self.action(event, promotion) else { return nil }
    let plan = promotion.plan
    self.action = action
    version = plan.release.id
    timestamp = time
    fromStage = plan.from
    toStage = plan.to
    approvedBy = promotion.approvals.map(\.person)
    ciRunID = plan.release.ciRun
    commitSHA = plan.release.commit
  }

  private static func action(_ event: Event, _ promotion: Promotion) -> String? {
    switch event {
    case .requested(let request): request.plan.operation.rawValue
    case .approved: "approve"
    case .revoked: "revoke"
    case .held: "hold"
    case .paused: "pause"
    case .resumedBy: "resume"
    case .rejected: "reject"
    case .aborted: "abort"
    case .rollbackAsked: "rollback"
    case .confirmed(let step, _, _): done(step, promotion)
    case .stepReported(let step, _, .succeeded), .readBack(let step, _, .done),
      .dataReported(let step, _, _, .succeeded):
      effect(step, promotion)
    case .stepReported(let step, _, .failed), .dataReported(let step, _, _, .failed):
      effect(step, promotion).map { "failed:\($0)" }
    case .evidenceWritten: "end:\(promotion.outcome?.rawValue ?? promotion.status)"
    case .resumed, .stepIntended, .stepReported, .gatesReported, .readBack, .dataReported, .measured, .referenced,
      .lapsed, .frozen, .thawed, .sourceLooked, .followUpIntended, .followedUp, .followUpFailed, .expired, .escalated,
      .evidenceFailed:
      nil
    }
  }

  private static func done(_ index: Int, _ promotion: Promotion) -> String? {
    promotion.records.indices.contains(index) ? promotion.records[index].step.id.text : nil
  }

  /// A step that changed something or wrote it down.
  private static func effect(_ index: Int, _ promotion: Promotion) -> String? {
    guard promotion.records.indices.contains(index) else { return nil }
    let step = promotion.records[index].step
    return step.action.hasEffect || step.kind == .record ? step.id.text : nil
  }
}
