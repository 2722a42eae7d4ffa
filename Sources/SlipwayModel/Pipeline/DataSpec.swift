/// The data that belong to an environment, and who keeps them.
package enum DataSpec: Codable, Sendable, Equatable {
  /// Any backup and migration tool, called by command line.
  case commands(DataCommandsSpec)
  /// A PostgreSQL database and its files, kept by Slipway itself.
  case postgres(PostgresDataSpec)

  /// How long one deed may take.
  package var timeout: Span {
    switch self {
    case .commands(let spec): spec.timeout
    case .postgres(let spec): spec.timeout
    }
  }
}

/// Tools for an environment's data, called by command line with the variables of a deployment.
///
/// They also see `SLIPWAY_SNAPSHOT`, the name of the run's snapshot: the id of the run. Each must be harmless when repeated.
package struct DataCommandsSpec: Codable, Sendable, Equatable {
  /// Takes and verifies a snapshot under the name `SLIPWAY_SNAPSHOT`.
  package var snapshot: String
  /// Brings the data to what the release needs; nil where releases never change them.
  package var migrate: String?
  /// Brings the data back to the snapshot, whole or not at all; nil where nobody can.
  package var restore: String?
  /// Prints whether the deed named by `SLIPWAY_DEED` has happened: `done` or `undone`; any other word is neither.
  package var readBack: String
  package var environment: [String: SecretText]
  package var directory: String?
  package var timeout: Span

  package init(
    snapshot: String, migrate: String? = nil, restore: String? = nil, readBack: String,
    environment: [String: SecretText] = [:], directory: String? = nil, timeout: Span = .minutes(30)
  ) {
    self.snapshot = snapshot
    self.migrate = migrate
    self.restore = restore
    self.readBack = readBack
    self.environment = environment
    self.directory = directory
    self.timeout = timeout
  }
}

/// What the migration of a release means for the way back (C7).
package enum MigrationSpec: String, Codable, Sendable, CaseIterable {
  /// The old release works with the migrated data: going back is a traffic switch, and the data stay as they are.
  case compatible
  /// The old release needs the old data: once traffic is off green they are restored, and what was written since the snapshot is lost.
  case restorable
  /// Nothing leads back: the run stops where it is, and a person decides.
  case irreversible
}
