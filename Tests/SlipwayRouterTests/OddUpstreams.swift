import Glibc
import NIOCore
import NIOPosix
import Synchronization

/// Answers the first request of each connection and breaks the connection at the second.
enum OneShotUpstream {
  static func start() async throws -> RawUpstream {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { child in
        child.eventLoop.makeCompletedFuture {
          try child.pipeline.syncOperations.addHandler(OneShotHandler())
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return RawUpstream(channel: channel)
  }
}

private final class OneShotHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  private var hasAnswered = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    if hasAnswered { return context.close(promise: nil) }
    hasAnswered = true
    let reply = ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
  }
}

/// A listening socket on a free port that nobody serves.
private func listenOnLoopback(backlog: Int32) throws -> (listener: Int32, name: sockaddr_in) {
  let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
  var name = sockaddr_in()
  name.sin_family = sa_family_t(AF_INET)
  name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
  var length = socklen_t(MemoryLayout<sockaddr_in>.size)
  let isBound = withUnsafeMutablePointer(to: &name) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      bind(listener, $0, length) == 0 && listen(listener, backlog) == 0 && getsockname(listener, $0, &length) == 0
    }
  }
  guard isBound else { throw Incomplete() }
  return (listener, name)
}

/// Listens with a full backlog: the kernel drops every further attempt to connect.
struct SilentListener {
  private let listener: Int32
  private let fillers: [Int32]
  let address: String

  init() throws {
    let (listener, bound) = try listenOnLoopback(backlog: 0)
    var name = bound
    fillers = (0..<4).map { _ in
      let filler = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      _ = withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          connect(filler, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      return filler
    }
    self.listener = listener
    address = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
  }

  func close() {
    for filler in fillers { _ = Glibc.close(filler) }
    _ = Glibc.close(listener)
  }
}

/// Takes connections and never reads from them.
struct SilentReader {
  private let listener: Int32
  let address: String

  init() throws {
    let (listener, name) = try listenOnLoopback(backlog: 16)
    self.listener = listener
    address = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
  }

  func close() { _ = Glibc.close(listener) }
}

/// A port that is bound and not listened on: whoever connects is refused.
final class HeldPort: Sendable {
  private let handle: Int32

  init(_ port: Int) {
    handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var yes: Int32 = 1
    _ = setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    name.sin_port = UInt16(port).bigEndian
    _ = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  deinit { close(handle) }
}

/// A client socket that sends as much as the kernel takes and never reads.
final class EagerSender: Sendable {
  private let handle: Int32
  private let sent = Mutex(0)

  init(_ address: String, head: String) throws {
    handle = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    name.sin_port = UInt16(split(address).port).bigEndian
    let isConnected = withUnsafePointer(to: &name) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(handle, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
      }
    }
    guard isConnected, Array(head.utf8).withUnsafeBytes({ send(handle, $0.baseAddress, $0.count, 0) }) > 0 else {
      throw Incomplete()
    }
  }

  /// Bytes that the kernel has taken so far.
  func sendWhatFits() -> Int {
    let piece = [UInt8](repeating: 7, count: 64 << 10)
    return sent.withLock { sent in
      let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
      while sent < 256 << 20 {
        let count = piece.withUnsafeBytes { send(handle, $0.baseAddress, $0.count, flags) }
        guard count > 0 else { break }
        sent += count
      }
      return sent
    }
  }

  func close() { _ = Glibc.close(handle) }
}

/// A Unix socket file that nobody listens on any more.
struct StaleSocket {
  private let handle: Int32

  init(_ path: String) throws {
    handle = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
    let bound = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(handle, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard bound == 0 else { throw Incomplete() }
  }

  func abandon() { _ = Glibc.close(handle) }
}

/// Something that is no router on a control socket.
enum FakeControl {
  static func start(_ path: String, reply: String?) async throws -> any Channel {
    try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { child in
        child.eventLoop.makeCompletedFuture {
          guard let reply else { return }
          try child.pipeline.syncOperations.addHandler(RawHandler(reply: reply, closes: false))
        }
      }
      .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true).get()
  }
}
