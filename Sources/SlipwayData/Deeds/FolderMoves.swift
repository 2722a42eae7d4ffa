internal import Foundation
internal import SlipwayConnectors
internal import SlipwayModel

/// Folders are renamed and removed.
enum FolderMoves {
  static func exists(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0
  }

  /// Renames in order; what is renamed already, or not there at all, is passed over, so that a repeat finishes what a crash left.
  static func carryOut(_ renamings: [DatabaseMark.Renaming]) throws(ConnectorError) {
    for renaming in renamings where exists(renaming.from) && !exists(renaming.to) {
      guard rename(renaming.from, renaming.to) == 0 else {
        throw ConnectorError(
          .refused,
          "folder \(renaming.from) cannot be renamed to \(renaming.to): \(String(cString: strerror(errno))); mend that and repeat"
        )
      }
      // The order of names and marks on disk is what a repeat after a power cut relies on.
      try flush((renaming.to as NSString).deletingLastPathComponent)
    }
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
