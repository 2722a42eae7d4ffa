package import SlipwayModel

/// How much had been written to each table at a moment, by the server's own counters; later counters are compared with it.
package struct WriteBase: Codable, Sendable, Equatable {
  package var run: RunID
  package var at: Timestamp
  /// When the counters of the database, and of the server, were last set to nothing: a crash does it too.
  package var reset: String?
  package var serverReset: String?
  /// By `schema.table`: rows inserted, updated, deleted, and the number of its file, which changes when it is emptied at one stroke.
  package var tables: [String: [Int64]]

  package init(
    run: RunID, at: Timestamp, reset: String? = nil, serverReset: String? = nil, tables: [String: [Int64]] = [:]
  ) {
    self.run = run
    self.at = at
    self.reset = reset
    self.serverReset = serverReset
    self.tables = tables
  }

  /// Whether every table has its four figures; what was read from a comment may hold anything.
  var isWhole: Bool { tables.values.allSatisfy { $0.count == 4 } }

  /// What was written between this and `later`.
  ///
  /// Where the counters cannot say, the doubt says why: it is never silently nothing.
  package func writes(until later: WriteBase) -> DataLoss {
    var loss = DataLoss(since: at)
    var doubts: [String] = []
    if reset != later.reset || serverReset != later.serverReset {
      doubts.append("the server's statistics were reset since, by a crash or by hand, so more may have been written")
    }
    for (name, now) in later.tables.sorted(by: { $0.key < $1.key }) {
      let then = tables[name] ?? [0, 0, 0, now[3]]
      let written = (0..<3).map { now[$0] &- then[$0] }
      if written.contains(where: { $0 < 0 }) {
        doubts.append("the counters of \(name) went back, so more may have been written to it")
      } else if written.contains(where: { $0 > 0 }) {
        loss.tables.append(
          TableWrites(table: name, inserted: written[0], updated: written[1], deleted: written[2]))
      }
      if then[3] != now[3] { doubts.append("\(name) was emptied or rewritten at one stroke") }
    }
    let gone = Set(tables.keys).subtracting(later.tables.keys).sorted()
    if !gone.isEmpty { doubts.append("tables were dropped: " + gone.prefix(5).joined(separator: ", ")) }
    loss.tables.sort { left, right in
      let (l, r) = (left.inserted &+ left.updated &+ left.deleted, right.inserted &+ right.updated &+ right.deleted)
      return l == r ? left.table < right.table : l > r
    }
    if !doubts.isEmpty {
      loss.doubt =
        doubts.prefix(4).joined(separator: "; ") + (doubts.count > 4 ? "; and \(doubts.count - 4) more" : "")
    }
    return loss
  }
}

extension PostgresServer {
  /// The counters of `database` at this moment; a session that is idle hands its own in within ten seconds, one that ends at once.
  package func tally(of database: String, run: RunID, at: Timestamp) async throws(DatabaseError) -> WriteBase {
    let session = try await session(database)
    var base = WriteBase(run: run, at: at)
    base.reset = try await session.value(
      "SELECT extract(epoch FROM stats_reset) FROM pg_stat_database WHERE datname = current_database()")
    base.serverReset = try await session.value("SELECT extract(epoch FROM stats_reset) FROM pg_stat_bgwriter")
    let rows = try await session.rows(
      """
      SELECT schemaname || '.' || relname, n_tup_ins, n_tup_upd, n_tup_del, coalesce(pg_relation_filenode(relid), 0)
      FROM pg_stat_user_tables WHERE schemaname !~ '^pg_(toast|temp)'
      """)
    for row in rows {
      guard let name = row[0] else { continue }
      base.tables[name] = row[1...].map { $0.flatMap { Int64($0) } ?? 0 }
    }
    return base
  }
}
