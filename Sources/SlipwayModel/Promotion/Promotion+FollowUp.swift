/// What a rejection leads to: tasks for those who mend the release.
extension Promotion {
  /// How far the filing of a rejection's tasks has come.
  package struct FollowUp: Codable, Sendable, Equatable {
    package internal(set) var attempts = 0
    package internal(set) var retryAt: Timestamp?
    /// Where the tasks were filed; nil until they are.
    package internal(set) var reference: String?
    /// Whether nothing more is tried.
    package internal(set) var isOver = false
  }

  /// A task that somebody has to do before the release may come back.
  package struct FollowUpTask: Codable, Sendable, Equatable {
    package var title: String
    package var description: String
  }

  /// The tasks that follow from the rejection: its reason first, then every gate that had something to say.
  package var followUpTasks: [FollowUpTask] {
    guard outcome == .rejected, let cause else { return [] }
    let head = "\(plan.project) \(plan.release.id) to \(plan.to)"
    var tasks = [
      FollowUpTask(
        title: "\(head) was rejected: \(cause.reason)",
        description: "Rejected by \(cause.by) in run \(run). Mend it, then promote again with --resubmit.")
    ]
    for report in records.flatMap(\.reports) {
      for warning in report.warnings where !tasks.contains(where: { $0.description == warning }) {
        tasks.append(FollowUpTask(title: "\(head): \(report.gate)", description: warning))
      }
    }
    return tasks
  }

  /// What is still to be filed now; nil when nothing is.
  func nextFollowUp(at now: Timestamp, isDue: (Timestamp) -> Bool) -> Decision? {
    guard let followUp, !followUp.isOver else { return nil }
    if followUp.attempts >= Self.filings {
      return .record(.followUpFailed(reason: "it was cut off and no more is tried", attempt: followUp.attempts))
    }
    if let retry = followUp.retryAt, !isDue(retry) {
      return .wait(Wait(kind: .retry, until: retry, reason: "the tasks could not be filed; trying again"))
    }
    return .followUp(attempt: followUp.attempts + 1)
  }

  /// So often filing is tried.
  private static var filings: Int { 3 }

  /// An attempt is about to begin; one that is cut off has been made, so that a tracker on which the driver dies is not asked for ever.
  mutating func fileIntended(_ attempt: Int) {
    guard case .closing = phase, let open = followUp, !open.isOver, attempt == open.attempts + 1 else { return }
    followUp?.attempts = attempt
    followUp?.retryAt = nil
  }

  mutating func file(_ reference: String, at time: Timestamp) {
    guard case .closing = phase, let open = followUp, !open.isOver, open.attempts > 0 else { return }
    followUp?.reference = reference
    followUp?.isOver = true
    remark("slipway", "tasks filed: \(reference)", at: time)
  }

  /// Given up after three attempts: the reason of the rejection stands in the evidence all the same.
  mutating func fileFailed(_ reason: String, _ attempt: Int, at time: Timestamp) {
    guard case .closing = phase, let open = followUp, !open.isOver, attempt == open.attempts, attempt > 0 else {
      return
    }
    followUp?.retryAt = time + RetryPolicy.few.delay(after: attempt)
    followUp?.isOver = attempt >= Self.filings
    remark("slipway", "tasks could not be filed: \(reason)", at: time)
  }
}

extension Promotion {
  /// Takes in what a look at the environment before showed; only a change is worth a word.
  mutating func look(atSource trouble: String?, at time: Timestamp) {
    guard case .forward(_, let suspension) = phase, suspension != nil, let from = plan.from else { return }
    guard (trouble == nil) != (sourceTrouble == nil) else { return }
    sourceTrouble = trouble
    remark("slipway", trouble.map { "\(from) went bad meanwhile: \($0)" } ?? "\(from) is well again", at: time)
  }
}
