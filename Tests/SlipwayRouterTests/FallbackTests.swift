import Foundation
import NIOCore
import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: dead and failing upstreams")
struct FallbackTests {
  @Test("a dead green costs no client request: blue answers, green's counters say so", arguments: [10, 100])
  func deadGreen(percent: Int) async throws {
    try await withSlots(percent: percent) { rig, _, b in
      await b.kill()
      try await withClient(rig.address) { client in
        for _ in 0..<200 {
          let answer = try await client.get()
          #expect(answer.status == 200 && answer.text == "a")
        }
      }
      let counters = try await rig.control.counters()
      let green = counters.slot(.b)
      #expect(green.counters.connectionErrors == UInt64(2 * percent))
      #expect(green.counters.requests == UInt64(2 * percent) && green.stoodInFor == UInt64(2 * percent))
      #expect(green.ejected > 0 && green.ejected < green.counters.requests)
      #expect(counters.slot(.a).counters.requests == 200 && counters.slot(.a).counters.errors == 0)
      #expect(green.inFlight == 0 && counters.slot(.a).inFlight == 0)
    }
  }

  @Test("green dies under load, also with requests on it: no request without an answer fails")
  func diesUnderLoad() async throws {
    try await withSlots(percent: 50) { rig, a, b in
      let failed = try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<6 {
          group.addTask {
            try await withClient(rig.address) { client in
              var failed = 0
              for _ in 0..<200 { if try await client.get().status != 200 { failed += 1 } }
              return failed
            }
          }
        }
        _ = await eventually { b.requests > 100 }
        await b.kill()
        return try await group.reduce(0, +)
      }
      #expect(failed == 0)
      #expect(a.requests >= 600)
      let green = try await rig.control.counters().slot(.b)
      #expect(green.counters.connectionErrors > 0)
    }
  }

  @Test("a dead blue is never caught by green: 503, and green hears nothing")
  func deadBlue() async throws {
    try await withSlots { rig, a, b in
      await a.kill()
      for _ in 0..<5 {
        let answer = try await rig.get()
        #expect(answer.status == 503 && answer.text.contains("no_live_slot"))
      }
      #expect(b.requests == 0)
      let counters = try await rig.control.counters()
      #expect(counters.slot(.a).counters.connectionErrors == 5 && counters.slot(.b).counters.requests == 0)
    }
  }

  @Test("both dead: 503, each slot's error counted")
  func bothDead() async throws {
    try await withSlots(percent: 100) { rig, a, b in
      await a.kill()
      await b.kill()
      #expect(try await rig.get().status == 503)
      let counters = try await rig.control.counters()
      #expect(counters.slot(.a).counters.connectionErrors == 1 && counters.slot(.b).counters.connectionErrors == 1)
    }
  }

  @Test("after the ejection a revived green is asked again")
  func revived() async throws {
    var limits = RouterLimits()
    limits.ejection = .milliseconds(200)
    try await withSlots(percent: 100, limits: limits) { rig, _, b in
      await b.kill()
      #expect(try await rig.get().text == "a")
      let port = split(b.address).port
      let revived = try await TestUpstream.start(port: port) { _ in .text(200, "b again") }
      let isBack = try await eventually { try await rig.get().text == "b again" }
      #expect(isBack)
      await revived.kill()
    }
  }

  @Test("an upstream that never accepts is given up after the connect timeout and blue answers")
  func unreachable() async throws {
    var limits = RouterLimits()
    limits.connectTimeout = .seconds(2)
    try await withSlots(percent: 100, limits: limits) { rig, _, _ in
      // A listener whose backlog is full drops further connections without a word.
      let silent = try SilentListener()
      defer { silent.close() }
      try await rig.control.set(
        split: Split(green: .b, percent: 100, blue: .a), targets: [.b: silent.address], generation: 2)
      let answer = try await rig.get()
      #expect(answer.status == 200 && answer.text == "a")
      #expect(try await rig.control.counters().slot(.b).counters.connectionErrors == 1)
    }
  }

  @Test("connections are kept and used again")
  func reuse() async throws {
    try await withSlots(loops: 1) { rig, a, _ in
      try await withClient(rig.address) { client in
        for _ in 0..<50 { _ = try await client.get() }
      }
      for _ in 0..<10 { _ = try await rig.get() }
      #expect(a.requests == 60 && a.snapshot.connections == 1)
      #expect(try await rig.control.counters().slot(.a).connects == 1)
    }
  }

  @Test("an upstream that says close is not used again")
  func closing() async throws {
    try await withSlots(loops: 1, a: { _ in .text(200, "a", [("connection", "close")]) }) { rig, a, _ in
      for _ in 0..<5 {
        let answer = try await rig.get()
        #expect(answer.text == "a")
      }
      #expect(a.snapshot.connections == 5)
    }
  }

  @Test("a connection that closes when it is used again costs nothing: the request goes out once more")
  func stale() async throws {
    // Every connection answers one request and breaks at the second, which is what a race with a keep-alive timeout looks like.
    let upstream = try await OneShotUpstream.start()
    try await withRig(loops: 1) { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      try await withClient(rig.address) { client in
        for _ in 0..<20 {
          let answer = try await client.get()
          #expect(answer.status == 200)
        }
      }
      let slot = try await rig.control.counters().slot(.a)
      #expect(slot.counters.requests == 20 && slot.counters.errors == 0 && slot.connects > 1)
    }
    try await upstream.channel.close().get()
  }

  @Test("a POST is never sent twice: it fails with 502 when its connection breaks")
  func noRepeat() async throws {
    try await withSlots(a: { $0.method == .POST ? .drop : .text(200, "a") }) { rig, a, b in
      let status = try await withClient(rig.address) { client in
        _ = try await client.get()
        return try await client.post("/", "order").status
      }
      #expect(status == 502)
      #expect(a.snapshot.heads.filter { $0.method == .POST }.count == 1 && b.requests == 0)
      #expect(try await rig.control.counters().slot(.a).counters.connectionErrors == 1)
    }
  }

  @Test("a POST takes no connection that has been idle for long, a GET does")
  func freshForPost() async throws {
    var limits = RouterLimits()
    limits.unrepeatableIdle = .zero
    try await withSlots(loops: 1, limits: limits) { rig, a, _ in
      try await withClient(rig.address) { client in
        for _ in 0..<3 { _ = try await client.get() }
        #expect(a.snapshot.connections == 1)
        for _ in 0..<3 { _ = try await client.post("/", "order") }
      }
      #expect(a.snapshot.connections == 4)
    }
  }

  @Test("a request that kills its connection is not sent to the same slot for ever")
  func poison() async throws {
    try await withSlots(a: { _ in .drop }) { rig, a, _ in
      let answer = try await rig.get()
      #expect(answer.status == 502)
      #expect(a.requests <= 2)
    }
  }

  @Test(
    "an answer that is no HTTP is 502",
    arguments: [
      "banana\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
      "HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
      "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
    ])
  func garbage(reply: String) async throws {
    let upstream = try await RawUpstream.start(reply, closes: false)
    try await withRig { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      #expect(try await rig.get().status == 502)
      let slot = try await rig.control.counters().slot(.a)
      #expect(slot.broken == 1 && slot.counters.connectionErrors == 1 && slot.inFlight == 0)
    }
    try await upstream.channel.close().get()
  }

  @Test("half an answer never looks whole")
  func truncated() async throws {
    let upstream = try await RawUpstream.start("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf", closes: true)
    try await withRig { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      await #expect(throws: (any Error).self) { try await rig.get() }
      #expect(try await rig.control.counters().slot(.a).broken == 1)
    }
    try await upstream.channel.close().get()
  }

  @Test("bytes that follow an answer unasked never answer the next request")
  func unasked() async throws {
    let ok = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n"
    let upstream = try await RawUpstream.start(ok + "mine" + ok + "evil", closes: false)
    try await withRig(loops: 1) { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: upstream.address], generation: 1)
      try await withClient(rig.address) { client in
        for _ in 0..<5 {
          let answer = try await client.get()
          #expect(answer.text == "mine")
        }
      }
      // The next request is there already when the unasked bytes are read.
      let ahead = try await withRaw(rig.address) { raw in
        let request = "GET / HTTP/1.1\r\nhost: x\r\n"
        try await raw.send(request + "\r\n" + request + "\r\n" + request + "connection: close\r\n\r\n")
        return await raw.readToEnd()
      }
      #expect(ahead.components(separatedBy: "mine").count == 4 && !ahead.contains("evil"))
    }
    try await upstream.channel.close().get()
  }

  @Test("no answer in time is 504 and counts against the slot")
  func tooSlow() async throws {
    var limits = RouterLimits()
    limits.responseTimeout = .milliseconds(200)
    try await withSlots(limits: limits, a: { _ in .hang }) { rig, _, _ in
      let answer = try await rig.get()
      #expect(answer.status == 504 && answer.text.contains("gateway_timeout"))
      let slot = try await rig.control.counters().slot(.a)
      #expect(slot.counters.connectionErrors == 1 && slot.counters.requests == 1 && slot.inFlight == 0)
    }
  }
}
