internal import Foundation
internal import NIOCore
internal import SlipwayModel

/// Decides about changes, one after the other, on a thread of its own: flushing the state to disk delays no request.
final class ControlDesk {
  let eventLoop: any EventLoop
  let workers: [NIOLoopBound<Worker>]
  private var configuration: RouterConfiguration
  private let state: StateFile
  let listen: String
  private let startedAt: Timestamp
  let isRestored: Bool
  let stopRequested: EventLoopPromise<Void>
  /// The table in force.
  private(set) var table: RouteTable
  var problem: String?
  var isDraining = false
  private var clients = 0
  var history = MinuteHistory()
  private let certificates: CertificateKeeper
  private let health: HealthWatch
  /// Who takes over, and what can be given.
  var estate: Estate?
  var heir: ObjectIdentifier?
  /// Ends the wait for a successor that neither serves nor dies.
  var impatience: Scheduled<Void>?
  var hasYielded = false
  private var isOver = false
  private var settingsProblem: String?
  private var timers: [RepeatedTask] = []
  /// Where Prometheus may read.
  var metricsAddress: String?

  init(
    eventLoop: any EventLoop, workers: [NIOLoopBound<Worker>], configuration: RouterConfiguration,
    start: StartState, listen: String, certificates: CertificateSet?, stopRequested: EventLoopPromise<Void>
  ) {
    self.eventLoop = eventLoop
    self.workers = workers
    self.configuration = configuration
    self.listen = listen
    self.stopRequested = stopRequested
    state = StateFile(path: configuration.statePath)
    startedAt = configuration.wallClock()
    table = start.table
    isRestored = start.isRestored
    history = start.history
    problem = start.problem
    self.certificates = CertificateKeeper(certificates, at: startedAt, workers: workers)
    self.certificates.watch(configuration.tls)
    health = HealthWatch(
      configuration.health, eventLoop: eventLoop, workers: workers, wallClock: configuration.wallClock)
  }

  /// More than a handful of control clients at once are a mistake of someone's.
  func admit() -> Bool {
    clients += 1
    return clients <= 64
  }

  func dismiss() { clients -= 1 }

  func beginDraining() { isDraining = true }

  /// The answer to one line.
  func reply(to line: Data, from connection: ObjectIdentifier) -> EventLoopFuture<ControlReply> {
    guard !isOver else {
      return eventLoop.makeSucceededFuture(ControlReply(RouterError(.unreachable, "this router has ended")))
    }
    do {
      let request = try ControlRequest(line: line)
      try refuseWhileHandingOver(request)
      switch request {
      case .status: return status()
      case .counters: return counters()
      case .set(let change): return apply(change)
      case .cut(let slot): return cut(slot)
      case .reload: return reload()
      case .handover: return handOver(to: connection)
      case .yield: return yield(to: connection)
      case .history(let slot): return eventLoop.makeSucceededFuture(ControlReply(history: history.minutes[slot] ?? []))
      case .shutdown:
        stopRequested.succeed(())
        isDraining = true
        return status()
      }
    } catch {
      return eventLoop.makeSucceededFuture(ControlReply(error))
    }
  }

  private func apply(_ change: TableChange) -> EventLoopFuture<ControlReply> {
    let next: RouteTable
    do {
      next = try change.applied(to: table)
    } catch {
      return eventLoop.makeSucceededFuture(ControlReply(error))
    }
    do {
      if problem != nil { state.setAside() }
      try state.save(next, listen: listen)
    } catch {
      let failure = RouterError(.storage, "the change was not made, because it could not be kept", cause: error)
      return eventLoop.makeSucceededFuture(ControlReply(failure))
    }
    table = next
    problem = nil
    // Each loop takes changes in the order in which they are handed over here; the answer waits for the last of them.
    let applied = workers.map { worker in worker.eventLoop.submit { worker.value.apply(next) } }
    let all = EventLoopFuture.andAllSucceed(applied, on: eventLoop)
    return all.assumeIsolated().flatMap { self.status() }.nonisolated()
  }

