internal import Foundation
internal import GRDB

/// Opens the two kinds of connection there are: the one that writes and checkpoints, and those that only read.
///
/// SQLite before 3.51.3 can corrupt a WAL database when two connections write or checkpoint at the same instant, so there is
/// exactly one of the first kind, guarded by ``DriverLock``.
enum Connection {
  static let fullSynchronous = 2

  static func writing(_ folder: JournalFolder) throws(JournalError) -> DatabaseQueue {
    try translating(folder.database.path) {
      var configuration = Configuration()
      configuration.label = "journal"
      configuration.busyMode = .timeout(5)
      configuration.foreignKeysEnabled = true
      // The committer rolls back itself; GRDB would end the process where a failing disk leaves a transaction open.
      configuration.allowsUnsafeTransactions = true
      let queue = try DatabaseQueue(path: folder.database.path, configuration: configuration)
      try queue.writeWithoutTransaction { try settle($0, path: folder.database.path) }
      return queue
    }
  }

  static func reading(_ folder: JournalFolder, connections: Int) throws(JournalError) -> DatabasePool {
    let path = folder.database.path
    guard FileManager.default.fileExists(atPath: path) else {
      throw JournalError(
        .missing, "no journal at \(path); nothing has run in this state folder yet, or the path is wrong")
    }
    return try translating(path) {
      var configuration = Configuration()
      configuration.label = "journal.reader"
      configuration.readonly = true
      configuration.busyMode = .timeout(5)
      configuration.maximumReaderCount = connections
      let pool = try DatabasePool(path: path, configuration: configuration)
      try pool.read { database in
        guard try Schema.check(database, path: path) == .ready else {
          throw JournalError(.missing, "\(path) is empty: the driver that makes it has not finished; try again")
        }
      }
      return pool
    }
  }

  /// Turns what SQLite says on opening or reading into what a person can act on.
  static func translating<Value>(_ path: String, _ work: () throws -> Value) throws(JournalError) -> Value {
    do {
      return try work()
    } catch let error as JournalError {
      throw error
    } catch let error as DatabaseError {
      throw translated(error, path: path)
    } catch {
      throw JournalError(.unreachable, "cannot use \(path)", cause: error)
    }
  }

  static func translated(_ error: DatabaseError, path: String) -> JournalError {
    switch error.resultCode {
    case .SQLITE_NOTADB, .SQLITE_CORRUPT:
      JournalError(
        .corrupt,
        "\(path) is damaged or no database; keep a copy, restore the state folder from its backup, then verify",
        cause: error)
    case .SQLITE_BUSY, .SQLITE_LOCKED:
      JournalError(
        .busy, "\(path) is locked by another program; end it (sqlite3? a backup?) and try again", cause: error)
    case .SQLITE_FULL, .SQLITE_IOERR:
      JournalError(
        .broken, "\(path): the disk is full or failing; free space or mend it, then start again", cause: error)
    default:
      JournalError(
        .unreachable, "cannot use \(path); check that the folder exists and who may write to it", cause: error)
    }
  }

  private static func settle(_ database: Database, path: String) throws {
    let mode = try String.fetchOne(database, sql: "PRAGMA journal_mode = WAL")
    try database.execute(sql: "PRAGMA synchronous = FULL")
    // Checkpoints are run by the committer itself, which sees their errors; SQLite's automatic ones swallow them.
    try database.execute(sql: "PRAGMA wal_autocheckpoint = 0")
    try database.execute(sql: "PRAGMA journal_size_limit = 67108864")
    try database.execute(sql: "PRAGMA cache_size = -16384")
    let effective = try Int.fetchOne(database, sql: "PRAGMA synchronous")
    let keys = try Int.fetchOne(database, sql: "PRAGMA foreign_keys")
    guard mode == "wal", effective == fullSynchronous, keys == 1 else {
      throw JournalError(
        .notDurable,
        "\(path): asked for WAL, synchronous=2 and foreign keys, got \(mode ?? "nothing"), \(effective ?? -1) and "
          + "\(keys ?? -1); without them an acknowledged entry could be lost, so nothing starts. Use a local file system"
      )
    }
    try Schema.prepare(database, path: path)
    // After a failed flush the kernel may hold pages that never reached the disk and calls them clean. Copying the log into
    // the database writes and flushes them anew, so that everything built on them stands.
    _ = try database.checkpoint(.passive)
  }
}
