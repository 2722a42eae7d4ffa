internal import Foundation
internal import Glibc
internal import SlipwayConnectors
internal import SlipwayModel

/// Brings a draft into being: everything listed, on disk and read back before it gets its name.
struct SnapshotPublication {
  let draft: SnapshotDraft
  let contents: SnapshotContents
  /// Where it will lie.
  let target: String
  let stop: Stop
  var progress: @Sendable (String) -> Void = { _ in }

  func publish() throws(ConnectorError) -> Snapshot {
    try? FileManager.default.removeItem(atPath: draft.pinsFolder)
    let names = try names()
    let (manifest, bytes) = try writeLists(names)
    let root = try Descriptor.folder(draft.work.path)
    try root.flushEverything(target)
    try readBack(root)
    for scrap in [draft.filesList, draft.namesFile] { unlink(scrap) }
    try root.flush(draft.work.path)
    try stop.check()
    try WorkFolder.publish(draft.work.path, as: target)
    draft.work.release()
    return Snapshot(manifest: manifest, digest: Digest(of: bytes), folder: target)
  }

  /// What the names of the files say; nil where there are none.
  private func names() throws(ConnectorError) -> FilesSpec.ContentNames? {
    guard let data = FileManager.default.contents(atPath: draft.namesFile) else {
      // Half of the files is worse than none, because nobody would miss the rest.
      guard access(draft.filesFolder, F_OK) != 0 else {
        throw ConnectorError(.refused, "the files of snapshot \(draft.id) were not copied to the end; copy them again")
      }
      return nil
    }
    return FilesSpec.ContentNames(rawValue: String(decoding: data, as: UTF8.self))
  }

  private func writeLists(
    _ names: FilesSpec.ContentNames?
  ) throws(ConnectorError) -> (manifest: SnapshotManifest, bytes: Data) {
    let list = draft.work.path + "/" + SnapshotLayout.list
    let writer = try RecordWriter(list)
    try appendDump(to: writer)
    let dump = FileTotals(files: writer.count, bytes: writer.bytes)
    guard dump.files > 0 else {
      throw ConnectorError(.refused, "snapshot \(draft.id) has no dump of the database; it was not published")
    }
    if names != nil {
      var reader = try RecordReader(draft.filesList)
      while let record = try reader.next() { try writer.append(record) }
    }
    let files = FileTotals(files: writer.count - dump.files, bytes: writer.bytes - dump.bytes)
    let digest = try writer.finish()
    var reader = try RecordReader(list)
    let unmet = try References(contents.references).unmet(by: &reader, prefix: SnapshotLayout.filesPrefix)
    guard unmet.count == 0 else { throw References.refusal(unmet, in: draft.filesFolder) }
    let manifest = SnapshotManifest(draft.id, contents, dump: dump, files: files, names: names, list: digest)
    guard let bytes = try? manifest.encoded() else {
      throw ConnectorError(.garbage, "the manifest of snapshot \(draft.id) cannot be written")
    }
    try write(bytes, SnapshotLayout.manifest)
    try write(Data("\(Digest(of: bytes).hex)  \(SnapshotLayout.manifest)\n".utf8), SnapshotLayout.sum)
    return (manifest, bytes)
  }

  private func appendDump(to writer: RecordWriter) throws(ConnectorError) {
    let folder = try Descriptor.folder(draft.databaseFolder)
    guard let status = folder.status.map({ FileStatus($0) }) else {
      throw .disk("cannot look at \(shown(draft.databaseFolder))")
    }
    let prefix = SnapshotLayout.database
    try writer.append(FileRecord(CopyItem(path: prefix, status: status)))
    var walk = try FolderWalk(folder, shown: draft.databaseFolder)
    let stop = stop
    try Crew.each { () throws(ConnectorError) in
      try stop.check()
      return try walk.next()
    } work: { (entry: FolderWalk.Entry) -> Result<FileSum?, ConnectorError> in
      do throws(ConnectorError) {
        return .success(entry.status.kind == .folder ? nil : try Self.sum(entry, folder, stop))
      } catch {
        return .failure(error)
      }
    } done: { entry, sum throws(ConnectorError) in
      let path = prefix + "/" + entry.path
      let record = try sum.get().map { FileRecord(path: path, $0, entry.status, origin: nil) }
      try writer.append(record ?? FileRecord(CopyItem(path: path, status: entry.status)))
    }
  }

  private static func sum(
    _ entry: FolderWalk.Entry, _ folder: Descriptor, _ stop: Stop
  ) throws(ConnectorError) -> FileSum {
    guard entry.status.kind == .file, let file = folder.inside(entry.path, O_RDONLY) else {
      throw ConnectorError(.refused, "the dump holds \(shown(entry.path)), which is no file; it was not published")
    }
    return try FileSum.of(file, size: entry.status.size, wantsSHA1: false, stop: stop, shown: shown(entry.path))
  }

  private func write(_ bytes: Data, _ name: String) throws(ConnectorError) {
    let path = draft.work.path + "/" + name
    let number = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard number >= 0 else { throw .disk("cannot write \(shown(path))") }
    let file = Descriptor(number)
    guard bytes.withUnsafeBytes({ file.write($0) }) else { throw .disk("cannot write \(shown(path))") }
    try file.flush(path)
  }

  /// Reads what was written now; what is shared was read back with the snapshot that wrote it.
  private func readBack(_ root: Descriptor) throws(ConnectorError) {
    var check = TreeCheck(root: root, shownRoot: draft.work.path, passesShared: true, stop: stop)
    check.unlisted = SnapshotStore.unlisted.union(["files.part", "names"])
    var reader = try RecordReader(draft.work.path + "/" + SnapshotLayout.list)
    var meter = Meter("reading the snapshot back", progress)
    let findings = try check.run(&reader, meter: &meter)
    guard findings.count == 0 else {
      throw ConnectorError(
        .refused,
        "snapshot \(draft.id) is not what was written: \(findings.named.prefix(10).joined(separator: "; "));"
          + " it was not published, look at the disk before repeating")
    }
  }
}
