internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayHost
internal import SlipwayModel
internal import SlipwayRouter

struct RouteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "route", abstract: "The built-in router: a process of its own that outlives every command.",
    subcommands: [Serve.self, Show.self, Set.self, Reload.self, Restart.self, Stop.self])

  struct Serve: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs a router until it is stopped.")

    @Option(name: .long, help: "host:port for clients; port 0 takes a free one.") var listen: String?
    @Option(name: .long, help: "The control socket; the table is kept beside it and taken up again after a restart.")
    var control: String
    @Option(name: .long, help: "Threads that serve clients.") var loops = 2
    @Option(name: .long, help: "A file with certificates, limits and the like as JSON; read again by 'reload'.")
    var settings: String?
    @Flag(name: .long, help: "Take over from the router that runs there, without losing a connection.")
    var takeOver = false

    func run() async throws {
      let time = SystemTime()
      var configuration = RouterConfiguration(
        listen: listen, controlPath: control, identity: UUID().uuidString.lowercased(), loops: loops,
        wallClock: { time.now() })
      configuration.settingsPath = settings
      configuration.takesOver = takeOver
      let made = configuration
      do throws(RouterError) {
        try await RouterServer.run(made) { server in
          print("router serves on \(server.address), control \(control)")
          fflush(nil)
        } until: {
          await Interruption.wait()
        }
      } catch {
        throw CommandError(error.code == .locked ? .blocked : .configuration, error.description)
      }
    }
  }

  /// Finds the control socket of an environment's router, or takes the one that is named.
  struct Address: ParsableArguments {
    @OptionGroup var options: CommonOptions
    @Argument(help: "The environment whose router is meant.") var environment: String?
    @Option(name: .long, help: "A control socket instead of an environment.") var control: String?

    func router() throws -> RouterControl {
      if let control { return RouterControl(path: control) }
      guard let environment else { throw CommandError(.usage, "name an environment, or a socket with --control") }
      let folder = try options.stateFolder.router(EnvironmentName(environment)).path
      return RouterControl(path: RouterPlane.controlPath(folder))
    }

    /// Where the router keeps its settings and its log.
    func folder() throws -> String {
      if let control { return (control as NSString).deletingLastPathComponent }
      guard let environment else { throw CommandError(.usage, "name an environment, or a socket with --control") }
      return try options.stateFolder.router(EnvironmentName(environment)).path
    }

    func asking<Value>(_ body: (RouterControl) async throws -> Value) async throws -> Value {
      do {
        return try await body(router())
      } catch let error as RouterError {
        if case .refused = error.code { throw CommandError(.blocked, error.description) }
        throw CommandError(.unreachable, error.description)
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "status", abstract: "Shows a router's table and what it has answered.")

    @OptionGroup var address: Address

    func run() async throws {
      let status = try await address.asking { try await $0.status() }
      if address.options.isJSON { return try Terminal.json(status) }
      print("router \(status.pid) on \(status.listen), generation \(status.generation), \(status.split)")
      if let problem = status.problem { print("problem: \(problem)") }
      if let problem = status.settingsProblem { print("settings: \(problem)") }
      if let problem = status.tls?.problem { print("certificates: \(problem)") }
      for certificate in status.tls?.certificates ?? [] {
        print(
          "certificate \(certificate.names.joined(separator: ", ")) until \(certificate.validUntil) (\(certificate.file))"
        )
      }
      for slot in Slot.allCases {
        guard let health = status.slots[slot]?.health else { continue }
        let said = health.status.map { "answered \($0)" } ?? health.problem ?? "did not answer"
        print("slot \(slot): \(health.isAlive ? "alive" : "dead"), \(said)")
      }
      var table = Table(["slot", "target", "share", "requests", "5xx", "no answer", "in flight", "last finished"])
      for slot in Slot.allCases {
        let traffic = status.slots[slot]
        table.add([
          slot.rawValue, status.targets[slot] ?? "-", "\(status.split[slot]) %", "\(traffic?.counters.requests ?? 0)",
          "\(traffic?.counters.serverErrors ?? 0)", "\(traffic?.counters.connectionErrors ?? 0)",
          "\(traffic?.inFlight ?? 0)", traffic?.lastFinishedAt?.description ?? "-",
        ])
      }
      table.lines().forEach { print($0) }
    }
  }

  struct Set: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "set",
      abstract: "Changes a router's table by hand; a promotion that runs will notice and set it again.")

    @OptionGroup var address: Address
    @Option(name: .long, help: "Percent for slot a.") var a: Int
    @Option(name: .long, help: "Percent for slot b.") var b: Int
    @Option(name: .long, help: "The slot that answers for one that refuses connections: a or b.") var fallback: String?
    @Option(name: .customLong("target-a"), help: "host:port of slot a.") var targetA: String?
    @Option(name: .customLong("target-b"), help: "host:port of slot b.") var targetB: String?

    func run() async throws {
      guard let split = Split(readBackA: a, b: b, fallback: fallback.flatMap { Slot(rawValue: $0) }) else {
        throw CommandError(.usage, "\(a) and \(b) are no split: two percentages with a sum of 100, or both 0")
      }
      var targets: [Slot: String?] = [:]
      if let targetA { targets[.a] = targetA }
      if let targetB { targets[.b] = targetB }
      let named = targets
      let status = try await address.asking { router in
        let before = try await router.status()
        return try await router.set(split: split, targets: named, generation: before.generation + 1)
      }
      if address.options.isJSON { return try Terminal.json(status) }
      print("generation \(status.generation): \(status.split)")
    }
  }

  struct Reload: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Makes a router read its settings and certificates again, which no connection notices.")

    @OptionGroup var address: Address

    func run() async throws {
      let status = try await address.asking { try await $0.reload() }
      if address.options.isJSON { return try Terminal.json(status) }
      print("router \(status.pid) has read its settings and certificates")
    }
  }

  struct Restart: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Starts a new router that takes over from the one that runs, such as after an update; loses no connection."
    )

    @OptionGroup var address: Address

    func run() async throws {
      let before = try await address.asking { try await $0.status() }
      let path = try address.router().path
      do {
        try RouterPlane.startSuccessor(
          control: path, folder: address.folder(), program: [LiveCatalog.ownPath(), "route", "serve"],
          environment: LiveCatalog.inherited)
      } catch {
        throw CommandError(.configuration, "\(error)")
      }
      let end = ContinuousClock.now + .seconds(20)
      while ContinuousClock.now < end {
        if let now = try? await address.router().status(), now.identity != before.identity {
          if address.options.isJSON { return try Terminal.json(now) }
          return print("router \(now.pid) took over from \(before.pid), which ends what it began")
        }
        try await Task.sleep(for: .milliseconds(20))
      }
      throw CommandError(.unreachable, "no new router took over in 20 seconds; see router.log beside \(path)")
    }
  }

  struct Stop: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Ends a router after it has answered what it began.")

    @OptionGroup var address: Address

    func run() async throws {
      let status = try await address.asking { try await $0.shutdown() }
      if address.options.isJSON { return try Terminal.json(status) }
      print("router \(status.pid) ends")
    }
  }
}

/// Supervises the processes of one environment; started by Slipway itself.
struct HostCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "host", abstract: "Supervises an environment's local processes (started by slipway itself).",
    shouldDisplay: false)

  @Option(name: .long, help: "The host's folder.") var dir: String

  func run() async throws {
    let folder = dir
    // The host waits in system calls, which must not take a thread from the shared pool.
    let code = await withCheckedContinuation { continuation in
      Thread.detachNewThread { continuation.resume(returning: HostServer.main(directory: folder)) }
    }
    throw ExitCode(code)
  }
}

extension Interruption {
  /// Returns when the process is asked to end.
  static func wait() async {
    let (stream, continuation) = AsyncStream<Void>.makeStream()
    let sources = [SIGINT, SIGTERM].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { continuation.finish() }
      source.resume()
      return source
    }
    for await _ in stream {}
    sources.forEach { $0.cancel() }
  }
}
