internal import NIOCore
internal import NIOHTTP1

/// Passing an upstream's answer to the client.
extension FrontConnection {
  func upstreamAnswered(_ head: HTTPResponseHead) {
    guard phase == .forwarding, let exchange else { return }
    if head.status.code < 200 {
      guard head.status != .switchingProtocols else { return garbled() }
      guard !exchange.request.isOldClient else { return }
      self.exchange?.hasInterim = true
      write(.head(OutboundResponse.interim(head)))
      return touch()
    }
    let keepsClient = exchange.request.allowsKeepAlive && !worker.isDraining && exchange.isRequestEnded
    guard let response = OutboundResponse(head, to: exchange.request, keepsAlive: keepsClient) else {
      return garbled()
    }
    self.exchange?.status = head.status.code
    self.exchange?.keepsUpstream = head.isKeepAlive
    self.exchange?.keepsClient = keepsClient && response.isDelimited
    write(.head(response.head))
    touch()
  }

  func upstreamSent(_ buffer: ByteBuffer) {
    guard phase == .forwarding, exchange?.status != nil else { return }
    write(.body(.byteBuffer(buffer)))
    touch()
  }

  func upstreamEnded(_ trailers: HTTPHeaders?) {
    guard phase == .forwarding, let exchange, let status = exchange.status else { return }
    let now = NIODeadline.now()
    worker.meters[exchange.slot].ended(.answered(status: status, since: exchange.sentAt ?? now), at: now)
    upstream?.release(isReusable: exchange.keepsUpstream && exchange.isRequestEnded)
    upstream = nil
    guard exchange.keepsClient else { return endWithAnswer(trailers) }
    self.exchange = nil
    write(.end(trailers))
    flush()
    becomeIdle(now: now)
  }

  func upstreamReadCompleted() {
    flush()
    if phase == .forwarding, isWritable { upstream?.read() }
  }

  /// The answer is one that cannot be passed on.
  private func garbled() {
    upstream?.close()
    upstreamFailed(.garbage)
  }
}
