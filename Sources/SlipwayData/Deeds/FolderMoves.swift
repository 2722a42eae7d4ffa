internal import CSlipwayDisk
internal import Foundation
internal import Glibc
internal import SlipwayConnectors
internal import SlipwayModel

/// Folders are renamed and removed.
enum FolderMoves {
  static func exists(_ path: String) -> Bool { inode(of: path) != nil }

  /// A renaming that knows its folder again, whatever name it has by then.
  static func renaming(_ from: String, to: String) -> DatabaseMark.Renaming {
    DatabaseMark.Renaming(from: from, to: to, inode: inode(of: from))
  }

  /// - Throws: `refused` when a name is in use that none of the renamings gives up.
  static func expectRoom(for renamings: [DatabaseMark.Renaming]) throws(ConnectorError) {
    for renaming in renamings where exists(renaming.from) && exists(renaming.to) {
      guard renamings.contains(where: { $0.from == renaming.to }) else { throw inUse(renaming) }
    }
  }

  /// Renames in order; what is renamed already, or not there at all, is passed over, so that a repeat finishes what a crash left.
  ///
  /// A folder that takes the name of another does so at once: an application that writes all the while never finds the name free, where it would
  /// make a folder of its own. Where the file system cannot do that, what was written to such a folder is moved to where it belongs.
  static func carryOut(_ renamings: [DatabaseMark.Renaming]) throws(ConnectorError) {
    for (index, renaming) in renamings.enumerated() {
      let next = renamings.dropFirst(index + 1).first { $0.to == renaming.from }
      if let next, try exchange(renaming, next) { continue }
      let isGivenUp = renamings.prefix(index).contains { $0.from == renaming.to }
      try move(renaming, isGivenUp: isGivenUp)
    }
  }

  /// Exchanges the folder that goes and the one that comes, and gives the former its new name.
  ///
  /// - Returns: false where this has to be done in two steps, or is done.
  private static func exchange(
    _ out: DatabaseMark.Renaming, _ coming: DatabaseMark.Renaming
  ) throws(ConnectorError) -> Bool {
    guard let inode = coming.inode, exists(coming.from), !exists(out.to), let live = Self.inode(of: out.from) else {
      return false
    }
    if live != inode {
      guard renameat2(AT_FDCWD, coming.from, AT_FDCWD, out.from, SLIPWAY_RENAME_EXCHANGE) == 0 else {
        if [EINVAL, ENOSYS, EOPNOTSUPP].contains(errno) { return false }
        throw failure(coming)
      }
      try flush(parent(of: out.from))
    }
    try move(DatabaseMark.Renaming(from: coming.from, to: out.to), isGivenUp: false)
    return true
  }

  private static func move(_ renaming: DatabaseMark.Renaming, isGivenUp: Bool) throws(ConnectorError) {
    // Where a name is given up and taken in two steps, somebody may make a folder of that name in between, as often as it is taken away; nobody
    // does so without end.
    let meanwhile = (1...100).map { "\(renaming.from)_meanwhile\($0)" }
    for spare in meanwhile where exists(renaming.from) {
      if isDone(renaming, isGivenUp: isGivenUp) { break }
      if try rename(renaming.from, renaming.to) { break }
      guard isGivenUp else { throw inUse(renaming) }
      if !exists(spare) { _ = try rename(renaming.to, spare) }
    }
    if isGivenUp {
      guard !exists(renaming.from) else { throw inUse(renaming) }
      for folder in meanwhile where exists(folder) { try merge(folder, into: renaming.to) }
    }
    // The order of names and marks on disk is what a repeat after a power cut relies on.
    if exists(renaming.to) { try flush(parent(of: renaming.to)) }
  }

  /// Whether the folder has its name, and the one under its old name is another; without a note of which it was, one that has the name is taken for it.
  private static func isDone(_ renaming: DatabaseMark.Renaming, isGivenUp: Bool) -> Bool {
    guard let there = inode(of: renaming.to) else { return false }
    return renaming.inode.map { $0 == there } ?? !isGivenUp
  }

  /// Moves every file that `target` has not to its place there; what it has already stays where it is, so that nothing is lost.
  private static func merge(_ folder: String, into target: String) throws(ConnectorError) {
    var isEmpty = true
    var walk = try FolderWalk(Descriptor.folder(folder), shown: folder)
    while let entry = try walk.next() {
      let (from, to) = ("\(folder)/\(entry.path)", "\(target)/\(entry.path)")
      guard entry.status.kind != .folder else { continue }
      try? FileManager.default.createDirectory(atPath: parent(of: to), withIntermediateDirectories: true)
      if entry.status.kind == .file, link(from, to) == 0 {
        unlink(from)
      } else {
        isEmpty = false
      }
    }
    if isEmpty { try remove(folder) }
  }

  /// Gives a folder another name; false when that is in use.
  ///
  /// The call itself refuses to put a folder in the place of one with something in it, on every file system.
  private static func rename(_ from: String, _ to: String) throws(ConnectorError) -> Bool {
    guard !exists(to) else { return false }
    if Glibc.rename(from, to) == 0 { return true }
    guard [EEXIST, ENOTEMPTY].contains(errno) else { throw failure(DatabaseMark.Renaming(from: from, to: to)) }
    return false
  }

  private static func inode(of path: String) -> UInt64? {
    var status = stat()
    return lstat(path, &status) == 0 ? UInt64(status.st_ino) : nil
  }

  private static func parent(of path: String) -> String { (path as NSString).deletingLastPathComponent }

  private static func failure(_ renaming: DatabaseMark.Renaming) -> ConnectorError {
    ConnectorError(
      .refused,
      "folder \(renaming.from) cannot be renamed to \(renaming.to): \(String(cString: strerror(errno))); mend that and repeat"
    )
  }

  private static func inUse(_ renaming: DatabaseMark.Renaming) -> ConnectorError {
    ConnectorError(
      .refused,
      "folder \(renaming.from) cannot be renamed to \(renaming.to), which is there already; move that out of the way and repeat"
    )
  }

  /// Removes a folder with everything in it; harmless when it is gone.
  static func remove(_ path: String) throws(ConnectorError) {
    guard exists(path) else { return }
    do { try FileManager.default.removeItem(atPath: path) } catch {
      throw ConnectorError(
        .refused, "folder \(path) cannot be removed: \(String(cString: strerror(errno))); remove it by hand")
    }
  }

  private static func flush(_ folder: String) throws(ConnectorError) {
    let file = open(folder, O_RDONLY | O_DIRECTORY)
    guard file >= 0 else { return }
    defer { close(file) }
    guard fsync(file) == 0 else {
      throw ConnectorError(.refused, "folder \(folder) cannot be written to disk: \(String(cString: strerror(errno)))")
    }
  }
}

extension FolderMoves {
  /// Files in `folder` that were written after `moment`.
  static func added(to folder: String, since moment: Timestamp) async throws(ConnectorError) -> FileTotals {
    try await Blocking.run { stop throws(ConnectorError) in
      var totals = FileTotals(files: 0, bytes: 0)
      guard exists(folder) else { return totals }
      var walk = try FolderWalk(Descriptor.folder(folder), shown: folder)
      while let entry = try walk.next() {
        try stop.check()
        var status = stat()
        guard entry.status.kind == .file, lstat(folder + "/" + entry.path, &status) == 0 else { continue }
        let written = Int64(status.st_mtim.tv_sec) * 1_000 + Int64(status.st_mtim.tv_nsec) / 1_000_000
        guard written > moment.milliseconds else { continue }
        totals.files += 1
        totals.bytes += entry.status.size
      }
      return totals
    }
  }
}
