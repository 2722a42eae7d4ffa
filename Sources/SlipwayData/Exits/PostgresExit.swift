package import SlipwayConnectors
package import SlipwayModel

/// Notes the end of a promotion in a PostgreSQL database.
package struct PostgresExit: ExitDatabase {
  private let secrets: SecretSource

  package init(secrets: SecretSource) { self.secrets = secrets }

  package func change(_ spec: SQLExit, _ facts: [String: String?]) async throws(ConnectorError) -> String {
    let address = try PostgresAddress(spec.database, secrets: secrets)
    guard let update = spec.update.statement(with: facts) else {
      throw ConnectorError(.misconfigured, "the SQL of the exit gate cannot be used: \(spec.update.problem ?? "")")
    }
    do throws(DatabaseError) {
      let session = try await PostgresSession.open(address, name: "slipway exit gate")
      return try await attempt(spec, update, facts, session)
    } catch {
      throw error.connector
    }
  }

  private func attempt(
    _ spec: SQLExit, _ update: (sql: String, values: [String?]), _ facts: [String: String?], _ session: PostgresSession
  ) async throws(DatabaseError) -> String {
    try await session.rows("BEGIN")
    // Whoever holds the row must not hold up the end of a promotion for ever.
    try await session.rows("SET LOCAL statement_timeout = '20s'")
    let trouble: DatabaseError
    do throws(DatabaseError) {
      let found = try await session.value(
        "WITH changed AS (\n\(update.sql)\nRETURNING 1) SELECT count(*) FROM changed", update.values)
      let changed = found.flatMap { Int($0) } ?? 0
      if changed == spec.rows {
        guard try await isThere(spec, facts, session) != false else {
          throw DatabaseError(
            .refused, "\(session.shown): the change is not read back as true; nothing was kept: correct 'read_back'")
        }
        try await session.rows("COMMIT")
        return "\(changed) row\(changed == 1 ? "" : "s") changed in \(session.shown)"
          + (spec.readBack == nil ? "" : ", read back as true")
      }
      trouble = DatabaseError(
        .refused,
        "\(session.shown): \(changed) rows would have changed, and it must be exactly \(spec.rows); nothing was kept")
    } catch {
      trouble = error
    }
    // A connection that is gone takes its transaction with it.
    _ = try? await session.rows("ROLLBACK")
    if trouble.code == .refused, (try? await isThere(spec, facts, session)) == true {
      return "it is so already in \(session.shown): read back as true, nothing changed"
    }
    throw trouble
  }

  /// Whether the change is read back; nil where nobody asks.
  private func isThere(
    _ spec: SQLExit, _ facts: [String: String?], _ session: PostgresSession
  ) async throws(DatabaseError) -> Bool? {
    guard let query = spec.readBack?.statement(with: facts) else { return nil }
    let found = try await session.value(query.sql, query.values)
    return found == "t" || found == "true"
  }
}
