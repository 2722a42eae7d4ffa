internal import Foundation
internal import SlipwayModel

/// The alerting rules that a Prometheus has loaded, and whom it tells.
struct PrometheusRules: Sendable {
  let exchange: SecretExchange

  /// One alerting rule.
  struct Rule: Sendable, Equatable {
    var name: String
    var query: String
    /// `ok`, `unknown` before its first evaluation, or `err`.
    var health: String
    var error: String?
  }

  func rules() async throws(ConnectorError) -> [Rule] {
    try Self.rules(in: try await exchange.get("/api/v1/rules?type=alert"), exchange)
  }

  static func rules(in body: String, _ exchange: SecretExchange) throws(ConnectorError) -> [Rule] {
    guard let read = try? JSONDecoder().decode(Written.self, from: Data(body.utf8)), read.status == "success" else {
      throw exchange.garbage("does not answer with its rules; is that Prometheus' address?")
    }
    return read.data.groups.flatMap(\.rules).filter { $0.type == "alerting" }.map {
      Rule(name: $0.name, query: $0.query, health: $0.health ?? "unknown", error: $0.lastError)
    }
  }

  /// The addresses of the Alertmanagers that it sends alerts to.
  func alertmanagers() async throws(ConnectorError) -> [String] {
    let body = try await exchange.get("/api/v1/alertmanagers")
    guard let read = try? JSONDecoder().decode(Managers.self, from: Data(body.utf8)) else {
      throw exchange.garbage("does not say to which Alertmanager it sends")
    }
    return read.data.activeAlertmanagers.map(\.url)
  }

  /// Whether `wanted` is there, by a rule that works.
  static func outcome(_ wanted: MonitoringRule, among rules: [Rule]) -> CheckOutcome {
    func fits(_ text: String) -> Bool {
      text.range(of: wanted.pattern, options: [.regularExpression, .caseInsensitive]) != nil
    }
    let found = rules.filter { fits($0.name) || fits($0.query) }
    let name = "rule for \(wanted.name)"
    if let good = found.first(where: { $0.health != "err" }) {
      return CheckOutcome(name: name, passed: true, detail: good.name, seconds: 0)
    }
    if let bad = found.first {
      let why = bad.error.map { ": \($0.prefix(200))" } ?? ""
      return CheckOutcome(name: name, passed: false, detail: "\(bad.name) cannot be evaluated\(why)", seconds: 0)
    }
    return CheckOutcome(
      name: name, passed: false,
      detail: "none of \(rules.count) alerting rules has '\(wanted.pattern)' in its name or expression", seconds: 0)
  }

  private struct Written: Decodable {
    var status: String
    var data: Groups

    struct Groups: Decodable { var groups: [Group] }
    struct Group: Decodable { var rules: [Rule] }
    struct Rule: Decodable {
      var name: String
      var query: String
      var type: String
      var health: String?
      var lastError: String?
    }
  }

  private struct Managers: Decodable {
    var data: Active

    struct Active: Decodable { var activeAlertmanagers: [Manager] }
    struct Manager: Decodable { var url: String }
  }
}
