internal import Glibc
internal import SlipwayModel

/// The host of one environment: a process that keeps the environment's processes running and outlives whoever started it.
package enum HostServer {
  /// The exit code of a second host on a directory, by which a starter knows that it lost a race and not its way.
  package static let alreadyRunningExit: Int32 = 75

  /// Runs a host on `directory` until it is shut down; what `slipway host --dir DIR` does.
  ///
  /// Blocks its thread, which should be the main one of a process that does nothing else.
  ///
  /// - Returns: the exit code; the reason of any but 0 is on standard error.
  package static func main(directory: String, limits: HostLimits = HostLimits()) -> Int32 {
    do {
      try run(directory: directory, limits: limits)
      return 0
    } catch {
      try? WholeFile.write(Array("slipway host: \(error.message)\n".utf8)[...], to: 2)
      return error.code == .alreadyRunning ? alreadyRunningExit : 1
    }
  }

  /// Runs a host on `directory` until it is shut down.
  ///
  /// - Throws: ``HostError`` with `alreadyRunning`, `corruptState` or `storage`; then no process was touched.
  package static func run(directory: String, limits: HostLimits = HostLimits()) throws(HostError) {
    signal(SIGPIPE, SIG_IGN)
    signal(SIGHUP, SIG_IGN)
    try HostDirectory(directory).create()
    // Only now does the path resolve, and a later host must spell it the same.
    let directory = HostDirectory(directory)
    let lock = try lock(directory)
    let supervisor = Supervisor(directory: directory, limits: limits, clock: .system)
    try supervisor.recover()
    let listener: Descriptor
    do throws(SystemFailure) {
      listener = try UnixSocket.listen(directory)
    } catch {
      throw HostError(.storage, "the socket '\(directory.socketPath)' cannot be made: \(error)", cause: error)
    }
    var loop = HostLoop(listener: listener, supervisor: supervisor, limits: limits)
    loop.run()
    unlink(directory.socketPath)
    withExtendedLifetime(lock) {}
  }

  private static func lock(_ directory: HostDirectory) throws(HostError) -> Descriptor {
    guard let file = Descriptor(open(directory.lockPath, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)) else {
      throw HostError(.storage, "the lock '\(directory.lockPath)' cannot be opened: \(SystemFailure())")
    }
    guard flock(file.raw, LOCK_EX | LOCK_NB) == 0 else {
      throw HostError(
        .alreadyRunning, "another host holds '\(directory.root)'; ask it through its socket, or shut it down first")
    }
    return file
  }
}

/// Waits for whatever comes first: a client, the end of a process, a time that is due.
struct HostLoop {
  private let listener: Descriptor
  private let supervisor: Supervisor
  private let limits: HostLimits
  private let clock = HostClock.system
  private var connections: [Caller: HostConnection] = [:]
  private var lastCaller: Caller = 0

  init(listener: Descriptor, supervisor: Supervisor, limits: HostLimits) {
    self.listener = listener
    self.supervisor = supervisor
    self.limits = limits
  }

  mutating func run() {
    while true {
      supervisor.tick()
      deliver()
      if supervisor.isOver { return farewell() }
      connections = connections.filter { !$0.value.isFinished }
      awaitNext()
    }
  }

  private mutating func awaitNext() {
    let callers = connections.keys.sorted()
    var polls = [pollfd(fd: listener.raw, events: Int16(POLLIN), revents: 0)]
    polls += callers.map {
      pollfd(fd: connections[$0]?.socket.raw ?? -1, events: connections[$0]?.interest ?? 0, revents: 0)
    }
    polls += supervisor.endings.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
    guard poll(&polls, nfds_t(polls.count), wait) > 0 else { return closeIdle() }
    for (caller, ready) in zip(callers, polls[1...]) where ready.revents != 0 {
      serve(caller, events: Int32(ready.revents))
    }
    if polls[0].revents != 0 { accept() }
    closeIdle()
  }

  private var wait: Int32 {
    let due = supervisor.wait
    guard !connections.isEmpty else { return due }
    return due < 0 ? 1_000 : min(due, 1_000)
  }

  private mutating func accept() {
    // One at a time; the loop comes round again at once while more are waiting.
    let raw = Glibc.accept(listener.raw, nil, nil)
    guard let socket = Descriptor(raw) else { return }
    _ = fcntl(raw, F_SETFD, FD_CLOEXEC)
    _ = fcntl(raw, F_SETFL, O_NONBLOCK)
    let connection = HostConnection(socket, at: clock.uptime())
    lastCaller += 1
    connections[lastCaller] = connection
    if connections.count > limits.connections {
      let full = HostError(.conflict, "the host has \(limits.connections) connections already; try again")
      connection.send(HostReply.refused(full).encoded(), at: clock.uptime(), thenClose: true)
    }
  }

  private mutating func serve(_ caller: Caller, events: Int32) {
    guard let connection = connections[caller] else { return }
    if events & POLLOUT != 0 { connection.flush(at: clock.uptime()) }
    if events & POLLIN != 0 {
      connection.receive(at: clock.uptime())
      read(caller, connection)
    } else if events & (POLLHUP | POLLERR | POLLNVAL) != 0 {
      connection.drop()
    }
  }

  private func read(_ caller: Caller, _ connection: HostConnection) {
    do throws(HostError) {
      while let line = try connection.nextLine() {
        do throws(HostError) {
          let request = try HostRequest(line: line)
          connection.isWaiting = true
          supervisor.handle(request, from: caller)
        } catch {
          connection.send(HostReply.refused(error).encoded(), at: clock.uptime())
        }
      }
    } catch {
      connection.send(HostReply.refused(error).encoded(), at: clock.uptime(), thenClose: true)
    }
  }

  /// Sends the answers that are due and looks at the lines that waited behind them.
  private func deliver() {
    while !supervisor.answers.isEmpty {
      let answers = supervisor.answers
      supervisor.answers = []
      for (caller, reply) in answers {
        guard let connection = connections[caller] else { continue }
        connection.isWaiting = false
        connection.send(reply.encoded(), at: clock.uptime())
        if !supervisor.isOver { read(caller, connection) }
      }
    }
  }

  private func closeIdle() {
    let oldest = clock.uptime() - limits.idle.milliseconds
    for connection in connections.values where !connection.isWaiting && connection.lastActive < oldest {
      connection.drop()
    }
  }

  /// Gives the last answers a second to leave.
  private func farewell() {
    let end = clock.uptime() + 1_000
    for connection in connections.values {
      while !connection.isFinished, clock.uptime() < end, connection.interest & Int16(POLLOUT) != 0 {
        var ready = pollfd(fd: connection.socket.raw, events: Int16(POLLOUT), revents: 0)
        poll(&ready, 1, 100)
        connection.flush(at: clock.uptime())
      }
    }
  }
}
