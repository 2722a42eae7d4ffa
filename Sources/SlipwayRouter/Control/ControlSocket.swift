internal import Glibc
internal import NIOCore

/// The exclusive right to a control path, held as long as the process lives: a dead router's lock is free by itself.
struct ControlLock: Sendable {
  private let file: Int32

  init(path: String) throws(RouterError) {
    let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard file >= 0 else {
      throw RouterError(
        .misconfigured, "cannot open the lock of the control socket; check that its folder exists and is writable",
        cause: SystemFailure("open \(path)"))
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      close(file)
      throw RouterError(
        .locked, "another router holds \(path); stop it first, or give this one another control path")
    }
    self.file = file
  }

  /// A right that another process has handed over; it was never free in between.
  init(taken file: Int32) { self.file = file }

  /// Another handle of the same right, for a successor.
  func duplicated() throws -> Int32 {
    let copy = fcntl(file, F_DUPFD_CLOEXEC, 3)
    guard copy >= 0 else { throw SystemFailure("copy the handle of the lock") }
    return copy
  }

  /// Gives the right back.
  func release() { close(file) }
}

/// The Unix socket file.
enum ControlSocket {
  /// Longest path that the kernel takes.
  static let pathLimit = 107

  static func checkPath(_ path: String) throws(RouterError) {
    guard !path.isEmpty, path.utf8.count <= pathLimit else {
      throw RouterError(
        .misconfigured,
        "control path has \(path.utf8.count) bytes, a Unix socket takes 1 to \(pathLimit); use a shorter folder: \(path)"
      )
    }
  }

  /// A bound socket that only its owner may open from its first instant; replaces the file of a dead router.
  ///
  /// The caller holds the ``ControlLock``, so a file that is there belongs to nobody.
  static func bind(_ path: String) throws(RouterError) -> NIOBSDSocket.Handle {
    try checkPath(path)
    var status = stat()
    if lstat(path, &status) == 0 {
      guard status.st_mode & S_IFMT == S_IFSOCK else {
        throw RouterError(.misconfigured, "\(path) is no socket; it was left alone, choose another control path")
      }
      unlink(path)
    }
    let handle = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard handle >= 0 else {
      throw RouterError(.misconfigured, "no control socket", cause: SystemFailure("open a socket"))
    }
    // Linux gives the file the mode of the unbound socket, so there is no moment at which others could connect.
    guard fchmod(handle, 0o600) == 0, bind(handle, to: path) == 0 else {
      let failure = SystemFailure("bind \(path)")
      close(handle)
      throw RouterError(.misconfigured, "no control socket", cause: failure)
    }
    return handle
  }

  private static func bind(_ handle: Int32, to path: String) -> Int32 {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    return withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        Glibc.bind(handle, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
  }

  static func remove(_ path: String) { unlink(path) }
}
