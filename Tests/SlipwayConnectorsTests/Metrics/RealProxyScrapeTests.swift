import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// Against the real programs; one after the other, because each starts three processes.
@Suite("Scraping: real proxies", .serialized)
struct RealProxyScrapeTests {
  @Test(
    "C5: what a real proxy counts is what clients saw, per slot, errors and dead servers included",
    arguments: [ScrapeProduct.haproxy, .traefik, .caddy, .envoy])
  func counts(product: ScrapeProduct) async throws {
    try await RealProxy.with(product) { proxy in
      let source = try proxy.source()
      // Starting has used slot a alone: b is known and has counted nothing.
      let first = try await proxy.eventually("knows both", source) {
        $0.slots[.b]?.requests == 0 && ($0.slots[.a]?.requests ?? 0) > 0
      }
      #expect(try await proxy.hit(.a, "/", times: 5) == Array(repeating: 200, count: 5))
      #expect(try await proxy.hit(.b, "/", times: 4) == Array(repeating: 200, count: 4))
      #expect(try await proxy.hit(.b, "/fail", times: 3) == Array(repeating: 500, count: 3))
      #expect(try await proxy.hit(.b, "/missing", times: 2) == [404, 404])
      let second = try await proxy.eventually("counted", source) { sample in
        guard let b = sample.slots[.b], b.requests == 9 else { return false }
        // Envoy shows its histograms a little later than its counters.
        return b.latency.map { $0.total == 9 } ?? !product.hasLatency
      }
      #expect(second.source == first.source)
      let (a, b) = (try Self.difference(first, second, .a), try Self.difference(first, second, .b))
      #expect(a.requests == 5 && a.errors == 0)
      #expect(b.requests == 9 && b.errors == 3)
      if let latency = b.latency {
        let fast = zip(latency.bounds, latency.counts).filter { $0.0 <= 10 }.reduce(0) { $0 + $1.1 }
        #expect(fast == latency.total && latency.bounds.contains { $0 < 1 }, "seconds, not milliseconds")
      }
      // Nobody is at home: the proxy answers itself, and that counts against the release.
      try await proxy.slots[.b]?.crash()
      let refused = try await proxy.hit(.b, "/", times: 4)
      #expect(refused.allSatisfy { $0 >= 500 })
      let third = try await proxy.eventually("a dead server's errors", source) {
        guard let before = second.slots[.b], let after = $0.slots[.b]?.since(before) else { return false }
        return after.errors >= 4
      }
      let dead = try Self.difference(second, third, .b)
      // HAProxy counts each of its own tries.
      #expect(dead.requests == dead.errors && (dead.errors == 4 || (product == .haproxy && dead.errors > 4)), "\(dead)")
    }
  }

  @Test("Caddy's counters begin anew with each configuration, and the source says so")
  func caddy() async throws {
    try await RealProxy.with(.caddy) { proxy in
      let source = try proxy.source()
      _ = try await proxy.hit(.b, "/", times: 6)
      let before = try await proxy.eventually("counted", source) { $0.slots[.b]?.requests == 6 }
      let admin = proxy.metrics.replacing("/metrics", with: "")
      let script = """
        import json, sys, time, urllib.request as u
        time.sleep(1.1)
        c = json.load(u.urlopen(sys.argv[1] + "/config/"))
        c["apps"]["http"]["grace_period"] = 1000000000
        u.urlopen(u.Request(sys.argv[1] + "/load", json.dumps(c).encode(), {"content-type": "application/json"}))
        """
      try await withScratchFolder { folder in
        try Data(script.utf8).write(to: folder.appending(path: "load.py"))
        try await withRealProcess("/usr/bin/env", ["python3", "load.py", admin], folder: folder) { process in
          try await eventually("Caddy has taken it: \(process.text)") { !process.isRunning }
          #expect(process.text == "")
        }
      }
      let after = try await proxy.eventually("began anew", source) { $0.source != before.source }
      #expect(after.slots[.b].flatMap { $0.since(before.slots[.b] ?? $0) } == nil || after.source != before.source)
      _ = try await proxy.hit(.b, "/", times: 2)
      _ = try await proxy.eventually("counts on", source) { $0.slots[.b]?.requests == 2 }
    }
  }

  private static func difference(_ old: CounterSample, _ new: CounterSample, _ slot: Slot) throws -> SlotCounters {
    let before = try #require(old.slots[slot])
    return try #require(new.slots[slot]?.since(before))
  }
}
