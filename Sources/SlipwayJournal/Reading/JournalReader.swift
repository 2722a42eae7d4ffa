package import Foundation
internal import GRDB
package import SlipwayModel

/// An entry in its place.
package struct StoredEntry: Sendable, Equatable {
  package let seq: Int64
  package let entry: Entry
  package let hash: Data
}

/// Reads a journal without ever writing or checkpointing: beside a live driver, after a killed one, or with none.
package final class JournalReader: Sendable {
  package let folder: JournalFolder
  private let pool: DatabasePool
  private let onCallersThread: Bool

  private init(folder: JournalFolder, pool: DatabasePool, onCallersThread: Bool) {
    self.folder = folder
    self.pool = pool
    self.onCallersThread = onCallersThread
  }

  /// Opens the journal of a state folder for reading.
  ///
  /// - Parameters:
  ///   - folder: The state folder.
  ///   - onCallersThread: Reads where the caller runs instead of on a thread of its own; for a simulation that has one thread only.
  /// - Returns: The open reader.
  /// - Throws: `missing` where nothing has run yet, `newer`, `corrupt`, `unreachable`.
  package static func open(folder: URL, onCallersThread: Bool = false) throws(JournalError) -> JournalReader {
    let folder = JournalFolder(folder)
    return JournalReader(
      folder: folder, pool: try Connection.reading(folder, connections: 3), onCallersThread: onCallersThread)
  }

  /// Ends all reading; later reads throw.
  package func close() { try? pool.close() }

  /// The entries of `stream` after `seq`, oldest first.
  package func entries(
    of stream: String, after seq: Int64 = 0, limit: Int = 10_000
  ) async throws(JournalError) -> [StoredEntry] {
    try await entries("stream = ? AND seq > ?", [stream, seq], limit: limit)
  }

  /// All entries after `seq`, oldest first.
  package func entries(after seq: Int64, limit: Int) async throws(JournalError) -> [StoredEntry] {
    try await entries("seq > ?", [seq], limit: limit)
  }

  /// The entries of every stream whose name begins with `prefix` (such as `release:`), oldest first.
  package func entries(
    withStreamPrefix prefix: String, after seq: Int64 = 0, limit: Int = 10_000
  ) async throws(JournalError) -> [StoredEntry] {
    try await entries("stream >= ? AND stream < ? AND seq > ?", [prefix, prefix + "\u{10FFFF}", seq], limit: limit)
  }

  /// The entry handed in under `id`.
  package func entry(id: String) async throws(JournalError) -> StoredEntry? {
    try await entries("entry_id = ?", [id], limit: 1).first
  }

  /// The last sequence number of `stream`, 0 where there is none.
  package func head(of stream: String) async throws(JournalError) -> Int64 {
    try await read { database in
      try Int64.fetchOne(database, sql: "SELECT max(seq) FROM journal WHERE stream = ?", arguments: [stream]) ?? 0
    }
  }

  /// The last sequence number of each stream whose name begins with `prefix`.
  package func heads(withStreamPrefix prefix: String = "") async throws(JournalError) -> [String: Int64] {
    try await read { database in
      let sql = "SELECT stream, max(seq) FROM journal WHERE stream >= ? AND stream < ? GROUP BY stream"
      let rows = try Row.fetchCursor(database, sql: sql, arguments: [prefix, prefix + "\u{10FFFF}"])
      var heads: [String: Int64] = [:]
      while let row = try rows.next() { heads[row[0]] = row[1] }
      return heads
    }
  }

  /// The end of the chain, as far as this reader sees it.
  package func tip() async throws(JournalError) -> Tip {
    try await read { try Committer.storedTip($0) }
  }

  /// Runs `work` on a reading connection.
  func read<Value: Sendable>(_ work: @escaping @Sendable (Database) throws -> Value) async throws(JournalError) -> Value
  {
    do {
      if onCallersThread { return try readNow(work) }
      return try await pool.read(work)
    } catch let error as JournalError {
      throw error
    } catch let error as DatabaseError {
      throw Connection.translated(error, path: folder.database.path)
    } catch {
      throw JournalError(.cancelled, "reading \(folder.database.path) was cancelled", cause: error)
    }
  }

  /// Outside an async function, so that GRDB's blocking form is meant.
  private func readNow<Value>(_ work: (Database) throws -> Value) throws -> Value { try pool.read(work) }

  private func entries(
    _ condition: String, _ arguments: StatementArguments, limit: Int
  ) async throws(JournalError) -> [StoredEntry] {
    try await read { database in
      let sql = """
        SELECT seq, stream, kind, at, actor, entry_id, body, hash FROM journal WHERE \(condition) ORDER BY seq LIMIT ?
        """
      let rows = try Row.fetchCursor(database, sql: sql, arguments: arguments + [limit])
      var entries: [StoredEntry] = []
      while let row = try rows.next() { entries.append(StoredEntry(row)) }
      return entries
    }
  }
}

extension StoredEntry {
  /// Reads the columns in the order of the table.
  init(_ row: Row) {
    let entry = Entry(
      stream: row[1], kind: row[2], at: Timestamp(milliseconds: row[3]), actor: row[4], body: row[6], id: row[5])
    self.init(seq: row[0], entry: entry, hash: row[7])
  }
}
