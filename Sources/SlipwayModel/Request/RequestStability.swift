/// How the environment has fared of late: the newest runs into it, and what serves there now (E10).
package struct RequestStability: Codable, Sendable, Equatable {
  /// Newest first.
  package var runs: [Run]
  package var succeeded: Int
  package var rolledBack: Int
  /// What serves now and for how long; nil before the first deployment.
  package var serving: ReleaseID?
  package var servesFor: Span?
  /// Runs rolled back since what serves now took over: trouble that nobody has left behind yet.
  package var openIncidents: [Run]

  /// One earlier run.
  package struct Run: Codable, Sendable, Equatable {
    package var run: RunID
    package var operation: String
    package var release: ReleaseID
    /// The outcome, or the status word of a run that is not over.
    package var status: String
    package var at: Timestamp
    /// Why it went back or ended otherwise; nil for one that succeeded.
    package var reason: String?
    package var incident: String?

    init(_ promotion: Promotion) {
      run = promotion.run
      operation = promotion.plan.operation.rawValue
      release = promotion.plan.release.id
      status = promotion.status
      at = promotion.finishedAt ?? promotion.touchedAt
      reason = promotion.outcome == .success ? nil : promotion.cause?.reason ?? promotion.failure
      incident = promotion.cause?.incident ?? promotion.plan.incident
    }
  }

  init(_ plan: Plan, history: [Promotion], now: Timestamp) {
    runs = history.map(Run.init)
    succeeded = history.count { $0.outcome == .success }
    rolledBack = history.count { $0.outcome == .rolledBack }
    serving = plan.blue?.release.id
    servesFor = plan.blue.map { max(.zero, now - $0.since) }
    openIncidents = history.filter { $0.outcome == .rolledBack && $0.requestedAt >= plan.blue?.since ?? $0.requestedAt }
      .map(Run.init)
  }
}

extension Promotion {
  /// What the step said that the run ended on; nil where none failed.
  fileprivate var failure: String? {
    records.last { $0.status == .failed }.map { "\($0.step.id): \($0.detail)" }
  }
}
