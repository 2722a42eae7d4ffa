internal import AsyncHTTPClient
internal import Foundation
internal import SlipwayModel

/// Asks a Prometheus server one query at a time.
struct PrometheusServer: Sendable {
  let endpoint: MetricsEndpoint

  static func endpoint(
    _ url: SecretText, _ headers: [String: SecretText], timeout: Span, secrets: SecretSource, client: HTTPClient
  ) -> MetricsEndpoint {
    var endpoint = MetricsEndpoint(
      "Prometheus", url, headers: headers, timeout: timeout, secrets: secrets, client: client)
    endpoint.complaint = { PrometheusAnswer.complaint(in: $0) }
    return endpoint
  }

  /// An instant query; `time` is in seconds, nil is the server's own present.
  func ask(_ query: String, at time: Double?, now: Timestamp) async throws(ConnectorError) -> PrometheusAnswer {
    let path =
      "/api/v1/query?query=\(MetricsQuestion.encoded(query))" + (time.map { "&time=\($0)" } ?? "")
    return try PrometheusAnswer(await endpoint.ask(MetricsQuestion(path: path, subject: query), now: now), to: query)
  }

  /// The points of one series at each `step` seconds; empty when there is none.
  ///
  /// - Throws: `garbage` when there are several.
  func range(
    _ query: String, from start: Int64, to end: Int64, step: Int64, now: Timestamp
  ) async throws(ConnectorError) -> [PrometheusAnswer.Point] {
    let path =
      "/api/v1/query_range?query=\(MetricsQuestion.encoded(query))&start=\(start)&end=\(end)&step=\(step)"
    let body = try await endpoint.ask(MetricsQuestion(path: path, subject: query), now: now)
    return try PrometheusAnswer.points(in: body, of: query)
  }
}
