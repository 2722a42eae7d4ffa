internal import NIOCore
internal import NIOHTTP2
internal import NIOSSL
internal import NIOTLS
internal import SlipwayModel

/// Puts a new client connection together: plain HTTP/1, or TLS and then what client and router agree on.
enum FrontDoor {
  static func open(_ channel: any Channel, worker: Worker) throws {
    try channel.closeOnExec()
    guard let context = worker.tls else {
      return try channel.pipeline.syncOperations.addHandler(HTTP1Wire(worker: worker, isEncrypted: false))
    }
    let chooser = ProtocolChooser(worker: worker)
    try channel.pipeline.syncOperations.addHandlers([NIOSSLServerHandler(context: context), chooser])
  }

  /// Serves HTTP/2 on a connection that agreed to it.
  fileprivate static func speakHTTP2(_ channel: any Channel, worker: Worker) throws {
    var connection = NIOHTTP2Handler.ConnectionConfiguration()
    connection.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: worker.limits.streams),
      HTTP2Setting(parameter: .maxHeaderListSize, value: worker.limits.headerList),
    ]
    // What a client resets, it has cost the application: 200 in half a minute end the connection (CVE-2023-44487).
    var stream = NIOHTTP2Handler.StreamConfiguration()
    stream.outboundBufferSizeHighWatermark = 64 << 10
    stream.outboundBufferSizeLowWatermark = 16 << 10
    let bound = NIOLoopBound(worker, eventLoop: channel.eventLoop)
    let peer = channel.remoteAddress?.ipAddress ?? "unknown"
    let manager = NIOHTTP2ServerConnectionManagementHandler(
      eventLoop: channel.eventLoop,
      configuration: .init(
        maxIdleTime: worker.limits.keepAliveTimeout.amount, maxAge: nil,
        maxGraceTime: worker.limits.drain.amount, keepalive: nil))
    let handler = NIOHTTP2Handler(
      mode: .server, eventLoop: channel.eventLoop, connectionConfiguration: connection, streamConfiguration: stream,
      streamDelegate: manager.http2StreamDelegate
    ) { stream in
      stream.eventLoop.makeCompletedFuture {
        try stream.syncOptions?.setOption(.autoRead, value: false)
        try stream.pipeline.syncOperations.addHandler(HTTP2Wire(worker: bound.value, peer: peer))
      }
    }
    try channel.pipeline.syncOperations.addHandlers([handler, manager, HTTP2Connection(worker: worker)])
    // Flow control bounds what a client can send; from here on frames are read as they come.
    try channel.syncOptions?.setOption(.autoRead, value: true)
  }
}

/// Waits for the handshake, no longer than for a request's head, and gives the connection to the protocol agreed on.
private final class ProtocolChooser: ChannelInboundHandler, RemovableChannelHandler, Customer {
  typealias InboundIn = ByteBuffer

  private let worker: Worker
  private var context: ChannelHandlerContext?
  private(set) var deadline = NIODeadline.distantFuture
  let isConnection = true
  let slot: Slot? = nil

  init(worker: Worker) { self.worker = worker }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    deadline = .now() + worker.limits.headerTimeout.amount
    if context.channel.isActive { begin(context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { leave() }
  func channelActive(context: ChannelHandlerContext) { begin(context) }
  func channelInactive(context: ChannelHandlerContext) { leave() }

  private func begin(_ context: ChannelHandlerContext) {
    guard worker.admit(self) else { return context.close(promise: nil) }
    context.read()
  }

  private func leave() {
    context = nil
    worker.dismiss(self)
  }

  func channelReadComplete(context: ChannelHandlerContext) { context.read() }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .handshakeCompleted(let agreed) = event as? TLSUserEvent else {
      return context.fireUserInboundEventTriggered(event)
    }
    do {
      // Leaves the books first, so that the connection counts once.
      worker.dismiss(self)
      if agreed == "h2" {
        try FrontDoor.speakHTTP2(context.channel, worker: worker)
      } else {
        try context.channel.pipeline.syncOperations.addHandler(HTTP1Wire(worker: worker, isEncrypted: true))
      }
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
    } catch {
      context.close(promise: nil)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    worker.failedHandshake()
    context.close(promise: nil)
  }

  func expired(now: NIODeadline) { close() }
  func drain(gently: Bool) { if !gently { close() } }
  func close() { context?.close(promise: nil) }
}

/// The books' view of an HTTP/2 connection; its streams are customers of their own.
private final class HTTP2Connection: ChannelInboundHandler, Customer {
  typealias InboundIn = HTTP2Frame

  private let worker: Worker
  private var context: ChannelHandlerContext?
  let deadline = NIODeadline.distantFuture
  let isConnection = true
  let slot: Slot? = nil

  init(worker: Worker) { self.worker = worker }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    if !worker.admit(self) { context.close(promise: nil) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { leave() }

  func channelInactive(context: ChannelHandlerContext) {
    leave()
    context.fireChannelInactive()
  }

  private func leave() {
    context = nil
    worker.dismiss(self)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // What is wrong with one stream is told there; anything else has broken the connection.
    if !(error is NIOHTTP2Errors.StreamError) { context.close(promise: nil) }
  }

  func expired(now: NIODeadline) {}

  /// Tells the client to open no more streams (GOAWAY); the connection ends with the last one.
  func drain(gently: Bool) { context?.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent()) }

  func close() { context?.close(promise: nil) }
}
