import Foundation
import NIOCore
import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: bad and slow clients")
struct BadInputTests {
  @Test(
    "what is no valid request gets 400 and the connection ends; no upstream hears of it",
    arguments: [
      "banana\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/2.7\r\nhost: x\r\n\r\n",
      "GET / HTTP/1.1\r\nhost: x\r\nhost: y\r\n\r\n",
      "GET / HTTP/1.1\r\nhost x\r\n\r\n", "GET / HTTP/1.1\r\nhost: x\r\n: empty\r\n\r\n",
      "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
      "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -5\r\n\r\n",
      "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5, 5\r\n\r\n",
      "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
      "POST / HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", "\u{16}\u{03}\u{01}\u{00}\u{a5}",
    ])
  func malformed(text: String) async throws {
    try await withSlots { rig, a, b in
      let answer = try await withRaw(rig.address) { raw in
        try await raw.send(text)
        return await raw.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 400") || answer.hasPrefix("HTTP/1.1 501"), "\(answer)")
      #expect(answer.contains("connection: close"))
      #expect(a.requests + b.requests == 0)
      #expect(try await rig.get().text == "a")
    }
  }

  @Test(
    "CONNECT and layered transfer codings are 501",
    arguments: [
      "CONNECT example.com:443 HTTP/1.1\r\nhost: example.com\r\n\r\n",
      "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ])
  func unsupported(text: String) async throws {
    try await withSlots { rig, a, _ in
      let answer = try await withRaw(rig.address) { raw in
        try await raw.send(text)
        return await raw.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 501") && a.requests == 0)
    }
  }

  @Test("a broken chunk in an upload ends with 400 and counts against nobody")
  func brokenChunk() async throws {
    try await withSlots(a: { _ in .hang }) { rig, _, _ in
      let answer = try await withRaw(rig.address) { raw in
        try await raw.send("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n")
        try await raw.send("banana\r\n")
        return await raw.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 400"))
      let slot = try await rig.counters { $0.slot(.a).inFlight == 0 }.slot(.a)
      #expect(slot.counters.errors == 0 && slot.abandoned == 1)
    }
  }

  @Test("a request after a good one on the same connection may be bad: the good one is answered first")
  func badSecond() async throws {
    try await withSlots { rig, _, _ in
      let answer = try await withRaw(rig.address) { raw in
        try await raw.send("GET / HTTP/1.1\r\nhost: x\r\n\r\nbanana\r\n\r\n")
        return await raw.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 200") && answer.contains("HTTP/1.1 400"))
    }
  }

  @Test("a header that is too large in one field, in sum or in number is 431", arguments: [0, 1, 2])
  func oversized(kind: Int) async throws {
    let fields =
      switch kind {
      case 0: "x: " + String(repeating: "a", count: 20_000) + "\r\n"
      case 1: (0..<10).map { "x\($0): " + String(repeating: "a", count: 9_000) + "\r\n" }.joined()
      default: (0..<200).map { "x\($0): a\r\n" }.joined()
      }
    try await withSlots { rig, a, _ in
      let answer = try await withRaw(rig.address) { raw in
        try await raw.send("GET / HTTP/1.1\r\nhost: x\r\n\(fields)\r\n")
        return await raw.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 431") && a.requests == 0)
    }
  }

  @Test("an endless request line is 431")
  func endlessLine() async throws {
    try await withSlots { rig, _, _ in
      let answer = try await withRaw(rig.address) { raw in
        try await raw.send("GET /" + String(repeating: "a", count: 40_000))
        return await raw.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 431"))
    }
  }

  @Test("a header that dribbles in is 408, first or later on a connection", arguments: [false, true])
  func slowHeader(afterOne: Bool) async throws {
    var limits = RouterLimits()
    limits.headerTimeout = .seconds(3)
    try await withSlots(limits: limits) { rig, _, _ in
      let answer = try await withRaw(rig.address) { raw in
        if afterOne {
          try await raw.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
          _ = try await raw.read(until: "\r\n\r\na")
        }
        try await raw.send("GET / HTTP/1.1\r\nhost:")
        return await raw.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 408"))
    }
  }

  @Test("a connection without a request is closed in time, before the first and between two")
  func idle() async throws {
    var limits = RouterLimits()
    limits.headerTimeout = .seconds(2)
    limits.keepAliveTimeout = .milliseconds(200)
    try await withSlots(limits: limits) { rig, _, _ in
      let silent = try await withRaw(rig.address) { await $0.readToEnd() }
      let served = try await withRaw(rig.address) { raw in
        try await raw.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        return await raw.readToEnd()
      }
      #expect(silent.isEmpty && served.hasPrefix("HTTP/1.1 200") && served.hasSuffix("a"))
    }
  }

  @Test("an upload that stops is 408 and counts against nobody")
  func stoppedUpload() async throws {
    var limits = RouterLimits()
    limits.bodyTimeout = .milliseconds(300)
    try await withSlots(limits: limits, a: { _ in .hang }) { rig, _, _ in
      let answer = try await withRaw(rig.address) { raw in
        try await raw.send("POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nsome")
        return await raw.readToEnd()
      }
      #expect(answer.hasPrefix("HTTP/1.1 408"))
      let slot = try await rig.control.counters().slot(.a)
      #expect(slot.abandoned == 1 && slot.counters.errors == 0)
    }
  }

  @Test("connections above the limit are closed, those within are served")
  func tooMany() async throws {
    var limits = RouterLimits()
    limits.connections = 2
    try await withSlots(loops: 1, limits: limits) { rig, _, _ in
      try await withRaw(rig.address) { first in
        try await first.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        _ = try await first.read(until: "\r\n\r\na")
        try await withRaw(rig.address) { second in
          try await second.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n")
          _ = try await second.read(until: "\r\n\r\na")
          let third = try await withRaw(rig.address) { await $0.readToEnd() }
          #expect(third.isEmpty)
        }
      }
    }
  }

  @Test("random bytes never stop the router", arguments: [1, 2, 3])
  func fuzz(seed: UInt64) async throws {
    try await withSlots { rig, _, _ in
      var random = Seeded(seed)
      let shapes = [
        "GET / HTTP/1.1\r\nhost: x\r\n", "POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n",
      ]
      for _ in 0..<30 {
        var bytes = Array((shapes.randomElement(using: &random) ?? "").utf8)
        for _ in 0..<Int.random(in: 1...200, using: &random) {
          bytes.insert(UInt8.random(in: 0...255, using: &random), at: Int.random(in: 0...bytes.count, using: &random))
        }
        let sent = bytes
        try await withRaw(rig.address) { raw in
          // The router may close while this is being written.
          try? await raw.outbound.write(ByteBuffer(bytes: sent))
        }
      }
      #expect(try await rig.get().text == "a")
      let status = try await rig.control.status()
      #expect(status.generation == 1)
    }
  }
}

/// The same sequence for the same seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
  private var state: UInt64
  init(_ seed: UInt64) { state = seed }
  mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }
}
