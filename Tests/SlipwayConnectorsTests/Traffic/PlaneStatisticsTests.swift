import Foundation
import NIOCore
import SlipwayModel
import Testing

@testable import SlipwayConnectors

/// What Envoy and Traefik count, as it comes and damaged.
@Suite("Planes: statistics")
struct PlaneStatisticsTests {
  /// Of Envoy 1.40, filtered as the plane asks.
  private static let envoy =
    #"{"stats":["#
    + ([
      ("a.upstream_rq_total", 130), ("a.upstream_rq_completed", 90), ("a.upstream_rq_5xx", 3), ("a.upstream_rq_4xx", 5),
      ("a.upstream_rq_active", 2), ("a.upstream_rq_retry", 1), ("b.upstream_rq_total", 40),
      ("b.upstream_rq_completed", 40), ("a_or_b.upstream_rq_total", 0), ("b_or_a.upstream_rq_total", 60),
      ("b_or_a.upstream_rq_completed", 58), ("b_or_a.upstream_rq_5xx", 7), ("b_or_a.upstream_rq_active", 2),
    ]
    .map { #"{"name":"cluster.app_\#($0)","value":\#($1)}"# }
    + [#"{"histograms":{"supported_quantiles":[0,25],"computed_quantiles":[]}}"#])
    .joined(separator: ",") + "]}"

  /// Of Traefik 3.7.
  private static let traefik = """
    # HELP process_start_time_seconds Start time of the process since unix epoch in seconds.
    # TYPE process_start_time_seconds gauge
    process_start_time_seconds 1.79503542311e+09
    # HELP traefik_service_requests_total How many HTTP requests processed on a service.
    # TYPE traefik_service_requests_total counter
    traefik_service_requests_total{code="200",method="GET",protocol="http",service="app_a@file"} 1234
    traefik_service_requests_total{code="404",method="GET",protocol="http",service="app_a@file"} 10
    traefik_service_requests_total{code="200",method="GET",protocol="http",service="app_b@file"} 99
    traefik_service_requests_total{code="503",method="POST",protocol="http",service="app_b@file"} 1.2e+01
    traefik_service_requests_total{code="0",method="GET",protocol="http",service="app_b@file"} 2
    traefik_service_requests_total{code="200",method="GET",protocol="http",service="other@file"} 7

    """

  private func readEnvoy(_ data: Data) throws -> [SlotCounters] {
    let statistics = try EnvoyStatistics(JSONTree(data), name: "app")
    return Slot.allCases.map { statistics.counters(of: $0) }
  }

  private func readTraefik(_ text: String) throws -> [SlotCounters] {
    let statistics = try TraefikStatistics(text, name: "app")
    return Slot.allCases.compactMap { statistics.slots[$0] }
  }

  @Test("whole answers are read: requests and errors of each slot, and what blue caught")
  func whole() throws {
    let envoy = try readEnvoy(Data(Self.envoy.utf8))
    #expect(envoy[0] == SlotCounters(requests: 90, serverErrors: 3, connectionErrors: 0, clientErrors: 5))
    // a's server began 130: 90 + 2 + 1 are its cluster's own, 2 may be any, the other 35 came by b's cluster.
    #expect(envoy[1] == SlotCounters(requests: 98, serverErrors: 7, connectionErrors: 35, clientErrors: 0))
    let traefik = try readTraefik(Self.traefik)
    #expect(traefik[0] == SlotCounters(requests: 1_244, clientErrors: 10))
    #expect(traefik[1] == SlotCounters(requests: 113, serverErrors: 12, connectionErrors: 2))
  }

  @Test(
    "a value that is no count is refused, never taken for nothing",
    arguments: ["-1", "1.5", "1e300", "NaN", "\"7\"", "null", "true", "99999999999999999999", "", "+Inf", "0x10"])
  func values(value: String) {
    let envoy = Self.envoy.replacing(
      #"b_or_a.upstream_rq_5xx","value":7"#, with: #"b_or_a.upstream_rq_5xx","value":\#(value)"#)
    #expect(throws: (any Error).self, "Envoy \(value)") { try readEnvoy(Data(envoy.utf8)) }
    let traefik = Self.traefik.replacing("} 1.2e+01", with: "} \(value)")
    // Prometheus' numbers may be hexadecimal.
    if value != "0x10" { #expect(throws: ConnectorError.self, "Traefik \(value)") { try readTraefik(traefik) } }
  }

  @Test("an answer that ends anywhere is refused: a number that lost its end would pass for a restart")
  func cut() throws {
    let envoy = Data(Self.envoy.utf8)
    for length in 0..<envoy.count { #expect(throws: (any Error).self) { try readEnvoy(envoy.prefix(length)) } }
    let whole = try readTraefik(Self.traefik)
    for length in 0..<Self.traefik.utf8.count {
      let text = String(decoding: Self.traefik.utf8.prefix(length), as: UTF8.self)
      // Between two lines nothing shows that there were more.
      guard let found = try? readTraefik(text) else { continue }
      #expect(text.hasSuffix("\n"))
      for (slot, counters) in zip(whole, found) { #expect(counters.requests <= slot.requests) }
    }
  }

  @Test("damaged answers never crash and never give counts that cannot be", arguments: 0..<8)
  func damaged(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      let envoy = Self.damaged(Self.envoy, #"{}[]",:0-.eN_abx"#, &random)
      if let slots = try? readEnvoy(envoy) { slots.forEach(expectSense) }
      let traefik = Self.damaged(Self.traefik, "{}\",=0-.eN+ #\n@_ab", &random)
      if let slots = try? readTraefik(String(decoding: traefik, as: UTF8.self)) { slots.forEach(expectSense) }
    }
  }

  private func expectSense(_ counters: SlotCounters) {
    let largest = 20 * UInt64(Count.largest)
    #expect(counters.requests <= largest && counters.serverErrors <= largest && counters.clientErrors <= largest)
    #expect(counters.connectionErrors <= counters.requests)
  }

  private static func damaged(_ sample: String, _ marks: String, _ random: inout SeededGenerator) -> Data {
    var bytes = Data(sample.utf8)
    for _ in 0..<Int.random(in: 1...4, using: &random) {
      let place = Int.random(in: 0..<bytes.count, using: &random)
      switch Int.random(in: 0..<4, using: &random) {
      case 0: bytes[place] = UInt8.random(in: 0...255, using: &random)
      case 1: bytes[place] = Array(marks.utf8).randomElement(using: &random) ?? 0
      case 2: bytes.remove(at: place)
      default:
        let end = min(bytes.count, place + Int.random(in: 1...60, using: &random))
        bytes.insert(contentsOf: Data(bytes[place..<end]), at: place)
      }
    }
    return bytes
  }
}

/// Lines of a watch, which come in pieces of any size.
@Suite("Gateway API: events")
struct RouteEventTests {
  private static let lines = [
    #"{"type":"MODIFIED","object":\#(Gateway.route(a: "90", b: "10", note: "90:10:a:1"))}"#,
    #"{"type":"BOOKMARK","object":{"kind":"HTTPRoute","metadata":{"resourceVersion":"17"}}}"#,
    #"{"type":"ERROR","object":{"kind":"Status","status":"Failure","message":"too old resource version: 1 (2)","reason":"Expired","code":410}}"#,
    #"{"type":"ERROR","object":{"kind":"Status","message":"boom","code":500}}"#,
    #"{"type":"DELETED","object":\#(Gateway.route(a: "90", b: "10", note: nil))}"#,
  ]

  @Test("each event is what it says; anything else is none")
  func events() throws {
    let found = Self.lines.map { RouteEvent(Data($0.utf8)) }
    guard case .route(let route)? = found[0], case .bookmark("17")? = found[1], case .expired? = found[2],
      case .failed("boom")? = found[3], case .deleted? = found[4]
    else {
      Issue.record("\(found)")
      return
    }
    #expect(route.name == "app" && route.note?.text == "90:10:a:1")
    for text in [
      "", "{}", "[]", "null", #"{"type":"ADDED"}"#, #"{"type":"ADDED","object":{}}"#,
      #"{"type":"BOOKMARK","object":{}}"#,
      #"{"type":"NEW","object":{}}"#, "<html>",
    ] {
      #expect(RouteEvent(Data(text.utf8)) == nil, "\(text)")
    }
  }

  @Test("lines are found however the answer is cut into pieces, and one without end is given up", arguments: 0..<10)
  func pieces(seed: UInt64) throws {
    var random = SeededGenerator(seed: seed)
    let whole = Array((Self.lines.joined(separator: "\n") + "\n\n").utf8)
    var (cutter, found, place) = (LineCutter(), [Data](), 0)
    while place < whole.count {
      let end = min(whole.count, place + Int.random(in: 1...200, using: &random))
      let lines = cutter.lines(adding: ByteBuffer(bytes: whole[place..<end]))
      found += try #require(lines)
      place = end
    }
    #expect(found == Self.lines.map { Data($0.utf8) })
    let piece = ByteBuffer(repeating: UInt8(ascii: "x"), count: 1 << 20)
    let kept = (0..<6).map { _ in cutter.lines(adding: piece) }
    #expect(kept.contains(nil))
  }

  @Test("damaged events never crash and never pass for a share that is none", arguments: 0..<6)
  func damaged(seed: UInt64) {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<300 {
      var bytes = Array(Self.lines.randomElement(using: &random)?.utf8 ?? "".utf8)
      for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        if Bool.random(using: &random) {
          bytes[place] = UInt8.random(in: 0...255, using: &random)
        } else {
          bytes.remove(at: place)
        }
      }
      guard case .route(let route)? = RouteEvent(Data(bytes)),
        let split = try? route.split([.a: "app-a", .b: "app-b"])
      else { continue }
      #expect(split == .none || split.a + split.b == 100)
    }
  }
}
