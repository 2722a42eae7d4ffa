internal import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// Migrations, the end of the pause, and the ways out of use and back.
extension PostgresDataStore {
  func migrate(_ order: DataOrder) async throws -> DataResult {
    guard let line = spec.migrate else {
      throw ConnectorError(.misconfigured, "no 'migrate' command is configured under 'data' of '\(order.environment)'")
    }
    let place = try await migrated(order)
    var variables = order.deployment.variables.merging(self.variables(place)) { $1 }
    variables["SLIPWAY_DEED"] = order.deed.rawValue
    variables["PGDATABASE"] = place.database
    server.address.variables["PGUSER"]?.reveal { variables["PGUSER"] = $0 }
    let runner = CommandRunner(folder: folder, inherited: inherited, secrets: secrets)
    let output = try await runner.run(
      line, variables: variables, references: spec.environment, directory: spec.directory, timeout: spec.timeout)
    guard output.code == 0 else {
      throw ConnectorError(
        output.code == 126 || output.code == 127 ? .misconfigured : .refused,
        "migrate command '\(line)' ended with code \(output.code): \(output.ending); \(output.advice)")
    }
    let orders = try await server.session()
    guard let entry = try await server.database(place.database, orders) else {
      throw ConnectorError(.refused, "database '\(place.database)' is gone after the migrate command '\(line)'")
    }
    var mark = entry.mark ?? DatabaseMark(role: .live, run: order.run, since: order.now)
    mark.migrated = order.run
    // What the migrations wrote to a database of green's own is nobody's loss.
    if order.greenData != .shared {
      mark.base = try await server.tally(of: place.database, run: order.run, at: order.now)
    }
    try await orders.rows(entry.marking(mark))
    var report = DataReport(deed: .migrate)
    report.database = place.database
    report.files = place.files
    return DataResult("migrate command ended with code 0 on database '\(place.database)'", report)
  }

  private func migrated(_ order: DataOrder) async throws -> DataPlace {
    let entries = try await server.databases()
    // Before the first deployment the data that are there are green's: nobody serves of whom a copy could be made.
    guard order.greenData != .shared, order.greenData != .copy || order.blue != nil else {
      guard let live = try live(order, entries) else {
        throw ConnectorError(.refused, "'\(order.environment)' has no live database to migrate")
      }
      return live
    }
    let green = green(order)
    guard entries.first(where: { $0.name == green.database })?.mark?.made?.run == order.run else {
      throw ConnectorError(
        .refused, "database '\(green.database)' was not made by run \(order.run); nothing was migrated")
    }
    return green
  }

  func resumeWrites(_ order: DataOrder) async throws -> DataResult {
    var report = DataReport(deed: .resumeWrites)
    guard let ended = try await endPause(order) else {
      return DataResult("writes were not paused", report)
    }
    report.database = ended.database
    report.withoutWrites = order.now - ended.since
    return DataResult("database '\(ended.database)' takes writes again", report)
  }

  /// Ends the pause of writes that Slipway made; nil when there is none.
  func endPause(_ order: DataOrder) async throws -> (database: String, since: Timestamp)? {
    let orders = try await server.session()
    let names = Set(places.all.map(\.database))
    guard
      let entry = try await server.databases(orders).first(where: { names.contains($0.name) && $0.mark?.pause != nil }),
      var mark = entry.mark, let pause = mark.pause
    else { return nil }
    mark.pause = nil
    try await orders.transaction([
      entry.marking(mark), PostgresServer.pausing(entry.name, false, prior: pause.prior),
    ])
    // A session keeps what it was opened with: each comes back and may write.
    try await server.endSessions(in: [entry.name], orders)
    return (entry.name, pause.since)
  }

