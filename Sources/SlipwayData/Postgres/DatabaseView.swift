internal import SlipwayConnectors

/// A database as it is at one moment, for as long as this is held: one transaction in which nothing changes.
package struct DatabaseView: Sendable {
  private let session: PostgresSession
  private let database: String
  /// With which other sessions, such as those of `pg_dump`, see exactly the same rows.
  package let identifier: String

  /// - Throws: ``DatabaseError``.
  package static func open(_ server: PostgresServer, database: String) async throws(DatabaseError) -> DatabaseView {
    let session = try await server.session(database)
    try await session.rows("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
    // A row that a policy hides would be missing from a copy: an error is wanted instead.
    try await session.rows("SET LOCAL row_security = off")
    for limit in ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] {
      try await session.rows("SET LOCAL \(limit) = 0")
    }
    let identifier = try await session.value("SELECT pg_export_snapshot()") ?? ""
    return DatabaseView(session: session, database: database, identifier: identifier)
  }

  /// Facts, and the object numbers of the tables in them.
  package struct Facts: Sendable {
    package var facts: DatabaseFacts
    package var tables: Set<String>
  }

  /// Everything that a copy is compared with; counts every row of every table.
  package func facts() async throws(DatabaseError) -> Facts {
    let character = try await session.rows(
      """
      SELECT current_setting('server_version'), pg_encoding_to_char(encoding), datcollate, datctype,
        pg_database_size(oid), to_jsonb(d) ->> 'datlocprovider',
        coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale')
      FROM pg_database d WHERE datname = current_database()
      """
    ).first
    var tables: [TableFacts] = []
    var numbers: Set<String> = []
    for row in try await session.rows(Self.tables) {
      guard let number = row[0], let schema = row[1], let name = row[2] else { continue }
      let count = try await session.value(
        "SELECT count(*) FROM ONLY \(PostgresSession.quoted(schema)).\(PostgresSession.quoted(name))")
      numbers.insert(number)
      tables.append(TableFacts(name: "\(schema).\(name)", rows: count.flatMap { Int64($0) } ?? -1))
    }
    let objects = try await session.value("SELECT count(*) FROM pg_largeobject_metadata")
    if let count = objects.flatMap({ Int64($0) }), count > 0 {
      tables.append(TableFacts(name: "pg_catalog.pg_largeobject_metadata", rows: count))
    }
    let constraints = try await session.rows(Self.constraints).compactMap { $0.first ?? nil }
    let extensions = try await session.rows("SELECT extname, extversion FROM pg_extension").map {
      ExtensionFacts(name: $0[0] ?? "", version: $0[1] ?? "")
    }
    var facts = DatabaseFacts(
      name: database, serverVersion: (character?[0] ?? "").split(separator: " ").first.map(String.init) ?? "",
      encoding: character?[1] ?? "", collation: Self.collation(character ?? []),
      bytes: character?[4].flatMap { Int64($0) } ?? 0, tables: tables.sorted { $0.name < $1.name },
      constraints: constraints.sorted(), extensions: extensions.sorted { $0.name < $1.name })
    facts.roles = try await session.rows(Self.roles).compactMap { $0.first ?? nil }.sorted()
    return Facts(facts: facts, tables: numbers)
  }

  /// What `query` says must lie in the folder of the files, at the same moment as everything else here.
  ///
  /// - Throws: ``DatabaseError`` when it is no query of one or two columns.
  package func references(_ query: String) async throws(DatabaseError) -> [FileReference] {
    let rows = try await session.rows(query)
    guard let first = rows.first else { return [] }
    guard first.count == 1 || first.count == 2 else {
      throw DatabaseError(
        .misconfigured,
        "'references' gives \(first.count) columns; a path and, optionally, a hash are expected")
    }
    var seen: Set<FileReference> = []
    for row in rows {
      guard let path = row[0], !path.isEmpty else { continue }
      let hash = row.count == 2 ? row[1].flatMap { $0.isEmpty ? nil : $0.lowercased() } : nil
      seen.insert(FileReference(path: path, hash: hash))
    }
    return seen.sorted { ($0.path, $0.hash ?? "") < ($1.path, $1.hash ?? "") }
  }

  /// `C.UTF-8`, or all that differs from it: `icu:de-DE C.UTF-8 de_DE.UTF-8`.
  private static func collation(_ row: [String?]) -> String {
    guard row.count == 7, let collate = row[2], let type = row[3] else { return "" }
    let libc = collate == type ? collate : collate + " " + type
    switch row[5] {
    case "i"?: return "icu:\(row[6] ?? "und") \(libc)"
    case "b"?: return "builtin:\(row[6] ?? "C") \(libc)"
    default: return libc
    }
  }

  private static let own = "n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'"

  /// What belongs to an extension comes with the extension.
  private static let tables = """
    SELECT c.oid, n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND \(own) AND NOT EXISTS (
      SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY 2, 3
    """

  /// Not those that merely say NOT NULL, which only newer servers list.
  private static let constraints = """
    SELECT n.nspname || '.' || c.relname || '.' || k.conname FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE k.convalidated AND k.contype <> 'n' AND \(own) AND NOT EXISTS (
      SELECT 1 FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    """

  /// Everybody who owns something here or has a right to it.
  private static let roles = """
    SELECT r.rolname FROM pg_shdepend s JOIN pg_database d ON d.oid = s.dbid JOIN pg_roles r ON r.oid = s.refobjid
    WHERE d.datname = current_database() AND s.refclassid = 'pg_authid'::regclass
    UNION SELECT pg_get_userbyid(c.relowner) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE \(own)
    """
}
