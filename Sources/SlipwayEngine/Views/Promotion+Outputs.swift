package import SlipwayModel

/// What a promotion made, under the names that its outputs have (B3).
extension Promotion {
  private var forward: ArraySlice<StepRecord> { records.prefix(plan.steps.count) }

  /// The snapshot of what served before: named by the run, also where the report of making it was lost with the process that made it.
  var blueBackup: SnapshotID? {
    guard let made = forward.first(where: { $0.step.action == .data(.backup) && $0.status == .succeeded }) else {
      return nil
    }
    return made.data?.snapshot ?? SnapshotID(run.text)
  }

  /// What green was made of, once it was made.
  var greenArtifact: String? {
    guard forward.contains(where: { $0.step.kind == .deploy && $0.status == .succeeded }) else { return nil }
    return plan.release.digest?.description ?? plan.release.artifact
  }

  /// When green was read back as taking traffic for the first time.
  package var cutoverAt: Timestamp? {
    forward.first { record in
      guard case .shift(let percent, false) = record.step.action else { return false }
      return percent > 0 && record.status == .succeeded
    }?.finishedAt
  }
}
