internal import NIOCore
internal import NIOHTTP1
internal import SlipwayModel

/// One client connection: takes requests one after the other and passes each to a slot, piece by piece.
///
/// Reads are asked for one by one, so that a slow side slows the other down and nothing piles up in between.
final class FrontConnection: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  enum Phase {
    /// Waits for a request.
    case idle
    /// Has a request and looks for an upstream connection.
    case connecting
    /// Request and answer are flowing.
    case forwarding
    /// The last answer is being written; the connection ends with it.
    case closing
    /// The answer is out; what the client still sends is dropped, because closing now could destroy the answer on its way.
    case lingering
    case closed
  }

  let worker: Worker
  var phase = Phase.idle
  var exchange: Exchange?
  var upstream: UpstreamConnection?
  /// When ``expired(now:)`` is due.
  var deadline = NIODeadline.distantFuture
  /// Tells a late connect result from the one that is waited for.
  var ticket = 0
  private(set) var context: ChannelHandlerContext?
  private var clientAddress = "unknown"
  private var hasHeadBegun = false
  private var isInputDone = false
  /// What a pipelining client sent ahead; bounded, because nothing is read while a request is being answered.
  private var queued = CircularBuffer<HTTPServerRequestPart>()
  private var queuedAnswer: RouterAnswer?
  private var isServingQueue = false

  init(worker: Worker) { self.worker = worker }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  func channelActive(context: ChannelHandlerContext) {
    guard worker.admit(self) else {
      phase = .closed
      return context.close(promise: nil)
    }
    clientAddress = context.remoteAddress?.ipAddress ?? "unknown"
    deadline = .now() + worker.limits.headerTimeout.amount
    context.read()
  }

  func channelInactive(context: ChannelHandlerContext) {
    phase = .closed
    queued.removeAll()
    cancel(.abandoned(since: exchange?.sentAt))
    worker.dismiss(self)
  }

  // MARK: Request in

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    if canTake, queued.isEmpty, !isServingQueue { take(part) } else if phase != .closed { queued.append(part) }
  }

  /// Whether the next part belongs to the request at hand or may begin a new one.
  private var canTake: Bool { !(exchange?.isRequestEnded ?? false) }

  private func take(_ part: HTTPServerRequestPart) {
    switch (part, phase) {
    case (.head(let head), .idle): start(head)
    case (.body(let buffer), .connecting), (.body(let buffer), .forwarding): pass(.body(.byteBuffer(buffer)))
    case (.end(let trailers), .connecting), (.end(let trailers), .forwarding):
      exchange?.isRequestEnded = true
      pass(.end(trailers))
    case (.end, .closing): isInputDone = true
    case (.end, .lingering): close()
    case (.head, _), (.body, _), (.end, _): break
    }
  }

  private func start(_ head: HTTPRequestHead) {
    hasHeadBegun = false
    let request: InboundRequest
    do {
      request = try InboundRequest(head, client: clientAddress, trustsForwarded: worker.trustsForwarded)
    } catch {
      switch error {
      case .connect, .codedTransfer: answer(.unsupported)
      case .missingHost, .severalHosts, .oldClientChunked: answer(.badRequest)
      }
      return
    }
    guard let choice = worker.choose(asksForCanary: request.asksForCanary) else {
      return answer(.noLiveSlot, isHead: head.method == .HEAD)
    }
    exchange = Exchange(request: request, slot: choice.slot)
    begin(choice.slot, isTester: choice.isTester)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if phase == .forwarding { upstream?.flush() }
    if phase == .idle, !hasHeadBegun {
      // Bytes came but no request yet: from here on the header is under way.
      hasHeadBegun = true
      deadline = min(deadline, .now() + worker.limits.headerTimeout.amount)
    }
    readMore()
  }

  /// Asks for more from the client where someone can take it.
  func readMore() {
    switch phase {
    case .idle, .lingering: context?.read()
    case .connecting, .forwarding:
      // With the request complete one read stays pending: taking it back would cost two system calls a request.
      let isWanted = canTake ? upstream?.isWritable ?? false : queued.isEmpty
      if isWanted { context?.read() }
    case .closing, .closed: break
    }
  }

  /// Takes what a pipelining client sent ahead, until a request is complete again.
  func serveQueue() {
    guard !isServingQueue else { return }
    isServingQueue = true
    while canTake, let part = queued.popFirst() { take(part) }
    isServingQueue = false
    if phase == .forwarding { upstream?.flush() }
    if phase == .idle, queued.isEmpty, let late = queuedAnswer { answer(late) } else { readMore() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let parserError = error as? HTTPParserError else {
      // The decoder reports every further read after its first error; the linger deadline ends that.
      if !(error is ByteToMessageDecoderError) { close() }
      return
    }
    let answer: RouterAnswer
    if case .headerOverflow = parserError { answer = .headerTooLarge } else { answer = .badRequest }
    switch phase {
    case .idle: self.answer(answer)
    case .connecting, .forwarding:
      if !canTake {
        queuedAnswer = answer
      } else if exchange?.status == nil {
        cancel(.abandoned(since: nil))
        self.answer(answer)
      } else {
        close()
      }
    case .closing, .lingering, .closed: break
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    guard phase == .forwarding, context.channel.isWritable else { return }
    touch()
    upstream?.read()
  }

  // MARK: Ends

  /// The answer is complete and the connection stays: ready for the next request.
  func becomeIdle(now: NIODeadline) {
    phase = .idle
    deadline = now + worker.limits.keepAliveTimeout.amount
    serveQueue()
  }

  /// Gives an answer of the router's own and ends the connection with it.
  func answer(_ answer: RouterAnswer, isHead: Bool = false) {
    guard let context, phase != .closed else { return }
    context.write(wrapOutboundOut(.head(answer.head)), promise: nil)
    if !isHead {
      let body = context.channel.allocator.buffer(string: answer.body)
      context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    }
    endWithAnswer(nil)
  }

  /// Writes the end of the last answer and closes when it is out.
  func endWithAnswer(_ trailers: HTTPHeaders?) {
    guard let context else { return }
    isInputDone = exchange?.isRequestEnded ?? isInputDone
    exchange = nil
    phase = .closing
    deadline = .now() + worker.limits.bodyTimeout.amount
    context.writeAndFlush(wrapOutboundOut(.end(trailers))).assumeIsolated().whenComplete { _ in self.answerIsOut() }
  }

  private func answerIsOut() {
    guard phase == .closing, let context else { return }
    if isInputDone { return close() }
    phase = .lingering
    deadline = .now() + .seconds(2)
    context.close(mode: .output, promise: nil)
    serveQueue()
  }

  func close() {
    cancel(.abandoned(since: exchange?.sentAt))
    guard phase != .closed else { return }
    phase = .closed
    context?.close(promise: nil)
  }

  /// The router stops: an idle connection ends now, a busy one with its answer.
  func drain() { if phase == .idle { close() } }

  /// The deadline has passed without progress: decides who was waited for.
  func expired(now: NIODeadline) {
    switch phase {
    case .idle: if hasHeadBegun { answer(.requestTimeout) } else { close() }
    case .forwarding: stalled()
    case .closing, .lingering: close()
    case .connecting, .closed: break
    }
  }

  func write(_ part: HTTPServerResponsePart) {
    guard let context else { return }
    context.write(wrapOutboundOut(part), promise: nil)
  }

  func flush() { context?.flush() }
  var isWritable: Bool { context?.channel.isWritable ?? false }
}
