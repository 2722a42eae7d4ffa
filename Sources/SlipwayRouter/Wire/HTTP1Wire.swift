internal import NIOCore

/// One HTTP/1 connection of a client: bytes in, requests out, and back.
final class HTTP1Wire: ChannelInboundHandler, ClientWire {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private enum Mode {
    case head
    case body
    case webSocket
    /// What comes is of no interest any more.
    case deaf
  }

  /// Bodies up to this size are copied behind their head, so that one buffer leaves instead of two.
  private static let copyLimit = 4_096

  private let worker: Worker
  private let isEncrypted: Bool
  private var relay: RequestRelay?
  private var context: ChannelHandlerContext?
  private var client = ClientSide(address: "unknown", isEncrypted: false, trustsForwarded: false)
  private var mode = Mode.head
  private var input = ByteBuffer()
  private var out = ByteBuffer()
  private var reader: HeadReader
  private var body: BodyReader
  private var isPumping = false
  private var isChunking = false

  init(worker: Worker, isEncrypted: Bool) {
    self.worker = worker
    self.isEncrypted = isEncrypted
    reader = HeadReader(limits: worker.headLimits, isStrict: true)
    body = BodyReader(limits: worker.headLimits, isStrict: true)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    // Behind TLS the connection is there before this handler is.
    if context.channel.isActive { begin(context) }
  }

  func handlerRemoved(context: ChannelHandlerContext) { leave() }

  func channelActive(context: ChannelHandlerContext) { begin(context) }

  private func begin(_ context: ChannelHandlerContext) {
    guard relay == nil else { return }
    client = ClientSide(
      address: context.channel.remoteAddress?.ipAddress ?? "unknown", isEncrypted: isEncrypted,
      trustsForwarded: worker.trustsForwarded)
    let relay = RequestRelay(worker: worker, wire: self, isConnection: true)
    guard relay.admit() else { return context.close(promise: nil) }
    self.relay = relay
    context.read()
  }

  func channelInactive(context: ChannelHandlerContext) { leave() }

  private func leave() {
    context = nil
    let relay = self.relay
    self.relay = nil
    relay?.clientLeft()
  }

