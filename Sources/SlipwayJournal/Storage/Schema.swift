internal import GRDB

/// The tables and what marks a file as a journal of this version.
enum Schema {
  /// "Slip" in ASCII; `file journal.sqlite` shows it.
  static let applicationID = 0x536C_6970
  /// Grows with every change of the tables; a higher one is refused.
  static let version = 1

  static let create = journal + projections + views

  // `stream` alone is an index on (stream, seq): seq is the row id, which every index carries at its end.
  private static let journal = """
    CREATE TABLE journal(
      seq INTEGER PRIMARY KEY, stream TEXT NOT NULL, kind TEXT NOT NULL, at INTEGER NOT NULL, actor TEXT NOT NULL,
      entry_id TEXT, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT;
    CREATE INDEX journal_stream ON journal(stream);
    CREATE UNIQUE INDEX journal_entry_id ON journal(entry_id) WHERE entry_id IS NOT NULL;
    CREATE TRIGGER journal_no_update BEFORE UPDATE ON journal
      BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;
    CREATE TRIGGER journal_no_delete BEFORE DELETE ON journal
      BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END;

    """

  private static let projections = """
    CREATE TABLE projects(project_id TEXT PRIMARY KEY, metadata TEXT NOT NULL DEFAULT '{}') STRICT, WITHOUT ROWID;
    CREATE TABLE environments(
      project_id TEXT NOT NULL, environment_id TEXT NOT NULL, metadata TEXT NOT NULL DEFAULT '{}',
      PRIMARY KEY(project_id, environment_id)) STRICT, WITHOUT ROWID;
    CREATE TABLE runs(
      run_id TEXT PRIMARY KEY, project_id TEXT NOT NULL, environment_id TEXT NOT NULL, release TEXT NOT NULL,
      operation_type TEXT NOT NULL, status TEXT NOT NULL, created_by TEXT NOT NULL, metadata TEXT NOT NULL DEFAULT '{}',
      started_at INTEGER NOT NULL, completed_at INTEGER, wake_at INTEGER, evidence_dir TEXT) STRICT, WITHOUT ROWID;
    CREATE INDEX runs_waiting ON runs(wake_at) WHERE wake_at IS NOT NULL;
    CREATE INDEX runs_open ON runs(started_at) WHERE completed_at IS NULL;
    CREATE INDEX runs_environment ON runs(environment_id, started_at);
    CREATE TABLE scheduled_tasks(
      task_id TEXT PRIMARY KEY, task_type TEXT NOT NULL, execute_at INTEGER NOT NULL,
      metadata TEXT NOT NULL DEFAULT '{}', done INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;
    CREATE INDEX scheduled_tasks_waiting ON scheduled_tasks(execute_at) WHERE done = 0;

    """

  private static let views = """
    CREATE VIEW run_events AS
      SELECT journal.seq AS event_id, journal.stream AS run_id, journal.kind AS event_type, journal.at AS created_at,
        journal.actor AS actor, CAST(journal.body AS TEXT) AS metadata
      FROM journal JOIN runs ON runs.run_id = journal.stream;

    """

  static let projectionTables = ["projects", "environments", "runs", "scheduled_tasks"]

  /// Creates the tables in an empty file; leaves a journal of this version alone.
  static func prepare(_ database: Database, path: String) throws {
    guard try check(database, path: path) == .empty else { return }
    try database.inTransaction(.immediate) {
      try database.execute(sql: create)
      try database.execute(sql: "PRAGMA application_id = \(applicationID)")
      try database.execute(sql: "PRAGMA user_version = \(version)")
      return .commit
    }
  }

  enum State { case empty, ready }

  /// Says whether the file is new or a journal that this version reads.
  ///
  /// - Throws: ``JournalError`` `newer` or `corrupt`, naming the file.
  static func check(_ database: Database, path: String) throws -> State {
    let application = try Int.fetchOne(database, sql: "PRAGMA application_id") ?? 0
    let found = try Int.fetchOne(database, sql: "PRAGMA user_version") ?? 0
    let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
    if application == 0, found == 0, tables == 0 { return .empty }
    guard application == applicationID else {
      throw JournalError(
        .corrupt, "\(path) is an SQLite database but no Slipway journal; name the right state folder or move it away")
    }
    guard found <= version else {
      throw JournalError(
        .newer,
        "\(path) has schema \(found), this Slipway reads up to \(version); use the Slipway that wrote it, or newer")
    }
    guard try database.tableExists("journal"), found == version else {
      throw JournalError(.corrupt, "\(path) has schema \(found) and lacks its tables; restore the state folder")
    }
    return .ready
  }
}