  /// Begins what is done again and again.
  func start() {
    let bound = NIOLoopBound(self, eventLoop: eventLoop)
    func repeating(_ interval: TimeAmount, _ body: @escaping @Sendable (ControlDesk) -> Void) {
      timers.append(
        eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in body(bound.value) })
    }
    repeating(configuration.historyInterval.amount) { $0.closeMinute() }
    repeating(.milliseconds(50)) { $0.health.tick($0.table) }
    repeating(configuration.certificateInterval.amount) { $0.certificates.check(at: $0.configuration.wallClock()) }
  }

  /// The loops that serve are about to end: nobody asks them anything any more.
  func end() {
    isOver = true
    for timer in timers { timer.cancel() }
  }

  private func closeMinute() {
    snapshot().assumeIsolated().whenSuccess { loops in
      self.history.close(self.status(of: loops).slots.mapValues(\.counters))
    }
  }

  private func reload() -> EventLoopFuture<ControlReply> {
    do {
      let next = try configuration.withSettings()
      try certificates.reload(next.tls, at: next.wallClock())
      configuration = next
      health.take(next.health)
      settingsProblem = nil
    } catch {
      settingsProblem = error.description
      return eventLoop.makeSucceededFuture(ControlReply(error))
    }
    let next = configuration
    let all = workers.map { worker in worker.eventLoop.submit { worker.value.configure(next) } }
    return EventLoopFuture.andAllSucceed(all, on: eventLoop).assumeIsolated().flatMap { self.status() }.nonisolated()
  }

  private func cut(_ slot: Slot) -> EventLoopFuture<ControlReply> {
    let cuts = workers.map { worker in worker.eventLoop.submit { worker.value.cut(slot) } }
    let all = EventLoopFuture.andAllSucceed(cuts, on: eventLoop)
    return all.assumeIsolated().flatMap { self.status() }.nonisolated()
  }

  func status() -> EventLoopFuture<ControlReply> {
    snapshot().assumeIsolated().map { ControlReply(status: self.status(of: $0)) }.nonisolated()
  }

  /// The text for Prometheus.
  func metrics() -> EventLoopFuture<String> {
    snapshot().assumeIsolated().map { MetricsText(self.status(of: $0)).text }.nonisolated()
  }

  private func counters() -> EventLoopFuture<ControlReply> {
    snapshot().assumeIsolated().map { loops in
      let status = self.status(of: loops)
      return ControlReply(
        counters: RouterCounters(
          identity: status.identity, startedAt: status.startedAt, now: status.now, generation: status.generation,
          slots: status.slots))
    }.nonisolated()
  }

  private func status(of loops: [LoopSnapshot]) -> RouterStatus {
    let now = NIODeadline.now()
    let wall = configuration.wallClock()
    var slots: [Slot: SlotTraffic] = [:]
    for slot in Slot.allCases {
      slots[slot] = MeterSum(loops.map { $0.meters[slot] }).traffic(now: now, wall: wall)
      slots[slot]?.health = health[slot]
    }
    return RouterStatus(
      identity: configuration.identity, startedAt: startedAt, now: wall,
      pid: ProcessInfo.processInfo.processIdentifier, listen: listen, generation: table.generation, split: table.split,
      targets: table.targetTexts,
      testers: table.testers, isRestored: isRestored, isDraining: isDraining, problem: problem,
      unrouted: loops.reduce(0) { $0 &+ $1.unrouted }, connections: loops.reduce(0) { $0 + $1.connections },
      slots: slots, tls: certificates.status, failedHandshakes: loops.reduce(0) { $0 &+ $1.failedHandshakes },
      settingsProblem: settingsProblem, metrics: metricsAddress)
  }

  private func snapshot() -> EventLoopFuture<[LoopSnapshot]> {
    guard !isOver else { return eventLoop.makeFailedFuture(RouterError(.unreachable, "this router has ended")) }
    let parts = workers.map { worker in worker.eventLoop.submit { LoopSnapshot(worker.value) } }
    return EventLoopFuture.whenAllSucceed(parts, on: eventLoop)
  }
}

/// What the router begins with.
struct StartState {
  var table = RouteTable.empty
  var isRestored = false
  /// What each minute brought before, where it was handed over.
  var history = MinuteHistory()
  /// Why it serves nothing although it might be expected to.
  var problem: String?
}

/// What one event loop has counted.
struct LoopSnapshot: Sendable {
  let meters: SlotPair<SlotMeter>
  let unrouted: UInt64
  let connections: Int
  let failedHandshakes: UInt64

  init(_ worker: Worker) {
    meters = worker.meters
    unrouted = worker.unrouted
    connections = worker.connectionCount
    failedHandshakes = worker.failedHandshakes
  }
}