  // MARK: In

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    switch mode {
    case .webSocket: relay?.clientSent(raw: bytes)
    case .deaf: break
    case .head, .body:
      if hasInput { input.writeBuffer(&bytes) } else { input = bytes }
      resume()
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) { relay?.clientReadCompleted() }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { relay?.clientBecameWritable() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  var hasInput: Bool { input.readableBytes > 0 }

  func resume() {
    guard !isPumping else { return }
    isPumping = true
    while let relay, relay.takesInput, step(relay) {}
    isPumping = false
    // The memory of the read goes back, so that the next one can use it.
    if !hasInput { input = ByteBuffer() }
  }

  /// Takes one part of a request; false when more has to come first.
  private func step(_ relay: RequestRelay) -> Bool {
    switch mode {
    case .head: return stepHead(relay)
    case .body:
      switch body.next(&input) {
      case .incomplete: return false
      case .data(let data): relay.received(data)
      case .end(let trailers):
        mode = .head
        reader.reset()
        relay.receivedEnd(trailers)
      case .fault(let fault): refuse(fault, relay)
      }
      return mode != .deaf
    case .webSocket:
      let bytes = input
      input = ByteBuffer()
      if bytes.readableBytes > 0 { relay.clientSent(raw: bytes) }
      return false
    case .deaf: return false
    }
  }

  private func stepHead(_ relay: RequestRelay) -> Bool {
    switch reader.read(input) {
    case .incomplete:
      relay.waits(hasBegun: hasInput)
      return false
    case .fault(let fault): refuse(fault, relay)
    case .complete(let length):
      guard let bytes = input.readSlice(length: length), let line = reader.startLine else { return false }
      let request: InboundRequest
      do throws(WireFault) {
        request = try InboundRequest(HeadBlock(bytes: bytes, startLine: line, fields: reader.fields), from: client)
      } catch {
        refuse(error, relay)
        return false
      }
      if request.hasBody {
        mode = .body
        body.begin(request.framing)
      } else {
        reader.reset()
      }
      relay.begin(request)
    }
    return mode != .deaf
  }

  private func refuse(_ fault: WireFault, _ relay: RequestRelay) {
    mode = .deaf
    input = ByteBuffer()
    relay.refuse(RouterAnswer(fault))
  }

  func read() { context?.read() }

  // MARK: Out

  var isWritable: Bool { context?.channel.isWritable ?? false }

  func write(_ head: ResponseHead, _ plan: AnswerPlan) {
    prepare()
    isChunking = plan.isChunked
    head.writeStatusLine(to: &out)
    head.block.withBytes { bytes in
      HeadWriter.copy(head.block.fields, of: bytes, to: &out) { head.passes($0, bytes) }
    }
    if plan.isChunked { out.writeStaticString("transfer-encoding: chunked\r\n") }
    if let cookie = plan.cookie { out.writeString("set-cookie: \(cookie)\r\n") }
    if !plan.keepsAlive {
      out.writeStaticString("connection: close\r\n")
    } else if plan.isOldClient {
      out.writeStaticString("connection: keep-alive\r\n")
    }
    out.writeStaticString("\r\n")
  }

  func write(interim head: ResponseHead) {
    prepare()
    head.writeStatusLine(to: &out)
    head.block.withBytes { bytes in
      HeadWriter.copy(head.block.fields, of: bytes, to: &out) { $0.kind != .contentLength && head.passes($0, bytes) }
    }
    out.writeStaticString("\r\n")
  }

  func write(_ body: ByteBuffer) {
    prepare()
    if body.readableBytes <= Self.copyLimit {
      if isChunking { out.writeChunk(body) } else { out.writeImmutableBuffer(body) }
      return
    }
    if isChunking { out.writeChunkSize(body.readableBytes) }
    push()
    context?.write(wrapOutboundOut(body), promise: nil)
    if isChunking { out.writeStaticString("\r\n") }
  }

  func writeEnd(_ trailers: HeadBlock?) {
    guard isChunking else { return }
    isChunking = false
    out.writeStaticString("0\r\n")
    HeadWriter.trailers(trailers, to: &out)
    out.writeStaticString("\r\n")
  }

  func write(_ answer: RouterAnswer, isHead: Bool) {
    isChunking = false
    out.writeString("HTTP/1.1 \(answer.status) \(answer.reason)\r\n")
    for (name, value) in answer.fields { out.writeString("\(name): \(value)\r\n") }
    out.writeString("connection: close\r\n\r\n\(isHead ? "" : answer.body)")
  }

  func switchProtocol(_ head: ResponseHead) {
    head.writeStatusLine(to: &out)
    head.block.withBytes { bytes in
      HeadWriter.copy(head.block.fields, of: bytes, to: &out) { $0.kind != .contentLength && head.passes($0, bytes) }
    }
    out.writeStaticString("connection: upgrade\r\nupgrade: websocket\r\n\r\n")
    mode = .webSocket
  }

  func writeRaw(_ bytes: ByteBuffer) {
    push()
    context?.write(wrapOutboundOut(bytes), promise: nil)
  }

  /// Takes the event loop's spare buffer: most answers are written and gone before the next begins.
  private func prepare() { if out.capacity == 0 { out = worker.takeSpare() } }

  private func push() {
    guard out.readableBytes > 0 else { return }
    context?.write(wrapOutboundOut(out), promise: nil)
    out = ByteBuffer()
  }

  func flush() {
    guard let context else { return }
    guard out.readableBytes > 0 else { return context.flush() }
    let bytes = out
    out = ByteBuffer()
    context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
    worker.give(spare: bytes)
  }

  func finish() {
    guard let context else { return }
    push()
    context.writeAndFlush(wrapOutboundOut(ByteBuffer())).assumeIsolated().whenComplete { _ in self.relay?.answerIsOut()
    }
  }

  func shutOutput() { context?.close(mode: .output, promise: nil) }

  func close() { context?.close(promise: nil) }
}
