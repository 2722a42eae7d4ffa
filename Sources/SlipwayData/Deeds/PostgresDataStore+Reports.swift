package import SlipwayConnectors
package import SlipwayModel

/// What is known beside the deeds themselves.
extension PostgresDataStore {
  /// Of snapshots all that their manifests say; of the rest what the databases' marks say.
  package func report(_ order: DataOrder) async -> DataReport? {
    guard let entries = try? await server.databases() else { return nil }
    var report = DataReport(deed: order.deed)
    switch order.deed {
    case .snapshot, .backup:
      let id = order.snapshot(ofSource: order.deed == .snapshot)
      guard let snapshot = try? snapshots.snapshot(id) else { return nil }
      return self.report(order.deed, snapshot)
    case .green:
      guard let entry = made(by: order.run, entries) else { return nil }
      report.database = entry.name
      report.files = green(order).files
      report.method = entry.mark?.made?.method
      let facts = try? await server.facts(of: entry.name)
      report.rows = facts?.rows
      report.tables = facts?.tables.count
      report.databaseBytes = facts?.bytes
      report.aside = aside(entries) { $0.role == .aside && $0.run == order.run }
    case .swap: report.aside = aside(entries) { $0.role == .blue && $0.run == order.run }
    case .setAside: report.aside = aside(entries) { $0.role == .aside && $0.made?.run == order.run }
    case .restore: report.aside = aside(entries) { $0.role == .aside && $0.run == order.run }
    case .migrate, .swapBack, .resumeWrites: return nil
    }
    if order.deed == .setAside || order.deed == .restore, let kept = report.aside.first {
      report.loss = try? await loss(of: kept.database, kept.files, order)
    }
    return report
  }

  private func aside(_ entries: [DatabaseEntry], _ isMeant: (DatabaseMark) -> Bool) -> [AsideData] {
    entries.compactMap { entry in
      guard let mark = entry.mark, isMeant(mark), !PostgresServer.isPassing(entry.name) else { return nil }
      let files = mark.files ?? (entry.name == places.blue.database ? places.blue.files : nil)
      return AsideData(database: entry.name, files: files, was: "taken out of use at \(mark.since)", run: mark.run)
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
