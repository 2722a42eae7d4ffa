import Foundation
import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: counters")
struct CounterTests {
  @Test("requests, errors by class and latencies are counted per slot")
  func classes() async throws {
    try await withSlots(percent: 50, b: { _ in .text(500, "boom") }) { rig, a, b in
      try await withClient(rig.address) { client in
        for _ in 0..<40 { _ = try await client.get() }
        for _ in 0..<3 { _ = try await client.get(headers: ["X-Canary": "green"]) }
      }
      let counters = try await rig.control.counters()
      let (blue, green) = (counters.slot(.a).counters, counters.slot(.b).counters)
      #expect(blue.requests == 20 && blue.errors == 0 && blue.clientErrors == 0)
      #expect(green.requests == 23 && green.serverErrors == 23 && green.connectionErrors == 0)
      #expect(blue.latency?.total == 20 && green.latency?.total == 23)
      #expect(blue.latency?.bounds == LatencyHistogram.routerBounds)
      #expect(counters.sample.slots[.b] == green && counters.sample.source == "test")
      #expect(UInt64(a.requests) == blue.requests && UInt64(b.requests) == green.requests)
    }
  }

  @Test("answers of class 400 are the client's errors")
  func clientErrors() async throws {
    try await withSlots(a: { _ in .text(404, "no") }) { rig, _, _ in
      for _ in 0..<4 { _ = try await rig.get() }
      let slot = try await rig.control.counters().slot(.a).counters
      #expect(slot.clientErrors == 4 && slot.errors == 0 && slot.requests == 4)
    }
  }

  @Test("requests in flight are seen, with when the last was sent and the last one ended")
  func inFlight() async throws {
    let gate = Gate()
    try await withSlots(percent: 100, b: { $0.uri == "/wait" ? .wait(gate) : .text(200, "b") }) { rig, _, b in
      let started = wallClock()
      try await withThrowingTaskGroup(of: Int.self) { group in
        for _ in 0..<5 { group.addTask { try await rig.get("/wait").status } }
        let busy = try await rig.counters { $0.slot(.b).inFlight == 5 }.slot(.b)
        #expect(busy.inFlight == 5 && busy.counters.requests == 0 && busy.lastFinishedAt == nil)
        // Traffic goes back to blue; what runs on green goes on.
        _ = await eventually { b.requests == 5 }
        try await rig.control.set(split: Split(green: .b, percent: 0, blue: .a), generation: 2)
        let answer = try await rig.get()
        #expect(answer.text == "a")
        let draining = try await rig.control.status().slots[.b]
        #expect(draining?.inFlight == 5)
        let opened = wallClock()
        gate.open()
        while let status = try await group.next() { #expect(status == 200) }
        let done = try await rig.counters { $0.slot(.b).inFlight == 0 }.slot(.b)
        let sent = try #require(done.lastSentAt)
        let finished = try #require(done.lastFinishedAt)
        #expect(started - .milliseconds(50) <= sent && sent <= opened + .milliseconds(50))
        #expect(opened - .milliseconds(50) <= finished && finished <= wallClock() + .milliseconds(50))
        #expect(done.counters.requests == 5)
      }
    }
  }

  @Test("the wait of a slow answer is in the histogram")
  func latency() async throws {
    let gate = Gate()
    try await withSlots(a: { _ in .wait(gate) }) { rig, _, _ in
      async let answer = rig.get()
      let sent = try await rig.counters { $0.slot(.a).lastSentAt != nil }
      #expect(sent.slot(.a).inFlight == 1)
      try await Task.sleep(for: .milliseconds(60))
      gate.open()
      #expect(try await answer.status == 200)
      let histogram = try #require(try await rig.control.counters().slot(.a).counters.latency)
      let slow = zip(histogram.bounds + [.infinity], histogram.counts).filter { $0.1 > 0 }.map(\.0)
      #expect(histogram.total == 1 && (slow.first ?? 0) >= 0.05)
    }
  }

  @Test("a client that leaves is no error of the slot, but its wait is in the histogram")
  func abandoned() async throws {
    try await withSlots(a: { _ in .hang }) { rig, _, _ in
      try await withClient(rig.address) { client in
        try await client.send(.GET, "/", headers: [:], body: nil)
        let busy = try await rig.counters { $0.slot(.a).lastSentAt != nil }
        #expect(busy.slot(.a).inFlight == 1)
      }
      let slot = try await rig.counters { $0.slot(.a).abandoned == 1 }.slot(.a)
      #expect(slot.abandoned == 1 && slot.inFlight == 0 && slot.counters.errors == 0)
      #expect(slot.counters.requests == 1 && slot.counters.latency?.total == 1)
    }
  }

  @Test("counters only grow, so the difference of two readings is what came in between")
  func difference() async throws {
    try await withSlots { rig, _, _ in
      for _ in 0..<3 { _ = try await rig.get() }
      let before = try await rig.control.counters()
      for _ in 0..<7 { _ = try await rig.get() }
      let window = try #require(
        try await rig.control.counters().slot(.a).counters.since(before.slot(.a).counters))
      #expect(window.requests == 7 && window.latency?.total == 7)
    }
  }
}
