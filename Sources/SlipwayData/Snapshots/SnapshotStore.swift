internal import Foundation
internal import Glibc
package import SlipwayConnectors
package import SlipwayModel

/// A folder of snapshots.
///
/// Every snapshot in it is whole: it is made out of sight and gets its name in one step, after everything is on disk and was read back; it is taken
/// away by the same step in reverse. Snapshots share unchanged files by hard links, and so must lie on one file system.
package struct SnapshotStore: Sendable {
  package let folder: String

  package init(folder: String) {
    self.folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
  }

  static let unlisted: Set<String> = [SnapshotLayout.manifest, SnapshotLayout.sum, SnapshotLayout.list]

  /// Begins a snapshot; what makers that died have left behind is cleared away.
  ///
  /// Unchanged files are shared with the last snapshot of `environment`, or with the last one of any.
  ///
  /// - Returns: a draft that nobody sees until it is published.
  /// - Throws: `refused` when there is one of that name.
  package func begin(
    _ id: SnapshotID, of environment: EnvironmentName? = nil
  ) throws(ConnectorError) -> SnapshotDraft {
    guard Self.isUsable(id) else {
      throw ConnectorError(
        .refused, "'\(id)' is no name for a snapshot; use up to 100 letters, digits, '-', '_' and '.'")
    }
    var status = stat()
    guard lstat(path(id), &status) != 0 else {
      throw ConnectorError(.refused, "snapshot \(id) is there already; choose another name or delete it first")
    }
    try WorkFolder.ensure(folder + "/" + SnapshotLayout.making)
    let work = try WorkFolder.make(in: folder + "/" + SnapshotLayout.making, prefix: "")
    return SnapshotDraft(id, work, previous: previous(of: environment))
  }

  /// Publishes a draft; on failure the draft is still there and may be mended or discarded.
  package func publish(
    _ draft: SnapshotDraft, _ contents: SnapshotContents,
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(ConnectorError) -> Snapshot {
    let target = path(draft.id)
    return try await Blocking.run { stop throws(ConnectorError) in
      try SnapshotPublication(draft: draft, contents: contents, target: target, stop: stop, progress: progress)
        .publish()
    }
  }

  /// The snapshot called `id`; nil when there is none.
  ///
  /// - Throws: `garbage` when its manifest is damaged.
  package func snapshot(_ id: SnapshotID) throws(ConnectorError) -> Snapshot? {
    guard Self.isUsable(id), access(path(id), F_OK) == 0 else { return nil }
    let file = path(id) + "/" + SnapshotLayout.manifest
    let bytes = try Self.read(file, limit: SnapshotManifest.largest)
    let manifest = try SnapshotManifest(reading: bytes, shown: shown(file))
    let digest = Digest(of: bytes)
    let sum = try Self.read(path(id) + "/" + SnapshotLayout.sum, limit: 1_000)
    guard sum == Data("\(digest.hex)  \(SnapshotLayout.manifest)\n".utf8), manifest.id == id else {
      throw ConnectorError(.garbage, "\(shown(file)) is not the one that was written; use another snapshot")
    }
    return Snapshot(manifest: manifest, digest: digest, folder: path(id))
  }

  /// All snapshots, oldest first, and the names of those whose manifest is damaged.
  package func list() throws(ConnectorError) -> (whole: [Snapshot], damaged: [SnapshotID]) {
    var whole: [Snapshot] = []
    var damaged: [SnapshotID] = []
    guard access(folder, F_OK) == 0 else { return ([], []) }
    let names: [String]
    do { names = try FileManager.default.contentsOfDirectory(atPath: folder) } catch {
      throw ConnectorError(.refused, "the snapshots in \(shown(folder)) cannot be listed: \(error)")
    }
    for name in names.sorted() where Self.isUsable(SnapshotID(name)) {
      do throws(ConnectorError) {
        if let snapshot = try snapshot(SnapshotID(name)) { whole.append(snapshot) }
      } catch {
        damaged.append(SnapshotID(name))
      }
    }
    whole.sort { ($0.manifest.takenAt, $0.id) < ($1.manifest.takenAt, $1.id) }
    return (whole, damaged)
  }

  func path(_ id: SnapshotID) -> String { folder + "/" + id.text }

  /// Whether a name stays in the folder and is no hidden one.
  package static func isUsable(_ id: SnapshotID) -> Bool {
    let bytes = id.text.utf8
    guard (1...100).contains(bytes.count), let first = bytes.first, first != UInt8(ascii: "."),
      first != UInt8(ascii: "-")
    else { return false }
    return bytes.allSatisfy {
      (48...57).contains($0) || (65...90).contains($0) || (97...122).contains($0) || "-_.".utf8.contains($0)
    }
  }

  private func previous(of environment: EnvironmentName?) -> Snapshot? {
    let all = ((try? list().whole) ?? []).filter { $0.manifest.names != nil }
    return all.last { $0.manifest.environment == environment } ?? all.last
  }

  static func read(_ path: String, limit: Int) throws(ConnectorError) -> Data {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.read(upToCount: limit + 1),
      data.count <= limit
    else { throw ConnectorError(.garbage, "\(shown(path)) cannot be read; the snapshot is damaged, use another") }
    return data
  }
}
