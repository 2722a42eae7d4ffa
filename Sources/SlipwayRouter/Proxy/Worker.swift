internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import SlipwayModel

/// Everything one event loop needs to serve clients: its own copy of the table, its pool and its counts. Never leaves the loop.
final class Worker {
  let eventLoop: any EventLoop
  let limits: RouterLimits
  let trustsForwarded: Bool
  let connectionLimit: Int
  private(set) var table = RouteTable.empty
  var meters = SlotPair { _ in SlotMeter() }
  private(set) var unrouted: UInt64 = 0
  private(set) var isDraining = false
  private var dealer = SplitDealer()
  private var idle = SlotPair { _ in [UpstreamConnection]() }
  private var ejectedUntil = SlotPair { _ in NIODeadline.distantPast }
  private var fronts: [ObjectIdentifier: FrontConnection] = [:]
  private var sweeper: RepeatedTask?
  private var drained: EventLoopPromise<Void>?

  init(eventLoop: any EventLoop, configuration: RouterConfiguration) {
    self.eventLoop = eventLoop
    limits = configuration.limits
    trustsForwarded = configuration.trustsForwardedHeaders
    connectionLimit = max(1, configuration.limits.connections / configuration.loops)
  }

  // MARK: Table

  /// Replaces the table; requests that are under way go on where they are.
  func apply(_ new: RouteTable) {
    for slot in Slot.allCases where table.targets[slot] != new.targets[slot] {
      ejectedUntil[slot] = .distantPast
      let stale = idle[slot]
      idle[slot] = []
      for connection in stale { connection.close() }
    }
    table = new
  }

  /// Where the next request goes; nil when nothing is served. Counts what it cannot place.
  func choose(asksForCanary: Bool) -> (slot: Slot, isTester: Bool)? {
    if asksForCanary, let slot = table.testerSlot { return (slot, true) }
    if let slot = dealer.next(table.split) { return (slot, false) }
    unrouted &+= 1
    return nil
  }

  func eject(_ slot: Slot, now: NIODeadline) { ejectedUntil[slot] = now + limits.ejection.amount }
  func isEjected(_ slot: Slot, now: NIODeadline) -> Bool { ejectedUntil[slot] > now }

  // MARK: Pool

  /// The most recently used live connection, but none that has waited longer than `patience`.
  func takeIdle(_ slot: Slot, patience: TimeAmount?, now: NIODeadline) -> UpstreamConnection? {
    while let connection = idle[slot].popLast() {
      if let patience, now - connection.idleSince > patience {
        idle[slot].append(connection)
        return nil
      }
      if connection.isActive { return connection }
    }
    return nil
  }

  func park(_ connection: UpstreamConnection) {
    let slot = connection.slot
    guard connection.isActive, !isDraining, table.targets[slot] == connection.target,
      idle[slot].count < limits.idleUpstreams
    else { return connection.close() }
    idle[slot].append(connection)
    connection.park(now: .now())
  }

  func forget(_ connection: UpstreamConnection) { idle[connection.slot].removeAll { $0 === connection } }

  /// Opens a connection on this very loop.
  func connect(_ slot: Slot, _ target: Target, then: @escaping (Result<UpstreamConnection, any Error>) -> Void) {
    meters[slot].connecting()
    let connection = UpstreamConnection(slot: slot, target: target, worker: self)
    let bound = NIOLoopBound(connection, eventLoop: eventLoop)
    let decoderLimits = limits.decoder
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(limits.connectTimeout.amount)
      .channelOption(.autoRead, value: false)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.closeOnExec()
          var framing = HTTPRequestEncoder.Configuration()
          framing.automaticallySetFramingHeaders = false
          let decoder = HTTPResponseDecoder(
            leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .forward,
            limitConfiguration: decoderLimits)
          try channel.pipeline.syncOperations.addHandlers([
            HTTPRequestEncoder(configuration: framing), ByteToMessageHandler(decoder), bound.value,
          ])
        }
      }
    let opening =
      target.address.map { bootstrap.connect(to: $0) } ?? bootstrap.connect(host: target.host, port: target.port)
    opening.hop(to: eventLoop).assumeIsolated().whenComplete { result in then(result.map { _ in connection }) }
  }

  // MARK: Client connections

  /// Takes a client connection into the books; false when there are too many.
  func admit(_ front: FrontConnection) -> Bool {
    guard fronts.count < connectionLimit, !isDraining else { return false }
    fronts[ObjectIdentifier(front)] = front
    return true
  }

  func dismiss(_ front: FrontConnection) {
    fronts[ObjectIdentifier(front)] = nil
    if fronts.isEmpty { drained?.succeed(()) }
  }

  var connectionCount: Int { fronts.count }

  // MARK: Life

  func start() {
    // One look at all deadlines several times a second costs less than a timer per request.
    let interval = limits.sweepInterval.amount
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    sweeper = eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
      bound.value.sweep(now: .now())
    }
  }

  private func sweep(now: NIODeadline) {
    for front in fronts.values.filter({ $0.deadline <= now }) { front.expired(now: now) }
    for slot in Slot.allCases {
      let old = idle[slot].filter { now - $0.idleSince > limits.upstreamIdleTimeout.amount }
      for connection in old {
        forget(connection)
        connection.close()
      }
    }
  }

  /// Lets requests in flight end, closes everything else; succeeds when no client connection is left.
  func drain() -> EventLoopFuture<Void> {
    isDraining = true
    let promise = drained ?? eventLoop.makePromise(of: Void.self)
    drained = promise
    for slot in Slot.allCases {
      let connections = idle[slot]
      idle[slot] = []
      for connection in connections { connection.close() }
    }
    for front in Array(fronts.values) { front.drain() }
    if fronts.isEmpty { promise.succeed(()) }
    return promise.futureResult
  }

  /// Ends what is open on `slot`, answered or not; connections on which nothing is under way stay.
  func cut(_ slot: Slot) { for front in fronts.values.filter({ $0.exchange?.slot == slot }) { front.close() } }

  /// Ends what is left, answered or not.
  func cut() {
    for front in Array(fronts.values) { front.close() }
    sweeper?.cancel()
  }
}

extension Span {
  /// The same length in NIO's own type.
  var amount: TimeAmount { .milliseconds(milliseconds) }
}

extension RouterLimits {
  var decoder: NIOHTTPDecoderLimitConfiguration {
    var limits = NIOHTTPDecoderLimitConfiguration()
    limits.maxHeaderFieldSize = headerField
    limits.maxHeaderListSize = headerList
    limits.maxHeaderFieldCount = headerCount
    return limits
  }
}
