import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

/// What an upstream does with one request.
enum Plan: Sendable {
  case text(Int, String, [(String, String)] = [])
  /// Says nothing, ever.
  case hang
  /// Answers when the gate opens.
  case wait(Gate)
  /// Sends the request's body back, piece by piece.
  case echo
  /// Sends so many bytes, as fast as they are taken.
  case stream(Int)
  /// Closes without an answer.
  case drop
}

/// Opens once.
final class Gate: Sendable {
  private let promise: EventLoopPromise<Void>
  private let flag = Mutex(false)
  init() { promise = MultiThreadedEventLoopGroup.singleton.next().makePromise() }
  deinit { promise.succeed(()) }
  var isOpen: Bool { flag.withLock { $0 } }
  func open() {
    flag.withLock { $0 = true }
    promise.succeed(())
  }
  var opened: EventLoopFuture<Void> { promise.futureResult }
}

/// A real HTTP server on a port of its own that remembers what it saw.
final class TestUpstream: Sendable {
  struct Seen: Sendable {
    var heads: [HTTPRequestHead] = []
    var connections = 0
    var bytesIn = 0
    var bytesOut = 0
  }

  let address: String
  let channel: any Channel
  let seen: Memory

  final class Memory: Sendable {
    let value = Mutex(Seen())
    let open = Mutex<[ObjectIdentifier: any Channel]>([:])
  }

  private init(channel: any Channel, seen: Memory) {
    self.channel = channel
    self.seen = seen
    address = "127.0.0.1:\(channel.localAddress?.port ?? 0)"
  }

  var requests: Int { seen.value.withLock { $0.heads.count } }
  var openConnections: Int { seen.open.withLock { $0.count } }
  var snapshot: Seen { seen.value.withLock { $0 } }

  static func start(port: Int = 0, _ plan: @escaping @Sendable (HTTPRequestHead) -> Plan) async throws -> TestUpstream {
    let seen = Memory()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { child in
        child.eventLoop.makeCompletedFuture {
          try child.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
          try child.pipeline.syncOperations.addHandler(UpstreamHandler(plan: plan, seen: seen))
        }
      }
      .bind(host: "127.0.0.1", port: port).get()
    return TestUpstream(channel: channel, seen: seen)
  }

  private let held = Mutex<HeldPort?>(nil)

  /// Dies at once, with every connection. Its port stays taken, so that nobody else can answer there.
  func kill() async {
    try? await channel.close().get()
    held.withLock { $0 = HeldPort(split(address).port) }
    for child in seen.open.withLock({ Array($0.values) }) { try? await child.close().get() }
  }

  /// Ends idle connections but goes on listening.
  func closeConnections() async {
    for child in seen.open.withLock({ Array($0.values) }) { try? await child.close().get() }
  }
}

private final class UpstreamHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart
  let plan: @Sendable (HTTPRequestHead) -> Plan
  let seen: TestUpstream.Memory
  private var current = Plan.hang
  private var left = 0

  init(plan: @escaping @Sendable (HTTPRequestHead) -> Plan, seen: TestUpstream.Memory) {
    self.plan = plan
    self.seen = seen
  }

  func channelActive(context: ChannelHandlerContext) {
    seen.value.withLock { $0.connections += 1 }
    let channel = context.channel
    seen.open.withLock { $0[ObjectIdentifier(channel)] = channel }
  }

  func channelInactive(context: ChannelHandlerContext) {
    let key = ObjectIdentifier(context.channel)
    seen.open.withLock { $0[key] = nil }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      seen.value.withLock { $0.heads.append(head) }
      current = plan(head)
      if head.headers.contains(name: "expect") {
        context.writeAndFlush(
          wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
      }
      if case .echo = current { write(.head(HTTPResponseHead(version: .http1_1, status: .ok)), context) }
      if case .drop = current { context.close(promise: nil) }
    case .body(let buffer):
      seen.value.withLock { $0.bytesIn += buffer.readableBytes }
      if case .echo = current {
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
      }
    case .end: finish(context)
    }
  }

  private func finish(_ context: ChannelHandlerContext) {
    switch current {
    case .text(let status, let body, let headers): respond(status, body, headers, context)
    case .hang, .drop: break
    case .wait(let gate):
      gate.opened.hop(to: context.eventLoop).assumeIsolated().whenComplete { _ in
        self.respond(200, "waited", [], context)
      }
    case .echo: context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    case .stream(let count):
      left = count
      write(.head(HTTPResponseHead(version: .http1_1, status: .ok)), context)
      pump(context)
    }
  }

  private func respond(_ status: Int, _ body: String, _ headers: [(String, String)], _ context: ChannelHandlerContext) {
    var fields = HTTPHeaders(headers)
    if !fields.contains(name: "transfer-encoding"), status != 204, status != 304 {
      fields.replaceOrAdd(name: "content-length", value: String(body.utf8.count))
    }
    write(.head(HTTPResponseHead(version: .http1_1, status: .init(statusCode: status), headers: fields)), context)
    write(.body(.byteBuffer(ByteBuffer(string: body))), context)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) { if left > 0 { pump(context) } }

  private func pump(_ context: ChannelHandlerContext) {
    while left > 0, context.channel.isWritable {
      let count = min(left, 64 * 1_024)
      left -= count
      seen.value.withLock { $0.bytesOut += count }
      let buffer = ByteBuffer(repeating: UInt8(truncatingIfNeeded: left >> 16), count: count)
      context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
      if left == 0 { context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil) }
    }
  }

  private func write(_ part: HTTPServerResponsePart, _ context: ChannelHandlerContext) {
    context.write(wrapOutboundOut(part), promise: nil)
  }
}

/// An upstream that speaks bytes, not HTTP: it answers every piece it receives with the next of its replies.
struct RawUpstream: Sendable {
  let channel: any Channel
  var address: String { "127.0.0.1:\(channel.localAddress?.port ?? 0)" }

  static func start(_ reply: String, closes: Bool) async throws -> RawUpstream {
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { child in
        child.eventLoop.makeCompletedFuture {
          try child.pipeline.syncOperations.addHandler(RawHandler(reply: reply, closes: closes))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return RawUpstream(channel: channel)
  }
}

final class RawHandler: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer
  let reply: String
  let closes: Bool

  init(reply: String, closes: Bool) {
    self.reply = reply
    self.closes = closes
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let closes = self.closes
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: reply))).assumeIsolated().whenComplete { _ in
      if closes { context.close(promise: nil) }
    }
  }
}
