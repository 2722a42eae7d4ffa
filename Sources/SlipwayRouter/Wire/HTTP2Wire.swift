internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One stream of an HTTP/2 connection: one request and its answer.
final class HTTP2Wire: ChannelInboundHandler, ClientWire {
  typealias InboundIn = HTTP2Frame.FramePayload
  typealias OutboundOut = HTTP2Frame.FramePayload

  /// What has come and waits for an upstream connection; the stream's window bounds it.
  private enum Part {
    case data(ByteBuffer)
    case end(HeadBlock?)
  }

  private let worker: Worker
  private let client: ClientSide
  private var relay: RequestRelay?
  private var context: ChannelHandlerContext?
  private var hasRequest = false
  private var parts = CircularBuffer<Part>()
  /// What is written but for the knowledge whether it is the last: then it carries END_STREAM itself.
  private var held: HTTP2Frame.FramePayload?
  private var isResuming = false

  init(worker: Worker, peer: String) {
    self.worker = worker
    client = ClientSide(address: peer, isEncrypted: true, trustsForwarded: worker.trustsForwarded)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    let relay = RequestRelay(worker: worker, wire: self, isConnection: false)
    guard relay.admit() else { return context.close(promise: nil) }
    self.relay = relay
  }

  func handlerRemoved(context: ChannelHandlerContext) { leave() }
  func channelActive(context: ChannelHandlerContext) { context.read() }
  func channelInactive(context: ChannelHandlerContext) { leave() }

  private func leave() {
    context = nil
    let relay = self.relay
    self.relay = nil
    relay?.clientLeft()
  }

  // MARK: In

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .headers(let payload) where !hasRequest: begin(payload)
    case .headers(let payload):
      parts.append(.end(HTTP2Head.trailers(payload.headers)))
      resume()
    case .data(let payload):
      if case .byteBuffer(let bytes) = payload.data, bytes.readableBytes > 0 { parts.append(.data(bytes)) }
      if payload.endStream { parts.append(.end(nil)) }
      resume()
    default: break
    }
  }

  private func begin(_ payload: HTTP2Frame.FramePayload.Headers) {
    hasRequest = true
    guard let relay else { return }
    do throws(WireFault) {
      let request = try HTTP2Head(payload.headers, limits: worker.headLimits)
        .request(from: client, isComplete: payload.endStream)
      relay.begin(request)
    } catch {
      relay.refuse(RouterAnswer(error))
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) { relay?.clientReadCompleted() }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    if context.channel.isWritable { relay?.clientBecameWritable() }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

  var hasInput: Bool { !parts.isEmpty }

  func resume() {
    guard !isResuming else { return }
    isResuming = true
    while let relay, relay.takesInput, let part = parts.popFirst() {
      switch part {
      case .data(let bytes): relay.received(bytes)
      case .end(let trailers): relay.receivedEnd(trailers)
      }
    }
    isResuming = false
  }

  func read() { context?.read() }

  // MARK: Out

  var isWritable: Bool { context?.channel.isWritable ?? false }

  private func write(_ payload: HTTP2Frame.FramePayload) {
    push()
    held = payload
  }

  private func push() {
    guard let payload = held else { return }
    held = nil
    context?.write(wrapOutboundOut(payload), promise: nil)
  }

  func write(_ head: ResponseHead, _ plan: AnswerPlan) {
    var fields = HTTP2Head.fields(head)
    if let cookie = plan.cookie { fields.add(name: "set-cookie", value: cookie) }
    write(.headers(.init(headers: fields)))
  }

  func write(interim head: ResponseHead) {
    write(.headers(.init(headers: HTTP2Head.fields(head))))
    push()
  }

  func write(_ body: ByteBuffer) { write(.data(.init(data: .byteBuffer(body)))) }

  func writeEnd(_ trailers: HeadBlock?) {
    if let trailers, let fields = HTTP2Head.fields(trailers) {
      write(.headers(.init(headers: fields, endStream: true)))
      return push()
    }
    switch held {
    case .headers(let payload): held = .headers(.init(headers: payload.headers, endStream: true))
    case .data(let payload): held = .data(.init(data: payload.data, endStream: true))
    default: held = .data(.init(data: .byteBuffer(ByteBuffer()), endStream: true))
    }
    push()
  }

  func write(_ answer: RouterAnswer, isHead: Bool) {
    var fields = HPACKHeaders([(":status", String(answer.status))])
    for (name, value) in answer.fields { fields.add(name: name, value: value) }
    write(.headers(.init(headers: fields)))
    if !isHead { write(ByteBuffer(string: answer.body)) }
    writeEnd(nil)
  }

  // An HTTP/2 request never asks for it.
  func switchProtocol(_ head: ResponseHead) {}
  func writeRaw(_ bytes: ByteBuffer) {}

  func flush() {
    push()
    context?.flush()
  }

  func finish() {
    push()
    guard let context else { return }
    context.flush()
    // The frames are on their way, and a stream's end is no connection's: nothing needs to be waited for.
    context.eventLoop.assumeIsolated().execute { self.relay?.answerIsOut() }
  }

  /// The answer is whole while the request is not: the client may stop sending (RFC 9113, 8.1).
  func shutOutput() {
    context?.writeAndFlush(wrapOutboundOut(.rstStream(.noError)), promise: nil)
  }

  func close() { context?.close(promise: nil) }
}
