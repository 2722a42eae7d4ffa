internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import SlipwayModel

/// One keep-alive connection to a slot's upstream; serves one client connection at a time, or waits in the loop's pool.
final class UpstreamConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPClientResponsePart
  typealias OutboundOut = HTTPClientRequestPart

  let slot: Slot
  let target: Target
  private let worker: Worker
  private var context: ChannelHandlerContext?
  /// Whose request it answers now.
  private weak var front: FrontConnection?
  private var goesBackToPool = false
  private(set) var idleSince = NIODeadline.now()

  init(slot: Slot, target: Target, worker: Worker) {
    self.slot = slot
    self.target = target
    self.worker = worker
  }

  var isActive: Bool { context?.channel.isActive ?? false }
  var isWritable: Bool { context?.channel.isWritable ?? false }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  // MARK: What the client's side asks

  func attach(_ front: FrontConnection) { self.front = front }

  func write(_ part: HTTPClientRequestPart) {
    guard let context else { return }
    context.write(wrapOutboundOut(part), promise: nil)
  }

  func flush() { context?.flush() }
  func read() { context?.read() }

  /// Lets go of the client; the connection is kept when it is clean, and closed otherwise.
  func release(isReusable: Bool) {
    front = nil
    // Only after this read is through: bytes that follow an answer unasked must kill the connection, not answer the next request.
    if isReusable { goesBackToPool = true } else { close() }
  }

  func close() {
    front = nil
    goesBackToPool = false
    context?.close(promise: nil)
  }

  /// Waits in the pool with a read pending, so that the upstream's close is seen at once.
  func park(now: NIODeadline) {
    idleSince = now
    context?.read()
  }

  // MARK: What the upstream sends

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard let front else { return close() }
    switch unwrapInboundIn(data) {
    case .head(let head): front.upstreamAnswered(head)
    case .body(let buffer): front.upstreamSent(buffer)
    case .end(let trailers): front.upstreamEnded(trailers)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if let front {
      front.upstreamReadCompleted()
    } else if goesBackToPool {
      goesBackToPool = false
      worker.park(self)
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { front?.upstreamBecameWritable() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    worker.forget(self)
    let front = self.front
    self.front = nil
    front?.upstreamFailed(.closed)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    let front = self.front
    let isGarbage = error is HTTPParserError || error is NIOHTTPDecoderError
    worker.forget(self)
    close()
    front?.upstreamFailed(isGarbage ? .garbage : .closed)
  }
}

/// How a connected upstream let a request down.
enum UpstreamFailure {
  /// The connection ended before the answer did.
  case closed
  /// What came was no HTTP.
  case garbage
}
