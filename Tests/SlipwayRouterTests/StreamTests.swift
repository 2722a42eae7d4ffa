import Foundation
import NIOCore
import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: large bodies")
struct StreamTests {
  @Test("64 MB go up and come back unchanged")
  func echo() async throws {
    let size = 64 << 20
    let piece = 64 << 10
    let pattern = Pattern()
    try await withSlots(a: { _ in .echo }) { rig, _, _ in
      try await withClient(rig.address) { client in
        let outbound = client.outbound
        async let sending: Void = {
          try await outbound.write(
            .head(
              HTTPRequestHead(
                version: .http1_1, method: .POST, uri: "/", headers: ["host": "x", "content-length": String(size)])))
          for start in stride(from: 0, to: size, by: piece) {
            try await outbound.write(.body(.byteBuffer(pattern.slice(at: start, count: piece))))
          }
          try await outbound.write(.end(nil))
        }()
        var count = 0
        var isSame = true
        reading: while let part = try await client.inbound.next() {
          switch part {
          case .head: break
          case .body(let buffer):
            isSame = isSame && buffer == pattern.slice(at: count, count: buffer.readableBytes)
            count += buffer.readableBytes
          case .end: break reading
          }
        }
        try await sending
        #expect(count == size && isSame)
      }
    }
  }

  @Test("a client that does not read stops the application from sending")
  func slowReader() async throws {
    let size = 1 << 30
    try await withSlots(a: { _ in .stream(size) }) { rig, a, _ in
      try await withClient(rig.address) { client in
        try await client.send(.GET, "/", headers: [:], body: nil)
        _ = try await client.inbound.next()
        let settled = await settledValue { a.snapshot.bytesOut }
        // What the kernel's socket buffers hold, and the router's window.
        #expect(settled > 0 && settled < 64 << 20)
        let status = try await rig.control.status()
        #expect(status.slots[.a]?.inFlight == 1)
      }
      let counters = try await rig.counters { $0.slot(.a).inFlight == 0 }
      #expect(counters.slot(.a).abandoned == 1 && counters.slot(.a).counters.errors == 0)
      #expect(counters.slot(.a).counters.requests == 1)
    }
  }

  @Test("an application that does not read stops the client from sending")
  func slowUpstream() async throws {
    let silent = try SilentReader()
    defer { silent.close() }
    // The client's end waits behind what it has sent, so the router cannot see it and the stop must not wait long.
    var limits = RouterLimits()
    limits.drain = .milliseconds(100)
    try await withRig(limits: limits) { rig in
      try await rig.control.set(
        split: Split(green: .a, percent: 100, blue: nil), targets: [.a: silent.address], generation: 1)
      // A bare socket, because a writer that buffers would count what has not left the client.
      let client = try EagerSender(
        rig.address, head: "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 1073741824\r\n\r\n")
      defer { client.close() }
      let sent = await settledValue { client.sendWhatFits() }
      #expect(sent > 0 && sent < 64 << 20, "\(sent) bytes")
      let slot = try await rig.control.counters().slot(.a)
      #expect(slot.inFlight == 1 && slot.counters.requests == 0)
    }
  }
}

/// Bytes whose period fits no buffer size, so that a lost, doubled or moved piece shows.
private struct Pattern: Sendable {
  private static let period = 1_000_003
  private let bytes: ByteBuffer

  init() {
    var generator = SystemRandomNumberGenerator()
    var bytes = ByteBuffer()
    for _ in 0...(Self.period / 8) { bytes.writeInteger(generator.next()) }
    let once = bytes.getSlice(at: 0, length: Self.period) ?? bytes
    var twice = once
    twice.writeImmutableBuffer(once)
    self.bytes = twice
  }

  func slice(at offset: Int, count: Int) -> ByteBuffer {
    bytes.getSlice(at: offset % Self.period, length: count) ?? ByteBuffer()
  }
}

/// The value once it has stood still for a second.
func settledValue(_ read: () -> Int) async -> Int {
  var last = read()
  var still = 0
  while still < 20 {
    try? await Task.sleep(for: .milliseconds(50))
    let now = read()
    still = now == last && now > 0 ? still + 1 : 0
    last = now
  }
  return last
}
