import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// What every data plane must do, against the real programs; one after the other, because each loads the machine.
@Suite("Planes: contract under load", .serialized)
struct PlaneContractTests {
  @Test("B8, C5: asked is read back and seen; 0 → 10 → 50 → 100 → 0 loses no request", arguments: PlaneKind.allCases)
  func shares(kind: PlaneKind) async throws {
    try await PlaneRig.with(kind) { rig in
      #expect(try await rig.plane.readSplit() == .none)
      try await rig.apply(Split(green: .a, percent: 100, blue: nil), 1)
      #expect(try await rig.answers(10) == ["a": 10])
      try await rig.withLoad { load in
        var generation: UInt64 = 2
        for percent in [0, 10, 50, 100, 0] {
          try await rig.apply(Split(green: .b, percent: percent, blue: .a), generation)
          generation += 1
          // Where requests are dealt, few show the share; chance needs more.
          let count = percent % 100 == 0 || kind.dealsExactly ? 300 : 900
          try await load.expectShare(of: .b, percent: percent, of: count)
        }
      }
      // The roles are swapped after a promotion.
      try await rig.apply(Split(green: .a, percent: 0, blue: .b), 10)
      #expect(try await rig.answers(20) == ["b": 20])
      let older = await #expect(throws: ConnectorError.self) {
        try await rig.plane.apply(Split(green: .a, percent: 50, blue: .b), targets: rig.targets, generation: 9)
      }
      #expect(older?.code == .refused, "\(kind)")
      #expect(try await rig.plane.readSplit() == Split(green: .a, percent: 0, blue: .b))
      try await rig.apply(Split(green: .a, percent: 0, blue: .b), 10)
    }
  }
}

