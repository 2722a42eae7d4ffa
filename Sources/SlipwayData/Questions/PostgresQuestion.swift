package import SlipwayConnectors
package import SlipwayModel

/// Asks a PostgreSQL database, and leaves nothing behind.
package struct PostgresQuestion: DatabaseQuestion {
  private let secrets: SecretSource
  private let name: String

  /// - Parameters:
  ///   - secrets: resolves references in the address at each question.
  ///   - name: what the server shows of who asks (`application_name`).
  package init(secrets: SecretSource, name: String = "slipway dependencies") {
    self.secrets = secrets
    self.name = name
  }

  package func firstRow(of query: String, at url: SecretText) async throws(ConnectorError) -> [String?]? {
    let address = try PostgresAddress(url, secrets: secrets)
    do throws(DatabaseError) {
      let session = try await PostgresSession.open(address, name: name)
      try await session.rows("BEGIN")
      let row = try await session.rows(query).first
      try await session.rows("ROLLBACK")
      return row
    } catch {
      throw error.connector
    }
  }
}
