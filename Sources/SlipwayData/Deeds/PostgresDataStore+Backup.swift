internal import SlipwayConnectors
internal import SlipwayModel

/// Live data are copied into a snapshot.
extension PostgresDataStore {
  func backUp(_ order: DataOrder, ofSource: Bool, _ progress: @escaping Progress) async throws -> DataResult {
    let id = order.snapshot(ofSource: ofSource)
    if let snapshot = try snapshots.snapshot(id) {
      return DataResult("snapshot \(id) was there already", report(order.deed, snapshot))
    }
    guard let live = try live(order, try await server.databases()), try await server.database(live.database) != nil
    else {
      return DataResult("there are no live data to copy", DataReport(deed: order.deed))
    }
    var attempts = 0
    while true {
      do {
        let snapshot = try await take(id, order, live, marks: !ofSource, progress)
        return DataResult(
          "snapshot \(id) of database '\(live.database)': \(snapshot.manifest.database.rows) rows, \(snapshot.manifest.fileCount) files",
          report(order.deed, snapshot))
      } catch let error as MissingFiles where attempts == 0 {
        // What the application collected between dump and copy is not in the next dump any more.
        attempts += 1
        progress("once more: \(error.cause.message)")
      } catch let error as MissingFiles {
        throw error.cause
      }
    }
  }

  /// Files that the database referred to were gone when they were to be copied.
  private struct MissingFiles: Error {
    let cause: ConnectorError
  }

  private func take(
    _ id: SnapshotID, _ order: DataOrder, _ live: DataPlace, marks: Bool, _ progress: @escaping Progress
  ) async throws -> Snapshot {
    let draft = try snapshots.begin(id, of: order.environment)
    do {
      let snapshot = try await fill(draft, order, live, marks: marks, progress)
      return snapshot
    } catch {
      await draft.discard()
      throw error
    }
  }

  /// Database first, files second: every file that a row of the dump refers to was there before the dump began, so it is there still unless it was collected.
  private func fill(
    _ draft: SnapshotDraft, _ order: DataOrder, _ live: DataPlace, marks: Bool, _ progress: @escaping Progress
  ) async throws -> Snapshot {
    let dump = await dump()
    let began = ContinuousClock.now
    let base = marks ? try await server.tally(of: live.database, run: order.run, at: order.now) : nil
    if let files = live.files { try await draft.pinFiles(from: files, names: names) }
    let view = try await DatabaseView.open(server, database: live.database)
    progress("dumping database '\(live.database)'")
    async let dumped: Void = dump.make(of: live.database, seenBy: view, into: draft.databaseFolder)
    let facts: DatabaseView.Facts
    let references: [FileReference]
    do {
      references = live.files == nil ? [] : try await self.references(view)
      facts = try await view.facts()
    } catch {
      // What pg_dump says of the same trouble is less exact.
      throw error
    }
    try await dumped
    try await dump.check(draft.databaseFolder, holds: facts.tables)
    if let files = live.files {
      progress("copying files of \(files)")
      do throws(ConnectorError) {
        try await draft.addFiles(from: files, names: names, references: references, progress: progress)
      } catch {
        throw error.code == .unreachable ? MissingFiles(cause: error) as any Error : error
      }
    }
    if let base { try await remember(base, of: live.database, order) }
    let contents = SnapshotContents(
      environment: order.environment, release: marks ? order.blue?.release.id : order.release.id, run: order.run,
      takenAt: order.now + Span(since: began), database: facts.facts, references: references)
    return try await snapshots.publish(draft, contents, progress: progress)
  }

  var names: FilesSpec.ContentNames { spec.files?.names ?? .plain }

  func references(_ view: DatabaseView) async throws -> [FileReference] {
    guard let query = spec.files?.references else { return [] }
    return try await view.references(query)
  }

  /// Notes what had been written to a live database, so that later it can be said what a return to this moment would lose.
  private func remember(_ base: WriteBase, of database: String, _ order: DataOrder) async throws {
    let orders = try await server.session()
    guard let entry = try await server.database(database, orders) else { return }
    var mark = entry.mark ?? DatabaseMark(role: .live, run: order.run, since: order.now)
    mark.copied = base
    try await orders.rows(entry.marking(mark))
  }

  func report(_ deed: DataDeed, _ snapshot: Snapshot) -> DataReport {
    var report = DataReport(deed: deed)
    let manifest = snapshot.manifest
    report.database = manifest.database.name
    report.snapshot = manifest.id
    report.manifest = snapshot.digest
    report.databaseBytes = manifest.database.bytes
    report.rows = manifest.database.rows
    report.tables = manifest.database.tables.count
    report.fileCount = manifest.fileCount
    report.fileBytes = manifest.fileBytes
    report.method = "dump"
    report.checks = [
      DataCheck("dump", passed: true, detail: "\(manifest.dumpBytes) bytes, read back to the end"),
      DataCheck("files", passed: true, detail: "\(manifest.references) referenced files are in it"),
    ]
    return report
  }
}
