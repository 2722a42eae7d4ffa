/// How the change would be taken back, and what that would cost: stated before anybody agrees (C7).
package struct RequestRollback: Codable, Sendable, Equatable {
  /// Whether a breach takes traffic back without asking.
  package var automatic: Bool
  /// What is done while no traffic has been moved yet.
  package var beforeTraffic: [Act]
  /// What is done once traffic has been moved.
  package var afterTraffic: [Act]
  package var dataLoss: String
  /// Whether data can be lost by going back, or cannot be brought back at all.
  package var losesData: Bool
  /// How long going back stays a mere switch; nil without an earlier release.
  package var keepsEarlierFor: Span?

  /// One thing that is done to go back.
  package struct Act: Codable, Sendable, Equatable {
    package var step: StepID
    package var text: String
  }

  package init(_ plan: Plan) {
    var before: Touched = .green
    if plan.environment.data != nil, plan.migration != nil { before.insert(.migration) }
    if plan.greenData != .shared { before.insert(.greenData) }
    automatic = plan.rollback.automatic
    beforeTraffic = plan.rollbackSteps(before).map { Act($0, plan) }
    afterTraffic = plan.rollbackSteps(before.union(.traffic)).map { Act($0, plan) }
    keepsEarlierFor = plan.blue == nil ? nil : plan.rollback.keepBlue
    (dataLoss, losesData) = Self.loss(plan)
  }

  private static func loss(_ plan: Plan) -> (String, Bool) {
    if plan.greenData != .shared, plan.blue != nil {
      let kept =
        "what was written to green since the cutover is not in blue's data; it is kept under a dated name until the rollback window ends"
      return plan.rollback.writes == .ask
        ? (kept + "; the run stops and says what it would be before it goes back", true) : (kept, true)
    }
    return switch plan.environment.data == nil ? nil : plan.migration {
    case nil where plan.environment.data == nil: ("none: the plan touches no data", false)
    case nil: ("none: the release changes no data; a snapshot is taken first all the same", false)
    case .compatible?: ("none: the earlier release works with the migrated data, which stay as they are", false)
    case .restorable?:
      ("everything written between the snapshot and going back is lost: the data are restored from the snapshot", true)
    case .irreversible?:
      (
        "the migration cannot be taken back: once it has begun, nothing leads back by itself; the run stops where it is and a person decides",
        true
      )
    }
  }
}

extension RequestRollback.Act {
  fileprivate init(_ step: Step, _ plan: Plan) {
    self.step = step.id
    let earlier = plan.blue.map { "\($0.release.id)" } ?? "nothing"
    text =
      switch step.action {
      case .shift: plan.blue == nil ? "take all traffic off \(plan.release.id)" : "all traffic back to \(earlier)"
      case .data(.restore): "restore the data from the backup taken before the migration"
      case .data(.resumeWrites): "blue takes writes again"
      case .data(.setAside):
        "green's data out of use: kept under a dated name where anybody wrote to them, else removed"
      case .verify: "look whether \(earlier) answers, and as the right version"
      case .record: "write down that \(plan.release.id) failed in \(plan.to)"
      case .drain(_, let patience): "let what \(plan.release.id) still answers end, at most \(patience)"
      case .destroy: "remove \(plan.release.id) from slot \(plan.green)"
      case .notify: "tell people"
      default: "\(step.kind.rawValue) (\(step.id))"
      }
  }
}
