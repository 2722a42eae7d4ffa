internal import CSlipwayDisk
internal import Foundation
internal import Glibc
internal import SlipwayConnectors

/// A hidden folder in which something is made until it gets its name, locked while its maker lives.
final class WorkFolder: Sendable {
  let path: String
  private let lock: Descriptor

  private init(_ path: String, _ lock: Descriptor) {
    self.path = path
    self.lock = lock
  }

  /// Makes `<parent>/<prefix><random>`, after removing what makers that died left behind under the same prefix.
  static func make(in parent: String, prefix: String) throws(ConnectorError) -> WorkFolder {
    let folder = try Descriptor.folder(parent)
    // Between making a folder and locking it nobody may sweep.
    guard flock(folder.number, LOCK_EX) == 0 else { throw .disk("cannot lock \(shown(parent))") }
    try sweep(parent, prefix)
    let path = "\(parent)/\(prefix)\(String(UInt32.random(in: .min ... .max), radix: 36))"
    guard mkdir(path, 0o700) == 0 else { throw .disk("cannot make the folder \(shown(path))") }
    let lock = try Descriptor.folder(path)
    guard lock.lock() else { throw .disk("cannot lock the folder \(shown(path))") }
    return WorkFolder(path, lock)
  }

  /// Gives up the lock, once what was made has its name.
  func release() { flock(lock.number, LOCK_UN) }

  /// Removes it with everything in it, and makes that durable.
  func remove() { try? FileManager.default.removeItem(atPath: path) }

  private static func sweep(_ parent: String, _ prefix: String) throws(ConnectorError) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    for name in names where name.hasPrefix(prefix) {
      let leftover = "\(parent)/\(name)"
      let number = open(leftover, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
      guard number >= 0 else { continue }
      let folder = Descriptor(number)
      if folder.lock() { try? FileManager.default.removeItem(atPath: leftover) }
    }
  }

  /// Gives what lies at `path` the new name at once and durably, and never takes a name that is in use.
  static func publish(_ path: String, as name: String) throws(ConnectorError) {
    guard renameat2(AT_FDCWD, path, AT_FDCWD, name, SLIPWAY_RENAME_NOREPLACE) == 0 else {
      if errno == EEXIST {
        throw ConnectorError(.refused, "\(shown(name)) is there already; nothing was changed, choose another name")
      }
      throw .disk("cannot give \(shown(path)) the name \(shown(name))")
    }
    try flushParent(of: name)
  }

  /// Puts the name of `path` on disk.
  static func flushParent(of path: String) throws(ConnectorError) {
    let parent = Self.parent(of: path)
    try Descriptor.folder(parent).flush(parent)
  }

  static func parent(of path: String) -> String {
    let above = (path as NSString).deletingLastPathComponent
    return above.isEmpty ? "." : above
  }

  /// Makes the folder `path` and those above it, each on disk before the next.
  static func ensure(_ path: String, mode: mode_t = 0o700) throws(ConnectorError) {
    guard access(path, F_OK) != 0 else { return }
    let parent = Self.parent(of: path)
    if parent != path { try ensure(parent, mode: 0o755) }
    guard mkdir(path, mode) == 0 || errno == EEXIST else { throw .disk("cannot make the folder \(shown(path))") }
    try flushParent(of: path)
  }
}
