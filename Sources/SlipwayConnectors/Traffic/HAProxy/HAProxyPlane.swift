internal import NIOCore
internal import NIOPosix
package import SlipwayModel

/// HAProxy, switched through a map: one command changes weights and fallback at once and loses no request (docs/haproxy.md has the
/// configuration that goes with it).
///
/// What runs is asked from the process. A reload or restart forgets it and reads the map file, so the file is rewritten as well:
///
/// - Before the process is told, so that a split which is read back is never newer than the file. Were it the other way round, a crash
///   in between would leave a file that brings green's traffic back at some later reload, and nobody would look again.
/// - A retreat waits only a moment for the disk. A full or hanging one must not keep traffic on a bad release; the failure
///   is reported after the traffic has moved.
package struct HAProxyPlane: TrafficPlane {
  package let frontDoor: String
  private let spec: HAProxySpec
  private let runtime: HAProxyRuntime
  private let file: HAProxyMapFile
  private let deadline: Span
  private let marks = HAProxyMarks()

  /// How long a retreat waits for the map file; a healthy disk needs a few milliseconds.
  private static let headStart = TimeAmount.milliseconds(100)

  /// - Parameters:
  ///   - spec: socket, map and servers of one environment.
  ///   - folder: where relative paths of `spec` are looked up; HAProxy names the map as its own configuration does.
  ///   - deadline: longest time for one question to HAProxy.
  /// - Throws: `misconfigured` when a name cannot be said in the runtime API's language.
  package init(_ spec: HAProxySpec, folder: String, deadline: Span = .seconds(5)) throws(ConnectorError) {
    for (what, name) in [("map", spec.map), ("server", spec.serverA), ("server", spec.serverB)] {
      guard !name.isEmpty, name.utf8.allSatisfy({ $0 > 32 && $0 < 127 && !"\\;\"'".utf8.contains($0) }) else {
        throw ConnectorError(
          .misconfigured,
          "the HAProxy \(what) '\(name)' cannot be named on its socket; use letters, digits, '/', '.', '_', '-'")
      }
    }
    self.spec = spec
    self.deadline = deadline
    frontDoor = spec.url
    let absolute = { (path: String) in path.hasPrefix("/") ? path : folder + "/" + path }
    runtime = HAProxyRuntime(
      exchange: UnixSocketExchange(path: absolute(spec.socket), peer: "HAProxy", deadline: deadline))
    file = HAProxyMapFile(path: absolute(spec.map))
  }

  package func readSplit() async throws(ConnectorError) -> Split {
    guard let text = try await runtime.value(of: HAProxyMapFile.key, in: spec.map) else { return .none }
    guard let entry = SplitEntry(text) else {
      throw ConnectorError(
        .garbage,
        "HAProxy's map holds '\(text.prefix(60))', which is no split such as 90:10:a:17; somebody else changed it, "
          + "the next change by slipway puts it right")
    }
    return entry.split
  }

  package func apply(
    _ split: Split, targets: [Slot: String], generation: UInt64
  ) async throws(ConnectorError) {
    let running = try await runtime.value(of: HAProxyMapFile.key, in: spec.map).flatMap { SplitEntry($0) }
    let entry = SplitEntry(split, generation: generation)
    try entry.follows(running, in: "HAProxy")
    let isRetreat = entry.isRetreat(from: running)
    // A step up first makes sure that everything else is in place; a retreat moves the traffic before anything that can fail.
    if !isRetreat { try await point(targets) }
    let writing = write(entry)
    if isRetreat {
      _ = await settled(writing, within: Self.headStart)
    } else {
      try await finished(writing)
    }
    try await run(entry)
    if isRetreat {
      try await finished(writing)
      try await point(targets)
    }
  }

  /// Changes the running process and proves it.
  private func run(_ entry: SplitEntry) async throws(ConnectorError) {
    try await runtime.set(HAProxyMapFile.key, to: entry.text, in: spec.map)
    let found = try await runtime.value(of: HAProxyMapFile.key, in: spec.map)
    guard found == entry.text else {
      throw ConnectorError(
        .garbage,
        "HAProxy accepted the split \(entry.text) but runs \(found?.prefix(60) ?? "none"); does somebody else change it?"
      )
    }
  }

  package func counters(now: Timestamp) async throws(ConnectorError) -> CounterSample {
    let (process, statistics) = try await runtime.statistics()
    var slots: [Slot: SlotCounters] = [:]
    for slot in Slot.allCases {
      slots[slot] = marks.counters(of: slot, in: process, try tally(slot, statistics))
    }
    return CounterSample(at: now, source: process, slots: slots)
  }

  package func inFlight(_ slot: Slot) async throws(ConnectorError) -> Int? {
    Int(clamping: try tally(slot, try await runtime.statistics().statistics).inFlight)
  }

  package func cut(_ slot: Slot) async throws(ConnectorError) {
    for line in try await runtime.statistics().statistics.lines(of: server(slot)) {
      try await runtime.shutSessions(of: line.name)
    }
  }

  package var capabilities: PlaneCapabilities {
    PlaneCapabilities(settles: .milliseconds(10), cuts: true)
  }

  private func tally(_ slot: Slot, _ statistics: HAProxyStatistics) throws(ConnectorError) -> HAProxyTally {
    try statistics.lines(of: server(slot)).reduce(HAProxyTally()) { $0 + $1.tally }
  }

  private func server(_ slot: Slot) -> String { slot == .a ? spec.serverA : spec.serverB }

  /// Makes each slot's server, in every backend, connect to its target.
  private func point(_ targets: [Slot: String]) async throws(ConnectorError) {
    guard !targets.isEmpty else { return }
    let before = try await runtime.statistics().statistics
    var said = ""
    for (slot, target) in targets.sorted(by: { $0.key < $1.key }) {
      let address = try Self.address(target)
      for line in try before.lines(of: server(slot)) where line.address != address.text {
        said = try await runtime.move(line.name, to: address.host, port: address.port)
      }
    }
    guard !said.isEmpty else { return }
    let after = try await runtime.statistics().statistics
    for (slot, target) in targets {
      let address = try Self.address(target)
      for line in try after.lines(of: server(slot)) where line.address != address.text {
        throw ConnectorError(
          .refused, "HAProxy keeps \(line.name) at \(line.address) instead of \(address.text): \(said.prefix(200))")
      }
    }
  }

  private static func address(_ target: String) throws(ConnectorError) -> (host: String, port: Int, text: String) {
    let colon = target.lastIndex(of: ":") ?? target.startIndex
    let name = target[..<colon].trimmingPrefix("[")
    let host = name == "localhost" ? "127.0.0.1" : String(name.last == "]" ? name.dropLast() : name)
    guard let port = Int(target[colon...].dropFirst()), (1...65_535).contains(port),
      let address = try? SocketAddress(ipAddress: host, port: port)
    else {
      throw ConnectorError(
        .misconfigured, "HAProxy can only be pointed at an IP address and port, not at '\(target)'; correct the address"
      )
    }
    return (host, port, address.protocol == .inet6 ? "[\(host)]:\(port)" : "\(host):\(port)")
  }
}

