import Foundation
import Testing

@Suite("The main job through a real HAProxy", .serialized)
struct HAProxyJobTests {
  private func withShop(_ body: (Shop, RealHAProxy, Companion) async throws -> Void) async throws {
    try await Shop.with({ $0.pipeline(traffic: RealHAProxy.traffic($0)) }) { shop in
      let plane = try RealHAProxy(shop)
      let haproxy = try await plane.start()
      defer { haproxy.forget() }
      try await shop.open()
      try await body(shop, plane, haproxy)
    }
  }

  @Test("C5, B8: a good release is promoted, a bad one rolled back, and customers of the good ones lose nothing")
  func goodAndBad() async throws {
    try await withShop { shop, _, _ in
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.register("1.1.0")
        let good = try await shop.deploy("1.1.0")
        #expect(good.status == "success" && good.weights?.green == 100)
        try await shop.register("1.2.0", failsOneIn: 2)
        let bad = try await shop.deploy("1.2.0", expecting: 3)
        #expect(bad.rollback?.reason.contains("error rate") == true, "\(String(describing: bad.rollback))")
        try await customers.goHome()
        customers.tally.expectNothingLost(bad: ["1.2.0"])
        #expect(customers.tally.failed["1.2.0"] ?? 0 > 0)
      }
      let map = try String(contentsOf: shop.folder.appending(path: "split.map"), encoding: .utf8)
      #expect(map.contains("0:100:b:"), "\(map)")
    }
  }

  @Test("F1: a reload in the middle that brings an older split back is mended, and the run ends right")
  func reload() async throws {
    try await withShop { shop, plane, haproxy in
      try await Customers.order(at: shop.ports.front) { customers in
        try await shop.register("1.1.0")
        let run = try await shop.promote("1.1.0")
        try await shop.slipway("approve", run, "--as", "ann")
        try await shop.withDriver { _ in
          try await shop.wait(for: run, until: "green gets traffic") { $0.weights?.green ?? 0 > 0 || $0.isFinished }
          let next = try await plane.start(after: haproxy)
          defer { next.forget() }
          _ = try await haproxy.ended(within: .seconds(60))
          try await shop.slipway("watch", run)
          try await eventually("everybody is served by 1.1.0") { customers.tally.served["1.1.0"] ?? 0 > 50 }
          try await customers.goHome()
        }
        #expect(try await shop.status(run).status == "success")
        customers.tally.expectNothingLost()
      }
    }
  }

  @Test(
    "F7: HAProxy gone in the middle: no change of traffic is believed, the message names it; back again, the run goes on"
  )
  func gone() async throws {
    try await withShop { shop, plane, haproxy in
      try await shop.register("1.1.0")
      let run = try await shop.promote("1.1.0")
      try await shop.slipway("approve", run, "--as", "ann")
      try await haproxy.crash()
      try await shop.withDriver { _ in
        try await shop.wait(for: run, until: "a shift is tried again") {
          $0.steps.contains { $0.id.contains("shift") && $0.attempts > 1 } || $0.isFinished
        }
        let during = try await shop.status(run)
        #expect(during.weights?.green ?? 0 == 0, "a change that nobody made is believed: \(during)")
        #expect(
          during.steps.contains { $0.detail.contains("h.sock") || $0.detail.contains("HAProxy") }, "\(during.steps)")
        let next = try await plane.start()
        defer { next.forget() }
        try await Customers.order(at: shop.ports.front) { _ in
          let ended = try await shop.wait(for: run, until: "the end") { $0.isFinished }
          // It came back while the step forward was still being tried, or while going back was.
          #expect(["success", "rolled_back"].contains(ended.status), "\(ended)")
        }
      }
    }
  }
}
