import Foundation
import NIOCore
import NIOPosix
import SlipwayModel
import SlipwayRouter
import Synchronization
import Testing

@Suite("Router: WebSockets")
struct WebSocketTests {
  static let offer =
    "GET /ws HTTP/1.1\r\nhost: x\r\nconnection: keep-alive, Upgrade\r\nupgrade: websocket\r\nsec-websocket-key: k\r\n\r\n"
  static let agreed =
    "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n"

  private func withSocket<Result: Sendable>(
    limits: RouterLimits = RouterLimits(), flood: Int = 0, _ body: (Rig, SocketUpstream) async throws -> Result
  ) async throws -> Result {
    let upstream = try await SocketUpstream.start(flood: flood)
    let result = try await withRig(limits: limits) { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      return try await body(rig, upstream)
    }
    try await upstream.channel.close().get()
    return result
  }

  @Test(
    "bytes go both ways as they are, also those sent ahead; the request is counted at once and in flight until the end")
  func both() async throws {
    try await withSocket { rig, upstream in
      try await withRaw(rig.address) { raw in
        try await raw.send(Self.offer + "early")
        let start = try await raw.read(until: "early")
        #expect(start == Self.agreed + "early", "\(start)")
        for text in ["one\0\r\n\r\n", "two"] {
          try await raw.send(text)
          #expect(try await raw.read(until: text) == text)
        }
        let slot = try await rig.counters { $0.slot(.a).counters.requests == 1 }.slot(.a)
        #expect(slot.inFlight == 1 && slot.counters.latency?.total == 1 && slot.counters.errors == 0)
      }
      let after = try await rig.counters { $0.slot(.a).inFlight == 0 }.slot(.a)
      #expect(after.inFlight == 0 && after.counters.requests == 1 && after.abandoned == 0 && after.counters.errors == 0)
      #expect(await eventually { upstream.closed == 1 })
      #expect(upstream.firstHead.contains("connection: upgrade\r\nupgrade: websocket\r\n"), "\(upstream.firstHead)")
    }
  }

  @Test("what the application says last still arrives when it ends the WebSocket")
  func lastWord() async throws {
    try await withSocket { rig, _ in
      let end = try await withRaw(rig.address) { raw in
        try await raw.send(Self.offer)
        _ = try await raw.read(until: "\r\n\r\n")
        try await raw.send("bye")
        return await raw.readToEnd()
      }
      #expect(end == "bye")
    }
  }

  @Test("a change of the split leaves a WebSocket open, cut ends it, silence ends it in time")
  func ends() async throws {
    var limits = RouterLimits()
    limits.tunnelTimeout = .seconds(3)
    try await withSocket(limits: limits) { rig, upstream in
      try await withRaw(rig.address) { raw in
        try await raw.send(Self.offer)
        _ = try await raw.read(until: "\r\n\r\n")
        try await rig.control.set(split: .none, generation: 2)
        try await raw.send("still")
        #expect(try await raw.read(until: "still") == "still")
        try await rig.control.cut(.a)
        #expect(await raw.readToEnd() == "")
      }
      #expect(try await rig.control.counters().slot(.a).inFlight == 0)
      try await rig.control.set(split: Split(green: .a, percent: 100, blue: nil), generation: 3)
      let silence = try await withRaw(rig.address) { raw in
        try await raw.send(Self.offer)
        _ = try await raw.read(until: "\r\n\r\n")
        return await raw.readToEnd()
      }
      #expect(silence.isEmpty)
      #expect(await eventually { upstream.closed == 2 })
    }
  }

  @Test("a client that does not read stops the application from sending")
  func slowReader() async throws {
    try await withSocket(flood: 1 << 30) { rig, upstream in
      try await withRaw(rig.address) { raw in
        try await raw.send(Self.offer)
        let sent = await settledValue { upstream.sent }
        #expect(sent > 0 && sent < 64 << 20, "\(sent) bytes")
      }
      let isOver = try await rig.counters { $0.slot(.a).inFlight == 0 }.slot(.a).inFlight == 0
      #expect(isOver)
    }
  }

