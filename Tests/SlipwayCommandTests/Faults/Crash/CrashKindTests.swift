import Foundation
import Testing

/// One promotion after the other in a shop that lives on, each hurt in the same way: odd ones are bad releases.
///
/// `SLIPWAY_SOAK=n` makes n promotions in all, spread over the kinds; without it a few of what no other suite does.
@Suite("Crashes by kind", PrintsCrashTally())
struct CrashKindTests {
  @Test(
    "F1: whatever is killed and whenever: the run ends right, nothing is done twice, and at most what was in a killed proxy is lost",
    arguments: CrashKind.wanted)
  func kind(_ kind: CrashKind) async throws {
    let rounds = Shop.rounds > 0 ? max(2, Shop.rounds / CrashKind.allCases.count) : 1
    var random = SeededRandom(seed: UInt64(CrashKind.allCases.firstIndex(of: kind) ?? 0) &* 1_000)
    try await Shop.with({ kind.usesHAProxy ? $0.pipeline(traffic: RealHAProxy.traffic($0)) : $0.shortPipeline }) {
      shop in
      let plane = kind.usesHAProxy ? try RealHAProxy(shop) : nil
      let haproxy = try await plane.asyncMap { try await RestartedHAProxy($0) }
      do {
        try await shop.open()
        try await Customers.order(at: shop.ports.front) { customers in
          var live = "1.0.0"
          for round in 0..<rounds {
            let victim = Round(
              kind: kind, version: "1.\(round + 1).0", isGood: (round + (kind == .everything ? 1 : 0)) % 2 == 0,
              shop: shop, plane: plane, haproxy: haproxy, customers: customers)
            live = try await victim.happen(live: live, &random)
          }
        }
      } catch {
        await haproxy?.stop()
        throw error
      }
      await haproxy?.stop()
    }
  }
}

/// One promotion of a series, hurt and looked at.
private struct Round {
  let kind: CrashKind
  let version: String
  let isGood: Bool
  let shop: Shop
  let plane: RealHAProxy?
  let haproxy: RestartedHAProxy?
  let customers: Customers

  /// - Returns: The version that is live when all is over.
  func happen(live: String, _ random: inout SeededRandom) async throws -> String {
    let before = customers.tally
    let run = try await shop.agreed(version, failsOneIn: isGood ? 0 : 2)
    let victim = Victim(shop: shop, run: run, isGood: isGood, haproxy: haproxy)
    let crashes = try await victim.suffer(kind, &random)
    // A gap in the proxy may cost a good release its watch; nothing makes a bad one good.
    let good: Set<String> = kind.killsProxy ? ["success", "rolled_back"] : ["success"]
    let ending = Aftermath.Ending(outcomes: isGood ? good : ["rolled_back"], success: version, else: live)
    let outcome = try await Aftermath(shop: shop, run: run).expect(ending, plane: plane)
    try await shop.slipway("watch", run, expecting: outcome == "success" ? 0 : 3)
    try await expectOneOfEach()
    try await expectCalm()
    count(crashes, outcome, since: before)
    return outcome == "success" ? version : live
  }

  /// No second host or router, and no driver that was left behind.
  private func expectOneOfEach() async throws {
    // What was killed after the run was over is started by the next driver.
    if shop.host() == nil {
      try await shop.withDriver { _ in try await eventually("a host is there again") { shop.host() != nil } }
    }
    let words = shop.processes().map(\.words)
    #expect(words.count { $0.contains("host") && $0.contains("--dir") } == 1, "\(words)")
    #expect(words.count { $0.contains("route") && $0.contains("serve") } == (plane == nil ? 1 : 0), "\(words)")
    #expect(shop.drivers().isEmpty, "a driver was left behind: \(shop.drivers())")
  }

  /// With everything up again, orders come and none is lost or fails.
  private func expectCalm() async throws {
    let now = customers.tally
    try await eventually("orders arrive") { customers.tally.requests > now.requests + 20 }
    #expect(customers.tally.lost.count == now.lost.count, "after the gap nothing is lost: \(customers.tally)")
    #expect(customers.tally.failed == now.failed, "the bad release answers nobody: \(customers.tally)")
  }

  private func count(_ crashes: Int, _ outcome: String, since before: Customers.Tally) {
    let tally = customers.tally
    let lost = tally.lost.dropFirst(before.lost.count)
    let inFlight = lost.filter { !$0.hasPrefix("connect:") }
    // Each of the four customers has at most one order under way.
    #expect(inFlight.count <= (kind.killsProxy ? 4 : 0), "\(kind.rawValue), \(version): \(inFlight)")
    #expect(kind.killsProxy || lost.isEmpty, "\(kind.rawValue), \(version): \(lost)")
    let hurt = tally.failed.filter { $0.value > before.failed[$0.key] ?? 0 }.keys
    #expect(Set(hurt).subtracting(isGood ? [] : [version]).isEmpty, "\(tally)")
    CrashTally.whole.add(kind.rawValue) { line in
      line.runs += 1
      line.crashes += crashes
      line.succeeded += outcome == "success" ? 1 : 0
      line.rolledBack += outcome == "rolled_back" ? 1 : 0
      line.orders += tally.requests - before.requests
      line.refused += lost.count - inFlight.count
      line.inFlight += inFlight.count
    }
  }
}

extension Optional {
  fileprivate func asyncMap<Value>(_ make: (Wrapped) async throws -> Value) async throws -> Value? {
    guard let self else { return nil }
    return try await make(self)
  }
}
