internal import Foundation
internal import Glibc
internal import SlipwayConnectors
internal import SlipwayModel

extension SnapshotStore {
  /// Publishes a draft that was filled with a whole snapshot from elsewhere, after reading every byte of it.
  func adopt(
    _ draft: SnapshotDraft, manifest digest: Digest, progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) -> Snapshot {
    let target = path(draft.id)
    return try await Blocking.run { stop throws(ConnectorError) in
      let folder = draft.work.path
      let file = folder + "/" + SnapshotLayout.manifest
      let bytes = try Self.read(file, limit: SnapshotManifest.largest)
      let manifest = try SnapshotManifest(reading: bytes, shown: shown(file))
      let sum = try Self.read(folder + "/" + SnapshotLayout.sum, limit: 1_000)
      guard Digest(of: bytes) == digest, manifest.id == draft.id,
        sum == Data("\(digest.hex)  \(SnapshotLayout.manifest)\n".utf8)
      else {
        throw ConnectorError(.garbage, "what came as snapshot \(draft.id) is another one; nothing was kept")
      }
      let root = try Descriptor.folder(folder)
      try root.flushEverything(folder)
      var check = TreeCheck(root: root, shownRoot: folder, stop: stop)
      check.unlisted = Self.unlisted
      var reader = try RecordReader(folder + "/" + SnapshotLayout.list)
      var meter = Meter("reading the snapshot back", progress)
      let findings = try check.run(&reader, meter: &meter)
      guard findings.count == 0, try reader.digest() == manifest.list else {
        throw ConnectorError(
          .garbage,
          "what came as snapshot \(draft.id) is damaged: \(findings.named.prefix(10).joined(separator: "; "));"
            + " nothing was kept, fetch it again")
      }
      guard chmod(folder, 0o700) == 0 else { throw .disk("cannot set the rights of \(shown(folder))") }
      try WorkFolder.publish(folder, as: target)
      draft.work.release()
      return Snapshot(manifest: manifest, digest: digest, folder: target)
    }
  }
}
