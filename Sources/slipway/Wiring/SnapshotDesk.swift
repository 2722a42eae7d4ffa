internal import Foundation
internal import SlipwayConnectors
internal import SlipwayData
internal import SlipwayEngine
internal import SlipwayModel

/// What the commands about snapshots work with.
struct SnapshotDesk {
  let options: CommonOptions
  let workshop: Workshop
  let pipeline: Pipeline
  let store: SnapshotStore

  init(_ options: CommonOptions) throws {
    self.options = options
    workshop = try Workshop(options)
    pipeline = try workshop.pipeline()
    store = SnapshotStore(folder: workshop.state.snapshots(pipeline.snapshots.folder, options.root))
  }

  /// Says how far something is; never on standard output, which is for the answer.
  var progress: @Sendable (String) -> Void { { StandardStream.error.write("\($0)\n") } }

  /// The PostgreSQL data of an environment.
  func data(of name: EnvironmentName) throws -> PostgresDataStore {
    guard let environment = pipeline.environment(name) else {
      let known = pipeline.environments.map(\.name.text).joined(separator: ", ")
      throw CommandError(.usage, "environment '\(name)' is not in \(options.file); known: \(known)")
    }
    guard case .postgres(let spec)? = environment.data else {
      throw CommandError(
        .configuration, "environment '\(name)' has no 'data: postgres' in \(options.file), so there is nothing to copy")
    }
    return try LiveCatalog(options, state: workshop.state).dataStore(spec, isProtected: environment.protected)
  }

  /// Where copies go; nil where the file names no bucket.
  func bucket() -> SnapshotBucket? {
    pipeline.snapshots.bucket.map { spec in
      SnapshotBucket(
        spec, secrets: SecretSource(environment: ProcessInfo.processInfo.environment, folder: options.root.path),
        client: LiveCatalog.client, path: ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin",
        now: { SystemTime().now() })
    }
  }

  func bucketOrRefusal() throws -> SnapshotBucket {
    guard let bucket = bucket() else {
      throw CommandError(.configuration, "\(options.file) names no bucket; add 's3' under 'snapshots'")
    }
    return bucket
  }

  /// The snapshot called `id`.
  func find(_ id: String) throws -> Snapshot {
    guard let found = try store.snapshot(SnapshotID(id)) else {
      throw CommandError(
        .usage, "there is no snapshot '\(id)' in \(store.folder); list them with: slipway snapshot list")
    }
    return found
  }

  /// Puts into the journal what happens to a snapshot; refused where that may not happen.
  func note(_ note: SnapshotNote) async throws {
    _ = try await workshop.hand(.ledger(.snapshot(note))).orRefusal()
  }

  /// Deletes one: intent, deletion, result.
  func delete(_ id: SnapshotID, of environment: EnvironmentName, _ digest: Digest?, reason: String, copyToo: Bool)
    async throws
  {
    var note = SnapshotNote(
      .deleting, id, of: environment, manifest: digest, place: store.folder, reason: reason)
    try await self.note(note)
    try await store.delete(id)
    if copyToo { try await bucketOrRefusal().remove(id) }
    note.word = .deleted
    try await self.note(note)
  }
}

/// A snapshot as the commands show it.
struct SnapshotView: Encodable {
  var id: SnapshotID
  var environment: EnvironmentName
  var release: ReleaseID?
  var runId: RunID?
  var takenAt: Timestamp
  var database: String
  var rows: Int64
  var tables: Int
  var dumpBytes: Int64
  var files: Int
  var fileBytes: Int64
  var manifest: Digest
  var folder: String

  init(_ snapshot: Snapshot) {
    let manifest = snapshot.manifest
    id = manifest.id
    environment = manifest.environment
    release = manifest.release
    runId = manifest.run
    takenAt = manifest.takenAt
    database = manifest.database.name
    rows = manifest.database.rows
    tables = manifest.database.tables.count
    dumpBytes = manifest.dumpBytes
    files = manifest.fileCount
    fileBytes = manifest.fileBytes
    self.manifest = snapshot.digest
    folder = snapshot.folder
  }

  static func size(_ bytes: Int64) -> String {
    bytes < 10_000 ? "\(bytes) B" : bytes < 10_000_000 ? "\(bytes / 1_000) kB" : "\(bytes / 1_000_000) MB"
  }
}
