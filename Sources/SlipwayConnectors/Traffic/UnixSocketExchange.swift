internal import NIOCore
internal import NIOPosix
package import SlipwayModel

/// One request to a Unix socket whose other side answers and hangs up, as HAProxy's runtime API does.
///
/// Each call is a connection of its own, so a restarted server is simply found again. No thread waits for the answer.
package struct UnixSocketExchange: Sendable {
  package let path: String
  /// Who listens there, for messages, such as `HAProxy`.
  package let peer: String
  /// Longest that a call takes, connecting included.
  package let deadline: Span
  /// Longest answer in bytes that is taken.
  package let limit: Int

  package init(path: String, peer: String, deadline: Span = .seconds(5), limit: Int = 8 << 20) {
    self.path = path
    self.peer = peer
    self.deadline = deadline
    self.limit = limit
  }

  /// Sends `request` and returns everything that comes back until the other side hangs up.
  ///
  /// - Throws: `unreachable` when nobody listens, `misconfigured` without the right to connect, `timedOut` when the answer has no end
  ///   in time or the task is cancelled, `garbage` when the answer is empty or too long.
  package func send(_ request: [UInt8]) async throws(ConnectorError) -> [UInt8] {
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let answer = loop.makePromise(of: [UInt8].self)
    let timer = loop.scheduleTask(in: .milliseconds(deadline.milliseconds)) {
      answer.fail(ConnectorError(.timedOut, "\(place) did not answer in \(deadline); read back what is in force"))
    }
    let connecting = ClientBootstrap(group: loop)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(
            Conversation(ByteBuffer(bytes: request), answer, limit: limit, place: place))
        }
      }
      .connect(unixDomainSocketPath: path)
    connecting.whenFailure { answer.fail(refusal($0)) }
    // Whatever ends the call ends the connection, too, even one that is only being made.
    answer.futureResult.whenComplete { _ in
      timer.cancel()
      connecting.whenSuccess { $0.close(promise: nil) }
    }
    do {
      return try await withTaskCancellationHandler {
        try await answer.futureResult.get()
      } onCancel: {
        answer.fail(ConnectorError(.timedOut, "the call to \(place) was cancelled; read back what is in force"))
      }
    } catch let error as ConnectorError {
      throw error
    } catch {
      throw ConnectorError(.unreachable, "the call to \(place) failed: \(error)")
    }
  }

  private var place: String { "\(peer) at \(path)" }

  private func refusal(_ error: any Error) -> ConnectorError {
    if let error = error as? IOError, error.errnoCode == 13 || error.errnoCode == 1 {
      return ConnectorError(
        .misconfigured, "no right to open the socket of \(place); give it a group and mode that slipway's user has")
    }
    if error is SocketAddressError {
      return ConnectorError(.misconfigured, "the path of \(place) is too long for a Unix socket; use a shorter one")
    }
    return ConnectorError(.unreachable, "nobody answers for \(place); is it running? (\(error))")
  }
}

/// Says its request and listens until the other side hangs up.
private final class Conversation: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let request: ByteBuffer
  private let answer: EventLoopPromise<[UInt8]>
  private let limit: Int
  private let place: String
  private var received: [UInt8] = []

  init(_ request: ByteBuffer, _ answer: EventLoopPromise<[UInt8]>, limit: Int, place: String) {
    self.request = request
    self.answer = answer
    self.limit = limit
    self.place = place
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(request), promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let bytes = unwrapInboundIn(data)
    guard received.count + bytes.readableBytes <= limit else {
      answer.fail(
        ConnectorError(.garbage, "the answer of \(place) is longer than \(limit) bytes; is another program there?"))
      return
    }
    received += bytes.readableBytesView
  }

  func channelInactive(context: ChannelHandlerContext) {
    guard received.isEmpty else { return answer.succeed(received) }
    answer.fail(ConnectorError(.garbage, "\(place) hung up without an answer; is another program there?"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.fail(ConnectorError(.unreachable, "the connection to \(place) broke: \(error); read back what is in force"))
  }
}
