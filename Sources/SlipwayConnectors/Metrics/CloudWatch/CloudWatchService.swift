internal import AsyncHTTPClient
internal import Foundation
internal import SlipwayModel

/// CloudWatch's GetMetricData over JSON 1.0, signed by Signature Version 4
/// (https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html).
struct CloudWatchService: IntervalService {
  let title = "cloudwatch"
  let endpoint: MetricsEndpoint
  private let spec: CloudWatchSpec
  private let secrets: SecretSource

  /// Answers come in pages; no more are read.
  private static let mostPages = 20

  init(_ spec: CloudWatchSpec, secrets: SecretSource, client: HTTPClient) {
    self.spec = spec
    self.secrets = secrets
    let url = spec.endpoint ?? "https://monitoring.\(spec.region).amazonaws.com"
    var endpoint = MetricsEndpoint(
      "CloudWatch", SecretText(url), timeout: spec.timeout, secrets: secrets, client: client)
    endpoint.example = "https://monitoring.eu-central-1.amazonaws.com"
    endpoint.complaint = { body in
      let document = try? JSONTree(body)
      let words = [document?["__type"], document?["message"] ?? document?["Message"]].compactMap { $0?.text }
      return words.isEmpty ? nil : words.joined(separator: ": ")
    }
    // Throttling has status 400 (common errors of the CloudWatch API).
    endpoint.isThrottled = { body in
      (try? JSONTree(body))?["__type"]?.text.map { $0.contains("Throttl") || $0.contains("LimitExceeded") } ?? false
    }
    self.endpoint = endpoint
  }

  func sums(
    in window: IntervalLedger.Window, releases: [Slot: ReleaseID], now: Timestamp
  ) async throws(ConnectorError) -> [Slot: IntervalSums] {
    var points: [String: [(second: Double, value: Double?)]] = [:]
    var token: String?
    var pages = 0
    repeat {
      guard pages < Self.mostPages else { throw endpoint.error(.garbage, "gives more than \(Self.mostPages) pages") }
      let page = try await page(window, token, now)
      for result in page["MetricDataResults"]?.list ?? [] { try add(result, to: &points) }
      token = page["NextToken"]?.text
      pages += 1
    } while token != nil
    var sums: [Slot: IntervalSums] = [:]
    for slot in Slot.allCases {
      sums[slot] = IntervalSums(
        requests: try endpoint.sums(points["r\(slot)"] ?? [], every: spec.timing.every, subject: spec.requests),
        errors: try endpoint.sums(points["e\(slot)"] ?? [], every: spec.timing.every, subject: spec.errors))
    }
    return sums
  }

  private func add(
    _ result: JSONTree, to points: inout [String: [(second: Double, value: Double?)]]
  ) throws(ConnectorError) {
    let times = result["Timestamps"]?.list ?? []
    let values = result["Values"]?.list ?? []
    guard let id = result["Id"]?.text, times.count == values.count else {
      throw endpoint.error(.garbage, "gives a result that has not as many times as values")
    }
    guard let status = result["StatusCode"]?.text, ["Complete", "PartialData"].contains(status) else {
      let why = result["Messages"]?.list.first?["Value"]?.text ?? result["StatusCode"]?.text ?? "no status"
      throw endpoint.error(.refused, "could not read '\(id)': \(why.prefix(200))")
    }
    for (time, value) in zip(times, values) {
      guard let second = time.number, let number = value.number else {
        throw endpoint.error(.garbage, "gives a point that is no number")
      }
      points[id, default: []].append((second, number))
    }
  }

  private func page(
    _ window: IntervalLedger.Window, _ token: String?, _ now: Timestamp
  ) async throws(ConnectorError) -> JSONTree {
    var queries: [[String: Any]] = []
    for slot in Slot.allCases {
      let dimensions = (slot == .a ? spec.dimensionsA : spec.dimensionsB).sorted { $0.key < $1.key }
        .map { ["Name": $0.key, "Value": $0.value] }
      for (prefix, name) in [("r", spec.requests), ("e", spec.errors)] {
        let metric: [String: Any] = ["Namespace": spec.namespace, "MetricName": name, "Dimensions": dimensions]
        let period = spec.timing.every.milliseconds / 1_000
        queries.append([
          "Id": "\(prefix)\(slot)", "MetricStat": ["Metric": metric, "Period": period, "Stat": "Sum"],
        ])
      }
    }
    var question: [String: Any] = [
      "MetricDataQueries": queries, "StartTime": window.from, "EndTime": window.to, "ScanBy": "TimestampAscending",
    ]
    question["NextToken"] = token
    guard let body = try? JSONSerialization.data(withJSONObject: question, options: .sortedKeys) else {
      throw endpoint.error(.misconfigured, "cannot be asked: a name is no text")
    }
    let (headers, hidden) = try signed(body, now)
    return try endpoint.json(
      await endpoint.ask(
        MetricsQuestion(
          body: body, type: Self.type, headers: headers, hidden: hidden, subject: spec.namespace, proof: "keys"),
        now: now))
  }

  private static let type = "application/x-amz-json-1.0"

  /// The headers of a signed request; a session's token apart, because it must not be shown.
  private func signed(
    _ body: Data, _ now: Timestamp
  ) throws(ConnectorError) -> (headers: [(name: String, value: String)], token: [String: Secret]) {
    let host = endpoint.url.description.split(separator: "/").dropFirst().first.map(String.init) ?? ""
    var headers = [
      ("host", host), ("content-type", Self.type), ("x-amz-date", SignatureV4.date(now)),
      ("x-amz-target", "GraniteServiceVersion20100801.GetMetricData"),
    ]
    let token = if let text = spec.sessionToken { try secrets.resolve(text) } else { Secret?.none }
    token?.reveal { headers.append(("x-amz-security-token", $0)) }
    let signer = SignatureV4(
      accessKey: try secrets.resolve(spec.accessKey), secretKey: try secrets.resolve(spec.secretKey),
      region: spec.region, service: "monitoring")
    let signature = signer.authorization(
      method: "POST", path: "/", headers: headers, payload: Digest(of: body).hex, at: now)
    let shown = headers.filter { $0.0 != "x-amz-security-token" }.map { (name: $0.0, value: $0.1) }
    return (shown + [("authorization", signature)], token.map { ["x-amz-security-token": $0] } ?? [:])
  }
}
