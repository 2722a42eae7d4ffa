internal import Glibc

/// A file that is there whole at any instant, the old or the new one, a power cut included.
enum ReplacedFile {
  /// Why a file was not replaced, in the system's words.
  struct Failure: Error {
    let number = errno
    var text: String { String(cString: strerror(number)) }
    /// Whether trying again without a person's help is useless.
    var isLasting: Bool { [EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, ELOOP].contains(number) }
  }

  /// Writes `bytes` beside `path` and renames them into its place; owner and mode stay, and a link stays a link.
  static func write(_ bytes: [UInt8], to path: String) throws(Failure) {
    let real = resolved(path)
    let temporary = real + ".slipway-new"
    do throws(Failure) {
      try store(bytes, at: temporary, likeFile: real)
      guard rename(temporary, real) == 0 else { throw Failure() }
      try syncFolder(of: real)
    } catch {
      unlink(temporary)
      throw error
    }
  }

  /// The file that `path` leads to.
  static func resolved(_ path: String) -> String {
    guard let found = realpath(path, nil) else { return path }
    defer { free(found) }
    return String(cString: found)
  }

  private static func store(_ bytes: [UInt8], at path: String, likeFile model: String) throws(Failure) {
    let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw Failure() }
    defer { close(file) }
    var status = stat()
    if stat(model, &status) == 0 {
      // Without the right to give the file away it stays ours, which HAProxy does not mind as long as it may read it.
      _ = fchown(file, status.st_uid, status.st_gid)
      guard fchmod(file, status.st_mode & 0o777) == 0 else { throw Failure() }
    }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
      if count < 0, errno != EINTR { throw Failure() }
      rest = rest.dropFirst(max(0, count))
    }
    guard fsync(file) == 0 else { throw Failure() }
  }

  private static func syncFolder(of path: String) throws(Failure) {
    let parent = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
    let folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard folder >= 0 else { throw Failure() }
    defer { close(folder) }
    guard fsync(folder) == 0 else { throw Failure() }
  }
}
