import AsyncHTTPClient
import Foundation
import NIOCore
import SlipwayConnectors
import SlipwayModel

/// A running Prometheus that scrapes a Python exporter four times a second.
struct RealPrometheus {
  let process: RealProcess
  let exporter: RealProcess
  let url: String
  let client: HTTPClient
  private let exporterPort: Int

  static let requests = #"sum(app_requests_total{slot="${slot}"})"#
  static let errors = #"sum(app_errors_total{slot="${slot}"})"#
  static let latency = #"sum by (le) (app_seconds_bucket{slot="${slot}"})"#
  static let releases: [Slot: ReleaseID] = [.a: "1.0", .b: "1.1"]

  /// A source of this server; `errors` and the others replace the plain queries.
  func source(
    requests: String = requests, errors: String = errors, latency: String? = latency
  ) throws -> PrometheusSource {
    try PrometheusSource(
      PrometheusSpec(
        url: SecretText(url), requests: requests, errors: errors, latency: latency, timeout: .seconds(30)),
      secrets: SecretSource(environment: [:], folder: "/"), client: client)
  }

  /// Lets the exporter count.
  func hit(_ query: String) async throws {
    _ = try await client.execute(
      HTTPClientRequest(url: "http://127.0.0.1:\(exporterPort)/\(query)"), timeout: .seconds(30)
    ).body.collect(upTo: 1 << 20)
  }

  /// Waits for a reading that fits.
  func eventually(
    _ what: String, _ source: PrometheusSource, _ fits: (CounterSample) -> Bool
  ) async throws -> CounterSample {
    var last: CounterSample?
    try await SlipwayConnectorsTests.eventually("\(what), but \(String(describing: last))") {
      last = try await source.sample(now: Timestamp(milliseconds: 0), releases: Self.releases)
      return last.map(fits) ?? false
    }
    guard let last else { throw NeverHappened(description: what) }
    return last
  }

  static func with<Result>(_ body: (RealPrometheus) async throws -> Result) async throws -> Result {
    try await withScratchFolder { folder in
      try await PythonServers.with(PythonServers.exporter, [], folder: folder) { exporter, exporterPort in
        let configuration = """
          global: {scrape_interval: 250ms, scrape_timeout: 250ms}
          scrape_configs:
          - job_name: app
            static_configs: [{targets: ['127.0.0.1:\(exporterPort)']}]
          """
        try Data(configuration.utf8).write(to: folder.appending(path: "p.yml"))
        let port = try freePort()
        let arguments = [
          "--config.file=p.yml", "--storage.tsdb.path=tsdb", "--web.listen-address=127.0.0.1:\(port)",
        ]
        return try await withRealProcess("/usr/bin/prometheus", arguments, folder: folder) { process in
          try await withHTTPClient { client in
            let url = "http://127.0.0.1:\(port)"
            try await SlipwayConnectorsTests.eventually("Prometheus is ready: \(process.text)") {
              let request = HTTPClientRequest(url: url + "/-/ready")
              let answer = try? await client.execute(request, timeout: .seconds(5)).body.collect(upTo: 1 << 16)
              return answer.map { String(buffer: $0) }?.contains("is Ready") == true
            }
            return try await body(
              RealPrometheus(
                process: process, exporter: exporter, url: url, client: client, exporterPort: exporterPort))
          }
        }
      }
    }
  }
}

/// Runs `body` with a client that follows no redirect.
func withHTTPClient<Result>(_ body: (HTTPClient) async throws -> Result) async throws -> Result {
  var configuration = HTTPClient.Configuration(redirectConfiguration: .disallow)
  // As the program's own client.
  configuration.connectionPool.retryConnectionEstablishment = false
  let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
  do {
    let result = try await body(client)
    try await client.shutdown()
    return result
  } catch {
    try? await client.shutdown()
    throw error
  }
}
