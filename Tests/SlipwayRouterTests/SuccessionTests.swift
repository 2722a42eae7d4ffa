import Foundation
import NIOCore
import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Synchronization
import Testing

@Suite("Router: restart without losing a connection")
struct SuccessionTests {
  /// Routers that follow each other on one control path, each ending when it has handed over.
  private func withSuccessors<Result>(
    limits: RouterLimits = RouterLimits(), a: @escaping @Sendable (HTTPRequestHead) -> Plan = { _ in .text(200, "a") },
    change: @escaping @Sendable (inout RouterConfiguration) -> Void = { _ in },
    _ body: (Rig, TestUpstream, @Sendable (String) async throws -> Rig) async throws -> Result
  ) async throws -> Result {
    let upstream = try await TestUpstream.start(a)
    return try await withFolder { folder in
      let first = try await startRig(folder, limits: limits, change: change)
      let ends = Ends()
      ends.follow(first.server)
      try await first.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      do {
        let result = try await body(first, upstream) { name in
          let next = try await startRig(folder, listen: nil, identity: name, limits: limits) {
            change(&$0)
            $0.takesOver = true
          }
          ends.follow(next.server)
          return next
        }
        await ends.all()
        await upstream.kill()
        return result
      } catch {
        await ends.all()
        await upstream.kill()
        throw error
      }
    }
  }

  @Test("no request fails and no connection is refused while routers follow each other under load")
  func load() async throws {
    try await withSuccessors { first, upstream, successor in
      let isOver = Flag()
      let (total, failed) = try await withThrowingTaskGroup(of: (Int, Int).self) { group in
        for kind in 0..<6 { group.addTask { try await Self.order(first.address, keepsAlive: kind < 4, until: isOver) } }
        for round in 1...4 {
          let before = upstream.requests
          _ = await eventually { upstream.requests > before + 200 }
          let next = try await successor("router \(round)")
          #expect(next.address == first.address)
          let status = try await first.control.status()
          #expect(status.identity == "router \(round)" && status.generation == 1 && !status.isDraining)
        }
        let before = upstream.requests
        _ = await eventually { upstream.requests > before + 200 }
        isOver.set()
        return try await group.reduce((0, 0)) { ($0.0 + $1.0, $0.1 + $1.1) }
      }
      #expect(total > 1_000 && failed == 0, "\(failed) of \(total)")
    }
  }

  /// Asks until it is over, on one connection as long as the router lets it, or on a new one each time.
  private static func order(_ address: String, keepsAlive: Bool, until isOver: Flag) async throws -> (Int, Int) {
    var (count, failed) = (0, 0)
    while !isOver.isSet {
      do {
        count += try await withClient(address) { client in
          var count = 0
          repeat {
            let answer = try await client.get()
            guard answer.status == 200 else { throw Incomplete() }
            count += 1
            if answer.head.headers["connection"].contains("close") { break }
          } while keepsAlive && !isOver.isSet
          return count
        }
      } catch {
        (count, failed) = (count + 1, failed + 1)
      }
    }
    return (count, failed)
  }

  @Test("a slow answer and a WebSocket end with the old router; lock, table and file are the successor's")
  func underWay() async throws {
    let gate = Gate()
    let socket = try await SocketUpstream.start(flood: 0)
    try await withSuccessors(a: { $0.uri == "/slow" ? .wait(gate) : .text(200, "a") }) { first, _, successor in
      let blue = Split(green: .b, percent: 0, blue: .a)
      try await first.control.set(split: blue, targets: [.b: socket.address], generation: 2)
      async let slow = first.get("/slow")
      let busy = try await first.counters { $0.slot(.a).inFlight == 1 }
      #expect(busy.slot(.a).inFlight == 1)
      try await withRaw(first.address) { raw in
        try await raw.send(WebSocketTests.offer.replacingOccurrences(of: "sec-", with: "x-canary: green\r\nsec-"))
        _ = try await raw.read(until: "\r\n\r\n")
        _ = try await successor("next")
        let status = try await first.control.status()
        #expect(status.identity == "next" && status.generation == 2 && status.targets[.b] == socket.address)
        try await raw.send("still here")
        #expect(try await raw.read(until: "still here") == "still here")
        gate.open()
        try await raw.send("bye")
        #expect(try await raw.read(until: "bye") == "bye")
      }
      let answer = try await slow
      #expect(answer.text == "waited")
      try await first.control.set(split: .none, generation: 3)
      let third = await failure { () async throws(RouterError) in
        try await RouterServer.start(
          RouterConfiguration(
            listen: "127.0.0.1:0", controlPath: first.control.path, identity: "x", wallClock: wallClock))
      }
      #expect(third?.code == .locked)
    }
    try await socket.channel.close().get()
  }

