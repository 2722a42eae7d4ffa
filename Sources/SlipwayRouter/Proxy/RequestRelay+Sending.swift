internal import NIOCore
internal import SlipwayModel

/// Finding an upstream for a request, and what happens when that fails.
extension RequestRelay {
  /// Tries `slot`; falls back to blue where the table allows it.
  func begin(_ slot: Slot) {
    exchange?.slot = slot
    exchange?.sentAt = nil
    let isTester = exchange?.isTester ?? false
    worker.meters[slot].began(isTester: isTester)
    if worker.passesOver(slot, now: .now()) {
      if standIn(for: slot, because: .ejected) { return }
      if isTester {
        worker.finished(slot, .ejected, at: .now())
        return giveUp(.deadCandidate)
      }
    }
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
    connection.send(exchange.request)
    if exchange.isRequestEnded { connection.sendEnd(nil) }
    // A body that comes in this very read leaves with the head, in one packet.
    if exchange.isRequestEnded { connection.flush() }
    connection.read()
    if !isPooled || exchange.hasStoodIn { catchUp() }
  }

  /// Takes what came from the client while there was no connection to pass it to.
  private func catchUp() {
    wire?.resume()
    if phase == .forwarding { upstream?.flush() }
    readMore()
  }

  /// Passes a piece of the body on.
  func pass(_ body: ByteBuffer) {
    exchange?.isBodyForwarded = true
    touch()
    upstream?.send(body)
  }

  func passEnd(_ trailers: HeadBlock?) {
    exchange?.isRequestEnded = true
    touch()
    upstream?.sendEnd(trailers)
  }

  /// There was progress: what is waited for next has its whole time again.
  func touch() {
    if phase == .tunnelling {
      deadline = .now() + worker.limits.tunnelTimeout.amount
      return
    }
    guard let exchange else { return }
    let waitsForHead = exchange.isRequestEnded && exchange.status == nil
    deadline = .now() + (waitsForHead ? worker.limits.responseTimeout : worker.limits.bodyTimeout).amount
  }

  func upstreamBecameWritable() {
    guard phase == .forwarding || phase == .tunnelling else { return }
    touch()
    readMore()
  }

  /// No connection could be made.
  private func refused(_ slot: Slot) {
    if worker.table.standIn(for: slot) != nil { worker.eject(slot, now: .now()) }
    if standIn(for: slot, because: .unanswered) { return }
    worker.finished(slot, .unanswered, at: .now())
    giveUp(exchange?.isTester == true ? .deadCandidate : .noLiveSlot)
  }

  /// Lets blue answer for a candidate; false when it may not, has already been asked, or the client asked for the candidate itself.
  private func standIn(for slot: Slot, because ending: SlotMeter.Ending) -> Bool {
    guard let blue = worker.table.standIn(for: slot), exchange?.hasStoodIn == false, exchange?.isTester == false else {
      return false
    }
    exchange?.hasStoodIn = true
    worker.finished(slot, ending, at: .now())
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
      worker.finished(exchange.slot, .broken, at: .now())
      self.exchange = nil
      return close()
    }
    if failure == .closed, exchange.request.isIdempotent, !exchange.isBodyForwarded, !exchange.hasInterim {
      if exchange.isPooled { return open(exchange.slot, fresh: true) }
      if exchange.request.isSafe, standIn(for: exchange.slot, because: .unanswered) { return }
    }
    worker.finished(exchange.slot, .broken, at: .now())
    giveUp(.badGateway)
  }

  /// Nothing moved for too long: blames the side that was waited for.
  func stalled() {
    guard let exchange else { return close() }
    let waitsForClient: Bool
    if exchange.status == nil {
      waitsForClient = !exchange.isRequestEnded && (upstream?.isWritable ?? false)
    } else {
      waitsForClient = !(wire?.isWritable ?? false)
    }
    upstream?.close()
    upstream = nil
    let ending: SlotMeter.Ending = waitsForClient ? .abandoned(since: nil) : .broken
    worker.finished(exchange.slot, ending, at: .now())
    if exchange.status == nil { return giveUp(waitsForClient ? .requestTimeout : .gatewayTimeout) }
    self.exchange = nil
    close()
  }

  /// Answers for the application.
  private func giveUp(_ failure: RouterAnswer) { answer(failure, isHead: exchange?.request.isHead ?? false) }

  /// Takes the request back from its slot.
  func cancel(_ ending: SlotMeter.Ending) {
    guard let exchange else { return }
    self.exchange = nil
    ticket += 1
    worker.finished(exchange.slot, exchange.status == 101 ? .switchedBack : ending, at: .now())
    upstream?.close()
    upstream = nil
  }
}
