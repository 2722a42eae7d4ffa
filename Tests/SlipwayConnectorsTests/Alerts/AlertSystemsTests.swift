import AsyncHTTPClient
import Foundation
import SlipwayModel
import Testing

@testable import SlipwayConnectors

@Suite("Alerts, monitoring and business figures after a deployment")
struct AlertSystemsTests {
  private static let deployment = Deployment(
    environment: "production", slot: .a, release: Release(id: "1.1", artifact: "shop"), run: "run-1")
  private static let labels = ["environment": "production", "project": "shop", "run": "run-1"]

  @Test(
    "E14, C8: a real Alertmanager's alerts are read by matchers; monitoring is confirmed and the test alert is gone")
  func real() async throws {
    try await RealAlerting.with { alerting in
      let systems = alerting.systems
      let url = SecretText(alerting.alertmanager)
      // The rule that always fires arrives.
      try await eventually("an alert fires") {
        try await systems.activeAlerts(AlertsSpec(url: url)).contains { $0.name == "AlwaysFiring" }
      }
      let fitting = try await systems.activeAlerts(
        AlertsSpec(url: url, matchers: [#"severity="critical""#, #"service=~"sh.*""#]))
      #expect(fitting.map(\.name) == ["AlwaysFiring"])
      #expect(fitting.first?.summary == "it fires")
      #expect(try await systems.activeAlerts(AlertsSpec(url: url, matchers: [#"service="other""#])).isEmpty)

      let spec = MonitoringSpec(
        prometheus: SecretText(alerting.prometheus), alertmanager: url, timeout: .seconds(20))
      let found = try await systems.monitoring(spec, about: Self.labels, at: Timestamp(milliseconds: 0))
      #expect(
        found.map(\.name) == [
          "rule for error rate", "rule for p95", "rule for pool", "rule for cpu", "alerts are sent", "test alert",
        ])
      #expect(found.allSatisfy { $0.passed }, "\(found)")
      let left = try await systems.activeAlerts(AlertsSpec(url: url))
      #expect(!left.contains { $0.name == "SlipwayTestAlert" })
      // Once more: an alert that was ended comes again.
      let again = try await systems.monitoring(spec, about: Self.labels, at: Timestamp(milliseconds: 0))
      #expect(again.allSatisfy { $0.passed }, "\(again)")

      let missing = MonitoringSpec(
        prometheus: SecretText(alerting.prometheus), rules: [MonitoringRule("queue", "queue_depth")])
      let lacking = try await systems.monitoring(missing, about: Self.labels, at: Timestamp(milliseconds: 0))
      #expect(lacking.first?.passed == false)
      #expect(lacking.first?.detail.contains("queue_depth") == true)
      await #expect(throws: ConnectorError.self, "a matcher that is none") {
        try await systems.activeAlerts(AlertsSpec(url: url, matchers: ["severity"]))
      }
    }
  }

  @Test("nobody there is an error, and what was secret in the address is not in its words")
  func nobody() async throws {
    try await withHTTPClient { client in
      let systems = RealAlerting(prometheus: "", alertmanager: "", client: client).systems
      let port = try freePort()
      let url = SecretText("http://127.0.0.1:\(port)/${env:HIDDEN}")
      let spec = MonitoringSpec(prometheus: url, alertmanager: url, timeout: .seconds(2))
      let found = try await systems.monitoring(spec, about: Self.labels, at: Timestamp(milliseconds: 0))
      #expect(found.map(\.passed) == [false, false])
      #expect(!"\(found)".contains("s3cr3t"))
      let error: ConnectorError = try #require(
        await #expect(throws: ConnectorError.self) {
          try await systems.activeAlerts(AlertsSpec(url: url, timeout: .seconds(2)))
        })
      #expect([.unreachable, .timedOut].contains(error.code))
      #expect(!error.message.contains("s3cr3t"))
    }
  }

  @Test(
    "E14: a figure is the one number that a command prints",
    arguments: [
      ("echo 42", 42), ("printf ' 3.5e2\\n'", 350), ("echo -7", -7), ("echo nan", nil), ("echo 12 orders", nil),
      ("true", nil),
      ("echo 0x10", nil), ("echo inf", nil),
    ] as [(String, Double?)])
  func command(_ line: String, _ expected: Double?) async throws {
    try await withHTTPClient { client in
      let systems = RealAlerting(prometheus: "", alertmanager: "", client: client).systems
      let spec = FigureSpec(source: .command(run: line, environment: [:]))
      let found = try await systems.figure(spec, of: Self.deployment)
      #expect(found == expected)
    }
  }

  @Test("a command that fails gives no figure but an error")
  func failing() async throws {
    try await withHTTPClient { client in
      let systems = RealAlerting(prometheus: "", alertmanager: "", client: client).systems
      await #expect(throws: ConnectorError.self) {
        try await systems.figure(
          FigureSpec(source: .command(run: "echo 5; exit 3", environment: [:])), of: Self.deployment)
      }
    }
  }

  private func exchange() throws -> SecretExchange {
    try SecretExchange(
      "the figure", at: SecretText("http://bi"), headers: [:], timeout: .seconds(1),
      probe: HTTPProbe(client: HTTPClient.shared), secrets: SecretSource(environment: [:], folder: "/"))
  }

  @Test(
    "E14: a figure is found by its path in JSON",
    arguments: [
      (#"{"data":{"orders":[{"count":12}]}}"#, "data.orders.0.count", 12), (#"{"v":"3.5"}"#, "v", 3.5),
      (#"{"v":null}"#, "v", nil), (#"{"v":1}"#, "w", nil), ("[1,2]", "5", nil), ("[1,2]", "1", 2), ("17", nil, 17),
    ] as [(String, String?, Double?)])
  func paths(_ body: String, _ path: String?, _ expected: Double?) throws {
    #expect(try AlertSystems.number(at: path, in: body, try exchange()) == expected)
  }

  @Test(
    "an answer that is no number at that place is garbage", arguments: [#"{"v":true}"#, #"{"v":{}}"#, "no JSON", ""])
  func garbage(_ body: String) throws {
    let exchange = try exchange()
    #expect(throws: ConnectorError.self) { try AlertSystems.number(at: "v", in: body, exchange) }
  }

  @Test("mutated answers of Alertmanager and Prometheus are read or refused, never more")
  func mutated() throws {
    let exchange = try exchange()
    let alerts =
      #"[{"annotations":{"summary":"it fires"},"endsAt":"2026-11-21T19:00:00.000Z","fingerprint":"d3","receivers":[{"name":"nobody"}],"startsAt":"2026-11-21T18:00:00.123Z","status":{"inhibitedBy":[],"silencedBy":[],"state":"active"},"updatedAt":"2026-11-21T18:00:00.123Z","generatorURL":"http://p","labels":{"alertname":"AlwaysFiring","severity":"critical"}}]"#
    let rules =
      #"{"status":"success","data":{"groups":[{"name":"shop","file":"rules.yml","rules":[{"state":"inactive","name":"HotMachine","query":"rate(process_cpu_seconds_total[1m]) > 0.7","duration":0,"labels":{},"annotations":{},"alerts":[],"health":"ok","type":"alerting"},{"name":"r","query":"vector(1)","health":"ok","type":"recording"}],"interval":1}]}}"#
    #expect(try Alertmanager.alerts(in: alerts, exchange).map(\.name) == ["AlwaysFiring"])
    #expect(try PrometheusRules.rules(in: rules, exchange).map(\.name) == ["HotMachine"])
    var random = Mutations(seed: 23)
    for _ in 0..<3_000 {
      let damaged = String(decoding: random.mutated(Data(alerts.utf8)), as: UTF8.self)
      if let read = try? Alertmanager.alerts(in: damaged, exchange) {
        #expect(read.count <= damaged.components(separatedBy: "startsAt").count - 1)
        #expect(read.allSatisfy { Timestamp(rfc3339: $0.startsAt.description) == $0.startsAt })
      }
      let other = String(decoding: random.mutated(Data(rules.utf8)), as: UTF8.self)
      if let read = try? PrometheusRules.rules(in: other, exchange), !read.isEmpty {
        #expect(other.contains("\"alerting\"") && other.contains("success"))
      }
    }
  }

  @Test("C8: a rule that cannot be evaluated confirms nothing, and case does not matter")
  func broken() {
    let wanted = MonitoringRule("cpu", "CPU")
    func rule(_ health: String) -> PrometheusRules.Rule {
      PrometheusRules.Rule(
        name: "Hot", query: "rate(process_cpu_seconds_total[1m])", health: health, error: "no such thing")
    }
    #expect(PrometheusRules.outcome(wanted, among: [rule("ok")]).passed)
    #expect(PrometheusRules.outcome(wanted, among: [rule("err"), rule("unknown")]).passed)
    let outcome = PrometheusRules.outcome(wanted, among: [rule("err")])
    #expect(!outcome.passed && outcome.detail.contains("no such thing"))
  }
}
