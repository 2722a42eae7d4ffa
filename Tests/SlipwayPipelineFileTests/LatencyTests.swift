import Foundation
import SlipwayPipelineFile
import Testing

@Suite("Pipeline file: rules on latency")
struct LatencyTests {
  private func problems(_ traffic: String, _ metrics: String) -> String {
    let text = """
      project: shop
      environments:
        live:
          deploy: {processes: {run: ./shop, ports: {a: 7001, b: 7002}}}
          traffic: \(traffic)
          metrics: \(metrics)
      promotions:
        - to: live
          watch:
            rules:
              - error_rate: {roll_back_above: 5%}
              - p99: {roll_back_above: 500ms}
      """
    switch PipelineFile.read(Data(text.utf8), path: "slipway.yaml") {
    case .success: return ""
    case .failure(let problems): return problems.description
    }
  }

  private let haproxy = "{haproxy: {socket: s, map: m, servers: {a: app_a/a, b: app_b/b}, url: 'http://127.0.0.1:80'}}"

  @Test("a latency rule on HAProxy's own counters, which have no latencies, is refused at its place")
  func haproxyCounters() {
    let found = problems(haproxy, "data-plane")
    #expect(found.hasPrefix("slipway.yaml:12:"), "\(found)")
    #expect(found.contains("'p99' cannot be measured here: HAProxy counts no latencies"))
  }

  @Test("a latency rule on Prometheus needs a latency query; the router counts by itself")
  func prometheus() {
    let query = "requests: 'r{slot=\"${slot}\"}', errors: 'e{slot=\"${slot}\"}'"
    #expect(problems(haproxy, "{prometheus: {url: 'http://127.0.0.1:9090', \(query)}}").contains("no 'latency' query"))
    #expect(
      problems(haproxy, "{prometheus: {url: 'http://127.0.0.1:9090', \(query), latency: 'l{slot=\"${slot}\"}'}}") == "")
    #expect(problems("{router: {listen: '127.0.0.1:7000'}}", "data-plane") == "")
  }
}