  func setAside(_ order: DataOrder) async throws -> DataResult {
    var report = DataReport(deed: .setAside)
    let making = making(order, beside: green(order))
    try await clear(making)
    guard order.greenData != .shared, let entry = made(by: order.run, try await server.databases()) else {
      return DataResult("there are no data of green's own", report)
    }
    guard entry.mark?.role != .aside else {
      return DataResult("'\(entry.name)' was set aside already", report)
    }
    var place = green(order)
    if let one = places.one, entry.name == one.database {
      guard order.blue == nil else {
        throw ConnectorError(.refused, "'\(entry.name)' serves; swap back first, nothing was changed")
      }
      place = one
    }
    report.database = entry.name
    report.files = place.files
    guard order.servedSince != nil else {
      try await server.drop(marked: entry.name) { $0.made?.run == order.run && $0.role != .aside }
      if let files = place.files { try FolderMoves.remove(files) }
      return DataResult("database '\(entry.name)', which never served, was removed", report)
    }
    let aside = try await moveAside(entry, place, order, was: "green of run \(order.run), which served")
    report.aside = [aside]
    report.loss = try await loss(of: aside.database, aside.files, order)
    return DataResult("database '\(entry.name)' is kept as '\(aside.database)'; \(report.loss?.sentence ?? "")", report)
  }

  /// Brings the live data back to the backup; for green that shared them.
  func restore(_ order: DataOrder, _ progress: @escaping Progress) async throws -> DataResult {
    let entries = try await server.databases()
    guard let live = try live(order, entries) else {
      throw ConnectorError(.refused, "'\(order.environment)' has no live database whose name a restored one could take")
    }
    let serving = entries.first { $0.name == live.database }
    if serving?.mark?.made?.run == order.run, order.greenData == .shared {
      return DataResult("'\(live.database)' was restored already", DataReport(deed: .restore))
    }
    let id = order.snapshot(ofSource: false)
    guard let snapshot = try snapshots.snapshot(id) else {
      throw ConnectorError(
        .refused, "there is no backup \(id) in \(snapshots.folder); '\(live.database)' stays as it is")
    }
    var report = DataReport(deed: .restore)
    let making = making(order, beside: live)
    try await clear(making)
    do {
      try await restore(snapshot, to: making, like: live, &report, order, progress)
      var mark = DatabaseMark(role: .live, run: order.run, since: order.now)
      mark.made = DatabaseMark.Made(run: order.run, method: "dump")
      mark.base = try await server.tally(of: making.database, run: order.run, at: order.now)
      let back = Move(from: making, to: live, mark: mark)
      if let serving {
        let aside = try await freeAside(live, order)
        var old = Self.marked(serving, .aside, order)
        old.files = aside.files
        report.withoutService = try await exchange(
          back, after: Move(from: live, to: aside, mark: old), run: order.run)
        report.aside = [
          AsideData(
            database: aside.database, files: aside.files, was: "what served until the restore of run \(order.run)",
            run: order.run)
        ]
        report.loss = try await loss(of: aside.database, aside.files, order)
      } else {
        report.withoutService = try await exchange(back, run: order.run)
      }
    } catch {
      await cleanUp { try await clear(making) }
      throw error
    }
    report.database = live.database
    report.files = live.files
    return DataResult(
      "'\(live.database)' is back at backup \(id)" + (report.loss.map { "; " + $0.sentence } ?? ""), report)
  }

  package func loss(_ order: DataOrder) async throws(ConnectorError) -> DataLoss? {
    try await within(spec.timeout, "count of what was written") {
      let entries = try await server.databases()
      if order.greenData == .shared {
        guard let live = try live(order, entries) else { return nil }
        return try await loss(of: live.database, live.files, order)
      }
      guard order.servedSince != nil, let entry = made(by: order.run, entries) else { return nil }
      let files = entry.name == places.one?.database ? places.one?.files : green(order).files
      return try await loss(of: entry.name, entry.mark?.files ?? files, order)
    }
  }

  /// What was written to a database and its folder since it was copied, or made.
  func loss(of database: String, _ files: String?, _ order: DataOrder) async throws -> DataLoss {
    let since = order.servedSince
    let mark = try await server.database(database)?.mark
    guard let base = order.greenData == .shared ? mark?.copied : mark?.base, base.run == order.run else {
      return DataLoss(
        since: since ?? order.now, doubt: "it was not noted what had been written before, so anything may be lost")
    }
    let later = try await server.tally(of: database, run: order.run, at: order.now)
    var loss = base.writes(until: later)
    if let files {
      let added = try await FolderMoves.added(to: files, since: base.at)
      loss.filesAdded = added.files
      loss.fileBytesAdded = added.bytes
    }
    // Going back to a backup loses what was written since the backup; leaving green behind, what it was given since it served.
    if let since, order.greenData != .shared { loss.since = since }
    return loss
  }
}
