internal import AsyncHTTPClient
internal import Foundation
internal import SlipwayModel

/// NRQL through New Relic's NerdGraph (https://docs.newrelic.com/docs/apis/nerdgraph/get-started/introduction-new-relic-nerdgraph).
///
/// The query names `requests` and `errors` and says nothing about time, which is added here.
struct NewRelicService: IntervalService {
  let title = "newrelic"
  let endpoint: MetricsEndpoint
  private let query: SlotQuery
  private let account: Int
  private let every: Span

  init(_ spec: NewRelicSpec, secrets: SecretSource, client: HTTPClient) throws(ConnectorError) {
    query = try SlotQuery("NRQL query", spec.query)
    for word in ["SINCE", "UNTIL", "TIMESERIES", "FACET"]
    where spec.query.uppercased().split(whereSeparator: \.isWhitespace).contains(Substring(word)) {
      throw ConnectorError(.misconfigured, "the NRQL query says \(word); leave it out, the watch adds the times itself")
    }
    account = spec.account
    every = spec.timing.every
    var endpoint = MetricsEndpoint(
      "New Relic", spec.url, headers: ["API-Key": spec.key], timeout: spec.timeout, secrets: secrets, client: client)
    endpoint.example = "https://api.newrelic.com/graphql"
    endpoint.complaint = { body in (try? JSONTree(body))?["errors"]?.list.first?["message"]?.text }
    self.endpoint = endpoint
  }

  private static let document =
    "query($account: Int!, $nrql: Nrql!) { actor { account(id: $account) { nrql(query: $nrql) { results } } } }"

  func sums(
    in window: IntervalLedger.Window, releases: [Slot: ReleaseID], now: Timestamp
  ) async throws(ConnectorError) -> [Slot: IntervalSums] {
    var sums: [Slot: IntervalSums] = [:]
    for slot in Slot.allCases {
      guard let text = try query.plainly(slot: slot, release: releases[slot]) else { continue }
      sums[slot] = try await counts(text, window, now)
    }
    return sums
  }

  private struct Question: Encodable {
    struct Variables: Encodable {
      var account: Int
      var nrql: String
    }

    var query: String
    var variables: Variables
  }

  private func counts(
    _ text: String, _ window: IntervalLedger.Window, _ now: Timestamp
  ) async throws(ConnectorError) -> IntervalSums {
    let nrql =
      "\(text) SINCE \(window.from * 1_000) UNTIL \(window.to * 1_000) TIMESERIES \(every.milliseconds / 1_000) seconds"
    let question = Question(query: Self.document, variables: Question.Variables(account: account, nrql: nrql))
    guard let body = try? JSONEncoder().encode(question) else {
      throw endpoint.error(.misconfigured, "cannot be asked: the query is no text")
    }
    let answer = try await endpoint.ask(MetricsQuestion(body: body, subject: nrql, proof: "key"), now: now)
    let document = try endpoint.json(answer)
    // Mistakes come with status 200, too.
    if let complaint = document["errors"]?.list.first {
      throw endpoint.error(
        .misconfigured, "refuses the query '\(nrql)': \(complaint["message"]?.text?.prefix(200) ?? "no reason given")")
    }
    guard case .list(let rows)? = document["data"]?["actor"]?["account"]?["nrql"]?["results"] else {
      throw endpoint.error(.garbage, "answers in a form that is not known; may the key see account \(account)?")
    }
    return IntervalSums(
      requests: try points("requests", rows, nrql), errors: try points("errors", rows, nrql))
  }

  private func points(_ name: String, _ rows: [JSONTree], _ nrql: String) throws(ConnectorError) -> [Int64: UInt64] {
    var points: [(second: Double, value: Double?)] = []
    for row in rows {
      guard let begin = row["beginTimeSeconds"]?.number, let value = row[name] else {
        throw endpoint.error(.misconfigured, "gives no '\(name)' for '\(nrql)'; write: count(*) AS \(name)")
      }
      points.append((begin, value.number))
    }
    return try endpoint.sums(points, every: every, subject: "\(name) of \(nrql)")
  }
}
