internal import Foundation
internal import Glibc

/// Brings a folder with given contents into being under its final name, whole or not at all.
struct FolderPublication {
  private let path: String
  private let parent: String
  /// Hidden, so that nobody who lists the parent takes an unfinished folder for evidence.
  private let prefix: String
  private let contents: [String: Data]

  init(path: String, contents: [String: Data]) {
    let standard = path.hasSuffix("/") ? String(path.dropLast()) : path
    self.path = standard
    let above = (standard as NSString).deletingLastPathComponent
    parent = above.isEmpty ? "." : above
    prefix = ".\((standard as NSString).lastPathComponent).partial-"
    self.contents = contents
  }

  /// Publishes; true when the same folder was there before.
  func publish() throws(EvidenceError) -> Bool {
    if try isThere() { return true }
    try FileBytes.makeFolders(parent)
    clearLeftovers()
    let temporary = "\(parent)/\(prefix)\(getpid())-\(UInt32.random(in: .min ... .max))"
    guard mkdir(temporary, 0o755) == 0 else { throw .storage("cannot make the folder \(temporary)") }
    // The lock tells other publishers that this folder is being worked on; the system drops it with the process.
    let lock = open(temporary, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if lock >= 0 { close(lock) } }
    guard lock >= 0, flock(lock, LOCK_EX | LOCK_NB) == 0 else { throw .storage("cannot lock the folder \(temporary)") }
    do {
      try write(into: temporary)
    } catch {
      try? FileManager.default.removeItem(atPath: temporary)
      throw error
    }
    if rename(temporary, path) != 0 {
      let failure = EvidenceError.storage("cannot publish \(path)")
      try? FileManager.default.removeItem(atPath: temporary)
      // Another publisher may have been faster.
      if try isThere() { return true }
      throw failure
    }
    try FileBytes.flushFolder(parent)
    return false
  }

  private func write(into folder: String) throws(EvidenceError) {
    guard chmod(folder, 0o755) == 0 else { throw .storage("cannot set the rights of \(folder)") }
    let folders = EvidenceName.folders(above: contents.keys)
    for inner in folders {
      guard mkdir("\(folder)/\(inner)", 0o755) == 0 else { throw .storage("cannot make the folder \(folder)/\(inner)") }
    }
    for name in contents.keys.sorted() {
      let mode: mode_t = name == EvidenceName.script ? 0o755 : 0o644
      try FileBytes.write(contents[name] ?? Data(), to: "\(folder)/\(name)", mode: mode)
    }
    for inner in folders.reversed() { try FileBytes.flushFolder("\(folder)/\(inner)") }
    try FileBytes.flushFolder(folder)
  }

  /// Whether the final name holds exactly these contents; an empty folder counts as nothing.
  ///
  /// - Throws: `conflict` when it holds anything else.
  private func isThere() throws(EvidenceError) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0 else { return false }
    let listing = FolderListing(of: path)
    if status.st_mode & S_IFMT == S_IFDIR, listing.entries.isEmpty, !listing.isCut { return false }
    let isSame =
      Set(listing.names(of: .file)) == Set(contents.keys) && listing.names(of: .other).isEmpty && !listing.isCut
      && contents.allSatisfy { FolderListing.read("\(path)/\($0)", limit: $1.count) == $1 }
    guard isSame else {
      throw EvidenceError(
        .conflict, "\(path) is there already with other content; evidence is never replaced, so keep it and look why")
    }
    return true
  }

  /// Removes what publishers that died have left behind.
  private func clearLeftovers() {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    for name in names where name.hasPrefix(prefix) {
      let leftover = "\(parent)/\(name)"
      let descriptor = open(leftover, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { try? FileManager.default.removeItem(atPath: leftover) }
    }
  }
}
