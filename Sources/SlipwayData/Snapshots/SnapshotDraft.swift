internal import Foundation
internal import Glibc
package import SlipwayConnectors
package import SlipwayModel

/// A snapshot in the making, out of sight until it is published; gone with its maker.
package final class SnapshotDraft: Sendable {
  package let id: SnapshotID
  let work: WorkFolder
  /// The snapshot with which unchanged files are shared.
  let previous: Snapshot?
  /// Keeps `previous` from being deleted.
  private let hold: Descriptor?

  init(_ id: SnapshotID, _ work: WorkFolder, previous: Snapshot?) {
    self.id = id
    self.work = work
    let hold = previous.flatMap { try? Descriptor.folder($0.folder) }
    let isHeld = hold?.lock(shared: true) ?? false
    self.previous = isHeld ? previous : nil
    self.hold = isHeld ? hold : nil
  }

  /// Where the dump goes; does not exist yet, as `pg_dump` wants it.
  package var databaseFolder: String { work.path + "/" + SnapshotLayout.database }
  var filesFolder: String { work.path + "/" + SnapshotLayout.files }
  var pinsFolder: String { work.path + "/pins" }
  /// The records of the files; joined with those of the dump when the snapshot is published.
  var filesList: String { work.path + "/files.part" }
  var namesFile: String { work.path + "/names" }

  /// Takes the draft away.
  package func discard() async { try? await Blocking.run { [work] _ throws(ConnectorError) in work.remove() } }

  /// Holds on to the files in `folder` that the previous snapshot does not have, by hard links, so that what the application removes between the dump
  /// and the copy is still there. To be called before the dump; does nothing for names that say nothing about content, or on another disk.
  ///
  /// - Returns: how many files were pinned.
  @discardableResult
  package func pinFiles(from folder: String, names: FilesSpec.ContentNames) async throws(ConnectorError) -> Int {
    guard names != .plain else { return 0 }
    return try await Blocking.run { [self] stop throws(ConnectorError) in
      let source = try Descriptor.folder(folder)
      try? FileManager.default.removeItem(atPath: pinsFolder)
      guard mkdir(pinsFolder, 0o700) == 0 else { throw .disk("cannot make \(shown(pinsFolder))") }
      let pins = try Descriptor.folder(pinsFolder)
      var known = try previousFiles()
      var walk = try FolderWalk(source, shown: folder)
      var count = 0
      while let entry = try walk.next() {
        try stop.check()
        if entry.status.kind == .folder {
          guard mkdirat(pins.number, entry.path, 0o700) == 0 else { throw .disk("cannot make \(shown(entry.path))") }
          continue
        }
        guard entry.status.kind == .file, names.hash(in: entry.path) != nil else { continue }
        if try known?.find(entry.path)?.content?.size == entry.status.size { continue }
        guard linkat(source.number, entry.path, pins.number, entry.path, 0) == 0 else {
          // Gone by now, or another disk, or files that may not be linked: then the references decide.
          if errno == ENOENT { continue }
          break
        }
        count += 1
      }
      return count
    }
  }

  /// Copies the files in `folder`, sharing with the previous snapshot what has not changed. To be called after the dump, which says by `references` what must
  /// be there; may be repeated.
  ///
  /// - Returns: how much is in the snapshot by now, whether copied or shared.
  /// - Throws: `unreachable` naming up to ten references that are not met, `refused` naming up to ten files that cannot be copied.
  @discardableResult
  package func addFiles(
    from folder: String, names: FilesSpec.ContentNames, references: [FileReference] = [],
    progress: @escaping @Sendable (String) -> Void = { _ in }
  ) async throws(ConnectorError) -> FileTotals {
    try await Blocking.run { [self] stop throws(ConnectorError) in
      try clearFiles()
      let references = References(references)
      let source = try Descriptor.folder(folder)
      guard mkdir(filesFolder, 0o700) == 0 else { throw .disk("cannot make \(shown(filesFolder))") }
      let previous = try previousFiles()
      let pins = access(pinsFolder, F_OK) == 0 ? try Descriptor.folder(pinsFolder) : nil
      let copy = TreeCopy(
        source: source, shownSource: shown(folder), target: try Descriptor.folder(filesFolder), names: names,
        wantsSHA1: names == .sha1 || references.needSHA1, pins: pins, previous: previous?.folder, stop: stop)
      var items = try TreeSource(
        live: FolderWalk(source, shown: folder),
        pinned: pins.map { pins throws(ConnectorError) in try FolderWalk(pins, shown: pinsFolder) },
        references: names == .plain ? [] : references.paths, previous: previous)
      let writer = try RecordWriter(filesList)
      var meter = Meter("copying files", progress)
      try writer.append(try record(of: source, folder))
      try copy.run(&items, to: writer, prefix: SnapshotLayout.filesPrefix, meter: &meter)
      _ = try writer.finish()
      var reader = try RecordReader(filesList)
      let unmet = try references.unmet(by: &reader, prefix: SnapshotLayout.filesPrefix)
      guard unmet.count == 0 else { throw References.refusal(unmet, in: folder) }
      guard FileManager.default.createFile(atPath: namesFile, contents: Data(names.rawValue.utf8)) else {
        throw .disk("cannot write \(shown(namesFile))")
      }
      return FileTotals(files: writer.count, bytes: writer.bytes)
    }
  }

  /// The folder itself, so that a restored one gets its rights and owner.
  private func record(of source: Descriptor, _ folder: String) throws(ConnectorError) -> FileRecord {
    guard let status = source.status.map({ FileStatus($0) }) else { throw .disk("cannot look at \(shown(folder))") }
    return FileRecord(CopyItem(path: SnapshotLayout.files, status: status, known: nil))
  }

  private func clearFiles() throws(ConnectorError) {
    for path in [filesFolder, filesList, namesFile] where access(path, F_OK) == 0 {
      do { try FileManager.default.removeItem(atPath: path) } catch {
        throw ConnectorError(.refused, "cannot remove \(shown(path)): \(error)")
      }
    }
  }

  private func previousFiles() throws(ConnectorError) -> PreviousFiles? {
    guard let previous, previous.manifest.names != nil else { return nil }
    return try PreviousFiles(
      folder: .folder(previous.filesFolder), list: previous.folder + "/" + SnapshotLayout.list)
  }
}
