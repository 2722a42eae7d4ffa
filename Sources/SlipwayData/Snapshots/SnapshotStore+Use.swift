internal import Foundation
internal import Glibc
package import SlipwayConnectors
package import SlipwayModel

extension SnapshotStore {
  /// Reads every byte back and compares it with what was written; each thing that is not as it was is named.
  package func verify(
    _ id: SnapshotID, progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async -> [DataCheck] {
    let name = "snapshot"
    do throws(ConnectorError) {
      guard let snapshot = try snapshot(id) else {
        return [DataCheck(name, passed: false, detail: "there is no snapshot \(id) in \(shown(folder))")]
      }
      let detail = "\(snapshot.digest) of version \(snapshot.manifest.version)"
      let manifest = DataCheck("manifest", passed: true, detail: detail)
      return [manifest] + (try await verifyContents(snapshot, progress))
    } catch {
      return [DataCheck("manifest", passed: false, detail: error.message)]
    }
  }

  private func verifyContents(
    _ snapshot: Snapshot, _ progress: @escaping @Sendable (String) -> Void
  ) async throws(ConnectorError) -> [DataCheck] {
    try await Blocking.run { stop throws(ConnectorError) in
      let root = try Self.hold(snapshot)
      let list = snapshot.folder + "/" + SnapshotLayout.list
      var reader = try RecordReader(list)
      var meter = Meter("reading back", progress)
      var check = TreeCheck(root: root, shownRoot: snapshot.folder, stop: stop)
      check.unlisted = Self.unlisted
      let findings: TreeCheck.Findings
      do throws(ConnectorError) { findings = try check.run(&reader, meter: &meter) } catch {
        return [DataCheck("list", passed: false, detail: error.message)]
      }
      let isList = try reader.digest() == snapshot.manifest.list
      let listed = DataCheck(
        "list", passed: isList,
        detail: isList ? "\(snapshot.manifest.list)" : "files.jsonl is not the one that was written")
      let size = snapshot.manifest
      let isWhole =
        findings.files == size.dumpFiles + size.fileCount && findings.bytes == size.dumpBytes + size.fileBytes
      let totals = DataCheck(
        "totals", passed: isWhole, detail: "\(findings.files) files with \(findings.bytes) bytes")
      let more = findings.count > findings.named.count ? ["and \(findings.count - findings.named.count) more"] : []
      let contents = DataCheck(
        "contents", passed: findings.count == 0,
        detail: findings.count == 0
          ? "every byte is as it was written" : (findings.named + more).joined(separator: "; "))
      return [listed, totals, contents]
    }
  }

  /// Restores the files of a snapshot into a folder that does not exist yet, and reads them back before it gets its name.
  ///
  /// - Throws: `refused` when the name is in use or there are no files, `garbage` naming what is damaged in the snapshot.
  @discardableResult
  package func restoreFiles(
    of snapshot: Snapshot, into target: String, progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(ConnectorError) -> FileTotals {
    guard snapshot.manifest.names != nil else {
      throw ConnectorError(.refused, "snapshot \(snapshot.id) holds no files, only a database; leave the folder out")
    }
    return try await Blocking.run { stop throws(ConnectorError) in
      let hold = try Self.hold(snapshot)
      defer { withExtendedLifetime(hold) {} }
      let made = try NewTree(target)
      defer { made.end() }
      let list = snapshot.folder + "/" + SnapshotLayout.list
      let restore = TreeRestore(
        source: try .folder(snapshot.filesFolder), target: made.root, snapshot: snapshot, stop: stop)
      var meter = Meter("restoring files", progress)
      let look = try restore.run(list, meter: &meter)
      return try made.publish(
        look: look, prefix: SnapshotLayout.filesPrefix, stop: stop, progress: progress, list: list)
    }
  }

  /// Deletes a snapshot: out of sight in one step, then piece by piece; harmless when it is gone.
  ///
  /// - Throws: `refused` while it is being read.
  package func delete(_ id: SnapshotID) async throws(ConnectorError) {
    let place = path(id)
    let making = folder + "/" + SnapshotLayout.making
    guard Self.isUsable(id), access(place, F_OK) == 0 else { return }
    try await Blocking.run { _ throws(ConnectorError) in
      let hold = try Descriptor.folder(place)
      guard hold.lock() else {
        throw ConnectorError(.refused, "snapshot \(id) is being read or restored; delete it when that has ended")
      }
      try WorkFolder.ensure(making)
      let aside = making + "/deleted-\(id)-" + String(UInt32.random(in: .min ... .max), radix: 36)
      try WorkFolder.publish(place, as: aside)
      try WorkFolder.flushParent(of: place)
      do { try FileManager.default.removeItem(atPath: aside) } catch {
        throw ConnectorError(.refused, "snapshot \(id) is out of use, but \(shown(aside)) cannot be removed: \(error)")
      }
    }
  }

  /// Keeps a snapshot from being deleted while it is read.
  static func hold(_ snapshot: Snapshot) throws(ConnectorError) -> Descriptor {
    let root = try Descriptor.folder(snapshot.folder)
    guard root.lock(shared: true) else {
      throw ConnectorError(.refused, "snapshot \(snapshot.id) is being deleted; use another")
    }
    return root
  }
}

/// Copies the files of a snapshot out of it, each held against its sum.
struct TreeRestore {
  let source: Descriptor
  let target: Descriptor
  let snapshot: Snapshot
  let stop: Stop

  /// Restores everything that the list names; gives the look of the folder itself.
  func run(_ list: String, meter: inout Meter) throws(ConnectorError) -> FileLook? {
    var reader = try RecordReader(list)
    var top: FileLook?
    var folders: [FileRecord] = []
    try Crew.each { () throws(ConnectorError) -> FileRecord? in
      try stop.check()
      while var record = try reader.next() {
        if record.path == SnapshotLayout.files { top = record.look }
        guard record.path.hasPrefix(SnapshotLayout.filesPrefix) else { continue }
        record.path = String(record.path.dropFirst(SnapshotLayout.filesPrefix.count))
        if record.content == nil {
          guard mkdirat(target.number, record.path, 0o700) == 0 else {
            throw .disk("cannot make the folder \(shown(record.path))")
          }
          folders.append(record)
        }
        return record
      }
      return nil
    } work: { (record: FileRecord) -> ConnectorError? in
      do throws(ConnectorError) { try restore(record) } catch { return error }
      return nil
    } done: { record, error throws(ConnectorError) in
      if let error { throw error }
      if let content = record.content { meter.add(content.size) }
    }
    guard try reader.digest() == snapshot.manifest.list else {
      throw ConnectorError(.garbage, "the list of files of snapshot \(snapshot.id) is damaged; use another snapshot")
    }
    for folder in folders.reversed() {
      guard let made = target.inside(folder.path, O_RDONLY | O_DIRECTORY) else {
        throw .disk("cannot open the folder \(shown(folder.path))")
      }
      try made.wear(folder.look, shown: shown(folder.path))
    }
    return top
  }

  private func restore(_ record: FileRecord) throws(ConnectorError) {
    guard let content = record.content else { return }
    let path = shown(record.path)
    guard let stored = source.inside(record.path, O_RDONLY) else {
      throw ConnectorError(.garbage, "snapshot \(snapshot.id) has lost \(path); use another snapshot")
    }
    let flags = O_RDWR | O_CREAT | O_EXCL
    guard let copy = target.inside(record.path, flags) else { throw .disk("cannot make \(path)") }
    let sum = try FileSum.of(
      stored, size: content.size, wantsSHA1: false, copyTo: copy, stop: stop, shown: path)
    guard sum.sha256 == content.sha256 else {
      throw ConnectorError(
        .garbage, "\(path) in snapshot \(snapshot.id) holds other bytes than were written; use another snapshot")
    }
    try copy.wear(record.look, shown: path)
  }
}
