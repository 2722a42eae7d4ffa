internal import Glibc

/// The Unix socket of a host.
///
/// An address holds 107 bytes. A longer path is reached through an open descriptor of its folder, `/proc/self/fd/N/host.sock`,
/// which is the same file, needs no second place and cannot be taken by somebody else.
enum UnixSocket {
  private static let longestAddress = 107

  /// Binds the socket of `directory`, mode 0600, in place of one left behind, and listens.
  ///
  /// Only whoever holds the directory's lock may call it. The process must have no other thread that makes files.
  static func listen(_ directory: HostDirectory) throws(SystemFailure) -> Descriptor {
    let listener = try make()
    unlink(directory.socketPath)
    let mask = umask(0o177)
    defer { umask(mask) }
    try withAddress(directory) { address, length throws(SystemFailure) in
      guard bind(listener.raw, address, length) == 0 else { throw SystemFailure() }
    }
    guard Glibc.listen(listener.raw, 64) == 0 else { throw SystemFailure() }
    return listener
  }

  /// Connects to the host of `directory` without waiting: a local socket answers at once or is full.
  static func connect(_ directory: HostDirectory) throws(SystemFailure) -> Descriptor {
    let connection = try make()
    try withAddress(directory) { address, length throws(SystemFailure) in
      guard Glibc.connect(connection.raw, address, length) == 0 else { throw SystemFailure() }
    }
    return connection
  }

  private static func make() throws(SystemFailure) -> Descriptor {
    let flags = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
    guard let socket = Descriptor(socket(AF_UNIX, flags, 0)) else { throw SystemFailure() }
    return socket
  }

  private static func withAddress(
    _ directory: HostDirectory, _ use: (UnsafePointer<sockaddr>, socklen_t) throws(SystemFailure) -> Void
  ) throws(SystemFailure) {
    var path = directory.socketPath
    var folder: Descriptor?
    if path.utf8.count > longestAddress {
      guard let opened = Descriptor(open(directory.root, O_RDONLY | O_DIRECTORY | O_CLOEXEC)) else {
        throw SystemFailure()
      }
      folder = opened
      path = "/proc/self/fd/\(opened.raw)/host.sock"
    }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    var failure: SystemFailure?
    withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
        do throws(SystemFailure) {
          try use(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
        } catch {
          failure = error
        }
      }
    }
    withExtendedLifetime(folder) {}
    if let failure { throw failure }
  }
}
