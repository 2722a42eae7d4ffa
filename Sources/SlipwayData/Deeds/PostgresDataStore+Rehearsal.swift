package import SlipwayConnectors
package import SlipwayModel

/// The way back is tried on a copy.
extension PostgresDataStore {
  /// Restores the run's backup into a database that nobody uses, looks at it, and takes it away; what serves is not touched (C8).
  ///
  /// - Throws: ``ConnectorError`` when the backup would not bring the data back.
  package func rehearse(
    _ order: DataOrder, progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(ConnectorError) -> DataReport {
    let began = ContinuousClock.now
    var report = try await within(spec.timeout, "rehearsal of the restore of '\(order.environment)'") {
      try await locked { try await restoreForTrial(order, progress) }
    }
    report.took = Span(since: began)
    return report
  }

  private func restoreForTrial(_ order: DataOrder, _ progress: @escaping Progress) async throws -> DataReport {
    let id = order.snapshot(ofSource: false)
    guard let snapshot = try snapshots.snapshot(id) else {
      throw ConnectorError(.refused, "there is no backup \(id) in \(snapshots.folder) to rehearse with")
    }
    let live = try live(order, try await server.databases())
    let scratch = making(
      order, beside: live ?? DataPlace(database: "", files: nil), prefix: PostgresServer.scratchPrefix)
    try await clear(scratch)
    var report = DataReport(deed: .restore)
    do {
      try await restore(snapshot, to: scratch, like: live, &report, order, progress)
    } catch {
      await cleanUp { try await clear(scratch) }
      throw error
    }
    try await clear(scratch)
    report.database = scratch.database
    return report
  }
}
