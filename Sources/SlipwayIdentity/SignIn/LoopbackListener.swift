internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import Synchronization

/// Takes the browser's answer on 127.0.0.1, for the time of one sign-in; nothing listens afterwards.
enum LoopbackListener {
  /// Runs `body` with the port and the answers as they come.
  static func withAnswers<Value: Sendable>(
    port: Int, reader: SignInAnswer.Reader,
    _ body: (Int, AsyncStream<Result<String, IdentityError>>) async -> Result<Value, IdentityError>
  ) async throws(IdentityError) -> Value {
    let (answers, sink) = AsyncStream.makeStream(
      of: Result<String, IdentityError>.self, bufferingPolicy: .bufferingOldest(4))
    let connections = OpenConnections()
    let server: any Channel
    do {
      server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
        .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
        .childChannelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            try connections.add(channel)
            try channel.pipeline.syncOperations.configureHTTPServerPipeline()
            try channel.pipeline.syncOperations.addHandler(CallbackHandler(reader: reader, sink: sink))
          }
        }
        .bind(host: "127.0.0.1", port: port).get()
    } catch {
      throw IdentityError(
        .misconfigured,
        "nothing can listen on 127.0.0.1:\(port) for the answer of the sign-in: \(error); take another port"
      )
    }
    let result = await body(server.localAddress?.port ?? port, answers)
    try? await server.close()
    connections.closeAll()
    return try result.get()
  }
}

/// The connections that are open, so that none outlives the sign-in: browsers open some ahead and leave them so.
private final class OpenConnections: Sendable {
  private struct Refused: Error {}
  private static let most = 32

  private let channels = Mutex<[ObjectIdentifier: any Channel]?>([:])

  /// - Throws: when there are too many, or the sign-in is over; the connection is closed then.
  func add(_ channel: any Channel) throws {
    let isIn = channels.withLock { channels in
      guard let count = channels?.count, count < Self.most else { return false }
      channels?[ObjectIdentifier(channel)] = channel
      return true
    }
    guard isIn else { throw Refused() }
    channel.closeFuture.whenComplete { _ in
      self.channels.withLock { _ = $0?.removeValue(forKey: ObjectIdentifier(channel)) }
    }
  }

  func closeAll() {
    let left = channels.withLock { channels in
      defer { channels = nil }
      return channels.map { Array($0.values) } ?? []
    }
    for channel in left { channel.close(promise: nil) }
  }
}

/// Answers one request a connection with a page, and hands on what it said.
private final class CallbackHandler: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let reader: SignInAnswer.Reader
  private let sink: AsyncStream<Result<String, IdentityError>>.Continuation
  private var target = ""
  private var isAnswered = false

  init(reader: SignInAnswer.Reader, sink: AsyncStream<Result<String, IdentityError>>.Continuation) {
    self.reader = reader
    self.sink = sink
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head): target = head.method == .GET ? head.uri : ""
    case .body: return
    case .end:
      guard !isAnswered else { return }
      isAnswered = true
      answer(context)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  /// The outcome is handed on when the page is written, so that the browser is never cut off.
  private func answer(_ context: ChannelHandlerContext) {
    let outcome = reader.read(target)
    let (status, page) = Self.page(for: outcome)
    let headers: HTTPHeaders = [
      "Content-Type": "text/html; charset=utf-8", "Content-Length": "\(page.utf8.count)", "Connection": "close",
      "Cache-Control": "no-store", "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
      "Referrer-Policy": "no-referrer",
    ]
    let head = HTTPResponseHead(version: .http1_1, status: status, headers: headers)
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: page)))), promise: nil)
    let (sink, channel) = (sink, context.channel)
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
      if let outcome { sink.yield(outcome) }
      channel.close(promise: nil)
    }
  }

  private static func page(for outcome: Result<String, IdentityError>?) -> (HTTPResponseStatus, String) {
    switch outcome {
    case .success?: (.ok, page("Signed in", "Go back to the terminal: Slipway checks the sign-in there."))
    case .failure?: (.badRequest, page("Not signed in", "Go back to the terminal: Slipway says there what was wrong."))
    case nil: (.notFound, page("Nothing here", "Slipway waits at /callback for the answer of a sign-in."))
    }
  }

  private static func page(_ title: String, _ text: String) -> String {
    """
    <!doctype html><html lang="en"><meta charset="utf-8"><title>\(title) – Slipway</title>
    <meta name="viewport" content="width=device-width"><style>body{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;\
    margin:20vh auto;padding:0 1rem;color:#1a1a1a;background:#fff}</style><main><h1>\(title)</h1><p>\(text)</p></main></html>

    """
  }
}
