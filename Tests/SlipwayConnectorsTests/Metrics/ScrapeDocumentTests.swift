import AsyncHTTPClient
import Foundation
import SlipwayModel
import Testing

@testable import SlipwayConnectors

/// Documents that cannot be had from a real program here, and what is wrong in them.
@Suite("Scraping: documents")
struct ScrapeDocumentTests {
  private func figures(
    _ product: ScrapeProduct, _ text: String, names: SlotNames = SlotNames(a: "app_a", b: "app_b"), slot: Slot = .b
  ) async throws -> SlotFigures {
    let spec = ScrapeSpec(url: .both(SecretText("http://127.0.0.1:9/metrics")), product: product, names: names)
    let reader: any ScrapeReader = product == .haproxy ? try HAProxyScrape(spec) : try SeriesScrape(spec)
    let document = try Exposition(Data(text.utf8), wanting: reader.names)
    return try await withHTTPClient { client in
      let endpoint = MetricsEndpoint(
        product.rawValue, SecretText("http://127.0.0.1:9/metrics"), timeout: .seconds(1),
        secrets: SecretSource(environment: [:], folder: "/"), client: client)
      return try reader.figures(of: slot, release: "1", in: document, endpoint)
    }
  }

  // github.com/vozlt/nginx-module-vts, src/ngx_http_vhost_traffic_status_display_prometheus.h.
  private static let vts = """
    # TYPE nginx_vts_upstream_requests_total counter
    nginx_vts_upstream_requests_total{upstream="app_a",backend="127.0.0.1:9001",code="2xx"} 90
    nginx_vts_upstream_requests_total{upstream="app_a",backend="127.0.0.1:9001",code="5xx"} 1
    nginx_vts_upstream_requests_total{upstream="app_a",backend="127.0.0.1:9001",code="total"} 91
    nginx_vts_upstream_requests_total{upstream="app_b",backend="127.0.0.1:9002",code="1xx"} 0
    nginx_vts_upstream_requests_total{upstream="app_b",backend="127.0.0.1:9002",code="2xx"} 5
    nginx_vts_upstream_requests_total{upstream="app_b",backend="127.0.0.1:9002",code="4xx"} 3
    nginx_vts_upstream_requests_total{upstream="app_b",backend="127.0.0.1:9002",code="5xx"} 2
    nginx_vts_upstream_requests_total{upstream="app_b",backend="127.0.0.1:9002",code="total"} 10
    nginx_vts_upstream_requests_total{upstream="app_b",backend="127.0.0.1:9003",code="2xx"} 4
    nginx_vts_upstream_requests_total{upstream="app_b",backend="127.0.0.1:9003",code="total"} 4

    """

  // github.com/nginx/nginx-prometheus-exporter, "Exported Metrics", HTTP upstreams.
  private static let plus = """
    # TYPE nginxplus_upstream_server_responses counter
    nginxplus_upstream_server_responses{code="2xx",server="127.0.0.1:9001",upstream="app_a"} 90
    nginxplus_upstream_server_responses{code="2xx",server="127.0.0.1:9002",upstream="app_b"} 5
    nginxplus_upstream_server_responses{code="5xx",server="127.0.0.1:9002",upstream="app_b"} 2

    """

  @Test("nginx with its VTS module, and NGINX Plus through its exporter, count per upstream")
  func nginx() async throws {
    let vts = try await figures(.nginxVTS, Self.vts)
    #expect(vts == SlotFigures(SlotCounters(requests: 14, serverErrors: 2)))
    let plus = try await figures(.nginxPlus, Self.plus)
    #expect(plus == SlotFigures(SlotCounters(requests: 7, serverErrors: 2)))
    // What plain nginx has is one number for both slots, and nothing can be judged by it.
    let plain = try await figures(
      .nginxPlus, "# TYPE nginx_http_requests_total counter\nnginx_http_requests_total 12\n")
    #expect(plain.counters == nil && plain.missing?.contains("no metric 'nginxplus_upstream_server_responses'") == true)
  }

