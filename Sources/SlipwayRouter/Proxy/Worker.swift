internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import SlipwayModel

/// Everything one event loop needs to serve clients: its own copy of the table, its pool and its counts. Never leaves the loop.
final class Worker {
  let eventLoop: any EventLoop
  private(set) var limits: RouterLimits
  private(set) var trustsForwarded: Bool
  private(set) var connectionLimit: Int
  /// What new connections are encrypted with; nil for plain HTTP.
  var tls: NIOSSLContext?
  private(set) var failedHandshakes: UInt64 = 0
  private(set) var table = RouteTable.empty
  var meters = SlotPair { _ in SlotMeter() }
  private(set) var unrouted: UInt64 = 0
  private(set) var isDraining = false
  /// Whether clients get the time to end their connections themselves, because a successor serves the next ones.
  private(set) var isGentle = false
  private var dealer = SplitDealer()
  private var idle = SlotPair { _ in [UpstreamConnection]() }
  private var ejectedUntil = SlotPair { _ in NIODeadline.distantPast }
  private var customers: [ObjectIdentifier: any Customer] = [:]
  private(set) var connectionCount = 0
  private var spare = ByteBuffer()
  /// Slots that health checks find dead.
  var dead = SlotPair { _ in false }
  private var failures = SlotPair { _ in 0 }
  private var failureLimit = 0
  private var sticky: Span?
  private var random = SystemRandomNumberGenerator()
  private var sweeper: RepeatedTask?
  private var drained: EventLoopPromise<Void>?

  init(eventLoop: any EventLoop, configuration: RouterConfiguration) {
    self.eventLoop = eventLoop
    limits = configuration.limits
    trustsForwarded = configuration.trustsForwardedHeaders
    connectionLimit = max(1, configuration.limits.connections / configuration.loops)
    failureLimit = configuration.health.failures
    sticky = configuration.sticky
  }

  /// Takes other limits and rules; what is under way goes on under them.
  func configure(_ configuration: RouterConfiguration) {
    limits = configuration.limits
    trustsForwarded = configuration.trustsForwardedHeaders
    connectionLimit = max(1, configuration.limits.connections / configuration.loops)
    failureLimit = configuration.health.failures
    sticky = configuration.sticky
  }

  func failedHandshake() { failedHandshakes &+= 1 }

  // MARK: Table

  /// Replaces the table; requests that are under way go on where they are.
  func apply(_ new: RouteTable) {
    for slot in Slot.allCases where table.targets[slot] != new.targets[slot] {
      ejectedUntil[slot] = .distantPast
      failures[slot] = 0
      let stale = idle[slot]
      idle[slot] = []
      for connection in stale { connection.close() }
    }
    table = new
  }

  /// Where the next request goes; nil when nothing is served. Counts what it cannot place.
  func choose(for request: InboundRequest) -> Choice? {
    if request.asksForCanary, let slot = table.testerSlot { return Choice(slot: slot, isTester: true) }
    if sticky != nil, let slot = request.bucket?.slot(table.split) { return Choice(slot: slot) }
    guard let slot = dealer.next(table.split) else {
      unrouted &+= 1
      return nil
    }
    guard sticky != nil else { return Choice(slot: slot) }
    return Choice(slot: slot, bucket: StickyBucket(for: slot, table.split, using: &random))
  }

  struct Choice {
    let slot: Slot
    var isTester = false
    /// The bucket that a new client is given.
    var bucket: StickyBucket?
  }

  /// `Set-Cookie` for the answer, where clients are to stay on a slot.
  func cookie(for exchange: Exchange) -> String? {
    guard let sticky, let bucket = exchange.bucket else { return nil }
    return bucket.field(maxAge: sticky, isSecure: tls != nil)
  }

  /// A request on `slot` has ended.
  func finished(_ slot: Slot, _ ending: SlotMeter.Ending, at now: NIODeadline) {
    meters[slot].ended(ending, at: now)
    guard failureLimit > 0, let isFailure = ending.isFailure else { return }
    failures[slot] = isFailure ? failures[slot] + 1 : 0
    guard failures[slot] >= failureLimit, table.standIn(for: slot) != nil else { return }
    failures[slot] = 0
    eject(slot, now: now)
  }

