package import SlipwayModel

/// What can be done to an environment's data.
package enum DataDeed: String, Sendable, CaseIterable {
  case snapshot, migrate, restore
}

/// Keeps the data of an environment: copies them, changes them for a release, brings them back.
///
/// Every deed must be harmless when repeated, and `restore` must happen whole or not at all: a crash in the middle leads to a question and, where the
/// answer is no, to a repeat.
package protocol DataStore: Sendable {
  /// Carries `deed` out for the run of `deployment`, whose id names the snapshot. Returns one line for the log.
  func carryOut(_ deed: DataDeed, for deployment: Deployment) async throws(ConnectorError) -> String

  /// Whether `deed` has happened for the run of `deployment`; asked of the data themselves.
  func hasHappened(_ deed: DataDeed, for deployment: Deployment) async throws(ConnectorError) -> Observation
}
