internal import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// Backup and restore by themselves, outside any promotion (B14).
extension PostgresDataStore {
  /// Takes a snapshot of the data that serve.
  ///
  /// - Parameters:
  ///   - id: how it will be called.
  ///   - environment: whose data these are.
  ///   - blue: what serves; nil where nobody knows.
  ///   - now: the present.
  ///   - progress: hears how far it is.
  /// - Returns: the snapshot in the store.
  /// - Throws: ``ConnectorError`` when there are no live data, or they could not be copied whole.
  package func takeSnapshot(
    _ id: SnapshotID, of environment: EnvironmentName, blue: Placement?, now: Timestamp,
    progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) -> Snapshot {
    try await within(spec.timeout, "snapshot of '\(environment)'") {
      try await locked {
        try await mend()
        let live = try await liveAlone(environment, blue, now)
        for attempt in 0..<2 {
          do {
            return try await takeAlone(id, live, environment, blue?.release.id, now, progress)
          } catch let error as ConnectorError where error.code == .unreachable && attempt == 0 {
            // What the application collected between dump and copy is not in the next dump any more.
            progress("once more: \(error.message)")
          }
        }
        throw ConnectorError(.unreachable, "the data of '\(environment)' could not be copied; repeat")
      }
    }
  }

  private func takeAlone(
    _ id: SnapshotID, _ live: DataPlace, _ environment: EnvironmentName, _ release: ReleaseID?, _ now: Timestamp,
    _ progress: @escaping @Sendable (String) -> Void
  ) async throws -> Snapshot {
    let draft = try snapshots.begin(id, of: environment)
    do {
      let dump = await dump()
      if let files = live.files { try await draft.pinFiles(from: files, names: names) }
      let view = try await DatabaseView.open(server, database: live.database)
      progress("dumping database '\(live.database)'")
      try await dump.make(of: live.database, seenBy: view, into: draft.databaseFolder)
      let references = live.files == nil ? [] : try await references(view)
      let facts = try await view.facts()
      try await dump.check(draft.databaseFolder, holds: facts.tables)
      if let files = live.files {
        progress("copying files of \(files)")
        try await draft.addFiles(from: files, names: names, references: references, progress: progress)
      }
      return try await snapshots.publish(
        draft,
        SnapshotContents(
          environment: environment, release: release, takenAt: now, database: facts.facts, references: references),
        progress: progress)
    } catch {
      await draft.discard()
      throw error
    }
  }

  private func liveAlone(
    _ environment: EnvironmentName, _ blue: Placement?, _ now: Timestamp
  ) async throws -> DataPlace {
    let order = order(environment, run: "alone", blue, now)
    guard let live = try live(order, try await server.databases()), try await server.database(live.database) != nil
    else {
      throw ConnectorError(
        .refused,
        "'\(environment)' has no live database (\(places.all.map(\.database).joined(separator: ", ")) at \(server.address.shown)); make it first"
      )
    }
    return live
  }

  /// Restores a snapshot beside everything that is there, and looks at it before it gets its name.
  ///
  /// - Parameters:
  ///   - snapshot: what is restored.
  ///   - name: the new database; must not exist.
  ///   - files: the new folder of its files; nil leaves them out.
  ///   - progress: hears how far it is.
  /// - Returns: what was made and how it was checked.
  /// - Throws: `refused` when a name is in use or the copy is not what it should be; nothing is left then.
  package func restoreAlone(
    _ snapshot: Snapshot, toDatabase name: String, files: String?,
    progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) -> DataReport {
    guard name.wholeMatch(of: /[A-Za-z_][A-Za-z0-9_\-]{0,62}/) != nil, !PostgresServer.isPassing(name) else {
      throw ConnectorError(
        .refused, "'\(name)' is no name for a database; use up to 63 letters, digits, '_' and '-'")
    }
    return try await within(spec.timeout, "restore of snapshot \(snapshot.id)") {
      try await locked {
        guard try await server.database(name) == nil else {
          throw ConnectorError(
            .refused,
            "database '\(name)' at \(server.address.shown) is there already and is not written over; choose another name"
          )
        }
        if let files, FolderMoves.exists(files) {
          throw ConnectorError(.refused, "\(files) is there already and is not written over; choose another folder")
        }
        return try await inPassing(snapshot, prefix: PostgresServer.makingPrefix, files: files, progress) {
          making, report in
          if let from = making.files, let to = files { try FolderMoves.carryOut([FolderMoves.renaming(from, to: to)]) }
          do {
            let orders = try await server.session()
            try await server.endSessions(in: [making.database], orders)
            let names = [making.database, name].map(PostgresSession.quoted)
            try await orders.rows("ALTER DATABASE \(names[0]) RENAME TO \(names[1])")
          } catch {
            if let from = files, let to = making.files {
              try FolderMoves.carryOut([FolderMoves.renaming(from, to: to)])
            }
            throw error
          }
          report.database = name
          report.files = files
        }
      }
    }
  }

  /// Restores a snapshot into a database that nobody uses, looks at it, and takes it away.
  ///
  /// - Returns: what was checked; a check that failed is in it.
  package func tryOut(
    _ snapshot: Snapshot, progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) -> DataReport {
    try await within(spec.timeout, "trial of snapshot \(snapshot.id)") {
      try await locked {
        let files = snapshot.manifest.names.map { _ in snapshots.folder + "/trial" }
        return try await inPassing(snapshot, prefix: PostgresServer.scratchPrefix, files: files, progress) {
          making, report in
          report.database = making.database
          try await clear(making)
        }
      }
    }
  }

  /// Restores under a passing name that the snapshot's own gives, so that a repeat clears away what a crash left.
  private func inPassing(
    _ snapshot: Snapshot, prefix: String, files: String?, _ progress: @escaping @Sendable (String) -> Void,
    _ body: (DataPlace, inout DataReport) async throws -> Void
  ) async throws -> DataReport {
    let began = ContinuousClock.now
    let passing = String(Digest(of: Data(snapshot.id.text.utf8)).hex.prefix(16))
    let making = DataPlace(
      database: prefix + "alone_" + passing,
      files: files.map { path in
        let parent = (path as NSString).deletingLastPathComponent
        return "\(parent)/.slipway-making-\((path as NSString).lastPathComponent)-\(passing)"
      })
    try await clear(making)
    var report = DataReport(deed: .restore)
    do {
      let order = order(snapshot.manifest.environment, run: "alone", nil, snapshot.manifest.takenAt)
      let live = (try? live(order, try await server.databases())) ?? nil
      try await restore(snapshot, to: making, like: live, &report, order, progress)
      try await body(making, &report)
    } catch {
      await cleanUp { try await clear(making) }
      throw error
    }
    report.took = Span(since: began)
    return report
  }

  private func order(
    _ environment: EnvironmentName, run: RunID, _ blue: Placement?, _ now: Timestamp
  ) -> DataOrder {
    DataOrder(
      deed: .snapshot, environment: environment,
      release: blue?.release ?? Release(id: "unknown", artifact: "unknown"), green: (blue?.slot ?? .a).other,
      blue: blue, run: run, greenData: .shared, now: now)
  }
}
