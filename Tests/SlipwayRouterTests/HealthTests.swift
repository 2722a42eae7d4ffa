import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Synchronization
import Testing

@Suite("Router: health")
struct HealthTests {
  private static let checks = RouterHealth(
    path: "/up", every: .milliseconds(50), timeout: .seconds(5), fall: 2, rise: 2, failures: 0)

  @Test(
    "B8: a green that health checks find dead never gets a request, whatever its share; it gets them again when it is well"
  )
  func active() async throws {
    let flag = Flag()
    try await withSlots(
      b: { head in head.uri == "/up" ? .text(flag.isSet ? 204 : 503, "") : .text(200, "b") },
      change: { $0.health = Self.checks }
    ) { rig, a, b in
      let isDead = try await eventually { try await rig.control.status().slots[.b]?.health?.isAlive == false }
      #expect(isDead)
      let health = try #require(try await rig.control.status().slots[.b]?.health)
      #expect(health.status == 503 && health.problem == nil)
      #expect(try await rig.control.status().slots[.a]?.health?.isAlive == true)
      try await rig.control.set(split: Split(green: .b, percent: 100, blue: .a), generation: 2)
      for _ in 0..<20 { #expect(try await rig.get().text == "a") }
      let tester = try await rig.get(headers: ["x-canary": "green"])
      #expect(tester.status == 503 && tester.text.contains("candidate"), "told, not sent to blue: \(tester)")
      #expect(b.snapshot.heads.allSatisfy { $0.uri == "/up" })
      let counters = try await rig.control.counters().slot(.b)
      #expect(counters.counters.connectionErrors == 21 && counters.stoodInFor == 20)
      flag.set()
      let isBack = try await eventually { try await rig.get().text == "b" }
      #expect(isBack && a.requests > 0)
    }
  }

  @Test("a dead blue is asked all the same, for there is nobody else, and green never catches its traffic")
  func deadBlue() async throws {
    try await withSlots(
      a: { $0.uri == "/up" ? .text(500, "") : .text(200, "a") }, change: { $0.health = Self.checks }
    ) { rig, _, b in
      let isDead = try await eventually { try await rig.control.status().slots[.a]?.health?.isAlive == false }
      #expect(isDead)
      for _ in 0..<5 { #expect(try await rig.get().text == "a") }
      #expect(b.snapshot.heads.allSatisfy { $0.uri == "/up" })
    }
  }

  @Test("an upstream that cannot be reached is dead, with the reason; another address starts anew")
  func unreachable() async throws {
    try await withSlots(change: { $0.health = Self.checks }) { rig, a, b in
      await b.kill()
      let isDead = try await eventually {
        let health = try await rig.control.status().slots[.b]?.health
        return health?.isAlive == false && health?.problem != nil
      }
      #expect(isDead)
      try await rig.control.set(
        split: Split(green: .b, percent: 100, blue: .a), targets: [.b: a.address], generation: 2)
      let isBack = try await eventually {
        try await rig.control.status().slots[.b]?.health?.isAlive == true
      }
      #expect(isBack)
    }
  }

  @Test("failures in a row eject green for a while, and only green; the requests count against it")
  func passive() async throws {
    var limits = RouterLimits()
    limits.ejection = .seconds(60)
    try await withSlots(
      percent: 100, loops: 1, limits: limits, b: { _ in .text(500, "no") },
      change: { $0.health = RouterHealth(failures: 5) }
    ) { rig, _, b in
      var texts: [String] = []
      for _ in 0..<8 { texts.append(try await rig.get().text) }
      #expect(texts == Array(repeating: "no", count: 5) + ["a", "a", "a"] && b.requests == 5)
      let green = try await rig.control.counters().slot(.b)
      #expect(green.counters.requests == 8 && green.counters.errors == 8 && green.ejections == 1 && green.ejected == 3)
      // Blue has no stand-in, so it is never ejected.
      try await rig.control.set(split: Split(green: .b, percent: 100, blue: nil), generation: 2)
      var statuses: [Int] = []
      for _ in 0..<8 { statuses.append(try await rig.get().status) }
      #expect(statuses.allSatisfy { $0 == 500 })
    }
  }

  @Test("one good answer in between begins the count anew")
  func interrupted() async throws {
    let count = Counter()
    try await withSlots(
      percent: 100, loops: 1, b: { _ in .text(count.next() % 5 == 0 ? 200 : 500, "b") },
      change: { $0.health = RouterHealth(failures: 5) }
    ) { rig, _, b in
      for _ in 0..<25 { _ = try await rig.get() }
      #expect(b.requests == 25)
      #expect(try await rig.control.counters().slot(.b).ejections == 0)
    }
  }
}

/// Something that happens once.
final class Flag: Sendable {
  private let value = Mutex(false)
  var isSet: Bool { value.withLock { $0 } }
  func set() { value.withLock { $0 = true } }
}

/// Counts from 1.
final class Counter: Sendable {
  private let value = Mutex(0)
  func next() -> Int {
    value.withLock {
      $0 += 1
      return $0
    }
  }
}