  func eject(_ slot: Slot, now: NIODeadline) {
    if ejectedUntil[slot] <= now { meters[slot].wasEjected() }
    ejectedUntil[slot] = now + limits.ejection.amount
  }

  /// Whether `slot` is not even tried where another can answer for it.
  func passesOver(_ slot: Slot, now: NIODeadline) -> Bool { dead[slot] || ejectedUntil[slot] > now }

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
    let bootstrap = ClientBootstrap(group: eventLoop)
      .connectTimeout(limits.connectTimeout.amount)
      .channelOption(.autoRead, value: false)
      .channelOption(.tcpOption(.tcp_nodelay), value: 1)
      .channelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.closeOnExec()
          try channel.pipeline.syncOperations.addHandler(bound.value)
        }
      }
    let opening =
      target.address.map { bootstrap.connect(to: $0) } ?? bootstrap.connect(host: target.host, port: target.port)
    opening.hop(to: eventLoop).assumeIsolated().whenComplete { result in then(result.map { _ in connection }) }
  }

  // MARK: Client connections

  /// Takes a client connection into the books; false when there are too many.
  func admit(_ customer: any Customer) -> Bool {
    guard !isDraining || isGentle || !customer.isConnection, connectionCount < connectionLimit || !customer.isConnection
    else {
      return false
    }
    customers[ObjectIdentifier(customer)] = customer
    if customer.isConnection { connectionCount += 1 }
    return true
  }

  func dismiss(_ customer: any Customer) {
    guard customers.removeValue(forKey: ObjectIdentifier(customer)) != nil else { return }
    if customer.isConnection { connectionCount -= 1 }
    if customers.isEmpty { drained?.succeed(()) }
  }

  // MARK: Memory

  /// A buffer for an answer that is about to be written.
  func takeSpare() -> ByteBuffer {
    guard spare.capacity > 0 else { return ByteBufferAllocator().buffer(capacity: 4_096) }
    var taken = spare
    spare = ByteBuffer()
    // Only now is it the last one to know the memory; bytes that have not left yet keep theirs, and this gets new.
    taken.clear()
    return taken
  }

  /// Takes a buffer back once it was flushed.
  func give(spare bytes: ByteBuffer) {
    guard spare.capacity == 0, bytes.capacity <= 16_384 else { return }
    spare = bytes
  }

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
    for customer in customers.values.filter({ $0.deadline <= now }) { customer.expired(now: now) }
    for slot in Slot.allCases {
      let old = idle[slot].filter { now - $0.idleSince > limits.upstreamIdleTimeout.amount }
      for connection in old {
        forget(connection)
        connection.close()
      }
    }
  }

  /// A successor serves new connections; those that are here end when their clients have used them once more.
  func beginGentleDrain() {
    isDraining = true
    isGentle = true
  }

  /// Lets requests in flight end, closes everything else; succeeds when no client connection is left.
  ///
  /// Gently, an idle connection stays until its client has used it once more and was told to close: a request could be on its way.
  func drain(gently: Bool) -> EventLoopFuture<Void> {
    isDraining = true
    isGentle = gently
    let promise = drained ?? eventLoop.makePromise(of: Void.self)
    drained = promise
    for slot in Slot.allCases {
      let connections = idle[slot]
      idle[slot] = []
      for connection in connections { connection.close() }
    }
    for customer in Array(customers.values) { customer.drain(gently: gently) }
    if customers.isEmpty { promise.succeed(()) }
    return promise.futureResult
  }

  /// Ends what is open on `slot`, answered or not; connections on which nothing is under way stay.
  func cut(_ slot: Slot) { for customer in customers.values.filter({ $0.slot == slot }) { customer.close() } }

  /// Ends what is left, answered or not.
  func cut() {
    for customer in Array(customers.values) { customer.close() }
    sweeper?.cancel()
  }
}

extension Span {
  /// The same length in NIO's own type.
  var amount: TimeAmount { .milliseconds(milliseconds) }
}

extension Worker {
  var headLimits: HeadLimits {
    HeadLimits(field: limits.headerField, list: limits.headerList, count: limits.headerCount)
  }
}
