internal import NIOCore
internal import NIOPosix
internal import SlipwayModel

/// Asks each slot's upstream for its health again and again, and tells the event loops who is dead.
///
/// Belongs to the control loop. A dead slot gets nothing where blue can answer for it; a dead blue is asked all the same, for there is
/// nobody else.
final class HealthWatch {
  private struct State {
    var target: Target?
    var isAlive = true
    /// Answers in a row that speak against `isAlive`.
    var against = 0
    var health: SlotHealth?
    var isAsking = false
  }

  private let eventLoop: any EventLoop
  private let workers: [NIOLoopBound<Worker>]
  private let wallClock: @Sendable () -> Timestamp
  private var rules: RouterHealth
  private var states = SlotPair { _ in State() }
  private var nextAt = NIODeadline.now()

  init(
    _ rules: RouterHealth, eventLoop: any EventLoop, workers: [NIOLoopBound<Worker>],
    wallClock: @escaping @Sendable () -> Timestamp
  ) {
    self.rules = rules
    self.eventLoop = eventLoop
    self.workers = workers
    self.wallClock = wallClock
  }

  func take(_ rules: RouterHealth) {
    self.rules = rules
    if rules.path == nil { for slot in Slot.allCases { forget(slot, target: nil) } }
  }

  subscript(slot: Slot) -> SlotHealth? { states[slot].health }

  /// Begins what is due; called often.
  func tick(_ table: RouteTable) {
    for slot in Slot.allCases where states[slot].target != table.targets[slot] {
      forget(slot, target: table.targets[slot])
      nextAt = .now()
    }
    guard let path = rules.path, nextAt <= .now() else { return }
    nextAt = .now() + rules.every.amount
    for slot in Slot.allCases { ask(slot, path) }
  }

  /// Nothing is known about another address; it counts as alive until it shows otherwise.
  private func forget(_ slot: Slot, target: Target?) {
    let wasAlive = states[slot].isAlive
    states[slot] = State(target: target)
    if !wasAlive { tell(slot) }
  }

  private func ask(_ slot: Slot, _ path: String) {
    guard let target = states[slot].target, !states[slot].isAsking else { return }
    states[slot].isAsking = true
    HealthQuestion.ask(target, path: path, within: rules.timeout.amount, on: eventLoop).assumeIsolated()
      .whenComplete { result in
        guard self.states[slot].target == target else { return }
        self.states[slot].isAsking = false
        switch result {
        case .success(let status): self.heard(slot, status: status, problem: nil)
        case .failure(let error): self.heard(slot, status: nil, problem: "\(error)")
        }
      }
  }

  private func heard(_ slot: Slot, status: Int?, problem: String?) {
    let isGood = status.map { (200...399).contains($0) } ?? false
    if isGood == states[slot].isAlive {
      states[slot].against = 0
    } else {
      states[slot].against += 1
      if states[slot].against >= (isGood ? rules.rise : rules.fall) {
        states[slot].isAlive = isGood
        states[slot].against = 0
        tell(slot)
      }
    }
    states[slot].health = SlotHealth(
      isAlive: states[slot].isAlive, checkedAt: wallClock(), status: status, problem: problem)
  }

  private func tell(_ slot: Slot) {
    let isAlive = states[slot].isAlive
    for worker in workers { worker.eventLoop.execute { worker.value.dead[slot] = !isAlive } }
  }
}

/// One question for an upstream's health, on a connection of its own.
private final class HealthQuestion: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let request: ByteBuffer
  private let answer: EventLoopPromise<Int>
  private var reader = HeadReader(limits: HeadLimits(field: 16 << 10, list: 64 << 10, count: 128), isStrict: false)
  private var input = ByteBuffer()

  private init(request: ByteBuffer, answer: EventLoopPromise<Int>) {
    self.request = request
    self.answer = answer
  }

  /// The status of the answer; fails when none came in time.
  static func ask(_ target: Target, path: String, within limit: TimeAmount, on loop: any EventLoop)
    -> EventLoopFuture<Int>
  {
    let answer = loop.makePromise(of: Int.self)
    let text =
      "GET \(path) HTTP/1.1\r\nhost: \(target)\r\nuser-agent: slipway-router\r\naccept: */*\r\nconnection: close\r\n\r\n"
    let bootstrap = ClientBootstrap(group: loop).connectTimeout(limit).channelInitializer { channel in
      channel.eventLoop.makeCompletedFuture {
        try channel.closeOnExec()
        try channel.pipeline.syncOperations.addHandler(
          HealthQuestion(request: ByteBuffer(string: text), answer: answer))
      }
    }
    let opening =
      target.address.map { bootstrap.connect(to: $0) } ?? bootstrap.connect(host: target.host, port: target.port)
    opening.whenFailure { answer.fail($0) }
    let timer = loop.scheduleTask(in: limit) {
      answer.fail(RouterError(.timedOut, "no answer within \(limit.nanoseconds / 1_000_000) ms"))
    }
    answer.futureResult.whenComplete { _ in
      timer.cancel()
      opening.whenSuccess { $0.close(promise: nil) }
    }
    return answer.futureResult
  }

  func channelActive(context: ChannelHandlerContext) { context.writeAndFlush(wrapOutboundOut(request), promise: nil) }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    input.writeBuffer(&bytes)
    switch reader.read(input) {
    case .incomplete: return
    case .fault: answer.fail(RouterError(.garbage, "the answer is no HTTP"))
    case .complete(let length):
      guard let head = input.readSlice(length: length), let line = reader.startLine,
        let response = ResponseHead(HeadBlock(bytes: head, startLine: line, fields: reader.fields))
      else { return answer.fail(RouterError(.garbage, "the answer is no HTTP")) }
      answer.succeed(response.status)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    answer.fail(RouterError(.unreachable, "the connection ended without an answer"))
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    answer.fail(error)
    context.close(promise: nil)
  }
}