  @Test("an upgrade that nobody asked for is 502, and a refused one is an answer like any other")
  func unasked() async throws {
    let eager = try await RawUpstream.start(Self.agreed, closes: false)
    let shy = try await RawUpstream.start("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nno", closes: false)
    try await withRig { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: eager.address, .b: shy.address], generation: 1)
      #expect(try await rig.get().status == 502)
      try await rig.control.set(split: Split(green: .b, percent: 100, blue: nil), generation: 2)
      let answers = try await withRaw(rig.address) { raw in
        try await raw.send(Self.offer)
        let first = try await raw.read(until: "no")
        try await raw.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        return [first, try await raw.read(until: "no")]
      }
      #expect(answers.allSatisfy { $0.hasPrefix("HTTP/1.1 200") })
    }
    try await eager.channel.close().get()
    try await shy.channel.close().get()
  }

  @Test("a stop of the router waits for a WebSocket as long as for any request, then cuts it")
  func stop() async throws {
    var limits = RouterLimits()
    limits.drain = .milliseconds(200)
    try await withFolder { folder in
      let upstream = try await SocketUpstream.start(flood: 0)
      let rig = try await startRig(folder, limits: limits)
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      try await withRaw(rig.address) { raw in
        try await raw.send(Self.offer)
        _ = try await raw.read(until: "\r\n\r\n")
        await rig.server.stop()
        #expect(await raw.readToEnd() == "")
      }
      try await upstream.channel.close().get()
    }
  }
}

/// Agrees to every WebSocket and sends back what it hears, ends after `bye`, or sends `flood` bytes as fast as they are taken.
final class SocketUpstream: Sendable {
  struct Seen: Sendable {
    var head = ""
    var closed = 0
    var sent = 0
  }

  final class Memory: Sendable { let seen = Mutex(Seen()) }

  let channel: any Channel
  private let memory: Memory
  var address: String { "127.0.0.1:\(channel.localAddress?.port ?? 0)" }
  var closed: Int { memory.seen.withLock { $0.closed } }
  var sent: Int { memory.seen.withLock { $0.sent } }
  var firstHead: String { memory.seen.withLock { $0.head } }

  private init(channel: any Channel, memory: Memory) {
    self.channel = channel
    self.memory = memory
  }

  static func start(flood: Int) async throws -> SocketUpstream {
    let memory = Memory()
    let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try keepToMyself(channel) } }
      .childChannelInitializer { child in
        child.eventLoop.makeCompletedFuture {
          try keepToMyself(child)
          try child.pipeline.syncOperations.addHandler(Agreeing(memory, flood: flood))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
    return SocketUpstream(channel: channel, memory: memory)
  }

  private final class Agreeing: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private let memory: Memory
    private var head: String? = ""
    private var left: Int

    init(_ memory: Memory, flood: Int) {
      self.memory = memory
      left = flood
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      var bytes = unwrapInboundIn(data)
      if let known = head {
        let text = known + String(buffer: bytes)
        guard let end = text.range(of: "\r\n\r\n") else {
          head = text
          return
        }
        head = nil
        memory.seen.withLock { if $0.head.isEmpty { $0.head = String(text[..<end.upperBound]) } }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: WebSocketTests.agreed)), promise: nil)
        bytes = ByteBuffer(string: String(text[end.upperBound...]))
        if left > 0 { return flood(context) }
      }
      guard bytes.readableBytes > 0 else { return }
      let isLast = String(buffer: bytes) == "bye"
      context.writeAndFlush(wrapOutboundOut(bytes)).assumeIsolated().whenComplete { _ in
        if isLast { context.close(promise: nil) }
      }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
      if context.channel.isWritable, head == nil { flood(context) }
    }

    private func flood(_ context: ChannelHandlerContext) {
      let piece = ByteBuffer(repeating: 7, count: 64 << 10)
      while left > 0, context.channel.isWritable {
        left -= piece.readableBytes
        memory.seen.withLock { $0.sent += piece.readableBytes }
        context.writeAndFlush(wrapOutboundOut(piece), promise: nil)
      }
    }

    func channelInactive(context: ChannelHandlerContext) { memory.seen.withLock { $0.closed += 1 } }
  }
}
