internal import SlipwayConnectors

/// Who is connected, and how they are sent away.
extension PostgresServer {
  /// Ends every session in `databases` but autovacuum's, which makes way by itself, and returns when none is left.
  ///
  /// Whoever may connect comes back at once, so the databases are closed first.
  ///
  /// - Throws: ``DatabaseError`` naming pid, user and application of those that hang on.
  package func endSessions(
    in databases: [String], _ session: PostgresSession, within limit: Duration = .seconds(15)
  ) async throws(DatabaseError) {
    let names = databases.map(PostgresSession.literal).joined(separator: ", ")
    let end = ContinuousClock.now + limit
    while true {
      let left = try await session.rows(
        """
        SELECT pid, usename, application_name, datname, state FROM pg_stat_activity WHERE datname IN (\(names))
        AND pid <> pg_backend_pid() AND backend_type <> 'autovacuum worker' ORDER BY pid
        """)
      if left.isEmpty { break }
      let shown = left.prefix(10).map(Self.shown).joined(separator: "; ")
      for pid in left.compactMap({ $0[0] }) {
        do {
          try await session.rows("SELECT pg_terminate_backend($1::int)", [pid])
        } catch  where error.state == "42501" {
          throw DatabaseError(
            .refused, state: error.state,
            "\(session.shown): sessions may not be ended by this role: \(shown); grant it pg_signal_backend, or end them"
          )
        }
      }
      guard ContinuousClock.now < end else {
        throw DatabaseError(
          .refused, state: "55006",
          "\(session.shown): sessions hang on after they were told to end: \(shown); end these processes on the server and repeat"
        )
      }
      do { try await Task.sleep(for: .milliseconds(20)) } catch {
        throw DatabaseError(.timedOut, "\(session.shown): waiting for sessions to end was cancelled")
      }
    }
    let prepared = try await session.rows(
      "SELECT gid, owner, database FROM pg_prepared_xacts WHERE database IN (\(names)) ORDER BY gid")
    guard prepared.isEmpty else {
      let list = prepared.prefix(10).map { "\($0[0] ?? "") of \($0[1] ?? "") in \($0[2] ?? "")" }
      throw DatabaseError(
        .refused, state: "55006",
        "\(session.shown): prepared transactions are open: \(list.joined(separator: "; ")); commit or roll them back")
    }
  }

  /// Client sessions in `database` that are not Slipway's own, for people.
  package func visitors(of database: String) async throws(DatabaseError) -> [String] {
    try await session().rows(
      """
      SELECT pid, usename, application_name, datname, state FROM pg_stat_activity WHERE datname = $1::name
      AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND application_name <> 'slipway' ORDER BY pid
      """, [database]
    ).map(Self.shown)
  }

  private static func shown(_ row: [String?]) -> String {
    let application = row[2].flatMap { $0.isEmpty ? nil : $0 } ?? "unknown"
    return "pid \(row[0] ?? "?") in \(row[3] ?? "?") (user \(row[1] ?? "?"), application \(application))"
  }

  /// The statement that lets people connect to a database, or no longer.
  static func opening(_ database: String, _ isOpen: Bool) -> String {
    "ALTER DATABASE \(PostgresSession.quoted(database)) ALLOW_CONNECTIONS \(isOpen)"
  }

  /// The statement that makes new sessions of a database read only, or gives back what was set before.
  static func pausing(_ database: String, _ isPaused: Bool, prior: String? = nil) -> String {
    let name = PostgresSession.quoted(database)
    if isPaused { return "ALTER DATABASE \(name) SET default_transaction_read_only = on" }
    if let prior {
      return "ALTER DATABASE \(name) SET default_transaction_read_only = \(PostgresSession.literal(prior))"
    }
    return "ALTER DATABASE \(name) RESET default_transaction_read_only"
  }

  /// What the database sets for every session of its own.
  func setting(_ name: String, of database: String, _ session: PostgresSession) async throws(DatabaseError) -> String? {
    let rows = try await session.rows(
      """
      SELECT item FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) item
      WHERE d.datname = $1::name AND s.setrole = 0
      """, [database])
    let found = rows.compactMap { $0.first ?? nil }.first { $0.hasPrefix(name + "=") }
    return found.map { String($0.dropFirst(name.count + 1)) }
  }
}
