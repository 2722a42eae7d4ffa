import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1
import SlipwayConnectors
import SlipwayModel
import Testing

/// A real Prometheus whose past was written into its store beforehand.
@Suite("Prometheus: history")
struct PrometheusHistoryTests {
  /// 16 requests and 1 error a minute, one restart in the middle, and nothing in the last half hour.
  private static func past(until now: Int) -> String {
    var lines = ["# TYPE app_requests counter"]
    var errors = ["# TYPE app_errors counter"]
    let (start, end) = (now - 3 * 3_600, now - 1_800)
    for (index, second) in stride(from: start, to: end, by: 15).enumerated() {
      let step = second < start + 5_400 ? index : index - 360
      lines.append("app_requests_total{slot=\"a\"} \(step * 4) \(second)")
      errors.append("app_errors_total{slot=\"a\"} \(step / 4) \(second)")
    }
    return (lines + errors + ["# EOF"]).joined(separator: "\n") + "\n"
  }

  @Test(
    "what blue answered in each of the last hours' minutes comes by a range query; stale figures are told from none")
  func history() async throws {
    try await withScratchFolder { folder in
      let now = Int(Date().timeIntervalSince1970)
      try Data(Self.past(until: now).utf8).write(to: folder.appending(path: "past.txt"))
      let arguments = ["tsdb", "create-blocks-from", "openmetrics", "past.txt", "tsdb"]
      try await withRealProcess("/usr/bin/promtool", arguments, folder: folder) { process in
        try await eventually("the past is written: \(process.text)") { !process.isRunning }
      }
      try Data("global: {scrape_interval: 10m}\n".utf8).write(to: folder.appending(path: "p.yml"))
      let port = try freePort()
      let serving = ["--config.file=p.yml", "--storage.tsdb.path=tsdb", "--web.listen-address=127.0.0.1:\(port)"]
      try await withRealProcess("/usr/bin/prometheus", serving, folder: folder) { process in
        try await withHTTPClient { client in
          let url = "http://127.0.0.1:\(port)"
          try await eventually("Prometheus is ready: \(process.text)") {
            let answer = try? await client.execute(HTTPClientRequest(url: url + "/-/ready"), timeout: .seconds(5))
            return answer?.status == .ok
          }
          let source = try PrometheusSource(
            PrometheusSpec(
              url: SecretText(url), requests: RealPrometheus.requests, errors: RealPrometheus.errors,
              timeout: .seconds(60)), secrets: SecretSource(environment: [:], folder: "/"), client: client)
          try await check(source, at: Timestamp(milliseconds: Int64(now) * 1_000))
        }
      }
    }
  }

  private func check(_ source: PrometheusSource, at now: Timestamp) async throws {
    let minutes = try await source.history(of: .a, now: now)
    // Prometheus shows the last figure for five minutes more, in which nothing is counted.
    let busy = minutes.filter { $0.requests > 0 }
    #expect((145...149).contains(busy.count), "\(busy.count) of \(minutes.count)")
    // The figures end somewhere inside a minute.
    #expect(busy.count { $0.requests == 16 && $0.serverErrors <= 2 } >= busy.count - 1, "\(busy)")
    #expect(abs(Int(busy.reduce(0) { $0 + $1.serverErrors }) - busy.count) <= 2)
    #expect((4...6).contains(minutes.count - busy.count), "\(minutes.count - busy.count)")
    #expect(try await source.history(of: .b, now: now).isEmpty)
    let sample = try await source.sample(now: now, releases: [.a: "1", .b: "2"])
    #expect(sample.slots.isEmpty)
    let (stale, none) = (sample.missing?[.a] ?? "", sample.missing?[.b] ?? "")
    #expect(stale.contains("they are stale") && stale.contains(" min ago"), "\(stale)")
    #expect(none.contains("(empty)") && !none.contains("stale"), "\(none)")
  }

  @Test("native histograms of a real Envoy through a real Prometheus are put on the grid, in seconds")
  func native() async throws {
    try await RealProxy.with(.envoy) { proxy in
      try await withScratchFolder { folder in
        let target = proxy.metrics.replacing("http://", with: "").replacing("/stats/prometheus", with: "")
        let configuration = """
          global: {scrape_interval: 250ms, scrape_timeout: 250ms}
          scrape_configs:
          - job_name: envoy
            metrics_path: /stats/prometheus
            params: {histogram_buckets: [prometheusnative]}
            static_configs: [{targets: ['\(target)']}]
          """
        try Data(configuration.utf8).write(to: folder.appending(path: "p.yml"))
        let port = try freePort()
        let arguments = [
          "--config.file=p.yml", "--storage.tsdb.path=tsdb", "--web.listen-address=127.0.0.1:\(port)",
          "--enable-feature=native-histograms",
        ]
        try await withRealProcess("/usr/bin/prometheus", arguments, folder: folder) { process in
          let cluster = #"envoy_cluster_name="slot_${slot}""#
          let source = try PrometheusSource(
            PrometheusSpec(
              url: SecretText("http://127.0.0.1:\(port)"), requests: "sum(envoy_cluster_upstream_rq_xx{\(cluster)})",
              errors: #"sum(envoy_cluster_upstream_rq_xx{\#(cluster),envoy_response_code_class="5"}) or vector(0)"#,
              latency: "sum(envoy_cluster_upstream_rq_time{\(cluster)})", latencyUnit: .milliseconds,
              timeout: .seconds(60)), secrets: SecretSource(environment: [:], folder: "/"), client: proxy.client)
          _ = try await proxy.hit(.b, "/", times: 7)
          _ = try await proxy.hit(.b, "/fail", times: 2)
          var last: CounterSample?
          try await eventually("Prometheus has it: \(String(describing: last)) \(process.text.suffix(500))") {
            last = try? await source.sample(now: Timestamp(milliseconds: 0), releases: [.a: "1", .b: "2"])
            return last?.slots[.b]?.latency?.total == 9
          }
          let counters = try #require(last?.slots[.b])
          #expect(counters.requests == 9 && counters.serverErrors == 2)
          // A grid of 1 ms to 32 s, and nothing here took a minute.
          #expect(counters.latency?.bounds.count == 61 && counters.latency?.counts.last == 0)
        }
      }
    }
  }
}
