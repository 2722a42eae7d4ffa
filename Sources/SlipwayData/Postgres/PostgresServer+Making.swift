internal import SlipwayConnectors

/// Databases are made and removed.
extension PostgresServer {
  /// Databases of these names are Slipway's own, on the way to be something or looked at once; nobody else is ever given such a name.
  package static let makingPrefix = "slipway_making_"
  package static let scratchPrefix = "slipway_scratch_"

  /// Whether the name alone says that the database is Slipway's own and may go.
  package static func isPassing(_ name: String) -> Bool {
    name.hasPrefix(makingPrefix) || name.hasPrefix(scratchPrefix)
  }

  /// Copies `source` to `target` file by file; nobody is in `source` meanwhile.
  ///
  /// The source is closed, its sessions end, and it is opened again whatever happens; after a crash in between ``mend(_:)`` opens it.
  ///
  /// The source's mark is to be `mark`; `statements` are carried out in the transaction that writes it and closes the source.
  ///
  /// - Throws: ``DatabaseError``; then there is no target.
  package func copy(
    _ source: String, to target: String, mark: DatabaseMark, statements: [String] = []
  ) async throws(DatabaseError) {
    let orders = try await session()
    guard let entry = try await database(source, orders) else {
      throw DatabaseError(.refused, state: "3D000", "\(orders.shown): database '\(source)' does not exist")
    }
    let character = try await character(of: source, orders)
    var closed = mark
    closed.isClosed = true
    try await orders.transaction(statements + [entry.marking(closed), Self.opening(source, false)])
    let made: Result<Void, DatabaseError>
    do throws(DatabaseError) {
      try await endSessions(in: [source], orders)
      try await orders.rows(
        "CREATE DATABASE \(PostgresSession.quoted(target)) TEMPLATE \(PostgresSession.quoted(source))"
          + " OWNER \(PostgresSession.quoted(character.owner))" + (try await fileCopy(orders)))
      made = .success(())
    } catch {
      made = .failure(error)
    }
    let opened = [entry.marking(mark), Self.opening(source, true)]
    try await always { session throws(DatabaseError) in try await session.transaction(opened) }
    try made.get()
    try await orders.transaction(character.statements(for: target))
  }

  /// Makes an empty database for a restored copy, with its encoding and collation.
  package func create(
    _ target: String, like facts: DatabaseFacts, character: DatabaseCharacter?
  ) async throws(DatabaseError) {
    let orders = try await session()
    try await orders.rows(
      "CREATE DATABASE \(PostgresSession.quoted(target)) TEMPLATE template0"
        + " ENCODING \(PostgresSession.literal(facts.encoding))" + Self.collation(facts.collation)
        + (character.map { " OWNER \(PostgresSession.quoted($0.owner))" } ?? ""))
    if let character { try await orders.transaction(character.statements(for: target)) }
  }

  /// The clauses for a collation as ``DatabaseFacts/collation`` has it.
  private static func collation(_ text: String) -> String {
    var words = text.split(separator: " ").map(String.init)
    var clauses = ""
    for provider in ["icu", "builtin"] where words.first?.hasPrefix(provider + ":") == true {
      let locale = PostgresSession.literal(String(words.removeFirst().dropFirst(provider.count + 1)))
      clauses += " LOCALE_PROVIDER \(provider) \(provider.uppercased())_LOCALE \(locale)"
    }
    guard let collate = words.first, let type = words.last else { return clauses }
    return clauses + " LC_COLLATE \(PostgresSession.literal(collate)) LC_CTYPE \(PostgresSession.literal(type))"
  }

  /// Removes a database that is Slipway's own by its name; harmless when it is gone.
  ///
  /// - Throws: ``DatabaseError`` with `refused` for any other name.
  package func dropPassing(_ name: String, _ given: PostgresSession? = nil) async throws(DatabaseError) {
    guard Self.isPassing(name) else {
      throw DatabaseError(.refused, "database '\(name)' is not Slipway's own and is not removed")
    }
    try await drop(name, given)
  }

  /// Removes a database whose mark `isAllowed` to be removed; harmless when it is gone.
  package func drop(
    marked name: String, _ isAllowed: (DatabaseMark) -> Bool
  ) async throws(DatabaseError) {
    let orders = try await session()
    guard let entry = try await database(name, orders) else { return }
    guard let mark = entry.mark, isAllowed(mark) else {
      throw DatabaseError(
        .refused,
        "\(orders.shown): database '\(name)' is not removed: "
          + (entry.mark.map { "it is marked \($0.role.rawValue) of run \($0.run)" } ?? "it carries no mark of Slipway")
          + "; remove it by hand if nobody needs it")
    }
    try await drop(name, orders)
  }

  private func drop(_ name: String, _ given: PostgresSession?) async throws(DatabaseError) {
    let orders = try await asking(given)
    guard try await database(name, orders) != nil else { return }
    try await orders.rows(Self.opening(name, false))
    try await endSessions(in: [name], orders)
    try await orders.rows("DROP DATABASE IF EXISTS \(PostgresSession.quoted(name))")
  }

  /// Opens databases again that a crash left closed; says which.
  @discardableResult
  package func mend(_ names: [String]) async throws(DatabaseError) -> [String] {
    let orders = try await session()
    var mended: [String] = []
    for entry in try await databases(orders) where names.contains(entry.name) {
      guard var mark = entry.mark, mark.isClosed == true, mark.exchange == nil else { continue }
      mark.isClosed = nil
      try await orders.transaction([entry.marking(mark), Self.opening(entry.name, true)])
      mended.append(entry.name)
    }
    return mended
  }

  /// Extensions and roles of `facts` that this server lacks, by name.
  package func missing(for facts: DatabaseFacts) async throws(DatabaseError) -> (extensions: [String], roles: [String])
  {
    let orders = try await session()
    let available = Set(try await orders.rows("SELECT name FROM pg_available_extensions").compactMap { $0[0] })
    let roles = Set(try await orders.rows("SELECT rolname FROM pg_roles").compactMap { $0[0] })
    return (
      facts.extensions.map(\.name).filter { !available.contains($0) },
      (facts.roles ?? []).filter { !roles.contains($0) }
    )
  }

  private func fileCopy(_ session: PostgresSession) async throws(DatabaseError) -> String {
    // Before 15 there is no other way, and no word for it.
    let version = try await session.value("SELECT current_setting('server_version_num')")
    return version.flatMap { Int($0) } ?? 0 >= 150_000 ? " STRATEGY FILE_COPY" : ""
  }

  /// Does `body` on a connection of its own even when this task was cancelled or the earlier connection is gone.
  func always(
    _ body: @escaping @Sendable (PostgresSession) async throws(DatabaseError) -> Void
  ) async throws(DatabaseError) {
    let result: Result<Void, DatabaseError> = await Task {
      do throws(DatabaseError) {
        try await body(try await self.session())
        return .success(())
      } catch {
        return .failure(error)
      }
    }.value
    try result.get()
  }
}
