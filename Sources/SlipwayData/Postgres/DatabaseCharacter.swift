internal import SlipwayConnectors

/// What belongs to a database and is in no copy of its contents: owner, rights and settings.
package struct DatabaseCharacter: Sendable, Equatable {
  package var owner: String
  package var connectionLimit: Int
  /// `GRANT` and `ALTER` statements in which the database's name is ``DatabaseCharacter/place``.
  package var statements: [String]

  /// Stands in the statements where the name of the database goes.
  static let place = "\u{1}"

  /// The statements for a database of this name.
  func statements(for database: String) -> [String] {
    let name = PostgresSession.quoted(database)
    return ["ALTER DATABASE \(name) CONNECTION LIMIT \(connectionLimit)"]
      + statements.map { $0.replacing(Self.place, with: name) }
  }
}

extension PostgresServer {
  /// Owner, rights and settings of `database`, but not the pause of writes that Slipway made.
  func character(
    of database: String, _ session: PostgresSession
  ) async throws(DatabaseError) -> DatabaseCharacter {
    let own = try await session.rows(
      "SELECT pg_get_userbyid(datdba), datconnlimit, datacl IS NULL FROM pg_database WHERE datname = $1::name",
      [database]
    ).first
    guard let own, let owner = own[0] else {
      throw DatabaseError(.refused, state: "3D000", "\(session.shown): database '\(database)' does not exist")
    }
    var statements: [String] = []
    if own[2] == "f" { statements = try await rights(of: database, session) }
    let prior = try await self.database(database, session)?.mark?.pause
    let settings = try await session.rows(
      """
      SELECT r.rolname, item FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
      LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) item WHERE d.datname = $1::name ORDER BY 1, 2
      """, [database])
    for row in settings {
      guard let item = row[1], let equals = item.firstIndex(of: "=") else { continue }
      let name = String(item[..<equals])
      var value = String(item[item.index(after: equals)...])
      if name == "default_transaction_read_only", row[0] == nil, let pause = prior {
        guard let before = pause.prior else { continue }
        value = before
      }
      statements.append(Self.setting(name, value, role: row[0]))
    }
    return DatabaseCharacter(owner: owner, connectionLimit: own[1].flatMap { Int($0) } ?? -1, statements: statements)
  }

  /// Settings that are lists are kept by the server with their quotes, and must not be quoted again.
  private static func setting(_ name: String, _ value: String, role: String?) -> String {
    let lists = [
      "search_path", "temp_tablespaces", "session_preload_libraries", "local_preload_libraries",
      "shared_preload_libraries", "unix_socket_directories", "datestyle",
    ]
    let written = lists.contains(name.lowercased()) && !value.isEmpty ? value : PostgresSession.literal(value)
    let whose =
      role.map { "ALTER ROLE \(PostgresSession.quoted($0)) IN DATABASE " + DatabaseCharacter.place }
      ?? "ALTER DATABASE " + DatabaseCharacter.place
    let dotted = name.split(separator: ".").map { PostgresSession.quoted(String($0)) }.joined(separator: ".")
    return "\(whose) SET \(dotted) TO \(written)"
  }

  private func rights(of database: String, _ session: PostgresSession) async throws(DatabaseError) -> [String] {
    let rows = try await session.rows(
      """
      SELECT CASE WHEN a.grantee = 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable
      FROM pg_database d, aclexplode(d.datacl) a WHERE d.datname = $1::name ORDER BY 1, 2
      """, [database])
    // What everybody may do by default is taken away first, so that what was forbidden stays forbidden.
    return ["REVOKE ALL ON DATABASE \(DatabaseCharacter.place) FROM PUBLIC"]
      + rows.map { row in
        let whom = row[0].map(PostgresSession.quoted) ?? "PUBLIC"
        return "GRANT \(row[1] ?? "CONNECT") ON DATABASE \(DatabaseCharacter.place) TO \(whom)"
          + (row[2] == "t" ? " WITH GRANT OPTION" : "")
      }
  }
}
