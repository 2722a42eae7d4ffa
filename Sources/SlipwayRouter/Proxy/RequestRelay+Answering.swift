internal import NIOCore

/// Passing an upstream's answer to the client.
extension RequestRelay {
  func upstreamAnswered(_ head: ResponseHead) {
    guard phase == .forwarding, let exchange, let wire else { return }
    let keepsClient = exchange.request.allowsKeepAlive && !worker.isDraining && exchange.isRequestEnded
    let plan = AnswerPlan(
      head, to: exchange.request, keepsAlive: keepsClient, cookie: worker.cookie(for: exchange))
    self.exchange?.status = head.status
    self.exchange?.keepsUpstream = head.keepsAlive
    self.exchange?.keepsClient = plan.keepsAlive
    wire.write(head, plan)
    touch()
  }

  func upstreamGaveInterim(_ head: ResponseHead) {
    guard phase == .forwarding, let exchange, !exchange.request.isOldClient else { return }
    self.exchange?.hasInterim = true
    wire?.write(interim: head)
    touch()
  }

  func upstreamSent(_ buffer: ByteBuffer) {
    guard phase == .forwarding, exchange?.status != nil else { return }
    wire?.write(buffer)
    touch()
  }

  func upstreamEnded(_ trailers: HeadBlock?) {
    guard phase == .forwarding, let exchange, let status = exchange.status, let wire else { return }
    let now = NIODeadline.now()
    worker.finished(exchange.slot, .answered(status: status, since: exchange.sentAt ?? now), at: now)
    upstream?.release(isReusable: exchange.keepsUpstream && exchange.isRequestEnded)
    upstream = nil
    wire.writeEnd(trailers)
    guard exchange.keepsClient else { return finishAnswer() }
    self.exchange = nil
    wire.flush()
    becomeIdle(now: now)
  }

  func upstreamReadCompleted() {
    guard let wire else { return }
    if phase != .closing { wire.flush() }
    if phase == .forwarding || phase == .tunnelling, wire.isWritable { upstream?.read() }
  }

  // MARK: WebSockets

  /// The upstream agrees to a WebSocket. The request counts as answered now; it stays in flight as long as the WebSocket lives.
  func upstreamSwitched(_ head: ResponseHead) {
    guard phase == .forwarding, let exchange, let wire, let upstream else { return }
    guard exchange.request.wantsUpgrade, head.offersWebSocket, head.options.saysUpgrade else {
      return upstreamGarbled()
    }
    let now = NIODeadline.now()
    worker.meters[exchange.slot].switched(since: exchange.sentAt ?? now)
    self.exchange?.status = head.status
    phase = .tunnelling
    deadline = now + worker.limits.tunnelTimeout.amount
    upstream.becomeTunnel()
    wire.switchProtocol(head)
    wire.resume()
    upstream.flush()
    readMore()
  }

  func clientSent(raw bytes: ByteBuffer) {
    guard phase == .tunnelling, let upstream else { return }
    upstream.sendRaw(bytes)
    touch()
  }

  func upstreamSent(raw bytes: ByteBuffer) {
    guard phase == .tunnelling else { return }
    wire?.writeRaw(bytes)
    touch()
  }

  /// The upstream has ended a WebSocket: what it sent last still goes out.
  func upstreamLeftTunnel() {
    guard phase == .tunnelling, let exchange else { return }
    upstream = nil
    worker.finished(exchange.slot, .switchedBack, at: .now())
    self.exchange = nil
    phase = .closing
    deadline = .now() + .seconds(2)
    wire?.finish()
  }

  /// The answer is one that cannot be passed on.
  func upstreamGarbled() {
    upstream?.close()
    upstreamFailed(.garbage)
  }
}
