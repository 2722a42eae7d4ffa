internal import Foundation
internal import GRDB
package import SlipwayModel

extension Journal {
  /// Empties the SQL tables and fills them again from the entries, in one transaction: readers see the old rows or the new.
  ///
  /// Appends wait meanwhile. Memory stays bounded: one entry at a time is read and folded.
  ///
  /// - Parameter fold: The rows that follow from an entry, which must be those that were handed in with it.
  /// - Returns: How many entries were folded.
  /// - Throws: What `fold` threw as the cause of `invalid` (the tables are then as before), `broken`, `closed`.
  @discardableResult
  package func rebuildProjections(
    from fold: @escaping @Sendable (Entry, _ seq: Int64) throws -> [ProjectionWrite]
  ) async throws(JournalError) -> Int64 {
    try await perform { committer in
      let projections = committer.projections
      defer { projections.forget() }
      projections.forget()
      try committer.database.inTransaction(.immediate) {
        for table in Schema.projectionTables { try committer.database.execute(sql: "DELETE FROM \(table)") }
        let sql = "SELECT seq, stream, kind, at, actor, entry_id, body, hash FROM journal ORDER BY seq"
        let rows = try Row.fetchCursor(committer.database, sql: sql)
        while let stored = try rows.next().map(StoredEntry.init) {
          for row in try Self.folded(stored, fold) { try projections.write(PreparedRow(row)) }
        }
        return .commit
      }
    }
    return tip.seq
  }

  private static func folded(
    _ stored: StoredEntry, _ fold: (Entry, Int64) throws -> [ProjectionWrite]
  ) throws(JournalError) -> [ProjectionWrite] {
    do {
      return try fold(stored.entry, stored.seq)
    } catch {
      throw JournalError(
        .invalid,
        "entry \(stored.seq) ('\(stored.entry.kind)' of \(stored.entry.stream)) could not be folded; tables unchanged",
        cause: error)
    }
  }
}
