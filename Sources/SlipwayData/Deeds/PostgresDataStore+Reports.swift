package import SlipwayConnectors
package import SlipwayModel

/// What is known beside the deeds themselves.
extension PostgresDataStore {
  /// Of snapshots all that their manifests say; of green's data where they are.
  package func report(_ order: DataOrder) async -> DataReport? {
    switch order.deed {
    case .snapshot, .backup:
      let id = order.snapshot(ofSource: order.deed == .snapshot)
      guard let snapshot = try? snapshots.snapshot(id) else { return nil }
      return report(order.deed, snapshot)
    case .green:
      guard let entries = try? await server.databases(), let entry = made(by: order.run, entries) else { return nil }
      var report = DataReport(deed: .green)
      report.database = entry.name
      report.files = places.green(order.green).files
      report.method = entry.mark?.made?.method
      return report
    case .migrate, .swap, .swapBack, .resumeWrites, .setAside, .restore: return nil
    }
  }

  /// Sessions that the server counts as ended by a fatal error, or abandoned because the client was gone (B8).
  ///
  /// Sessions that Slipway ends itself are counted by PostgreSQL as killed, and not here.
  package func connectionErrors(of slot: Slot) async throws(ConnectorError) -> Int? {
    guard let place = places.own(slot) ?? places.one else { return nil }
    return try await within(.seconds(15), "count of connection errors of '\(place.database)'") {
      let count = try await server.session().value(
        "SELECT sessions_fatal + sessions_abandoned FROM pg_stat_database WHERE datname = $1", [place.database])
      return count.flatMap { Int($0) }
    }
  }
}
