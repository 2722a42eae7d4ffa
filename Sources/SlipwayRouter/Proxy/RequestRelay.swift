internal import NIOCore
internal import SlipwayModel

/// Takes the requests of one client one after the other and passes each to a slot, piece by piece.
///
/// Reads are asked for one by one, so that a slow side slows the other down and nothing piles up in between.
final class RequestRelay: Customer {
  enum Phase {
    /// Waits for a request.
    case idle
    /// Has a request and looks for an upstream connection.
    case connecting
    /// Request and answer are flowing.
    case forwarding
    /// A WebSocket: bytes go both ways until one side ends.
    case tunnelling
    /// The last answer is being written; the connection ends with it.
    case closing
    /// The answer is out; what the client still sends is dropped, because closing now could destroy the answer on its way.
    case lingering
    case closed
  }

  let worker: Worker
  let isConnection: Bool
  /// Nil once the client has left; wire and relay hold each other until then.
  private(set) var wire: (any ClientWire)?
  var phase = Phase.idle
  var exchange: Exchange?
  var upstream: UpstreamConnection?
  /// When ``expired(now:)`` is due.
  var deadline = NIODeadline.distantFuture
  /// Tells a late connect result from the one that is waited for.
  var ticket = 0
  private var hasHeadBegun = false
  private var isInputDone = false

  init(worker: Worker, wire: any ClientWire, isConnection: Bool) {
    self.worker = worker
    self.wire = wire
    self.isConnection = isConnection
  }

  var slot: Slot? { exchange?.slot }

  /// Takes the client into the books; false when there are too many.
  func admit() -> Bool {
    guard worker.admit(self) else {
      phase = .closed
      wire = nil
      return false
    }
    deadline = .now() + worker.limits.headerTimeout.amount
    return true
  }

  // MARK: What the client's wire tells

  /// Whether the next part of a request can be taken: it belongs to the one at hand, or there is none.
  var takesInput: Bool {
    switch phase {
    case .idle, .tunnelling: true
    case .forwarding: exchange?.isRequestEnded == false
    case .closing, .lingering: !isInputDone
    case .connecting, .closed: false
    }
  }

  /// No whole head has come yet.
  func waits(hasBegun: Bool) {
    guard phase == .idle, hasBegun, !hasHeadBegun else { return }
    // From the first byte on the header is under way.
    hasHeadBegun = true
    deadline = min(deadline, .now() + worker.limits.headerTimeout.amount)
  }

  func begin(_ request: InboundRequest) {
    guard phase == .idle else { return }
    hasHeadBegun = false
    isInputDone = !request.hasBody
    if let limit = worker.limits.body, case .length(let length) = request.framing, length > limit {
      return answer(.bodyTooLarge, isHead: request.isHead)
    }
    guard let choice = worker.choose(for: request) else { return answer(.noLiveSlot, isHead: request.isHead) }
    exchange = Exchange(request: request, slot: choice.slot, isTester: choice.isTester)
    exchange?.bucket = choice.bucket
    begin(choice.slot)
  }

  func received(_ body: ByteBuffer) {
    guard phase == .forwarding, let exchange else { return }
    let count = exchange.received + body.readableBytes
    if let limit = worker.limits.body, count > limit { return refuse(.bodyTooLarge) }
    self.exchange?.received = count
    pass(body)
  }

  func receivedEnd(_ trailers: HeadBlock?) {
    switch phase {
    case .forwarding: passEnd(trailers)
    case .closing: isInputDone = true
    case .lingering: close()
    case .idle, .connecting, .tunnelling, .closed: break
    }
  }

  /// What came is not to be taken.
  func refuse(_ refusal: RouterAnswer) {
    switch phase {
    case .idle: answer(refusal)
    case .connecting, .forwarding:
      guard exchange?.status == nil else { return close() }
      cancel(.abandoned(since: nil))
      answer(refusal)
    case .tunnelling: close()
    case .closing, .lingering, .closed: break
    }
  }

  func clientReadCompleted() {
    if phase == .forwarding || phase == .tunnelling { upstream?.flush() }
    readMore()
  }

  /// Asks for more from the client where someone can take it.
  func readMore() {
    guard let wire else { return }
    switch phase {
    case .idle, .lingering: wire.read()
    case .connecting: if !wire.hasInput { wire.read() }
    case .forwarding:
      // With the request complete one read stays pending: taking it back would cost two system calls a request.
      let isWanted = takesInput ? upstream?.isWritable ?? false : !wire.hasInput
      if isWanted { wire.read() }
    case .tunnelling: if upstream?.isWritable ?? false { wire.read() }
    case .closing, .closed: break
    }
  }

  func clientBecameWritable() {
    guard phase == .forwarding || phase == .tunnelling else { return }
    touch()
    upstream?.read()
  }

  func clientLeft() {
    if phase == .tunnelling {
      upstream?.closeWhenSent()
      upstream = nil
    }
    phase = .closed
    cancel(.abandoned(since: exchange?.sentAt))
    worker.dismiss(self)
    wire = nil
  }

  // MARK: Ends

  /// The answer is complete and the connection stays: ready for the next request.
  func becomeIdle(now: NIODeadline) {
    phase = .idle
    guard !worker.isDraining || worker.isGentle else { return close() }
    deadline = now + worker.limits.keepAliveTimeout.amount
    guard let wire, wire.hasInput else { return readMore() }
    // What a pipelining client sent ahead, from a clean stack: thousands of them must not pile up on it.
    worker.eventLoop.assumeIsolated().execute {
      wire.resume()
      self.clientReadCompleted()
    }
  }

  /// Gives an answer of the router's own and ends the connection with it.
  func answer(_ answer: RouterAnswer, isHead: Bool = false) {
    guard let wire, phase != .closed else { return }
    wire.write(answer, isHead: isHead)
    finishAnswer()
  }

  /// Closes when what was written is out.
  func finishAnswer() {
    isInputDone = exchange?.isRequestEnded ?? isInputDone
    exchange = nil
    phase = .closing
    deadline = .now() + worker.limits.bodyTimeout.amount
    wire?.finish()
  }

  func answerIsOut() {
    guard phase == .closing, let wire else { return }
    if isInputDone { return close() }
    phase = .lingering
    deadline = .now() + .seconds(2)
    wire.shutOutput()
    wire.resume()
    readMore()
  }

  func close() {
    cancel(.abandoned(since: exchange?.sentAt))
    guard phase != .closed else { return }
    phase = .closed
    wire?.close()
  }

  /// The router stops: an idle connection ends now, a busy one with its answer.
  func drain(gently: Bool) { if phase == .idle, !gently { close() } }

  /// The deadline has passed without progress: decides who was waited for.
  func expired(now: NIODeadline) {
    switch phase {
    case .idle: if hasHeadBegun { answer(.requestTimeout) } else { close() }
    case .forwarding: stalled()
    case .closing, .lingering, .tunnelling: close()
    case .connecting, .closed: break
    }
  }
}
