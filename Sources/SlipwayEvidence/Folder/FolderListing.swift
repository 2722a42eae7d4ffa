internal import Foundation
internal import Glibc

/// What lies in a folder, looked at without following a link.
struct FolderListing {
  enum Kind: Equatable {
    case file, folder
    /// A link, pipe, socket or device.
    case other
  }

  /// Kinds by path relative to the folder; bytes that are no UTF-8 are replaced and so match no listed name.
  private(set) var entries: [String: Kind] = [:]
  /// Whether there was more than anyone should have to look at, or a folder could not be read.
  private(set) var isCut = false

  private static let entryLimit = 100_000
  private static let depthLimit = 16

  init(of path: String) { visit(path, "", depth: 0) }

  func names(of kind: Kind) -> [String] { entries.filter { $0.value == kind }.keys.sorted() }

  private mutating func visit(_ path: String, _ prefix: String, depth: Int) {
    guard depth <= Self.depthLimit, let folder = opendir(path) else {
      isCut = true
      return
    }
    defer { closedir(folder) }
    while let entry = readdir(folder) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      guard entries.count < Self.entryLimit else {
        isCut = true
        return
      }
      var status = stat()
      let kind: Kind
      switch lstat("\(path)/\(name)", &status) == 0 ? status.st_mode & S_IFMT : 0 {
      case S_IFREG: kind = .file
      case S_IFDIR: kind = .folder
      default: kind = .other
      }
      entries[prefix + name] = kind
      if kind == .folder { visit("\(path)/\(name)", prefix + name + "/", depth: depth + 1) }
    }
  }

  /// The bytes of a regular file of at most `limit` bytes; nil for anything else.
  static func read(_ path: String, limit: Int) -> Data? {
    withFile(path) { descriptor, size in size <= limit ? FileBytes.read(descriptor, limit: limit) : nil } ?? nil
  }

  /// Opens a regular file for `body`, which gets its size; nil for a link, a device or a file that cannot be read.
  static func withFile<Result>(_ path: String, _ body: (Int32, Int64) -> Result) -> Result? {
    // O_NONBLOCK, because opening a pipe that replaced the file would wait for a writer.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    return body(descriptor, Int64(status.st_size))
  }
}
