internal import CSlipwayDisk
internal import Glibc
internal import SlipwayConnectors

/// An open file or folder, closed when nobody holds it any more.
final class Descriptor: Sendable {
  let number: Int32

  init(_ number: Int32) { self.number = number }
  deinit { close(number) }

  /// Opens the folder at `path`, which may be reached through links.
  static func folder(_ path: String) throws(ConnectorError) -> Descriptor {
    let number = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard number >= 0 else { throw .disk("cannot open the folder \(shown(path))") }
    return Descriptor(number)
  }

  /// Opens what lies at `path` below this folder and follows no link on the way; nil, with `errno`, when that cannot be done.
  func inside(_ path: String, _ flags: Int32, mode: mode_t = 0o600) -> Descriptor? {
    let parts = path.utf8.split(separator: UInt8(ascii: "/"))
    var folder = self
    for part in parts.dropLast() {
      let next = openat(folder.number, String(Substring(part)), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard next >= 0 else { return nil }
      folder = Descriptor(next)
    }
    // O_NONBLOCK, because opening a pipe that took a file's place would wait for a writer.
    let number = openat(
      folder.number, parts.last.map { String(Substring($0)) } ?? ".", flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, mode)
    return number >= 0 ? Descriptor(number) : nil
  }

  /// Size, times and rights; nil, with `errno`, when the disk does not say.
  var status: stat? {
    var status = stat()
    return fstat(number, &status) == 0 ? status : nil
  }

  /// Puts the contents of this file, or the names in this folder, on disk.
  func flush(_ path: String) throws(ConnectorError) {
    guard fsync(number) == 0 else { throw .disk("cannot flush \(shown(path))") }
  }

  /// Puts everything that was written to this file system on disk, because one flush for each of many small files would take minutes.
  ///
  /// Since Linux 5.8 it also tells of what could not be written since this descriptor was opened.
  func flushEverything(_ path: String) throws(ConnectorError) {
    guard syncfs(number) == 0 else { throw .disk("cannot flush the disk of \(shown(path))") }
  }

  /// The lock on this file or folder, held until it is closed; false when somebody else holds it.
  func lock(shared: Bool = false) -> Bool { flock(number, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 }

  /// Writes all of `bytes`; false, with `errno`, when the disk refuses.
  func write(_ bytes: UnsafeRawBufferPointer) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = Glibc.write(number, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Fills `buffer` from where the last reading ended; 0 at the end, nil, with `errno`, when the disk refuses.
  func read(into buffer: UnsafeMutableRawBufferPointer) -> Int? {
    while true {
      let count = Glibc.read(number, buffer.baseAddress, buffer.count)
      if count < 0, errno == EINTR { continue }
      return count < 0 ? nil : count
    }
  }
}

/// A path as it stands in a message: on one line.
func shown(_ path: String) -> String {
  path.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } ? path : path.debugDescription
}

extension ConnectorError {
  /// What the system said, in its own words; to be made before another call changes `errno`.
  static func disk(_ what: String) -> ConnectorError {
    let reason = errno
    let way =
      switch reason {
      case ENOSPC, EDQUOT: "free space on that disk, then repeat"
      case EIO: "the disk is failing: look at the system's log before anything else"
      case EACCES, EPERM, EROFS: "give slipway's user the rights, then repeat"
      default: "check the path and the disk"
      }
    return ConnectorError(.refused, "\(what): \(String(cString: strerror(reason))); \(way)")
  }
}
