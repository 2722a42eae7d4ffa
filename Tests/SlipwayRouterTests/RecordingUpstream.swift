import NIOCore
import NIOPosix
import Foundation
import Synchronization

/// An upstream that keeps every byte it was sent and answers each whole request with `ok`.
final class RecordingUpstream: Sendable {
  let channel: any Channel
  private let memory: Memory
  var address: String { "127.0.0.1:\(channel.localAddress?.port ?? 0)" }

  final class Memory: Sendable { let bytes = Mutex<[UInt8]>([]) }

  private init(channel: any Channel, memory: Memory) {
    self.channel = channel
    self.memory = memory
  }

  /// What has come since the last call.
  func take() -> String {
    memory.bytes.withLock { bytes in
      defer { bytes = [] }
      return String(decoding: bytes, as: UTF8.self)
    }
  }

  static func start() async throws -> RecordingUpstream {
    let memory = Memory()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try keepToMyself(channel) } }
      .childChannelInitializer { child in
        child.eventLoop.makeCompletedFuture {
          try keepToMyself(child)
          try child.pipeline.syncOperations.addHandler(Recorder(memory))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return RecordingUpstream(channel: channel, memory: memory)
  }

  private final class Recorder: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let memory: Memory
    private var text = ""

    init(_ memory: Memory) { self.memory = memory }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      let bytes = unwrapInboundIn(data)
      memory.bytes.withLock { $0 += bytes.readableBytesView }
      text += String(buffer: bytes)
      guard isWhole else { return }
      text = ""
      let reply = ByteBuffer(string: "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\nok")
      context.writeAndFlush(wrapOutboundOut(reply)).assumeIsolated().whenComplete { _ in context.close(promise: nil) }
    }

    private var isWhole: Bool {
      guard let end = text.range(of: "\r\n\r\n") else { return false }
      let head = text[..<end.lowerBound].lowercased()
      let body = text[end.upperBound...]
      if head.contains("transfer-encoding: chunked") { return body.contains("0\r\n") && body.hasSuffix("\r\n\r\n") }
      guard let field = head.range(of: "content-length: ") else { return true }
      return body.utf8.count >= Int(head[field.upperBound...].prefix { $0.isNumber }) ?? 0
    }
  }
}

/// HAProxy with its defaults in front of one server, listening on a Unix socket in `folder`.
struct ReferenceProxy: Sendable {
  let socket: String
  private let process: ForeignProcess

  init(_ folder: String, upstream: String) async throws {
    socket = folder + "/h.sock"
    let text = """
      global
        maxconn 200
      defaults
        mode http
        timeout connect 5s
        timeout client 5s
        timeout server 5s
        timeout http-request 2s
        option httpclose
      frontend web
        bind unix@\(socket)
        default_backend app
      backend app
        server app \(upstream)

      """
    try text.write(toFile: folder + "/h.cfg", atomically: true, encoding: .utf8)
    process = try ForeignProcess(["haproxy", "-db", "-f", folder + "/h.cfg"], log: folder + "/h.log")
    let path = socket
    let isUp = await eventually {
      (try? await withRaw(unix: path) { raw in
        try await raw.send("GET / HTTP/1.1\r\nhost: up\r\n\r\n")
        return try await raw.read(until: "\r\n\r\n").hasPrefix("HTTP/1.1 200")
      }) ?? false
    }
    guard isUp else {
      process.stop()
      throw Incomplete()
    }
  }

  func stop() { process.stop() }
}
