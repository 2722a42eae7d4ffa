internal import Glibc
internal import NIOCore

extension Channel {
  /// Keeps the socket out of programs that this process starts; NIO does not.
  ///
  /// A child that inherits a listener holds its port after the router has died, and one that inherits a connection keeps it from ending.
  /// Call on the channel's event loop.
  func closeOnExec() throws {
    _ = try pipeline.syncOperations.withUnsafeTransportIfAvailable(of: NIOBSDSocket.Handle.self) {
      fcntl($0, F_SETFD, FD_CLOEXEC)
    }
  }
}
