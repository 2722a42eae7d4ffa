import Foundation
import Testing

/// `kill -9` of everything that can be killed. `SLIPWAY_SOAK=n` does the random part n times over, with other seeds.
@Suite("Crash", .serialized)
struct CrashTests {
  static let rounds = ProcessInfo.processInfo.environment["SLIPWAY_SOAK"].flatMap { UInt64($0) } ?? 1

  @Test(
    "F1: the driver killed at random instants, again and again: the run ends right, nothing is deployed twice, nobody is lost",
    arguments: 0..<rounds)
  func driver(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        let router = shop.router()
        for (version, failsOneIn, code, outcome) in [("1.1.0", 0, Int32(0), "success"), ("1.2.0", 2, 3, "rolled_back")]
        {
          try await shop.register(version, failsOneIn: failsOneIn)
          let run = try await shop.promote(version)
          try await shop.slipway("approve", run, "--as", "ann")
          var driver = try shop.driver()
          for _ in 0..<3 {
            let instant = Int.random(in: 0...1_800, using: &random)
            try await Task.sleep(for: .milliseconds(instant))
            try await driver.crash()
            driver.forget()
            driver = try shop.driver()
          }
          let ended = try await shop.slipway("watch", run, expecting: code)
          #expect(ended.code == code, "seed \(seed), \(version): the driver said \(driver.text) \(driver.complaint)")
          driver.forget()
          let status = try await shop.status(run)
          #expect(status.status == outcome, "seed \(seed): \(status)")
          try await expectDeployedOnce(run, version, shop)
          try await Aftermath(shop: shop, run: run).expect(
            Aftermath.Ending(outcomes: [outcome], success: version, else: "1.1.0"))
        }
        #expect(shop.router() == router, "the router is the one from before")
        try await customers.goHome()
        customers.tally.expectNothingLost(bad: ["1.2.0"])
        #expect(customers.tally.served["1.1.0"] ?? 0 > 0)
        print(
          "killed at random instants, seed \(seed): 6 kills, \(customers.tally.requests) orders, lost \(customers.tally.lost.count)"
        )
      }
      #expect(shop.services().values.allSatisfy { $0.count == 1 }, "one process per slot: \(shop.services())")
      try await shop.slipway("audit", "verify")
    }
  }

  /// The host has started the run's instance once, or has emptied the slot since.
  private func expectDeployedOnce(_ run: String, _ version: String, _ shop: Shop) async throws {
    let log = shop.state.appending(path: "hosts/production/logs")
    let names = try FileManager.default.contentsOfDirectory(atPath: log.path).filter { $0.contains(run) }
    #expect(names.count <= 1, "\(names)")
    let slots = FileManager.default.contents(atPath: shop.state.path + "/hosts/production/slots.json") ?? Data()
    let table = try JSONSerialization.jsonObject(with: slots) as? [String: Any]
    for case let slot as [String: Any] in (table?["slots"] as? [String: Any] ?? [:]).values {
      #expect(slot["starts"] as? Int == 1 && slot["crashes"] as? Int == 0, "\(version): \(slot)")
    }
  }

  @Test("F1: the router killed in the middle comes back with its table, the run ends right, and only the gap is lost")
  func router() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.register("1.1.0")
        let run = try await shop.promote("1.1.0")
        try await shop.slipway("approve", run, "--as", "ann")
        try await shop.withDriver { _ in
          try await shop.wait(for: run, until: "green gets traffic") { $0.weights?.green ?? 0 > 0 || $0.isFinished }
          let before = try #require(shop.router())
          kill(before, SIGKILL)
          try await eventually("a router is there again") { shop.router().map { $0 != before } ?? false }
          try await shop.slipway("watch", run)
          let lost = customers.tally.lost.count
          try await eventually("orders arrive again") { customers.tally.served["1.1.0"] ?? 0 > 20 }
          #expect(customers.tally.lost.count == lost, "after the gap nothing is lost: \(customers.tally)")
        }
        let table = try await shop.slipway("route", "status", "production", "--output", "json").object()
        #expect(table["is_restored"] as? Bool == true)
        #expect(customers.tally.failed.isEmpty, "\(customers.tally)")
      }
    }
  }

  @Test("F1: the host killed in the middle: the next one adopts the processes, nothing is started anew, nobody is lost")
  func host() async throws {
    try await Shop.with(\.shortPipeline) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.register("1.1.0")
        let run = try await shop.promote("1.1.0")
        try await shop.slipway("approve", run, "--as", "ann")
        try await shop.withDriver { _ in
          try await shop.wait(for: run, until: "green gets traffic") { $0.weights?.green ?? 0 > 0 || $0.isFinished }
          let services = shop.services()
          #expect(services.count == 2)
          let before = try #require(shop.host())
          kill(before, SIGKILL)
          try await shop.slipway("watch", run)
          #expect(shop.services() == services, "the same processes run")
          #expect(shop.host() != before)
        }
        #expect(try await shop.status(run).status == "success")
        try await customers.goHome()
        customers.tally.expectNothingLost()
      }
    }
  }

  @Test(
    "C5, E12, F1: green killed at 50 %: rolled back by the crash rule, blue answers, at most what was in flight is lost"
  )
  func green() async throws {
    try await Shop.with({ $0.shortPipeline.replacing("watch: 1s", with: "watch: 3s") }) { shop in
      try await shop.open()
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.register("1.1.0")
        let run = try await shop.promote("1.1.0")
        try await shop.slipway("approve", run, "--as", "ann")
        try await shop.withDriver { _ in
          try await shop.wait(for: run, until: "green at 50 %") { $0.step == "watch-50" || $0.isFinished }
          let green = try #require(shop.services()[shop.ports.b]?.first)
          kill(green, SIGKILL)
          try await shop.slipway("watch", run, expecting: 3)
        }
        let ended = try await shop.status(run)
        #expect(ended.status == "rolled_back")
        #expect(ended.rollback?.reason.contains("crash") == true, "\(String(describing: ended.rollback))")
        try await customers.goHome()
        // Four customers have at most one order each in flight.
        #expect(customers.tally.lost.count <= 4, "\(customers.tally)")
        #expect(customers.tally.failed.isEmpty, "\(customers.tally)")
      }
    }
  }
}

extension Shop {
  /// 1.0.0 goes live.
  func open() async throws {
    try await register("1.0.0")
    let run = try await promote("1.0.0")
    try await slipway("approve", run, "--as", "ann")
    try await withDriver { _ in
      try await eventually("the front door opens") {
        let now = try await status(run)
        return now.weights?.green == 100 || now.isFinished
      }
      _ = try await Customers.order(at: ports.front) { _ in try await slipway("watch", run) }
    }
  }
}
