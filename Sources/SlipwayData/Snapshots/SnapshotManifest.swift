package import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// What a snapshot says about itself: whose data, when, how much, and the sum of the list of its files.
package struct SnapshotManifest: Codable, Sendable, Equatable {
  /// Always ``formatName``.
  package var format: String
  package var version: Int
  package var id: SnapshotID
  package var environment: EnvironmentName
  /// What served when it was taken; nil where nobody knew.
  package var release: ReleaseID?
  /// The run that it was taken for; nil for one that was taken by hand.
  package var run: RunID?
  package var takenAt: Timestamp
  package var database: DatabaseFacts
  /// Bytes of the dump, and of how many files.
  package var dumpBytes: Int64
  package var dumpFiles: Int
  package var fileBytes: Int64
  package var fileCount: Int
  /// Nil where the database is all there is.
  package var names: FilesSpec.ContentNames?
  /// How many files the database refers to; all of them are in it.
  package var references: Int
  /// SHA-256 of `files.jsonl`.
  package var list: Digest

  package static let formatName = "slipway.dev/snapshot"
  package static let currentVersion = 1
  static let largest = 64 << 20

  /// The bytes of the file.
  func encoded() throws -> Data { try CanonicalJSON.encodeReadable(self) }

  /// Reads what ``encoded()`` wrote.
  ///
  /// - Throws: `garbage` for anything else, saying whether it is another format, a newer version or damage.
  package init(reading data: Data, shown: String) throws(ConnectorError) {
    struct Head: Codable {
      var format: String
      var version: Int
    }
    guard let head = try? CanonicalJSON.decode(Head.self, from: data), head.format == Self.formatName else {
      throw ConnectorError(.garbage, "\(shown) is no manifest of a snapshot, or damaged; use another snapshot")
    }
    guard head.version == Self.currentVersion else {
      throw ConnectorError(
        .garbage, "\(shown) is of version \(head.version); this slipway reads version \(Self.currentVersion)")
    }
    guard let manifest = try? CanonicalJSON.decode(Self.self, from: data), (try? manifest.encoded()) == data else {
      throw ConnectorError(.garbage, "\(shown) is damaged; use another snapshot")
    }
    self = manifest
  }

  init(
    _ id: SnapshotID, _ contents: SnapshotContents, dump: FileTotals, files: FileTotals,
    names: FilesSpec.ContentNames?, list: Digest
  ) {
    format = Self.formatName
    version = Self.currentVersion
    self.id = id
    environment = contents.environment
    release = contents.release
    run = contents.run
    takenAt = contents.takenAt
    database = contents.database
    dumpBytes = dump.bytes
    dumpFiles = dump.files
    fileBytes = files.bytes
    fileCount = files.files
    self.names = names
    references = contents.references.count
    self.list = list
  }
}

/// What whoever takes a snapshot knows about it.
package struct SnapshotContents: Sendable {
  package var environment: EnvironmentName
  package var release: ReleaseID?
  package var run: RunID?
  package var takenAt: Timestamp
  package var database: DatabaseFacts
  /// What the database says must be among the files.
  package var references: [FileReference]

  package init(
    environment: EnvironmentName, release: ReleaseID? = nil, run: RunID? = nil, takenAt: Timestamp,
    database: DatabaseFacts, references: [FileReference] = []
  ) {
    self.environment = environment
    self.release = release
    self.run = run
    self.takenAt = takenAt
    self.database = database
    self.references = references
  }
}

/// A snapshot as it lies in a store.
package struct Snapshot: Sendable, Equatable {
  package let manifest: SnapshotManifest
  /// SHA-256 of the manifest, by which everything in the snapshot can be held on to.
  package let digest: Digest
  package let folder: String

  package var id: SnapshotID { manifest.id }
  /// The dump in `pg_dump`'s directory format.
  package var databaseFolder: String { folder + "/" + SnapshotLayout.database }
  /// The files, for reading only; not there where the database is all there is.
  package var filesFolder: String { folder + "/" + SnapshotLayout.files }
}
