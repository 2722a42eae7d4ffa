internal import NIOCore
internal import NIOHTTP1
internal import SlipwayModel

/// Finding an upstream for a request, and what happens when that fails.
extension FrontConnection {
  /// Tries `slot`; falls back to blue where the table allows it.
  func begin(_ slot: Slot, isTester: Bool = false) {
    exchange?.slot = slot
    exchange?.sentAt = nil
    worker.meters[slot].began(isTester: isTester)
    if worker.isEjected(slot, now: .now()), standIn(for: slot, because: .ejected) { return }
    open(slot, fresh: false)
  }

  private func open(_ slot: Slot, fresh: Bool) {
    guard let exchange else { return }
    phase = .connecting
    // The bootstrap's own timeout bounds this phase.
    deadline = .distantFuture
    guard let target = worker.table.targets[slot] else { return refused(slot) }
    // A request that cannot be sent twice takes no connection that the upstream may be about to close.
    let canRepeat = exchange.request.isIdempotent && !exchange.request.hasBody
    let patience: TimeAmount? = canRepeat ? nil : worker.limits.unrepeatableIdle.amount
    if !fresh, let connection = worker.takeIdle(slot, patience: patience, now: .now()) {
      return attach(connection, isPooled: true)
    }
    ticket += 1
    let expected = ticket
    worker.connect(slot, target) { result in
      guard self.phase == .connecting, self.ticket == expected else {
        if case .success(let connection) = result { self.worker.park(connection) }
        return
      }
      switch result {
      case .success(let connection): self.attach(connection, isPooled: false)
      case .failure: self.refused(slot)
      }
    }
  }

  private func attach(_ connection: UpstreamConnection, isPooled: Bool) {
    guard let exchange else { return }
    let now = NIODeadline.now()
    phase = .forwarding
    upstream = connection
    connection.attach(self)
    self.exchange?.isPooled = isPooled
    self.exchange?.sentAt = now
    worker.meters[exchange.slot].sent(at: now)
    let limits = worker.limits
    deadline = now + (exchange.isRequestEnded ? limits.responseTimeout : limits.bodyTimeout).amount
    connection.write(.head(exchange.request.head))
    let pending = exchange.pending
    self.exchange?.pending = []
    for part in pending { forward(part, to: connection) }
    // Where the request's end is still to come in this very read, the flush after it saves a packet.
    if exchange.isRequestEnded || exchange.hasStoodIn || !isPooled { connection.flush() }
    connection.read()
    readMore()
  }

  /// Passes a part on, or keeps it until there is a connection.
  func pass(_ part: HTTPClientRequestPart) {
    guard phase == .forwarding, let upstream else {
      exchange?.pending.append(part)
      return
    }
    touch()
    forward(part, to: upstream)
  }

  private func forward(_ part: HTTPClientRequestPart, to connection: UpstreamConnection) {
    if case .body = part { exchange?.isBodyForwarded = true }
    connection.write(part)
  }

  /// There was progress: what is waited for next has its whole time again.
  func touch() {
    guard let exchange else { return }
    let waitsForHead = exchange.isRequestEnded && exchange.status == nil
    deadline = .now() + (waitsForHead ? worker.limits.responseTimeout : worker.limits.bodyTimeout).amount
  }

  func upstreamBecameWritable() {
    guard phase == .forwarding else { return }
    touch()
    readMore()
  }

  /// No connection could be made.
  private func refused(_ slot: Slot) {
    if worker.table.standIn(for: slot) != nil { worker.eject(slot, now: .now()) }
    if standIn(for: slot, because: .unanswered) { return }
    worker.meters[slot].ended(.unanswered, at: .now())
    giveUp(.noLiveSlot)
  }

  /// Lets blue answer for a candidate; false when it may not or has already been asked.
  private func standIn(for slot: Slot, because ending: SlotMeter.Ending) -> Bool {
    guard let blue = worker.table.standIn(for: slot), exchange?.hasStoodIn == false else { return false }
    exchange?.hasStoodIn = true
    worker.meters[slot].ended(ending, at: .now())
    worker.meters[slot].stoodIn()
    begin(blue)
    return true
  }

  /// The upstream failed after the request had been sent.
  func upstreamFailed(_ failure: UpstreamFailure) {
    guard phase == .forwarding, let exchange else { return }
    upstream = nil
    guard exchange.status == nil else {
      // Half an answer must not look like a whole one, so the client's connection breaks as the upstream's did.
      worker.meters[exchange.slot].ended(.broken, at: .now())
      self.exchange = nil
      return close()
    }
    if failure == .closed, exchange.request.isIdempotent, !exchange.isBodyForwarded, !exchange.hasInterim {
      self.exchange?.pending = exchange.isRequestEnded ? [.end(nil)] : []
      if exchange.isPooled { return open(exchange.slot, fresh: true) }
      if exchange.request.isSafe, standIn(for: exchange.slot, because: .unanswered) { return }
    }
    worker.meters[exchange.slot].ended(.broken, at: .now())
    giveUp(.badGateway)
  }

  /// Nothing moved for too long: blames the side that was waited for.
  func stalled() {
    guard let exchange else { return close() }
    let waitsForClient: Bool
    if exchange.status == nil {
      waitsForClient = !exchange.isRequestEnded && (upstream?.isWritable ?? false)
    } else {
      waitsForClient = !isWritable
    }
    upstream?.close()
    upstream = nil
    let ending: SlotMeter.Ending = waitsForClient ? .abandoned(since: nil) : .broken
    worker.meters[exchange.slot].ended(ending, at: .now())
    if exchange.status == nil { return giveUp(waitsForClient ? .requestTimeout : .gatewayTimeout) }
    self.exchange = nil
    close()
  }

  /// Answers for the application.
  private func giveUp(_ failure: RouterAnswer) { answer(failure, isHead: exchange?.request.head.method == .HEAD) }

  /// Takes the request back from its slot.
  func cancel(_ ending: SlotMeter.Ending) {
    guard let exchange else { return }
    self.exchange = nil
    ticket += 1
    worker.meters[exchange.slot].ended(ending, at: .now())
    upstream?.close()
    upstream = nil
  }
}
