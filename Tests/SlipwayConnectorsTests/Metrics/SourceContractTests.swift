import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// What every source of counters must do, whoever keeps the counts.
@Suite("Sources of counters: contract")
struct SourceContractTests {
  /// Sources that are asked over HTTP.
  enum Kind: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case scrape, json, prometheus, datadog, cloudwatch, newrelic, graphite

    var testDescription: String { rawValue }

    /// Whether it gives sums per interval, so that figures come when an interval closes.
    var isByInterval: Bool { [.datadog, .cloudwatch, .newrelic, .graphite].contains(self) }
  }

  private static let releases: [Slot: ReleaseID] = [.a: "1.0", .b: "1.1"]
  /// On a whole minute.
  private static let begin = Timestamp(milliseconds: 1_800_000_000_000)
  private static let minute = IntervalTiming(every: .minutes(1), delay: .seconds(30))

  private static func source(
    _ kind: Kind, _ server: ContractServer, timeout: Span = .seconds(60)
  ) throws -> any CounterSource {
    let (url, secrets, client) = (server.url, server.secretSource, server.client)
    let headers = ["x-token": SecretText("${env:TOKEN}")]
    let token = SecretText("${env:TOKEN}")
    switch kind {
    case .scrape:
      return try ScrapeSource(
        ScrapeSpec(
          url: .both(SecretText(url + "/metrics")), requests: #"app_requests_total{slot="${slot}"}"#,
          errors: #"app_errors_total{slot="${slot}"}"#, headers: headers, timeout: timeout), secrets: secrets,
        client: client)
    case .json:
      return try JSONSource(
        JSONSourceSpec(
          url: .both(SecretText(url + "/stats")), requests: "$.slots.${slot}.requests",
          errors: "$.slots['${slot}'].errors", process: "$.life", headers: headers, timeout: timeout),
        secrets: secrets, client: client)
    case .prometheus:
      return try PrometheusSource(
        PrometheusSpec(
          url: SecretText(url + "/prometheus"), requests: #"requests{slot="${slot}"}"#,
          errors: #"errors{slot="${slot}"}"#, headers: headers, timeout: timeout), secrets: secrets, client: client)
    case .datadog:
      return try IntervalSource.datadog(
        DatadogSpec(
          url: SecretText(url + "/datadog"), apiKey: token, applicationKey: token,
          requests: "sum:app.requests{slot:${slot}}.as_count()", errors: "sum:app.errors{slot:${slot}}.as_count()",
          timing: minute, timeout: timeout), secrets: secrets, client: client)
    case .cloudwatch:
      return try IntervalSource.cloudWatch(
        CloudWatchSpec(
          region: "eu-central-1", endpoint: url, accessKey: SecretText("${env:KEY}"),
          secretKey: SecretText("${env:SECRET}"), dimensionsA: ["Slot": "a"], dimensionsB: ["Slot": "b"],
          timing: minute, timeout: timeout), secrets: secrets, client: client)
    case .newrelic:
      return try IntervalSource.newRelic(
        NewRelicSpec(
          url: SecretText(url + "/newrelic/graphql"), account: 7, key: token,
          query:
            "SELECT count(*) AS requests, filter(count(*), WHERE error) AS errors FROM Transaction WHERE slot = '${slot}'",
          timing: minute, timeout: timeout), secrets: secrets, client: client)
    case .graphite:
      return try IntervalSource.graphite(
        GraphiteSpec(
          url: SecretText(url + "/graphite"), requests: "sumSeries(app.${slot}.requests)",
          errors: "sumSeries(app.${slot}.errors)", headers: headers, timing: minute, timeout: timeout),
        secrets: secrets, client: client)
    }
  }

  /// One service, one source and the time, which moves by a minute with each figure that closes.
  private struct Bench {
    let kind: Kind
    let server: ContractServer
    let source: any CounterSource
    var now = SourceContractTests.begin + .seconds(31)
    var counts: [String: [Int]] = ["a": [0, 0], "b": [0, 0]]
    var points: [String: [String: [String: Int]]] = [
      "a": ["requests": [:], "errors": [:]], "b": ["requests": [:], "errors": [:]],
    ]

    /// Lets the service count more on both slots; a minute passes.
    mutating func count(a: [Int], b: [Int]) async throws {
      let second = (now.milliseconds / 60_000) * 60
      for (slot, more) in [("a", a), ("b", b)] {
        for (index, name) in ["requests", "errors"].enumerated() {
          counts[slot]?[index] += more[index]
          points[slot]?[name]?["\(second)"] = more[index]
        }
      }
      now = now + .minutes(1)
      try await server.set(["counts": counts, "points": points])
    }

    func sample() async throws -> CounterSample {
      try await source.sample(now: now, releases: SourceContractTests.releases)
    }

    func error(_ name: String) async throws -> ConnectorError {
      do {
        let sample = try await sample()
        throw NeverHappened(description: "\(kind) \(name): no error but \(sample)")
      } catch let error as ConnectorError {
        return error
      }
    }
  }

  private func withBench(
    _ kind: Kind, timeout: Span = .seconds(60), _ body: (inout Bench) async throws -> Void
  ) async throws {
    try await ContractServer.with { server in
      var bench = Bench(kind: kind, server: server, source: try Self.source(kind, server, timeout: timeout))
      // An interval before the first reading, so that a service by intervals knows the slots.
      bench.now = bench.now + .seconds(-60)
      try await bench.count(a: [10, 1], b: [4, 0])
      try await body(&bench)
    }
  }

  @Test("C5: counts what is counted, across a gap, and says no data where there is none", arguments: Kind.allCases)
  func counts(kind: Kind) async throws {
    try await withBench(kind) { bench in
      let first = try await bench.sample()
      #expect(first.slots.count == 2 && first.missing == nil, "\(first)")
      try await bench.count(a: [100, 2], b: [50, 7])
      let second = try await bench.sample()
      #expect(second.source == first.source)
      try Self.expect(second, since: first, a: [100, 2], b: [50, 7])
      // A gap: nobody could be asked for a while.
      try await bench.count(a: [5, 0], b: [6, 1])
      try await bench.server.set(["fault": 503])
      #expect(try await bench.error("503").code == .unreachable)
      try await bench.count(a: [7, 1], b: [8, 2])
      try await bench.server.set(["fault": NSNull()])
      let third = try await bench.sample()
      try Self.expect(third, since: second, a: [12, 1], b: [14, 3])
      // Asked twice, counted once.
      let again = try await bench.sample()
      try Self.expect(again, since: third, a: [0, 0], b: [0, 0])
      // Slot b is gone.
      bench.now = bench.now + .minutes(20)
      try await bench.server.set([
        "counts": ["a": [1_000, 3]],
        "points": ["a": ["requests": ["\(bench.now.milliseconds / 60_000 * 60 - 120)": 3]]],
      ])
      let alone = try await bench.sample()
      if kind != .scrape {
        #expect(alone.slots[.b] == nil)
        #expect(alone.slots[.a] != nil)
      }
      #expect(alone.missing?[.b] != nil, "nobody says why")
    }
  }

  private static func expect(_ new: CounterSample, since old: CounterSample, a: [UInt64], b: [UInt64]) throws {
    for (slot, wanted) in [(Slot.a, a), (.b, b)] {
      let before = try #require(old.slots[slot])
      let difference = try #require(new.slots[slot]?.since(before))
      #expect([difference.requests, difference.serverErrors] == wanted, "slot \(slot)")
    }
  }

  @Test("what is no count is not taken for one", arguments: Kind.allCases)
  func noCount(kind: Kind) async throws {
    try await withBench(kind) { bench in
      _ = try await bench.sample()
      for value in [0.5, -3, 1e300] {
        bench.now = bench.now + .minutes(1)
        let second = "\(bench.now.milliseconds / 60_000 * 60 - 60)"
        let points = ["requests": [second: value], "errors": [second: 0]]
        try await bench.server.set([
          "counts": ["a": [value, 0], "b": [value, 0]], "points": ["a": points, "b": points],
        ])
        let error = try await bench.error("\(value)")
        #expect([.garbage, .misconfigured].contains(error.code), "\(value): \(error.message)")
        #expect(error.message.contains("no count"), "\(error.message)")
      }
    }
  }

  @Test("counters that began anew are told, and no window counts across", arguments: [Kind.scrape, .json, .prometheus])
  func reset(kind: Kind) async throws {
    try await withBench(kind) { bench in
      let before = try await bench.sample()
      try await bench.server.set(["counts": ["a": [3, 0], "b": [2, 0]]])
      let lower = try await bench.sample()
      let earlier = try #require(before.slots[.a])
      #expect(lower.slots[.a] != nil && lower.slots[.a]?.since(earlier) == nil)
      guard kind != .prometheus else { return }
      // It began anew and has overtaken itself: only its start time tells.
      try await bench.server.set(["life": "2", "counts": ["a": [3_000, 0], "b": [2_000, 0]]])
      #expect(try await bench.sample().source != before.source)
    }
  }

  @Test("NaN is no data", arguments: [Kind.scrape, .prometheus])
  func notANumber(kind: Kind) async throws {
    try await withBench(kind) { bench in
      try await bench.server.set(["counts": ["a": ["NaN", 0], "b": [5, 0]]])
      let sample = try await bench.sample()
      #expect(sample.slots[.a] == nil && sample.slots[.b] != nil)
      #expect(sample.missing?[.a]?.contains("NaN") == true)
    }
  }

  @Test("each kind of refusal is told by what to do about it", arguments: Kind.allCases)
  func refusals(kind: Kind) async throws {
    try await withBench(kind) { bench in
      let wanted: [(fault: Any, code: ConnectorError.Code, word: String)] = [
        (401, .misconfigured, "check the"), (403, .misconfigured, "check the"), (302, .misconfigured, "redirect"),
        (404, .misconfigured, "address"), (500, .unreachable, "answers 500"), (503, .unreachable, "answers 503"),
        ("garbage", .garbage, "Prometheus"), ("cut", .garbage, "answer"), ("huge", .garbage, "more than"),
        ("echo", .misconfigured, "403"),
      ]
      for (fault, code, word) in wanted {
        try await bench.server.set(["fault": fault])
        let error = try await bench.error("\(fault)")
        #expect(error.code == code, "\(fault): \(error.message)")
        #expect(error.message.contains(word) || fault as? String == "garbage", "\(fault): \(error.message)")
        #expect(!error.message.contains("hunter2"), "a secret in: \(error.message)")
        #expect(!error.message.contains("\n"))
      }
      try await bench.server.set(["fault": NSNull()])
      #expect(try await bench.sample().slots.count == 2, "it recovers by itself")
    }
  }

  @Test("who answers 429 is left alone as long as it asks", arguments: Kind.allCases)
  func tooMany(kind: Kind) async throws {
    try await withBench(kind) { bench in
      _ = try await bench.sample()
      try await bench.count(a: [1, 0], b: [2, 0])
      let date = "Fri, 15 Jan 2027 08:30:00 GMT"
      let headers: [(header: [String]?, pause: Span)] = [
        (["Retry-After", "30"], .seconds(30)), (["X-RateLimit-Reset", "20"], .seconds(20)), (nil, .seconds(10)),
        (["Retry-After", date], .zero),
      ]
      for (header, pause) in headers {
        try await bench.server.set(["fault": 429, "header": header ?? NSNull()])
        let before = try await bench.server.hits()
        let error = try await bench.error("429")
        #expect(error.code == .unreachable && error.message.contains("left alone until"), "\(error.message)")
        let asked = try await bench.server.hits()
        #expect(asked > before)
        try await bench.server.set(["fault": NSNull()])
        guard pause > .zero else {
          #expect(error.message.contains("2027-01-15T08:30:00"), "\(error.message)")
          continue
        }
        bench.now = bench.now + pause - .seconds(1)
        #expect(try await bench.error("too early").message.contains("left alone"))
        #expect(try await bench.server.hits() == asked, "it was asked although it wanted to be left alone")
        bench.now = bench.now + .seconds(2)
        try await bench.count(a: [1, 0], b: [2, 0])
        #expect(try await bench.sample().slots.count == 2)
        try await bench.count(a: [1, 0], b: [2, 0])
      }
    }
  }

  @Test("CloudWatch's throttling, which has status 400, is a reason to wait")
  func throttled() async throws {
    try await withBench(.cloudwatch) { bench in
      try await bench.server.set(["fault": "throttle"])
      #expect(try await bench.error("throttled").message.contains("left alone until"))
    }
  }

  @Test("a slow answer ends at the deadline", arguments: Kind.allCases)
  func slow(kind: Kind) async throws {
    try await withBench(kind, timeout: .milliseconds(500)) { bench in
      try await bench.server.set(["fault": "slow"])
      #expect(try await bench.error("slow").code == .timedOut)
    }
  }

  @Test(
    "what comes late is left out and said; what comes twice is refused", arguments: Kind.allCases.filter(\.isByInterval)
  )
  func late(kind: Kind) async throws {
    try await withBench(kind) { bench in
      _ = try await bench.sample()
      try await bench.count(a: [10, 0], b: [10, 0])
      let before = try await bench.sample()
      // The minute that was counted has 5 requests more now.
      let second = "\(bench.now.milliseconds / 60_000 * 60 - 60)"
      bench.points["b"]?["requests"]?[second] = 15
      try await bench.count(a: [1, 0], b: [2, 0])
      let after = try await bench.sample()
      try Self.expect(after, since: before, a: [1, 0], b: [2, 0])
      #expect(after.missing?[.b]?.hasPrefix("5 requests of slot b") == true, "\(after.missing ?? [:])")
      // Nobody is asked again before another interval has closed.
      let hits = try await bench.server.hits()
      bench.now = bench.now + .seconds(2)
      #expect(try await bench.sample().slots == after.slots)
      #expect(try await bench.server.hits() == hits)
      try await bench.count(a: [1, 0], b: [1, 0])
      guard kind != .newrelic else { return }
      try await bench.server.set(["twice": true])
      #expect(try await bench.error("twice").message.contains("two points"))
    }
  }
}
