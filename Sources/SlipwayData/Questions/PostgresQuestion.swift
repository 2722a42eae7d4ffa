package import SlipwayConnectors
package import SlipwayModel

/// Asks a PostgreSQL database, and leaves nothing behind.
package struct PostgresQuestion: DatabaseQuestion {
  private let secrets: SecretSource

  package init(secrets: SecretSource) { self.secrets = secrets }

  package func firstRow(of query: String, at url: SecretText) async throws(ConnectorError) -> [String?]? {
    let address = try PostgresAddress(url, secrets: secrets)
    do throws(DatabaseError) {
      let session = try await PostgresSession.open(address, name: "slipway dependencies")
      try await session.rows("BEGIN")
      let row = try await session.rows(query).first
      try await session.rows("ROLLBACK")
      return row
    } catch {
      throw error.connector
    }
  }
}
