import Foundation
import NIOCore
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: shutdown")
struct ShutdownTests {
  @Test("run ends on its trigger or over the control socket, and finishes what is in flight", arguments: [true, false])
  func graceful(byTrigger: Bool) async throws {
    let gate = Gate()
    let upstream = try await TestUpstream.start { _ in .wait(gate) }
    try await withFolder { folder in
      let path = folder + "/control"
      let control = RouterControl(path: path, deadline: .seconds(30))
      let trigger = Gate()
      let configuration = RouterConfiguration(
        listen: "127.0.0.1:0", controlPath: path, identity: "run", wallClock: wallClock)
      let (addresses, continuation) = AsyncStream<String>.makeStream()
      try await withThrowingTaskGroup(of: Int.self) { group in
        group.addTask {
          try await RouterServer.run(configuration) {
            continuation.yield($0.address)
          } until: {
            while !trigger.isOpen, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(20)) }
          }
          return 0
        }
        var iterator = addresses.makeAsyncIterator()
        let address = try #require(await iterator.next())
        try await control.set(
          split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
        group.addTask { try await withClient(address) { try await $0.get().status } }
        let isBusy = try await eventually { try await control.status().slots[.a]?.inFlight == 1 }
        #expect(isBusy)
        if byTrigger { trigger.open() } else { try await control.shutdown() }
        let isDraining = try await eventually { try await control.status().isDraining }
        #expect(isDraining)
        let isClosed = await eventually {
          (try? await withClient(address) { try await $0.get().status }) == nil
        }
        #expect(isClosed)
        gate.open()
        var results: [Int] = []
        while let result = try await group.next() { results.append(result) }
        #expect(results.sorted() == [0, 200])
      }
      #expect(!FileManager.default.fileExists(atPath: path))
    }
    await upstream.kill()
  }

  @Test("what does not end within the drain limit is cut")
  func cut() async throws {
    var limits = RouterLimits()
    limits.drain = .milliseconds(100)
    let upstream = try await TestUpstream.start { _ in .hang }
    try await withFolder { folder in
      let rig = try await startRig(folder, limits: limits)
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      async let answer = try? rig.get()
      let busy = try await rig.counters { $0.slot(.a).inFlight == 1 }
      #expect(busy.slot(.a).inFlight == 1)
      await rig.server.stop()
      #expect(await answer == nil)
    }
    await upstream.kill()
  }

  @Test("a program started by the router's process inherits none of its sockets")
  func closeOnExec() async throws {
    try await withSlots { rig, a, _ in
      let port = String(split(rig.address).port, radix: 16, uppercase: true)
      let upstream = String(split(a.address).port, radix: 16, uppercase: true)
      let listing = try await withClient(rig.address) { client in
        _ = try await client.get()
        return try await run("sh", "-c", "ls -l /proc/self/fd; cat /proc/net/tcp", output: rig.folder + "/out").output
      }
      let lines = listing.split(separator: "\n")
      let inherited = lines.compactMap { $0.split(separator: "socket:[").dropFirst().first?.dropLast() }
      // Columns: number, local and remote address, state, ..., inode.
      let ours = lines.map { $0.split(separator: " ") }.filter { columns in
        columns.count > 9 && columns[1...2].contains { $0.hasSuffix(":" + port) || $0.hasSuffix(":" + upstream) }
      }
      // The router's listener and its connection, the upstream's, and both ends of each.
      #expect(ours.count >= 6)
      #expect(ours.filter { inherited.contains($0[9]) }.isEmpty)
    }
  }

  @Test("idle connections do not hold the end up")
  func idleConnections() async throws {
    try await withFolder { folder in
      let upstream = try await TestUpstream.start { _ in .text(200, "a") }
      let rig = try await startRig(folder)
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      try await withRaw(rig.address) { raw in
        try await raw.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        _ = try await raw.read(until: "\r\n\r\na")
        await rig.server.stop()
        let end = await raw.readToEnd()
        #expect(end.isEmpty)
      }
      await upstream.kill()
    }
  }
}
