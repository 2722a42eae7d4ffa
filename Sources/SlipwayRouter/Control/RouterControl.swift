internal import Foundation
internal import NIOCore
internal import NIOPosix
package import SlipwayModel

/// Talks to a running router over its control socket: one short connection per call, so a restarted router is simply found again.
package struct RouterControl: Sendable {
  /// The router's Unix socket.
  package let path: String
  /// Longest that a call takes.
  package let deadline: Span

  package init(path: String, deadline: Span = .seconds(5)) {
    self.path = path
    self.deadline = deadline
  }

  /// What the router does now.
  package func status() async throws(RouterError) -> RouterStatus {
    try await statusReply(to: Command(op: "status"))
  }

  /// What has come in since the router started.
  package func counters() async throws(RouterError) -> RouterCounters {
    guard let counters = try await send(Command(op: "counters")).counters else { throw Self.senseless("counters") }
    return counters
  }

  /// Makes the router divide new requests as `split` says.
  ///
  /// Returns when the change is on disk and in force on every event loop. A repeat with the same generation is refused.
  ///
  /// - Parameters:
  ///   - split: the new weights and the fallback.
  ///   - targets: `host:port` of each slot whose address changes; nil inside takes it away, an absent slot stays.
  ///   - generation: must be above the one in force.
  ///   - testers: whether `X-Canary: green` leads to the candidate; nil leaves it as it is.
  /// - Returns: the router's state after the change.
  /// - Throws: ``RouterError`` with code `refused` and the generation in force when the change is too old or cannot work.
  @discardableResult
  package func set(
    split: Split, targets: [Slot: String?] = [:], generation: UInt64, testers: Bool? = nil
  ) async throws(RouterError) -> RouterStatus {
    var command = Command(op: "set")
    command.generation = generation
    (command.a, command.b, command.fallback) = (split.a, split.b, split.fallback)
    command.targets = targets.isEmpty ? nil : targets
    command.testers = testers
    return try await statusReply(to: command)
  }

  /// What `slot` answered in each of the last six hours' whole minutes, the oldest first; shorter when the router is younger.
  package func history(of slot: Slot) async throws(RouterError) -> [SlotCounters] {
    guard let history = try await send(Command(op: "history", slot: slot)).history else {
      throw Self.senseless("history")
    }
    return history
  }

  /// Ends every request, stream and WebSocket that is open on `slot`; returns when that is done.
  @discardableResult
  package func cut(_ slot: Slot) async throws(RouterError) -> RouterStatus {
    try await statusReply(to: Command(op: "cut", slot: slot))
  }

  /// Makes the router read its settings and certificates again, which no connection notices.
  ///
  /// - Throws: ``RouterError`` with code `misconfigured` when they cannot serve; then the former ones stay.
  @discardableResult
  package func reload() async throws(RouterError) -> RouterStatus {
    try await statusReply(to: Command(op: "reload"))
  }

  /// Asks the router to end; it answers before it does.
  @discardableResult
  package func shutdown() async throws(RouterError) -> RouterStatus {
    try await statusReply(to: Command(op: "shutdown"))
  }

  private struct Command: Encodable {
    var op: String
    var generation: UInt64?
    var a: Int?
    var b: Int?
    var fallback: Slot?
    var targets: [Slot: String?]?
    var testers: Bool?
    var slot: Slot?
  }

  private func statusReply(to command: Command) async throws(RouterError) -> RouterStatus {
    guard let status = try await send(command).status else { throw Self.senseless("status") }
    return status
  }

  private static func senseless(_ what: String) -> RouterError {
    RouterError(.garbage, "the router's answer holds no \(what); is another program or version on this socket?")
  }

  private func send(_ command: Command) async throws(RouterError) -> ControlReply {
    let line = try await exchange(command)
    guard let reply = try? JSONDecoder().decode(ControlReply.self, from: Data(line)) else {
      throw Self.senseless("JSON that can be read")
    }
    guard let failure = reply.error else { return reply }
    switch failure.code {
    case "refused": throw RouterError(.refused(generation: failure.generation ?? 0), failure.message)
    case "busy": throw RouterError(.unreachable, failure.message)
    case "storage": throw RouterError(.storage, failure.message)
    case "garbage": throw RouterError(.garbage, failure.message)
    default: throw RouterError(.misconfigured, failure.message)
    }
  }

  private func exchange(_ command: Command) async throws(RouterError) -> [UInt8] {
    try ControlSocket.checkPath(path)
    let loop = MultiThreadedEventLoopGroup.singleton.next()
    let answer = loop.makePromise(of: [UInt8].self)
    do {
      let request = try JSONEncoder().encode(command) + Data("\n".utf8)
      let limit = deadline
      let channel = ClientBootstrap(group: loop)
        .connectTimeout(limit.amount)
        .channelInitializer { channel in
          channel.eventLoop.makeCompletedFuture {
            let call = ControlCall(request: ByteBuffer(bytes: request), answer: answer, limit: limit.amount)
            try channel.pipeline.syncOperations.addHandler(call)
          }
        }
        .connect(unixDomainSocketPath: path)
      channel.whenFailure { error in
        answer.fail(RouterError(.unreachable, "no router answers at \(path); start it", cause: error))
      }
      return try await withTaskCancellationHandler {
        try await answer.futureResult.get()
      } onCancel: {
        answer.fail(RouterError(.timedOut, "the call to the router was cancelled; read back what is in force"))
        channel.whenSuccess { $0.close(promise: nil) }
      }
    } catch let error as RouterError {
      throw error
    } catch {
      answer.fail(error)
      throw RouterError(.unreachable, "the call to the router at \(path) failed", cause: error)
    }
  }
}

/// One line out, one line in, then the end.
private final class ControlCall: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let request: ByteBuffer
  private let answer: EventLoopPromise<[UInt8]>
  private let limit: TimeAmount
  private var lines = LineBuffer(limit: 1_024 * 1_024)

  init(request: ByteBuffer, answer: EventLoopPromise<[UInt8]>, limit: TimeAmount) {
    self.request = request
    self.answer = answer
    self.limit = limit
  }

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    let timer = context.eventLoop.assumeIsolated().scheduleTask(in: limit) {
      self.answer.fail(
        RouterError(.timedOut, "the router did not answer in time; read back whether the change was made"))
      context.close(promise: nil)
    }
    answer.futureResult.assumeIsolated().whenComplete { _ in timer.cancel() }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    lines.append(unwrapInboundIn(data))
    switch lines.next() {
    case .incomplete: return
    case .line(let line): answer.succeed(line)
    case .tooLong: answer.fail(RouterError(.garbage, "the router's answer has no end; is another program there?"))
    }
    context.close(promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    answer.fail(RouterError(.unreachable, "the router closed the connection without an answer; read back"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.fail(RouterError(.unreachable, "the connection to the router broke; read back", cause: error))
    context.close(promise: nil)
  }
}