extension HAProxyPlane {
  private func write(_ entry: SplitEntry) -> EventLoopFuture<Void> {
    let file = file
    return NIOThreadPool.singleton.runIfActive(eventLoop: MultiThreadedEventLoopGroup.singleton.next()) {
      try file.write(entry.text, for: HAProxyMapFile.key)
    }
  }

  /// Whether `work` ended, well or not, within `time`.
  private func settled(_ work: EventLoopFuture<Void>, within time: TimeAmount) async -> Bool {
    let ended = work.eventLoop.makePromise(of: Bool.self)
    let timer = work.eventLoop.scheduleTask(in: time) { ended.succeed(false) }
    work.whenComplete { _ in
      timer.cancel()
      ended.succeed(true)
    }
    return (try? await ended.futureResult.get()) ?? false
  }

  private func finished(_ writing: EventLoopFuture<Void>) async throws(ConnectorError) {
    guard await settled(writing, within: .milliseconds(deadline.milliseconds)) else {
      throw ConnectorError(
        .timedOut, "HAProxy's map file \(spec.map) was not on disk after \(deadline); is the disk hanging?")
    }
    do {
      try await writing.get()
    } catch let error as ConnectorError {
      throw error
    } catch {
      throw ConnectorError(.unreachable, "HAProxy's map file \(spec.map) was not written: \(error); try again")
    }
  }
}
