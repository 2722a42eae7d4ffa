internal import Foundation
internal import Glibc

extension EvidenceError {
  /// A `storage` error with the system's own words; to be made before another call changes `errno`.
  static func storage(_ what: String) -> EvidenceError {
    EvidenceError(.storage, "\(what): \(String(cString: strerror(errno))); check the disk and the rights")
  }
}

/// Reading and writing of files whose bytes must be on disk before anyone relies on them.
enum FileBytes {
  /// Reads at most `limit` bytes; nil when there are more or the read fails.
  static func read(_ descriptor: Int32, limit: Int) -> Data? {
    var bytes = Data()
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Glibc.read(descriptor, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      if count == 0 { return bytes }
      bytes.append(contentsOf: buffer[..<count])
      guard bytes.count <= limit else { return nil }
    }
  }

  /// Writes a new file and flushes it; fails when the name is taken.
  static func write(_ bytes: Data, to path: String, mode: mode_t) throws(EvidenceError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
    guard descriptor >= 0 else { throw .storage("cannot write \(path)") }
    defer { close(descriptor) }
    let whole = bytes.withUnsafeBytes { buffer -> Bool in
      var rest = buffer[...]
      while !rest.isEmpty {
        let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }
    // The mode again, because the umask took from the one given to open.
    guard whole, fchmod(descriptor, mode) == 0, fsync(descriptor) == 0 else { throw .storage("cannot write \(path)") }
  }

  /// Makes `path` and the folders above it, each on disk before the next.
  static func makeFolders(_ path: String) throws(EvidenceError) {
    guard access(path, F_OK) != 0 else { return }
    let parent = (path as NSString).deletingLastPathComponent
    let above = parent.isEmpty ? "." : parent
    if above != path { try makeFolders(above) }
    guard mkdir(path, 0o755) == 0 || errno == EEXIST else { throw .storage("cannot make the folder \(path)") }
    try flushFolder(above)
  }

  /// Puts the names in a folder on disk.
  static func flushFolder(_ path: String) throws(EvidenceError) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .storage("cannot open the folder \(path)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw .storage("cannot flush the folder \(path)") }
  }
}
