package import SlipwayModel

/// Asks a database one statement, in a transaction that is taken back.
package protocol DatabaseQuestion: Sendable {
  /// The first row; nil when there is none.
  ///
  /// The caller bounds how long that may take, by cancelling.
  ///
  /// - Throws: ``ConnectorError``, which holds no secret.
  func firstRow(of query: String, at url: SecretText) async throws(ConnectorError) -> [String?]?
}
