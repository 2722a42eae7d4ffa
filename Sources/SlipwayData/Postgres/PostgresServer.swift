internal import SlipwayConnectors

/// A PostgreSQL server on which databases are looked at, made, renamed and removed.
package struct PostgresServer: Sendable {
  package let address: PostgresAddress

  package init(_ address: PostgresAddress) { self.address = address }

  /// A connection to `database`, or to that in which orders are given.
  package func session(_ database: String? = nil) async throws(DatabaseError) -> PostgresSession {
    try await PostgresSession.open(address, database: database)
  }

  /// All databases but the server's own templates.
  package func databases(_ session: PostgresSession? = nil) async throws(DatabaseError) -> [DatabaseEntry] {
    let rows = try await asking(session).rows(
      """
      SELECT datname, oid, datallowconn, pg_get_userbyid(datdba), shobj_description(oid, 'pg_database')
      FROM pg_database WHERE NOT datistemplate ORDER BY datname
      """)
    return rows.compactMap { row in
      guard let name = row[0], let oid = row[1] else { return nil }
      return DatabaseEntry(
        name: name, oid: oid, isOpen: row[2] == "t", owner: row[3] ?? "", comment: row[4],
        mark: DatabaseMark(comment: row[4]))
    }
  }

  /// The database of that name; nil when there is none.
  package func database(_ name: String, _ session: PostgresSession? = nil) async throws(DatabaseError) -> DatabaseEntry?
  {
    try await databases(session).first { $0.name == name }
  }

  /// Bytes that the database takes on the server's disk.
  package func size(of database: String) async throws(DatabaseError) -> Int64 {
    let text = try await session().value("SELECT pg_database_size($1::name)", [database])
    return text.flatMap { Int64($0) } ?? 0
  }

  /// The server's version, such as 150018.
  package func version() async throws(DatabaseError) -> Int {
    let text = try await session().value("SELECT current_setting('server_version_num')")
    return text.flatMap { Int($0) } ?? 0
  }

  /// What `database` holds at this moment.
  package func facts(of database: String) async throws(DatabaseError) -> DatabaseFacts {
    try await DatabaseView.open(self, database: database).facts().facts
  }

  /// `given`, or a new connection for orders.
  func asking(_ given: PostgresSession?) async throws(DatabaseError) -> PostgresSession {
    if let given { return given }
    return try await session()
  }
}

/// One database as the server lists it.
package struct DatabaseEntry: Sendable, Equatable {
  package var name: String
  package var oid: String
  /// Whether it lets anybody connect.
  package var isOpen: Bool
  package var owner: String
  package var comment: String?
  package var mark: DatabaseMark?
}

extension PostgresSession {
  /// All statements or none of them.
  package func transaction(_ statements: [String]) async throws(DatabaseError) {
    try await rows("BEGIN")
    do throws(DatabaseError) {
      for statement in statements { try await rows(statement) }
      try await rows("COMMIT")
    } catch {
      _ = try? await rows("ROLLBACK")
      throw error
    }
  }
}

extension DatabaseEntry {
  /// The statement that gives the database another mark, or none, and leaves what a person wrote.
  func marking(_ mark: DatabaseMark?) -> String { Self.marking(name, comment, mark) }

  /// The same for a database whose name has changed meanwhile.
  static func marking(_ name: String, _ comment: String?, _ mark: DatabaseMark?) -> String {
    let text = DatabaseMark.comment(comment, marked: mark)
    return "COMMENT ON DATABASE \(PostgresSession.quoted(name)) IS \(text.map(PostgresSession.literal) ?? "NULL")"
  }
}
