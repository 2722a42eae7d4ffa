internal import NIOCore
internal import NIOPosix
internal import SlipwayModel
internal import Synchronization

/// A running router: clients in front, two slots behind, and a control socket.
package final class RouterServer: Sendable {
  /// Where clients are served, with the real port.
  package let address: String
  private let configuration: RouterConfiguration
  private let parts: Parts
  private let hasStopped = Mutex(false)

  /// What was opened and must be closed again.
  private struct Parts: Sendable {
    let lock: ControlLock
    let loops: MultiThreadedEventLoopGroup
    let controlLoop: MultiThreadedEventLoopGroup
    let workers: [NIOLoopBound<Worker>]
    let front: any Channel
    let control: any Channel
    let desk: NIOLoopBound<ControlDesk>
    let metrics: (any Channel)?
    let stopRequested: EventLoopPromise<Void>
  }

  private init(configuration: RouterConfiguration, address: String, parts: Parts) {
    self.configuration = configuration
    self.address = address
    self.parts = parts
  }

  /// Serves until `stop` returns or a control client asks for the end, then finishes what is in flight.
  ///
  /// - Parameters:
  ///   - configuration: where to listen and what to bound.
  ///   - ready: is told the address that clients are served on.
  ///   - stop: returns when the router shall end; must return when its task is cancelled.
  /// - Throws: ``RouterError`` when the router could not be started.
  package static func run(
    _ configuration: RouterConfiguration, ready: @Sendable (RouterServer) -> Void,
    until stop: @escaping @Sendable () async -> Void
  ) async throws(RouterError) {
    let server = try await start(configuration)
    ready(server)
    await withTaskGroup(of: Void.self) { group in
      group.addTask {
        await stop()
        server.requestStop()
      }
      await server.stopWasRequested()
      group.cancelAll()
    }
    await server.stop()
  }

  /// Starts to serve with the table of the last run.
  package static func start(_ configuration: RouterConfiguration) async throws(RouterError) -> RouterServer {
    let configuration = try configuration.withSettings()
    try ControlSocket.checkPath(configuration.controlPath)
    let certificates: CertificateSet?
    if let tls = configuration.tls { certificates = try CertificateSet.load(tls) } else { certificates = nil }
    let inherited = configuration.takesOver ? try Succession.begin(configuration.controlPath) : nil
    let lock: ControlLock
    if let inherited { lock = inherited.lock } else { lock = try ControlLock(path: configuration.lockPath) }
    let loops = MultiThreadedEventLoopGroup(numberOfThreads: configuration.loops)
    let controlLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    do {
      return try await open(
        configuration, certificates, inherited, lock: lock, loops: loops, controlLoop: controlLoop)
    } catch {
      try? await loops.shutdownGracefully()
      try? await controlLoop.shutdownGracefully()
      inherited?.giveUp()
      lock.release()
      throw error
    }
  }

  private static func open(
    _ configuration: RouterConfiguration, _ certificates: CertificateSet?, _ inherited: Succession?, lock: ControlLock,
    loops: MultiThreadedEventLoopGroup,
    controlLoop: MultiThreadedEventLoopGroup
  ) async throws(RouterError) -> RouterServer {
    let (start, listen): (StartState, Target)
    if let inherited {
      (start, listen) = try startState(inherited)
    } else {
      (start, listen) = try startState(configuration)
    }
    let workers = await makeWorkers(loops, configuration, start.table, certificates)
    let front = try await listenForClients(on: listen, inherited?.front, loops: loops, workers: workers)
    let address = (front.localAddress?.port).map { Target.text(host: listen.host, port: $0) } ?? listen.description
    if start.problem == nil {
      do {
        try StateFile(path: configuration.statePath).save(start.table, listen: address)
      } catch {
        throw RouterError(.storage, "the state file cannot be written; give a control path that can", cause: error)
      }
    }
    let handle: NIOBSDSocket.Handle
    if let inherited { handle = inherited.control } else { handle = try ControlSocket.bind(configuration.controlPath) }
    let loop = controlLoop.next()
    let stopRequested = loop.makePromise(of: Void.self)
    do {
      let desk = try await loop.submit {
        let desk = ControlDesk(
          eventLoop: loop, workers: workers, configuration: configuration, start: start, listen: address,
          certificates: certificates, stopRequested: stopRequested)
        desk.start()
        return NIOLoopBound(desk, eventLoop: loop)
      }.get()
      let metrics = try await listenForMetrics(configuration, inherited, loop: loop, desk: desk)
      // This one serves clients from the queue of both, and nothing is left that could fail: the other one stops, and only then is this one
      // asked for changes.
      if let inherited { try await loop.submit { inherited.finish() }.get() }
      let control = try await listenForControl(handle, loop: loop, desk: desk)
      let estate = ControlDesk.Estate(lock: lock, front: front, control: control, metrics: metrics)
      try await loop.submit { desk.value.own(estate) }.get()
      return RouterServer(
        configuration: configuration, address: address,
        parts: Parts(
          lock: lock, loops: loops, controlLoop: controlLoop, workers: workers, front: front, control: control,
          desk: desk, metrics: metrics, stopRequested: stopRequested))
    } catch {
      stopRequested.fail(error)
      if let error = error as? RouterError { throw error }
      throw RouterError(.misconfigured, "no control socket at \(configuration.controlPath)", cause: error)
    }
  }

  private static func listenForMetrics(
    _ configuration: RouterConfiguration, _ inherited: Succession?, loop: any EventLoop,
    desk: NIOLoopBound<ControlDesk>
  ) async throws -> (any Channel)? {
    guard let address = configuration.metrics else { return nil }
    let channel = try await MetricsDoor.open(address, inherited?.metrics, loop: loop, desk: desk)
    let named = (channel.localAddress?.port).flatMap { port in
      Target(address, portZero: true).map { Target.text(host: $0.host, port: port) }
    }
    try await loop.submit { desk.value.metricsAddress = named }.get()
    return channel
  }

  private static func startState(_ inherited: Succession) throws(RouterError) -> (StartState, Target) {
    guard let listen = Target(inherited.listen) else {
      throw RouterError(.garbage, "the router that runs serves on '\(inherited.listen)', which is no host:port")
    }
    let isRestored = inherited.table.generation > 0
    return (StartState(table: inherited.table, isRestored: isRestored, history: inherited.history), listen)
  }

  private static func startState(_ configuration: RouterConfiguration) throws(RouterError) -> (StartState, Target) {
    var start = StartState()
    var saved: String?
    switch StateFile(path: configuration.statePath).load() {
    case .absent: break
    case .saved(let table, let listen):
      start = StartState(table: table, isRestored: table.generation > 0)
      saved = listen
    case .corrupt(let why):
      start.problem =
        "state file \(configuration.statePath) \(why); nothing is served until a new table is set (the file is kept)"
    }
    guard let text = configuration.listen ?? saved, var listen = Target(text, portZero: true) else {
      throw RouterError(
        .misconfigured, "no address to serve on: '\(configuration.listen ?? "")' is no host:port, and none is saved")
    }
    // Clients know the port of the last run, so a port that was left to chance then stays.
    if listen.port == 0, let saved, let known = Target(saved), known.host == listen.host { listen = known }
    return (start, listen)
  }

  private static func makeWorkers(
    _ loops: MultiThreadedEventLoopGroup, _ configuration: RouterConfiguration, _ table: RouteTable,
    _ certificates: CertificateSet?
  ) async -> [NIOLoopBound<Worker>] {
    var workers: [NIOLoopBound<Worker>] = []
    for loop in loops.makeIterator() {
      let made = loop.submit {
        let worker = Worker(eventLoop: loop, configuration: configuration)
        worker.tls = certificates?.context
        worker.apply(table)
        worker.start()
        return NIOLoopBound(worker, eventLoop: loop)
      }
      if let worker = try? await made.get() { workers.append(worker) }
    }
    return workers
  }

  private static func listenForClients(
    on listen: Target, _ handle: Int32?, loops: MultiThreadedEventLoopGroup, workers: [NIOLoopBound<Worker>]
  ) async throws(RouterError) -> any Channel {
    let byLoop = Dictionary(uniqueKeysWithValues: workers.map { (ObjectIdentifier($0.eventLoop), $0) })
    let bootstrap = ServerBootstrap(group: loops)
      .serverChannelOption(.backlog, value: 1_024)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .serverChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try channel.closeOnExec() } }
      .childChannelOption(.autoRead, value: false)
      .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          guard let worker = byLoop[ObjectIdentifier(channel.eventLoop)]?.value else {
            throw ChannelError.ioOnClosedChannel
          }
          try FrontDoor.open(channel, worker: worker)
        }
      }
    do {
      if let handle { return try await bootstrap.withBoundSocket(handle).get() }
      if let address = listen.address { return try await bootstrap.bind(to: address).get() }
      return try await bootstrap.bind(host: listen.host, port: listen.port).get()
    } catch {
      throw RouterError(
        .misconfigured, "cannot serve on \(listen); free the port or listen on another", cause: error)
    }
  }

  private static func listenForControl(
    _ handle: NIOBSDSocket.Handle, loop: any EventLoop, desk: NIOLoopBound<ControlDesk>
  ) async throws -> any Channel {
    try await ServerBootstrap(group: loop)
      .childChannelOption(.autoRead, value: false)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.closeOnExec()
          try channel.pipeline.syncOperations.addHandler(ControlConnection(desk: desk.value))
        }
      }
      .withBoundSocket(handle).get()
  }

  // MARK: Ending

  /// Asks for the end; returns at once.
  package func requestStop() { parts.stopRequested.succeed(()) }

  /// Returns when somebody has asked for the end, here or over the control socket.
  package func stopWasRequested() async { try? await parts.stopRequested.futureResult.get() }

  /// Takes no new connections, lets requests in flight end within the drain limit, and gives everything back.
  ///
  /// Only the first call does so; a further one returns at once.
  package func stop() async {
    let isFirst = hasStopped.withLock { hasStopped in
      defer { hasStopped = true }
      return !hasStopped
    }
    guard isFirst else { return }
    requestStop()
    let desk = parts.desk
    let hasYielded =
      (try? await desk.eventLoop.submit {
        desk.value.beginDraining()
        return desk.value.hasYielded
      }.get()) ?? false
    try? await parts.front.close().get()
    // A connection that was accepted just before is in nobody's books yet.
    if hasYielded { try? await desk.eventLoop.scheduleTask(in: .milliseconds(250)) {}.futureResult.get() }
    let drains = parts.workers.map { worker in worker.eventLoop.flatSubmit { worker.value.drain(gently: hasYielded) } }
    let workers = parts.workers
    let limit = desk.eventLoop.scheduleTask(in: configuration.limits.drain.amount) {
      for worker in workers { worker.eventLoop.execute { worker.value.cut() } }
    }
    try? await EventLoopFuture.andAllComplete(drains, on: desk.eventLoop).get()
    limit.cancel()
    for worker in workers { try? await worker.eventLoop.submit { worker.value.cut() }.get() }
    try? await desk.eventLoop.submit { desk.value.end() }.get()
    try? await parts.control.close().get()
    try? await parts.metrics?.close().get()
    if !hasYielded { ControlSocket.remove(configuration.controlPath) }
    try? await parts.loops.shutdownGracefully()
    try? await parts.controlLoop.shutdownGracefully()
    parts.lock.release()
  }
}
