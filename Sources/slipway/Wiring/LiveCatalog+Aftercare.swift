internal import SlipwayConnectors
internal import SlipwayData
internal import SlipwayModel

extension LiveCatalog {
  /// Who asks what only the phases after a deployment want to know.
  func aftercare() -> (any AftercareProbe)? {
    AlertSystems(client: client, secrets: secrets, runner: runner, database: PostgresQuestion(secrets: secrets))
  }
}