  @Test("an idle connection's next request is answered by the old router, which asks for a new connection")
  func idle() async throws {
    try await withSuccessors { first, _, successor in
      try await withRaw(first.address) { idle in
        try await idle.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        _ = try await idle.read(until: "\r\n\r\na")
        _ = try await successor("next")
        try await idle.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        let last = await idle.readToEnd()
        #expect(last.hasPrefix("HTTP/1.1 200") && last.contains("connection: close") && last.hasSuffix("a"))
      }
    }
  }

  @Test("the minutes of the history and the metrics' listener are handed over")
  func inheritance() async throws {
    try await withSuccessors(change: {
      $0.historyInterval = .milliseconds(100)
      $0.metrics = "127.0.0.1:0"
    }) { first, _, successor in
      for _ in 0..<5 { _ = try await first.get() }
      let isKept = try await eventually {
        try await first.control.history(of: .a).reduce(0) { $0 + $1.requests } == 5
      }
      let metrics = try #require(try await first.control.status().metrics)
      _ = try await successor("next")
      let history = try await first.control.history(of: .a)
      #expect(isKept && history.reduce(0) { $0 + $1.requests } == 5)
      #expect(try await first.control.counters().slot(.a).counters.requests == 0)
      let text = try await withClient(metrics) { try await $0.get("/metrics") }
      #expect(text.text.contains("slipway_router_requests_total{slot=\"a\"} 0\n"))
      #expect(try await first.control.status().metrics == metrics)
    }
  }

  @Test("a successor that dies before it serves leaves the other in office; during that no change is taken")
  func stillborn() async throws {
    try await withSuccessors { first, _, _ in
      try await withRaw(unix: first.control.path) { raw in
        try await raw.send("{\"op\":\"handover\"}\n")
        let offer = try await raw.read(until: "\n")
        #expect(offer.contains("\"testament\""))
        let refused = await failure { () async throws(RouterError) in
          try await first.control.set(split: .none, generation: 2)
        }
        #expect(refused?.code == .unreachable)
      }
      let isTaken = await eventually { (try? await first.control.set(split: .none, generation: 2)) != nil }
      #expect(isTaken)
      try await first.control.set(split: Split(green: .a, percent: 100, blue: nil), generation: 3)
      #expect(try await first.get().text == "a")
      let stranger = try await withRaw(unix: first.control.path) { raw in
        try await raw.send("{\"op\":\"yield\"}\n")
        return try await raw.read(until: "\n")
      }
      #expect(stranger.contains("\"ok\":false"))
      #expect(try await first.get().text == "a")
    }
  }

  @Test("where none runs, taking over is a start like any")
  func nobody() async throws {
    try await withFolder { folder in
      let rig = try await startRig(folder) { $0.takesOver = true }
      #expect(try await rig.get().status == 503)
      await rig.server.stop()
    }
  }
}

/// Ends routers when they have handed over, and all of them at last.
private final class Ends: Sendable {
  private let servers = Mutex<[(RouterServer, Task<Void, Never>)]>([])

  func follow(_ server: RouterServer) {
    let task = Task {
      await server.stopWasRequested()
      await server.stop()
    }
    servers.withLock { $0.append((server, task)) }
  }

  func all() async {
    for (server, task) in servers.withLock({ $0 }) {
      server.requestStop()
      await task.value
    }
  }
}
