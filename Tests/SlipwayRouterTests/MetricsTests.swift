import Foundation
import NIOHTTP1
import SlipwayModel
import SlipwayRouter
import Testing

@Suite("Router: Prometheus")
struct MetricsTests {
  @Test("the counters as Prometheus reads them, on an address of their own and on the control socket")
  func text() async throws {
    try await withSlots(percent: 50, loops: 1, b: { _ in .text(500, "no") }, change: { $0.metrics = "127.0.0.1:0" }) {
      rig, _, _ in
      for _ in 0..<10 { _ = try await rig.get() }
      let address = try #require(try await rig.control.status().metrics)
      let text = try await withClient(address) { try await $0.get("/metrics") }
      #expect(text.status == 200 && text.head.headers["content-type"].first?.hasPrefix("text/plain") == true)
      for line in [
        "slipway_router_requests_total{slot=\"a\"} 5", "slipway_router_errors_total{slot=\"b\",class=\"server\"} 5",
        "slipway_router_request_duration_seconds_count{slot=\"a\"} 5", "slipway_router_in_flight{slot=\"a\"} 0",
        "slipway_router_share_percent{slot=\"b\"} 50", "slipway_router_unrouted_total 0",
        "slipway_router_request_duration_seconds_bucket{slot=\"a\",le=\"+Inf\"} 5",
      ] {
        #expect(text.text.contains(line + "\n"), "\(line)")
      }
      try text.text.write(toFile: rig.folder + "/metrics", atomically: true, encoding: .utf8)
      let check = try await run(
        "sh", "-c", "promtool check metrics < \(rig.folder)/metrics", output: rig.folder + "/promtool")
      #expect(check.isSuccess, "\(check.output)")
      let local = try await run(
        "curl", "-sS", "--unix-socket", rig.control.path, "http://router/metrics", output: rig.folder + "/curl")
      #expect(local.isSuccess && local.output.contains("slipway_router_requests_total{slot=\"a\"} 5\n"))
    }
  }

  @Test("anything else is 404, a flood and a silent client are hung up on, the router serves on")
  func nonsense() async throws {
    try await withSlots(change: { $0.metrics = "127.0.0.1:0" }) { rig, _, _ in
      let address = try #require(try await rig.control.status().metrics)
      let other = try await withClient(address) { try await $0.get("/secret") }
      #expect(other.status == 404)
      let flood = try await withRaw(address) { raw in
        try? await raw.send(String(repeating: "x", count: 100_000))
        return await raw.readToEnd()
      }
      #expect(flood.isEmpty)
      #expect(try await rig.get().text == "a")
    }
  }
}
