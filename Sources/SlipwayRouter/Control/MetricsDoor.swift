internal import NIOCore
internal import NIOPosix
internal import SlipwayModel

/// The listener for Prometheus: one question a connection, `GET /metrics` and nothing else.
final class MetricsDoor: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private static let limit = 16 << 10

  private let desk: ControlDesk
  private var text = ""
  private var isAnswered = false

  private init(desk: ControlDesk) { self.desk = desk }

  /// Listens on `address`; every byte is handled on the control loop, away from the loops that serve.
  static func open(_ address: String, _ handle: Int32?, loop: any EventLoop, desk: NIOLoopBound<ControlDesk>)
    async throws(RouterError) -> any Channel
  {
    guard let target = Target(address, portZero: true) else {
      throw RouterError(.misconfigured, "metrics: '\(address)' is no host:port")
    }
    do {
      let bootstrap = ServerBootstrap(group: loop)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .serverChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try channel.closeOnExec() } }
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try channel.closeOnExec()
            try channel.pipeline.syncOperations.addHandler(MetricsDoor(desk: desk.value))
          }
        }
      if let handle { return try await bootstrap.withBoundSocket(handle).get() }
      return try await bootstrap.bind(host: target.host, port: target.port).get()
    } catch {
      throw RouterError(.misconfigured, "metrics cannot be served on \(address); free the port", cause: error)
    }
  }

  func channelActive(context: ChannelHandlerContext) {
    guard desk.admit() else { return context.close(promise: nil) }
    context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(10)) { context.close(promise: nil) }
  }

  func channelInactive(context: ChannelHandlerContext) { desk.dismiss() }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isAnswered else { return }
    text += String(buffer: unwrapInboundIn(data))
    guard text.utf8.count <= Self.limit else { return context.close(promise: nil) }
    guard text.contains("\r\n\r\n") else { return }
    isAnswered = true
    let line = String(text.prefix { $0 != "\r\n" })
    desk.metrics().assumeIsolated().whenComplete { result in
      guard let metrics = try? result.get() else { return context.close(promise: nil) }
      let answer = ByteBuffer(string: MetricsText.answer(to: line) { metrics })
      context.writeAndFlush(self.wrapOutboundOut(answer)).assumeIsolated().whenComplete { _ in
        context.close(promise: nil)
      }
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
