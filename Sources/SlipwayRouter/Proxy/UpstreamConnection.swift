internal import NIOCore
internal import SlipwayModel

/// One keep-alive connection to a slot's upstream; serves one request at a time, or waits in the loop's pool.
final class UpstreamConnection: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum Mode {
    case idle
    case head
    case body
    case webSocket
  }

  let slot: Slot
  let target: Target
  private let worker: Worker
  private var context: ChannelHandlerContext?
  /// Whose request it answers now.
  private var relay: RequestRelay?
  private var goesBackToPool = false
  private(set) var idleSince = NIODeadline.now()
  private var mode = Mode.idle
  private var input = ByteBuffer()
  private var out = ByteBuffer()
  private var reader: HeadReader
  private var body: BodyReader
  private var framing = Framing.none
  private var isHeadRequest = false

  init(slot: Slot, target: Target, worker: Worker) {
    self.slot = slot
    self.target = target
    self.worker = worker
    reader = HeadReader(limits: worker.headLimits, isStrict: false)
    body = BodyReader(limits: worker.headLimits, isStrict: false)
  }

  var isActive: Bool { context?.channel.isActive ?? false }
  var isWritable: Bool { context?.channel.isWritable ?? false }

  func handlerAdded(context: ChannelHandlerContext) { self.context = context }
  func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

  // MARK: What the client's side asks

  func attach(_ relay: RequestRelay) { self.relay = relay }

  /// Writes the head of a request; its body follows, if it has one.
  func send(_ request: InboundRequest) {
    framing = request.framing
    isHeadRequest = request.isHead
    reader.reset()
    mode = .head
    // Nothing else waits to leave, so the head goes as it lies in memory, unless a body follows that fits behind it.
    out = request.head
  }

  func send(_ data: ByteBuffer) {
    if data.readableBytes <= 4_096 {
      if framing == .chunked { out.writeChunk(data) } else { out.writeImmutableBuffer(data) }
      return
    }
    if framing == .chunked { out.writeChunkSize(data.readableBytes) }
    push()
    context?.write(wrapOutboundOut(data), promise: nil)
    if framing == .chunked { out.writeStaticString("\r\n") }
  }

  func sendEnd(_ trailers: HeadBlock?) {
    guard framing == .chunked else { return }
    out.writeStaticString("0\r\n")
    HeadWriter.trailers(trailers, to: &out)
    out.writeStaticString("\r\n")
  }

  func sendRaw(_ bytes: ByteBuffer) {
    push()
    context?.write(wrapOutboundOut(bytes), promise: nil)
  }

  private func push() {
    guard out.readableBytes > 0 else { return }
    context?.write(wrapOutboundOut(out), promise: nil)
    out = ByteBuffer()
  }

  func flush() {
    guard out.readableBytes > 0 else { return context?.flush() ?? () }
    let bytes = out
    out = ByteBuffer()
    context?.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
  }

  func read() { context?.read() }

  /// From here on bytes are passed on as they come.
  func becomeTunnel() { mode = .webSocket }

  /// Lets go of the client; the connection is kept when it is clean, and closed otherwise.
  func release(isReusable: Bool) {
    relay = nil
    // Only after this read is through: bytes that follow an answer unasked must kill the connection, not answer the next request.
    if isReusable { goesBackToPool = true } else { close() }
  }

  func close() {
    relay = nil
    goesBackToPool = false
    context?.close(promise: nil)
  }

  /// Ends a WebSocket whose client has left: what the client sent last still goes out.
  func closeWhenSent() {
    relay = nil
    push()
    guard let context else { return }
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in
      context.close(promise: nil)
    }
  }

  /// Waits in the pool with a read pending, so that the upstream's close is seen at once.
  func park(now: NIODeadline) {
    idleSince = now
    mode = .idle
    context?.read()
  }

  // MARK: What the upstream sends

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    switch mode {
    case .webSocket: relay?.upstreamSent(raw: bytes)
    case .idle: close()
    case .head, .body:
      if input.readableBytes > 0 { input.writeBuffer(&bytes) } else { input = bytes }
      while let relay, step(relay) {}
      if input.readableBytes == 0 { input = ByteBuffer() }
    }
  }

  /// Takes one part of an answer; false when more has to come first.
  private func step(_ relay: RequestRelay) -> Bool {
    switch mode {
    case .head: return stepHead(relay)
    case .body:
      switch body.next(&input) {
      case .incomplete: return false
      case .data(let data): relay.upstreamSent(data)
      case .end(let trailers):
        mode = .idle
        relay.upstreamEnded(trailers)
      case .fault: garbled(relay)
      }
      return true
    case .webSocket:
      let rest = input
      input = ByteBuffer()
      if rest.readableBytes > 0 { relay.upstreamSent(raw: rest) }
      return false
    case .idle: return false
    }
  }

  private func stepHead(_ relay: RequestRelay) -> Bool {
    switch reader.read(input) {
    case .incomplete: return false
    case .fault: garbled(relay)
    case .complete(let length):
      guard let bytes = input.readSlice(length: length), let line = reader.startLine,
        let head = ResponseHead(HeadBlock(bytes: bytes, startLine: line, fields: reader.fields))
      else {
        garbled(relay)
        return false
      }
      if head.status == 101 {
        relay.upstreamSwitched(head)
      } else if head.isInterim {
        relay.upstreamGaveInterim(head)
        reader.reset()
      } else {
        mode = .body
        body.begin(isHeadRequest || !head.mayHaveBody ? .none : head.framing)
        relay.upstreamAnswered(head)
      }
    }
    return true
  }

  private func garbled(_ relay: RequestRelay) {
    worker.forget(self)
    close()
    relay.upstreamFailed(.garbage)
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if let relay {
      relay.upstreamReadCompleted()
    } else if goesBackToPool {
      goesBackToPool = false
      if input.readableBytes > 0 { close() } else { worker.park(self) }
    }
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { relay?.upstreamBecameWritable() }
  }

  func channelInactive(context: ChannelHandlerContext) {
    worker.forget(self)
    guard let relay else { return }
    self.relay = nil
    switch mode {
    case .webSocket: relay.upstreamLeftTunnel()
    case .body where body.endsWithConnection: relay.upstreamEnded(nil)
    case .idle, .head, .body: relay.upstreamFailed(.closed)
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    // The end of the connection follows and says what it means for the request.
    context.close(promise: nil)
  }
}

/// How a connected upstream let a request down.
enum UpstreamFailure {
  /// The connection ended before the answer did.
  case closed
  /// What came was no HTTP.
  case garbage
}
