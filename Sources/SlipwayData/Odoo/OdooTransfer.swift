internal import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// Snapshots made from Odoo's own backups, and backups made from snapshots.
package struct OdooTransfer: Sendable {
  private let server: PostgresServer
  private let programs: PostgresPrograms
  private let store: SnapshotStore
  private let inherited: [String: String]
  private let jobs: Int
  private let timeout: Span

  /// - Parameters:
  ///   - server: where a backup is loaded for a moment, under a name of its own.
  ///   - programs: PostgreSQL's own.
  ///   - store: where snapshots are.
  ///   - inherited: the variables of the programs, such as PATH and HOME.
  ///   - jobs: parallel jobs of a dump.
  ///   - timeout: how long one program may run.
  package init(
    _ server: PostgresServer, programs: PostgresPrograms, store: SnapshotStore, inherited: [String: String],
    jobs: Int, timeout: Span
  ) {
    self.server = server
    self.programs = programs
    self.store = store
    self.inherited = inherited
    self.jobs = jobs
    self.timeout = timeout
  }

  /// Makes a snapshot of what a backup in Odoo's format holds, after loading it into a database that goes away again.
  ///
  /// - Parameters:
  ///   - path: the archive.
  ///   - id: the snapshot's name.
  ///   - environment: whose it is to be.
  ///   - now: when it is said to have been taken.
  ///   - progress: hears of the steps.
  /// - Returns: the snapshot, and what the archive said of itself.
  /// - Throws: ``ConnectorError``; then nothing is left.
  package func readBackup(
    _ path: String, as id: SnapshotID, of environment: EnvironmentName, now: Timestamp,
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(ConnectorError) -> (snapshot: Snapshot, backup: OdooZip) {
    if try store.snapshot(id) != nil {
      throw ConnectorError(.refused, "snapshot \(id) is there already; choose another name or delete it first")
    }
    return try await inWorkFolder { work throws(ConnectorError) in
      progress("unpacking \(path)")
      let folder = work + "/backup"
      let backup = try await Blocking.run { _ throws(ConnectorError) in
        try OdooZip.unpack(path, into: folder, limit: Self.room(at: work))
      }
      let database = PostgresServer.scratchPrefix + UUID().uuidString.lowercased().filter { $0 != "-" }.prefix(12)
      let result = await caught { () throws(ConnectorError) -> Snapshot in
        _ = try await told { () throws(DatabaseError) in
          // As Odoo itself makes one.
          try await server.session().rows(
            "CREATE DATABASE \(database) TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C'")
        }
        progress("loading dump.sql")
        try await loader.load(folder + "/" + OdooZip.dumpName, backup.dump, into: database)
        return try await snapshot(database, backup, folder, id, environment, now, progress)
      }
      // Also when this was cancelled.
      await Task { _ = try? await server.dropPassing(database) }.value
      return (try result.get(), backup)
    }
  }

  private func snapshot(
    _ database: String, _ backup: OdooZip, _ folder: String, _ id: SnapshotID, _ environment: EnvironmentName,
    _ now: Timestamp, _ progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) -> Snapshot {
    let draft = try store.begin(id, of: environment)
    let result = await caught { () throws(ConnectorError) -> Snapshot in
      let view = try await told { () throws(DatabaseError) in try await DatabaseView.open(server, database: database) }
      let dump = DatabaseDump(server, programs: programs, inherited: inherited, jobs: jobs, timeout: timeout)
      try await dump.make(of: database, seenBy: view, into: draft.databaseFolder)
      var facts = try await told { () throws(DatabaseError) in try await view.facts() }
      try await dump.check(draft.databaseFolder, holds: facts.tables)
      let query = FilesSpec.odoo(.one("")).references ?? ""
      let references = try await told { () throws(DatabaseError) in try await view.references(query) }
      try await draft.addFiles(
        from: folder + "/" + OdooZip.filesName, names: .sha1, references: references, progress: progress)
      facts.facts.name = backup.manifest.database
      let contents = SnapshotContents(
        environment: environment, takenAt: now, database: facts.facts, references: references)
      return try await store.publish(draft, contents, progress: progress)
    }
    if case .failure = result { await draft.discard() }
    return try result.get()
  }

  /// Writes a snapshot as a backup that Odoo's own restore takes; asks no server but for its version.
  ///
  /// - Parameters:
  ///   - id: the snapshot.
  ///   - path: a new file.
  ///   - progress: hears of the steps.
  /// - Returns: what the archive says of itself.
  /// - Throws: ``ConnectorError``; then there is no file.
  package func writeBackup(
    of id: SnapshotID, to path: String, progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(ConnectorError) -> OdooManifest {
    guard let snapshot = try store.snapshot(id) else {
      throw ConnectorError(.refused, "there is no snapshot \(id) in \(store.folder); see slipway snapshot list")
    }
    progress("reading back snapshot \(id)")
    let failed = await store.verify(id, progress: progress).filter { !$0.passed }
    guard failed.isEmpty else {
      throw ConnectorError(.garbage, "snapshot \(id) is damaged: " + failed.map(\.detail).joined(separator: "; "))
    }
    return try await inWorkFolder { work throws(ConnectorError) in
      let rows = try await loader.rows(of: "ir_module_module", in: snapshot.databaseFolder, work: work)
      let installed = rows.filter { $0["state"] == "installed" }
      let modules = Dictionary(
        installed.map { ($0["name"] ?? "", $0["latest_version"] ?? "") }, uniquingKeysWith: { first, _ in first })
      guard let base = modules["base"] else {
        throw ConnectorError(.refused, "snapshot \(id) is none of an Odoo database: module base is not installed in it")
      }
      let database = snapshot.manifest.database
      let manifest = OdooManifest(
        database: database.name, version: base.split(separator: ".").prefix(2).joined(separator: "."),
        server: database.serverVersion, modules: modules)
      progress("writing \(path)")
      let dump = work + "/" + OdooZip.dumpName
      try await loader.unfold(snapshot.databaseFolder, into: dump)
      try await Blocking.run { _ throws(ConnectorError) in
        try OdooZip.write(path, manifest: manifest, dump: dump, files: Self.files(of: snapshot))
      }
      return manifest
    }
  }

  private static func files(of snapshot: Snapshot) -> [(name: String, path: String)] {
    let all = FileManager.default.enumerator(atPath: snapshot.filesFolder)
    var files: [(name: String, path: String)] = []
    while let name = all?.nextObject() as? String {
      if OdooZip.Contents.file("\(OdooZip.filesName)/\(name)") != nil {
        files.append((name, snapshot.filesFolder + "/" + name))
      }
    }
    return files.sorted { $0.name < $1.name }
  }

  private var loader: PlainDumpLoader {
    PlainDumpLoader(server, programs: programs, inherited: inherited, timeout: timeout)
  }

  /// What may be unpacked: something is left for everybody else.
  private static func room(at folder: String) -> Int64 { (DiskSpace.free(at: folder) ?? .max) / 10 * 9 }

  /// A folder on the snapshots' own disk, gone afterwards.
  private func inWorkFolder<Value: Sendable>(
    _ body: (String) async throws(ConnectorError) -> Value
  ) async throws(ConnectorError) -> Value {
    let parent = store.folder + "/" + SnapshotLayout.making
    try WorkFolder.ensure(parent)
    let work = try WorkFolder.make(in: parent, prefix: "odoo-")
    let result = await caught { () throws(ConnectorError) -> Value in try await body(work.path) }
    work.remove()
    return try result.get()
  }

  private func caught<Value: Sendable>(
    _ body: () async throws(ConnectorError) -> Value
  ) async -> Result<Value, ConnectorError> {
    do throws(ConnectorError) { return .success(try await body()) } catch { return .failure(error) }
  }

  private func told<Value: Sendable>(
    _ body: () async throws(DatabaseError) -> Value
  ) async throws(ConnectorError) -> Value {
    do throws(DatabaseError) { return try await body() } catch { throw error.connector }
  }
}
