import AsyncHTTPClient
import Foundation
import Glibc
import SlipwayConnectors
import SlipwayModel
import Testing

/// Against a real Prometheus; one after the other, because each starts two programs.
@Suite("Prometheus: counters", .serialized)
struct PrometheusSourceTests {
  @Test("counters and histogram of both slots are what the exporter counted")
  func counters() async throws {
    try await RealPrometheus.with { prometheus in
      try await prometheus.hit("hit?slot=a&requests=100&errors=2&seconds=0.005")
      try await prometheus.hit("hit?slot=a&requests=10&seconds=5")
      try await prometheus.hit("hit?slot=b&requests=7&errors=1&seconds=0.5")
      let source = try prometheus.source()
      let reading = try await prometheus.eventually("all is scraped", source) {
        $0.slots[.a]?.requests == 110 && $0.slots[.b]?.requests == 7
      }
      #expect(reading.missing == nil)
      #expect(
        reading.slots[.a]
          == SlotCounters(
            requests: 110, serverErrors: 2, latency: LatencyHistogram(bounds: [0.01, 0.1, 1], counts: [100, 0, 0, 10])))
      #expect(
        reading.slots[.b]
          == SlotCounters(
            requests: 7, serverErrors: 1, latency: LatencyHistogram(bounds: [0.01, 0.1, 1], counts: [0, 0, 7, 0])))
      #expect(reading.source == "prometheus")
    }
  }

  @Test("a restarted exporter shows as counters that went down, which no window counts")
  func restart() async throws {
    try await RealPrometheus.with { prometheus in
      let source = try prometheus.source()
      try await prometheus.hit("hit?slot=b&requests=500")
      let before = try await prometheus.eventually("500", source) { $0.slots[.b]?.requests == 500 }
      try await prometheus.hit("reset")
      try await prometheus.hit("hit?slot=b&requests=20")
      let after = try await prometheus.eventually("20", source) { $0.slots[.b]?.requests == 20 }
      let (old, new) = (try #require(before.slots[.b]), try #require(after.slots[.b]))
      #expect(new.since(old) == nil)
    }
  }

  @Test("G6, H11, H24: an empty answer is no data, with a reason")
  func empty() async throws {
    try await RealPrometheus.with { prometheus in
      try await prometheus.hit("hit?slot=a&requests=5")
      let reading = try await prometheus.eventually("a is scraped", try prometheus.source()) {
        $0.slots[.a] != nil
      }
      #expect(reading.slots[.b] == nil)
      #expect(reading.missing?[.b]?.contains(#"no figures for 'sum(app_errors_total{slot="b"})'"#) == true)
      #expect(reading.missing?[.b]?.contains("or vector(0)") == true)
      let unlabelled = try prometheus.source(errors: #"sum(nothing{slot="${slot}"}) or vector(0)"#)
      let zero = try await unlabelled.sample(now: Timestamp(milliseconds: 0), releases: [:])
      #expect(zero.slots[.a]?.serverErrors == 0)
    }
  }

  @Test("G6, P1: NaN and infinity are no data", arguments: ["* NaN", "/ 0"])
  func notANumber(operation: String) async throws {
    try await RealPrometheus.with { prometheus in
      try await prometheus.hit("hit?slot=a&requests=5")
      _ = try await prometheus.eventually("scraped", try prometheus.source()) { $0.slots[.a] != nil }
      for source in [
        try prometheus.source(requests: RealPrometheus.requests + operation),
        try prometheus.source(errors: "(\(RealPrometheus.errors) + 1) \(operation)"),
      ] {
        let reading = try await source.sample(now: Timestamp(milliseconds: 0), releases: [:])
        #expect(reading.slots.isEmpty)
        #expect(reading.missing?[.a]?.contains(operation == "/ 0" ? "infinite" : "NaN") == true)
      }
      let slow = try prometheus.source(latency: "\(RealPrometheus.latency) \(operation)")
      let reading = try await slow.sample(now: Timestamp(milliseconds: 0), releases: [:])
      #expect(reading.slots[.a]?.requests == 5)
      #expect(reading.slots[.a]?.latency == nil)
    }
  }

  @Test("a query that selects by release gets it, however it is written; a slot without one has no data")
  func release() async throws {
    try await RealPrometheus.with { prometheus in
      let name = #"1.0"} or vector(9) #\'"#
      try await prometheus.hit("hit?slot=a&requests=5&release=1.0")
      let source = try prometheus.source(
        requests: #"sum(app_requests_total{release="${release}"})"#,
        errors: "sum(app_errors_total{release='${release}'})", latency: nil)
      let reading = try await prometheus.eventually("scraped", source) { $0.slots[.a]?.requests == 5 }
      #expect(reading.missing?[.b] != nil)
      let odd = try await source.sample(now: Timestamp(milliseconds: 0), releases: [.a: ReleaseID(name)])
      #expect(odd.slots.isEmpty)
      #expect(odd.missing?[.a]?.contains("no figures") == true)
      #expect(odd.missing?[.b] == "slot b holds no release to select by")
    }
  }

  @Test("an exporter that is gone leaves no data behind")
  func stale() async throws {
    try await RealPrometheus.with { prometheus in
      let source = try prometheus.source()
      try await prometheus.hit("hit?slot=b&requests=5")
      _ = try await prometheus.eventually("scraped", source) { $0.slots[.b] != nil }
      try await prometheus.exporter.crash()
      let reading = try await prometheus.eventually("stale", source) { $0.slots[.b] == nil }
      #expect(reading.missing?[.b] != nil)
    }
  }

  @Test("G7: several series are told by their labels, not guessed from the last")
  func several() async throws {
    try await RealPrometheus.with { prometheus in
      try await prometheus.hit("hit?slot=a&requests=5")
      _ = try await prometheus.eventually("scraped", try prometheus.source()) { $0.slots[.a] != nil }
      for (query, code, text) in [
        (#"app_seconds_bucket{slot="${slot}"}"#, ConnectorError.Code.garbage, #"gives 4 series ("#),
        (#"app_requests_total{slot="${slot}"}[1m]"#, .misconfigured, "gives a matrix"),
        (#"sum(app_requests_total{slot="${slot}"}) / 3"#, .misconfigured, "is no count of requests"),
        (#"sum(app_requests_total{slot="${slot}"}) * -1"#, .misconfigured, "is no count of requests"),
        (#"sum(app_requests_total{slot="${slot}")"#, .misconfigured, "refuses the query"),
      ] {
        let source = try prometheus.source(requests: query)
        let error = await #expect(throws: ConnectorError.self) {
          try await source.sample(now: Timestamp(milliseconds: 0), releases: [:])
        }
        #expect(error?.code == code, "\(query): \(error?.message ?? "")")
        #expect(error?.message.contains(text) == true, "\(query): \(error?.message ?? "")")
      }
    }
  }

  @Test("a histogram with more labels, without +Inf, or that falls is garbage")
  func badHistograms() async throws {
    try await RealPrometheus.with { prometheus in
      try await prometheus.hit("hit?slot=a&requests=5&seconds=0.05")
      _ = try await prometheus.eventually("scraped", try prometheus.source()) { $0.slots[.a] != nil }
      for (query, text) in [
        (#"app_seconds_bucket{slot="${slot}"}"#, "sum by (le)"),
        (#"sum by (le) (app_seconds_bucket{slot="${slot}",le!="+Inf"})"#, #"no bucket le="+Inf""#),
        (#"10 - sum by (le) (app_seconds_bucket{slot="${slot}"})"#, "fall as 'le' rises"),
        (#"sum(app_seconds_bucket{slot="${slot}"})"#, "without a bound"),
      ] {
        let source = try prometheus.source(latency: query)
        let error = await #expect(throws: ConnectorError.self) {
          try await source.sample(now: Timestamp(milliseconds: 0), releases: [:])
        }
        #expect(error?.code == .garbage, "\(query): \(error?.message ?? "")")
        #expect(error?.message.contains(text) == true, "\(query): \(error?.message ?? "")")
      }
    }
  }

  @Test("a Prometheus that is killed is unreachable, one that hangs times out, a cancelled reading ends")
  func gone() async throws {
    try await RealPrometheus.with { prometheus in
      let source = try prometheus.source()
      _ = try await source.sample(now: Timestamp(milliseconds: 0), releases: [:])
      try await prometheus.process.freeze()
      let spec = PrometheusSpec(
        url: SecretText(prometheus.url), requests: RealPrometheus.requests, errors: RealPrometheus.errors,
        timeout: .milliseconds(300))
      let hasty = try PrometheusSource(
        spec, secrets: SecretSource(environment: [:], folder: "/"), client: prometheus.client)
      let slow = await #expect(throws: ConnectorError.self) {
        try await hasty.sample(now: Timestamp(milliseconds: 0), releases: [:])
      }
      #expect(slow?.code == .timedOut)
      let call = Task { try await source.sample(now: Timestamp(milliseconds: 0), releases: [:]) }
      call.cancel()
      let cancelled = await #expect(throws: ConnectorError.self) { try await call.value }
      #expect(cancelled?.code == .timedOut)
      prometheus.process.signal(SIGCONT)
      try await prometheus.process.crash()
      let gone = await #expect(throws: ConnectorError.self) {
        try await source.sample(now: Timestamp(milliseconds: 0), releases: [:])
      }
      #expect(gone?.code == .unreachable, "\(gone?.message ?? "")")
    }
  }
}
