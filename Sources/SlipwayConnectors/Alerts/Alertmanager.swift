internal import Foundation
internal import SlipwayModel

/// Alertmanager's API, version 2.
struct Alertmanager: Sendable {
  let exchange: SecretExchange

  /// Alerts that are active, neither silenced nor inhibited, and that all of `matchers` fit; oldest first.
  func active(_ matchers: [String]) async throws(ConnectorError) -> [ActiveAlert] {
    var path = "/api/v2/alerts?active=true&silenced=false&inhibited=false&unprocessed=true"
    for matcher in matchers { path += "&filter=" + SecretExchange.encoded(matcher) }
    return try Self.alerts(in: try await exchange.get(path), exchange)
  }

  /// Reads a list of alerts; one that lacks its name or its beginning makes the whole list garbage, for it might be the one that matters.
  static func alerts(in body: String, _ exchange: SecretExchange) throws(ConnectorError) -> [ActiveAlert] {
    guard let read = try? JSONDecoder().decode([Written].self, from: Data(body.utf8)) else {
      throw exchange.garbage("does not answer with a list of alerts; is that Alertmanager's address?")
    }
    var alerts: [ActiveAlert] = []
    for one in read {
      guard let start = Timestamp(rfc3339: one.startsAt) else {
        throw exchange.garbage("has an alert that began at '\(one.startsAt.prefix(40))', which is no time")
      }
      alerts.append(
        ActiveAlert(
          name: one.labels["alertname"] ?? "an alert without a name", labels: one.labels, startsAt: start,
          summary: one.annotations?["summary"] ?? one.annotations?["description"]))
    }
    return alerts.sorted { ($0.startsAt, $0.name) < ($1.startsAt, $1.name) }
  }

  private struct Written: Decodable {
    var labels: [String: String]
    var annotations: [String: String]?
    var startsAt: String
  }

  // MARK: The test alert

  private struct Posted: Encodable {
    var labels: [String: String]
    var annotations: [String: String]
    var startsAt: String?
    var endsAt: String?
  }

  static let testName = "SlipwayTestAlert"
  private static let pause = Duration.milliseconds(200)

  /// Sends an alert that says it is a test, waits until it is seen, ends it, and waits until it is gone.
  ///
  /// It bears its own times by Alertmanager's clock alone. One that was left behind by a death in between ends by itself after Alertmanager's
  /// `resolve_timeout`, five minutes.
  ///
  /// - Returns: what was seen.
  func provesItself(about labels: [String: String], within span: Span) async throws(ConnectorError) -> CheckOutcome {
    let began = ContinuousClock.now
    var labels = labels
    labels["alertname"] = Self.testName
    labels["severity"] = "none"
    let note = ["summary": "Slipway asks whether alerts get through; nothing is wrong"]
    try await post(Posted(labels: labels, annotations: note))
    guard let seen = try await find(labels, until: { $0 != nil }, within: span) else {
      return outcome(false, "it was taken and never seen within \(span)", began)
    }
    // Ended right after it began, which is past by the clock that gave it its beginning.
    let start = seen?.startsAt ?? Timestamp(milliseconds: 0)
    try await post(
      Posted(
        labels: labels, annotations: note, startsAt: start.description,
        endsAt: (start + .milliseconds(1)).description))
    guard try await find(labels, until: { $0 == nil }, within: span) != nil else {
      return outcome(false, "it was seen, and is still there \(span) after its end", began)
    }
    return outcome(true, "it was seen in \(exchange.name) and is gone again", began)
  }

  private func outcome(_ passed: Bool, _ detail: String, _ began: ContinuousClock.Instant) -> CheckOutcome {
    let spent = (ContinuousClock.now - began).components
    return CheckOutcome(
      name: "test alert", passed: passed, detail: detail,
      seconds: Double(spent.seconds) + Double(spent.attoseconds) / 1e18)
  }

  private func post(_ alert: Posted) async throws(ConnectorError) {
    guard let json = try? CanonicalJSON.encode([alert]) else {
      throw exchange.garbage("cannot be sent this alert")
    }
    _ = try await exchange.post(String(decoding: json, as: UTF8.self), to: "/api/v2/alerts")
  }

  /// The test alert once it is as `fits` wants; nil when that does not come to be.
  private func find(
    _ labels: [String: String], until fits: (ActiveAlert?) -> Bool, within span: Span
  ) async throws(ConnectorError) -> ActiveAlert?? {
    // It may be silenced, as test alerts are; seen is seen.
    let matchers = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\(JSONQuoted.text($0.value))" }
    let path =
      "/api/v2/alerts?active=true&silenced=true&inhibited=true&unprocessed=true"
      + matchers.map { "&filter=" + SecretExchange.encoded($0) }.joined()
    let end = ContinuousClock.now + span.duration
    while true {
      let found = try Self.alerts(in: try await exchange.get(path), exchange).first
      if fits(found) { return .some(found) }
      guard ContinuousClock.now < end, !Task.isCancelled else { return nil }
      try? await Task.sleep(for: Self.pause)
    }
  }
}

/// A text as a quoted value of a matcher.
enum JSONQuoted {
  static func text(_ value: String) -> String {
    "\"" + value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
  }
}
