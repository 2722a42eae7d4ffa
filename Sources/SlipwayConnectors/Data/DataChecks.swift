package import SlipwayModel

/// The data that a service works on, while they are looked at.
package struct CheckedData: Sendable, Equatable {
  package var database: String
  /// The folder of the files; nil where there are none.
  package var files: String?
  package var deployment: Deployment

  package init(database: String, files: String?, deployment: Deployment) {
    self.database = database
    self.files = files
    self.deployment = deployment
  }
}

/// Looks at data for smoke tests, and changes nothing.
package protocol DataChecks: Sendable {
  /// What was found, one by one; the look must end within `timeout`.
  ///
  /// - Throws: ``ConnectorError`` where the data cannot be looked at, which is no pass either.
  func look(
    _ check: DataCheckSpec, at place: CheckedData, timeout: Span
  ) async throws(ConnectorError) -> [DataCheck]
}
