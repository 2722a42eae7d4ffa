import Foundation
import Glibc
import SlipwayConnectors
import SlipwayModel
import Testing

/// Against a real HAProxy; one after the other, because each loads the machine.
@Suite("HAProxy: switching", .serialized)
struct HAProxyPlaneTests {
  private let start = Timestamp(milliseconds: 0)

  @Test("an empty map serves nothing and reads as no split")
  func empty() async throws {
    try await RealHAProxy.with { haproxy in
      let split = try await haproxy.plane.readSplit()
      #expect(split == .none)
      #expect(try await haproxy.load(20).answers == ["503": 20])
    }
  }

  @Test("C5: a split of 0, 10, 50 and 100 % is read back and seen, with the roles either way", arguments: Slot.allCases)
  func shares(green: Slot) async throws {
    try await RealHAProxy.with { haproxy in
      for (generation, percent) in [0, 10, 50, 100].enumerated() {
        let split = Split(green: green, percent: percent, blue: green.other)
        try await haproxy.plane.apply(split, targets: [:], generation: UInt64(generation))
        #expect(try await haproxy.plane.readSplit() == split)
        let seen = try await haproxy.load(2_000)
        #expect(seen.total == 2_000 && seen.failed.isEmpty)
        #expect(seen[green.rawValue] + seen[green.other.rawValue] == 2_000)
        #expect(seen.isPlausible(seen[green.rawValue], percent: percent), "\(percent) %: \(seen.answers)")
      }
    }
  }