  @Test("HAProxy's server that is not there has no data; NaN where a count belongs is refused")
  func haproxy() async throws {
    let names = SlotNames(a: "app_a/app", b: "app_b/app")
    let lines = """
      haproxy_server_sessions_total{proxy="app_b",server="app"} 7
      haproxy_server_http_responses_total{proxy="app_b",server="app",code="2xx"} 5
      haproxy_server_http_responses_total{proxy="app_b",server="app",code="5xx"} 2

      """
    #expect(
      try await figures(.haproxy, lines, names: names)
        == SlotFigures(SlotCounters(requests: 7, serverErrors: 2)))
    let other = try await figures(.haproxy, lines, names: names, slot: .a)
    #expect(other.counters == nil && other.missing?.contains("no server 'app_a/app'") == true)
    let error = await #expect(throws: ConnectorError.self) {
      try await figures(.haproxy, lines.replacing("} 5", with: "} NaN"), names: names)
    }
    #expect(error?.message.contains("mode http") == true)
    await #expect(throws: ConnectorError.self) { try await figures(.haproxy, lines) }
  }

  @Test("Envoy's uptime moves a little without a restart; a restart is told")
  func uptime() throws {
    let identity = ScrapeIdentity()
    func life(_ uptime: Int, at second: Int64) throws -> String {
      let text = "envoy_server_uptime{} \(uptime)\n"
      let document = try Exposition(Data(text.utf8), wanting: ScrapeIdentity.names)
      return identity.of(document, key: .a, at: Timestamp(milliseconds: second * 1_000))
    }
    let first = try life(100, at: 10_000)
    #expect(try life(100, at: 10_004) == first, "not refreshed yet")
    #expect(try life(109, at: 10_010) == first)
    #expect(try life(3, at: 10_020) != first)
  }

  @Test("an endpoint for each slot: one that does not answer has no data, and the other is read")
  func each() async throws {
    try await ContractServer.with { server in
      try await server.set(["counts": ["a": [70, 7]]])
      let dead = try freePort()
      let spec = ScrapeSpec(
        url: .each(a: SecretText(server.url + "/metrics"), b: SecretText("http://127.0.0.1:\(dead)/metrics")),
        requests: "app_requests_total", errors: "app_errors_total", headers: ["x-token": SecretText("${env:TOKEN}")],
        timeout: .seconds(60))
      let source = try ScrapeSource(spec, secrets: server.secretSource, client: server.client)
      let now = Timestamp(milliseconds: 0)
      let sample = try await source.sample(now: now, releases: [.a: "1", .b: "2"])
      #expect(sample.slots == [.a: SlotCounters(requests: 70, serverErrors: 7)])
      #expect(sample.missing?[.b]?.contains("cannot be asked") == true)
      await #expect(throws: ConnectorError.self, "nobody answers") {
        try await source.sample(now: now, releases: [.b: "2"])
      }
      try await server.set(["fault": 401])
      await #expect(throws: ConnectorError.self, "the file has to be mended") {
        try await source.sample(now: now, releases: [.a: "1", .b: "2"])
      }
    }
  }

  @Test("answers of Prometheus changed at random are read or refused, and never crash", arguments: 0..<6)
  func mutatedAnswers(seed: UInt64) {
    let samples = [
      #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{"le":"0.1"},"value":[1.5,"2"]},{"metric":{"le":"+Inf"},"value":[1.5,"3"]}]}}"#,
      #"{"status":"success","data":{"resultType":"vector","result":[{"metric":{},"histogram":[1,{"count":"3","sum":"1","buckets":[[0,"1","2","3"]]}]}]}}"#,
      #"{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[60,"1"],[120,"2"]]}]}}"#,
      #"{"requests": 10, "errors": 1, "process": "x"}"#, "requests=10 errors=1 process=x",
    ]
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      var bytes = Data(samples[Int.random(in: 0..<samples.count, using: &random)].utf8)
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<3, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 1: bytes[place] = Array("{}[]\",:0-.eNI+ =".utf8).randomElement(using: &random) ?? 0
        default: bytes.remove(at: place)
        }
      }
      if let answer = try? PrometheusAnswer(bytes, to: "q") {
        if let count = try? answer.count("q") { #expect(count <= UInt64(Count.largest)) }
        if let histogram = try? answer.histogram("q", unit: .seconds) {
          #expect(histogram.counts.count == histogram.bounds.count + 1)
        }
      }
      _ = try? PrometheusAnswer.points(in: bytes, of: "q")
      if let printed = PrintedFigures(String(decoding: bytes, as: UTF8.self)), let counters = printed.counters {
        #expect(counters.latency == nil)
      }
    }
  }
}
