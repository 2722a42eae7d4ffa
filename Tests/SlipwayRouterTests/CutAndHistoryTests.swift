import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: cut and history")
struct CutAndHistoryTests {
  @Test("B8: cut ends what is open on one slot and nothing on the other")
  func cut() async throws {
    let gate = Gate()
    try await withSlots(
      percent: 50, loops: 1, a: { _ in .wait(gate) }, b: { $0.uri == "/stream" ? .stream(1 << 30) : .hang }
    ) { rig, _, _ in
      async let first = try? rig.get()
      _ = try await rig.counters { $0.slot(.a).inFlight == 1 }
      async let hanging = try? rig.get()
      let busy = try await rig.counters { $0.slot(.b).inFlight == 1 }
      #expect(busy.slot(.a).inFlight == 1 && busy.slot(.b).inFlight == 1)
      let isOver = try await withClient(rig.address) { client in
        try await client.send(.GET, "/stream", headers: ["x-canary": "green"], body: nil)
        _ = try await client.inbound.next()
        try await rig.control.cut(.b)
        while let part = try? await client.inbound.next() { if case .end = part { return false } }
        return true
      }
      #expect(isOver)
      #expect(await hanging == nil)
      let after = try await rig.counters { $0.slot(.b).inFlight == 0 }
      #expect(after.slot(.a).inFlight == 1 && after.slot(.b).inFlight == 0)
      // A slot on which nothing is open is no error.
      try await rig.control.cut(.b)
      gate.open()
      #expect(await first?.status == 200)
    }
  }

  @Test("the history holds what each minute brought, the oldest first; nothing yet is an empty one")
  func history() async throws {
    try await withSlots(b: { _ in .text(500, "no") }, change: { $0.historyInterval = .milliseconds(300) }) {
      rig, _, _ in
      for _ in 0..<5 { _ = try await rig.get() }
      for _ in 0..<2 { _ = try await rig.get(headers: ["x-canary": "green"]) }
      var blue: [SlotCounters] = []
      let isKept = try await eventually {
        blue = try await rig.control.history(of: .a)
        return blue.reduce(0) { $0 + $1.requests } == 5
      }
      #expect(isKept && blue.allSatisfy { $0.errors == 0 && $0.latency?.total == $0.requests })
      let green = try await rig.control.history(of: .b)
      #expect(green.reduce(0) { $0 + $1.requests } == 2 && green.reduce(0) { $0 + $1.serverErrors } == 2)
      let count = blue.count
      _ = try await rig.get()
      let isNext = try await eventually {
        blue = try await rig.control.history(of: .a)
        return blue.reduce(0) { $0 + $1.requests } == 6
      }
      #expect(isNext && blue.count > count && blue.prefix(count).reduce(0) { $0 + $1.requests } == 5)
    }
    let young = try await withRig { rig in try await rig.control.history(of: .a) }
    #expect(young.isEmpty)
  }
}