  @Test("E8: rolled back and swapped roles: 0 → 10 → 50 → 100 → 0 under keep-alive load loses no request")
  func noLoss() async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      let stop = haproxy.folder.appending(path: "stop").path
      let seen = try await haproxy.withLoad(1_000_000, stop: stop) { result in
        var generation: UInt64 = 0
        for _ in 0..<5 {
          for percent in [10, 50, 100, 0] {
            generation += 1
            let split = Split(green: .b, percent: percent, blue: .a)
            try await haproxy.plane.apply(split, targets: [:], generation: generation)
            let before = try await answered(haproxy)
            try await eventually("requests at \(percent) %") { try await answered(haproxy) >= before + 50 }
          }
        }
        _ = FileManager.default.createFile(atPath: stop, contents: nil)
        return try await result()
      }
      #expect(seen.failed.isEmpty)
      #expect(seen["a"] + seen["b"] == seen.total, "\(seen.answers)")
      #expect(seen["a"] > 100 && seen["b"] > 100)
    }
  }

  private func answered(_ haproxy: RealHAProxy) async throws -> UInt64 {
    try await haproxy.plane.counters(now: start).slots.values.reduce(0) { $0 + $1.requests }
  }

  @Test("a green that is dead at the switch costs no request: blue answers, and green's failures are counted")
  func deadGreen() async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      #expect(try await haproxy.load(100).answers == ["a": 100])
      try await haproxy.slots[.b]?.crash()
      try await haproxy.plane.apply(Split(green: .b, percent: 100, blue: .a), targets: [:], generation: 1)
      let seen = try await haproxy.load(500)
      #expect(seen.answers == ["a": 500])
      #expect(seen.failed.isEmpty)
    }
  }

  @Test("a green that dies under load costs no request, and every request that it failed is an error of green")
  func dyingGreen() async throws {
    try await RealHAProxy.with("split 0:100:a") { haproxy in
      let stop = haproxy.folder.appending(path: "stop").path
      let seen = try await haproxy.withLoad(1_000_000, stop: stop) { result in
        try await eventually("green answers") { try await answered(haproxy) > 200 }
        try await haproxy.slots[.b]?.crash()
        let before = try await answered(haproxy)
        try await eventually("blue answers") { try await answered(haproxy) > before + 200 }
        _ = FileManager.default.createFile(atPath: stop, contents: nil)
        return try await result()
      }
      #expect(seen.failed.isEmpty)
      #expect(seen["a"] > 0 && seen["b"] > 0)
      #expect(seen["a"] + seen["b"] == seen.total, "\(seen.answers)")
      let green = try #require(try await haproxy.plane.counters(now: start).slots[.b])
      #expect(green.connectionErrors > 0 && green.requests >= UInt64(seen["b"]))
    }
  }

  @Test("a dead blue's requests fail rather than reach a green that was rolled back", arguments: Slot.allCases)
  func rolledBack(green: Slot) async throws {
    try await RealHAProxy.with { haproxy in
      try await haproxy.plane.apply(Split(green: green, percent: 0, blue: green.other), targets: [:], generation: 1)
      try await haproxy.slots[green.other]?.crash()
      let seen = try await haproxy.load(40)
      #expect(seen.answers == ["503": 40])
    }
  }

  @Test("a first deployment without blue sends everything to green")
  func firstDeployment() async throws {
    try await RealHAProxy.with { haproxy in
      try await haproxy.plane.apply(Split(green: .b, percent: 100, blue: nil), targets: [:], generation: 1)
      #expect(try await haproxy.plane.readSplit() == Split(green: .b, percent: 100, blue: nil))
      #expect(try await haproxy.load(100).answers == ["b": 100])
    }
  }

  @Test("testers reach green at 0 %, and nobody else's answer when it is dead", arguments: Slot.allCases)
  func testers(green: Slot) async throws {
    try await RealHAProxy.with { haproxy in
      try await haproxy.plane.apply(Split(green: green, percent: 0, blue: green.other), targets: [:], generation: 1)
      #expect(try await haproxy.load(50, headers: ["x-canary=green"]).answers == [green.rawValue: 50])
      try await haproxy.slots[green]?.crash()
      #expect(try await haproxy.load(20, headers: ["x-canary=green"]).answers == ["503": 20])
    }
  }

  @Test("a target is where the slot's requests go from then on, with fallback and testers")
  func targets() async throws {
    try await RealHAProxy.with { haproxy in
      try await PythonServers.with(PythonServers.upstream, ["moved"], folder: haproxy.folder) { _, port in
        let split = Split(green: .b, percent: 100, blue: .a)
        try await haproxy.plane.apply(split, targets: [.b: "localhost:\(port)"], generation: 1)
        #expect(try await haproxy.load(50).answers == ["moved": 50])
        #expect(try await haproxy.load(20, headers: ["x-canary=green"]).answers == ["moved": 20])
        try await haproxy.plane.apply(split, targets: [.b: "127.0.0.1:\(port)"], generation: 1)
        #expect(try await haproxy.plane.readSplit() == split)
      }
    }
  }

  @Test(
    "an address that HAProxy cannot be pointed at changes nothing",
    arguments: ["example.test:80", "127.0.0.1", "", "127.0.0.1:0"])
  func badTarget(target: String) async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      let error = await #expect(throws: ConnectorError.self) {
        try await haproxy.plane.apply(Split(green: .b, percent: 10, blue: .a), targets: [.b: target], generation: 1)
      }
      #expect(error?.code == .misconfigured)
      let kept = try String(contentsOf: haproxy.map, encoding: .utf8)
      #expect(kept == "split 100:0:a\n")
      let split = try await haproxy.plane.readSplit()
      #expect(split == Split(green: .b, percent: 0, blue: .a))
    }
  }

  @Test("H14: a change older than the one in force is refused, a repeat is not")
  func generations() async throws {
    try await RealHAProxy.with { haproxy in
      let (half, tenth) = (Split(green: .b, percent: 50, blue: .a), Split(green: .b, percent: 10, blue: .a))
      try await haproxy.plane.apply(half, targets: [:], generation: 7)
      try await haproxy.plane.apply(half, targets: [:], generation: 7)
      let error = await #expect(throws: ConnectorError.self) {
        try await haproxy.plane.apply(tenth, targets: [:], generation: 6)
      }
      #expect(error?.code == .refused)
      #expect(try await haproxy.plane.readSplit() == half)
    }
  }

  @Test("counters tell answers, errors and requests without an answer apart")
  func counters() async throws {
    try await RealHAProxy.with("split 100:0:a") { haproxy in
      for path in ["/", "/fail", "/missing", "/broken", "/empty"] { _ = try await haproxy.load(10, path: path) }
      let sample = try await haproxy.plane.counters(now: start)
      let slot = try #require(sample.slots[.a])
      #expect((slot.serverErrors, slot.clientErrors) == (10, 10))
      // 10 answers that break off, and 4 attempts for each of 10 requests without an answer, but for the slack.
      #expect((46...50).contains(slot.connectionErrors), "\(slot)")
      #expect(slot.requests == slot.connectionErrors + 30)
      #expect(slot.latency == nil)
      #expect(sample.slots[.b] == SlotCounters())
      #expect(sample.source.contains("pid \(haproxy.process.pid) started "))
    }
  }

  @Test("a green that hangs up on keep-alive connections is counted though HAProxy counts no error")
  func hangsUp() async throws {
    try await RealHAProxy.with("split 0:100:a") { haproxy in
      let seen = try await haproxy.load(200, path: "/empty", headers: ["method=POST"])
      #expect(seen["b"] == 0)
      let slot = try #require(try await haproxy.plane.counters(now: start).slots[.b])
      #expect((190...200).contains(slot.connectionErrors), "\(slot) \(seen.answers) \(seen.failed.count)")
      #expect(slot.requests == slot.connectionErrors)
    }
  }

  @Test("clients that leave early are no errors of green, and counters never fall while answers are under way")
  func clientAborts() async throws {
    try await RealHAProxy.with("split 0:100:a") { haproxy in
      var last = SlotCounters()
      for _ in 0..<3 {
        let stop = haproxy.folder.appending(path: UUID().uuidString).path
        try await haproxy.withLoad(100, path: "/slow", stop: stop) { _ in
          try await eventually("requests are in flight") { try await haproxy.plane.inFlight(.b) ?? 0 > 0 }
        }
        try await eventually("none is left") { try await haproxy.plane.inFlight(.b) == 0 }
        let now = try #require(try await haproxy.plane.counters(now: start).slots[.b])
        #expect(now.since(last) != nil)
        #expect(now.errors == 0, "\(now)")
        last = now
      }
    }
  }

  @Test("requests being answered are counted while they are")
  func inFlight() async throws {
    try await RealHAProxy.with("split 0:100:a") { haproxy in
      let stop = haproxy.folder.appending(path: "stop").path
      try await haproxy.withLoad(8, path: "/slow", stop: stop) { result in
        try await eventually("8 requests are in flight") { try await haproxy.plane.inFlight(.b) == 8 }
        #expect(try await haproxy.plane.inFlight(.a) == 0)
        #expect(try await result().answers == ["b": 8])
      }
      try await eventually("none is left") { try await haproxy.plane.inFlight(.b) == 0 }
    }
  }
}