/// What every data plane must do when something is under way, dead, down or changed by others.
@Suite("Planes: contract in trouble")
struct PlaneTroubleTests {
  private var now: Timestamp { Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000)) }

  @Test("what is under way ends on the slot where it began", arguments: PlaneKind.allCases)
  func underWay(kind: PlaneKind) async throws {
    try await PlaneRig.with(kind) { rig in
      try await rig.apply(Split(green: .b, percent: 100, blue: .a), 1)
      let arguments = ["\(rig.front)", "socket"]
      try await PythonServers.with(PythonServers.longRequests, arguments, folder: rig.folder) { process, _ in
        try await eventually("all is under way: \(process.text)") {
          let open = process.text.contains("open\n")
          let held = try await rig.held(.b)
          return open && held == 8
        }
        // Eight requests, a stream and a WebSocket, none of which ends before it may.
        try await expectInFlight(10, rig)
        for (generation, percent) in [(2, 0), (3, 100), (4, 0)] {
          try await rig.apply(Split(green: .b, percent: percent, blue: .a), UInt64(generation))
        }
        #expect(try await rig.answers(10) == ["a": 10])
        try await expectInFlight(10, rig)
        try await rig.release()
        try await eventually("all has ended: \(process.text)") { process.text.contains("result ") }
        let line = process.text.split(separator: "\n").first { $0.hasPrefix("result ") } ?? ""
        let result = try JSONDecoder().decode(LongResult.self, from: Data(line.dropFirst(7).utf8))
        #expect(result.slow == Array(repeating: "b", count: 8), "\(kind)")
        #expect(result.stream == String(repeating: "b", count: 20), "\(kind)")
        try await expectInFlight(1, rig)
        try await expectSocket(process, rig)
      }
    }
  }

  /// Exactly this many, and nothing on the slot that answers at once.
  private func expectInFlight(_ count: Int, _ rig: PlaneRig) async throws {
    guard rig.kind.tellsInFlight else {
      #expect(try await rig.plane.inFlight(.b) == nil, "\(rig.kind)")
      return
    }
    var seen: [Int?] = []
    do {
      try await eventually("\(count) are under way") {
        seen = [try await rig.plane.inFlight(.a), try await rig.plane.inFlight(.b)]
        return seen == [0, count]
      }
    } catch { throw NeverHappened(description: "\(rig.kind) says \(seen), not \(count), are under way: \(error)") }
  }

  /// A WebSocket stays where it is until it is cut.
  private func expectSocket(_ process: RealProcess, _ rig: PlaneRig) async throws {
    #expect(process.text.contains("upgraded\n"), "\(rig.kind): \(process.text)")
    let ticks = process.text.components(separatedBy: "socket b ").count
    try await eventually("the WebSocket lives on: \(process.text)") {
      process.text.components(separatedBy: "socket b ").count > ticks
    }
    if rig.plane.capabilities.cuts {
      try await rig.plane.cut(.b)
      try await eventually("the WebSocket is cut: \(process.text)") { process.text.contains("closed\n") }
    } else {
      let error = await #expect(throws: ConnectorError.self) { try await rig.plane.cut(.b) }
      #expect(error?.code == .refused)
    }
  }

  @Test("testers reach green before the first percent and nobody else when it is dead", arguments: PlaneKind.allCases)
  func testers(kind: PlaneKind) async throws {
    try await PlaneRig.with(kind) { rig in
      let tester = [("x-canary", "green")]
      for (green, generation) in [(Slot.a, UInt64(1)), (.b, 2)] {
        try await rig.apply(Split(green: green, percent: 0, blue: green.other), generation)
        #expect(try await rig.answers(10, tester) == [green.rawValue: 10], "\(kind)")
        #expect(try await rig.answers(10) == [green.other.rawValue: 10], "\(kind)")
      }
      try await rig.slots[.b]?.crash()
      let seen = try await rig.answers(5, tester)
      #expect(seen.keys.allSatisfy { $0.hasPrefix("5") }, "\(kind): \(seen)")
    }
  }

  @Test("a green that is dead at the switch gets no traffic; blue's never goes to green", arguments: PlaneKind.allCases)
  func dead(kind: PlaneKind) async throws {
    try await PlaneRig.with(kind) { rig in
      try await rig.apply(Split(green: .b, percent: 0, blue: .a), 1)
      try await rig.slots[.b]?.crash()
      try await rig.apply(Split(green: .b, percent: 100, blue: .a), 2)
      if kind.seesDeathLate {
        try await eventually("\(kind) sees that green is dead") { try await rig.answers(10) == ["a": 10] }
      }
      #expect(try await rig.answers(100) == ["a": 100], "\(kind)")
      // The other way round: a is rolled back and alive, b serves and is dead.
      try await rig.apply(Split(green: .a, percent: 0, blue: .b), 3)
      let seen = try await rig.answers(10)
      #expect(seen.keys.allSatisfy { $0.hasPrefix("5") }, "\(kind): \(seen)")
      try await rig.apply(Split(green: .a, percent: 10, blue: .b), 4)
      let canary = try await rig.answers(60)
      #expect((canary["a"] ?? 0) < 40, "\(kind): \(canary)")
    }
  }

  @Test("a restart brings the split back; a stopped plane is unreachable", arguments: PlaneKind.allCases)
  func restart(kind: PlaneKind) async throws {
    try await PlaneRig.with(kind) { rig in
      let half = Split(green: .b, percent: 50, blue: .a)
      try await rig.apply(half, 7)
      await rig.stop()
      for call in PlaneRig.calls(rig.plane, kind) {
        let error = await #expect(throws: ConnectorError.self) { try await call() }
        #expect([.unreachable, .misconfigured].contains(error?.code), "\(kind): \(error?.message ?? "")")
      }
      try await rig.launch()
      #expect(try await rig.plane.readSplit() == half, "\(kind)")
      let seen = try await rig.answers(100)
      #expect((20...80).contains(seen["b"] ?? 0) && (seen["a"] ?? 0) + (seen["b"] ?? 0) == 100, "\(kind): \(seen)")
      let older = await #expect(throws: ConnectorError.self) {
        try await rig.plane.apply(.init(green: .b, percent: 10, blue: .a), targets: rig.targets, generation: 6)
      }
      #expect(older?.code == .refused, "\(kind)")
    }
  }

  @Test("what somebody else changed is noticed, and put right by the next change", arguments: PlaneKind.allCases)
  func drift(kind: PlaneKind) async throws {
    try await PlaneRig.with(kind) { rig in
      let tenth = Split(green: .b, percent: 10, blue: .a)
      try await rig.apply(tenth, 1)
      for (index, disturbance) in PlaneDisturbance.all(kind).enumerated() {
        try await disturbance(rig)
        try await eventually("\(kind) shows disturbance \(index)") {
          do { return try await rig.plane.readSplit() != tenth } catch let error as ConnectorError {
            #expect(error.code == .garbage, "\(kind): \(error)")
            return error.code == .garbage
          }
        }
        try await rig.apply(tenth, UInt64(index) + 10)
        #expect((try await rig.answers(100)["a"] ?? 0) >= 70, "\(kind)")
      }
    }
  }

  @Test("counters are those of the clients, by slot and class", arguments: PlaneKind.allCases)
  func counters(kind: PlaneKind) async throws {
    try await PlaneRig.with(kind) { rig in
      guard kind.countsPerSlot else {
        let error = await #expect(throws: ConnectorError.self) { try await rig.plane.counters(now: now) }
        #expect(error?.code == .refused && error?.message.contains("'metrics'") == true)
        return
      }
      try await rig.apply(Split(green: .b, percent: 50, blue: .a), 1)
      let before = try await rig.plane.counters(now: now)
      let seen = try await rig.answers(60)
      var after = before
      try await eventually("\(kind) has counted all") {
        after = try await rig.plane.counters(now: now)
        return after.slots.values.reduce(0) { $0 + $1.requests } >= before.slots.values.reduce(0) { $0 + $1.requests }
          + 60
      }
      for slot in Slot.allCases {
        let earlier = try #require(before.slots[slot])
        let window = try #require(after.slots[slot]?.since(earlier))
        #expect(Int(window.requests) == (seen[slot.rawValue] ?? 0) && window.errors == 0, "\(kind): \(window) \(seen)")
      }
      #expect(after.source == before.source)
      try await rig.plane.apply(Split(green: .b, percent: 60, blue: .a), targets: rig.targets, generation: 2)
      let changed = try await rig.plane.counters(now: now)
      let last = try #require(after.slots[.b])
      #expect(changed.slots[.b]?.since(last) != nil, "\(kind): counters survive a change")
    }
  }
}

private struct LongResult: Decodable {
  let slow: [String]
  let stream: String
}
