import AsyncHTTPClient
import Foundation
import NIOCore
import SlipwayConnectors
import SlipwayModel

/// A Prometheus with alerting rules that sends to an Alertmanager beside it.
struct RealAlerting {
  let prometheus: String
  let alertmanager: String
  let client: HTTPClient

  /// What the rules say; `AlwaysFiring` fires from the start.
  static let rules = """
    groups:
    - name: shop
      interval: 1s
      rules:
      - {alert: HighErrorRate, expr: 'sum(rate(http_requests_total{code=~"5.."}[1m])) > 0.01', labels: {severity: critical}}
      - {alert: SlowResponses, expr: 'histogram_quantile(0.95, sum by (le) (rate(http_seconds_bucket[1m]))) > 0.5'}
      - {alert: PoolExhausted, expr: 'db_pool_used / db_pool_size > 0.8'}
      - {alert: HotMachine, expr: 'rate(process_cpu_seconds_total[1m]) > 0.7'}
      - {alert: AlwaysFiring, expr: 'vector(1)', labels: {severity: critical, service: shop}, annotations: {summary: it fires}}
      - {record: not:an_alert, expr: 'vector(1)'}

    """

  static func with<Result>(_ body: (RealAlerting) async throws -> Result) async throws -> Result {
    try await withScratchFolder { folder in
      let managing = try freePort()
      let serving = try freePort()
      try Data("route: {receiver: nobody, group_wait: 100ms}\nreceivers: [{name: nobody}]\n".utf8).write(
        to: folder.appending(path: "am.yml"))
      try Data(rules.utf8).write(to: folder.appending(path: "rules.yml"))
      let configuration = """
        global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}
        rule_files: [rules.yml]
        alerting: {alertmanagers: [{static_configs: [{targets: ['127.0.0.1:\(managing)']}]}]}

        """
      try Data(configuration.utf8).write(to: folder.appending(path: "p.yml"))
      let arguments = [
        "--config.file=am.yml", "--storage.path=am", "--web.listen-address=127.0.0.1:\(managing)",
        "--cluster.listen-address=",
      ]
      return try await withRealProcess("/usr/bin/prometheus-alertmanager", arguments, folder: folder) { manager in
        let arguments = [
          "--config.file=p.yml", "--storage.tsdb.path=tsdb", "--web.listen-address=127.0.0.1:\(serving)",
          // What fired before Alertmanager was found is said again soon, not in a minute.
          "--rules.alert.resend-delay=1s",
        ]
        return try await withRealProcess("/usr/bin/prometheus", arguments, folder: folder) { process in
          try await withHTTPClient { client in
            let alerting = RealAlerting(
              prometheus: "http://127.0.0.1:\(serving)", alertmanager: "http://127.0.0.1:\(managing)", client: client)
            for url in [alerting.prometheus, alerting.alertmanager] {
              try await SlipwayConnectorsTests.eventually("\(url) is ready: \(process.text) \(manager.text)") {
                let request = HTTPClientRequest(url: url + "/-/ready")
                let answer = try? await client.execute(request, timeout: .seconds(5))
                return answer.map { "\($0.status)".hasPrefix("200") } ?? false
              }
            }
            return try await body(alerting)
          }
        }
      }
    }
  }

  /// Asks everything; databases are asked by nobody here.
  var systems: AlertSystems {
    let secrets = SecretSource(environment: ["HIDDEN": "s3cr3t-value"], folder: "/tmp")
    return AlertSystems(
      client: client, secrets: secrets,
      runner: CommandRunner(folder: "/tmp", inherited: ["PATH": "/usr/bin:/bin"], secrets: secrets),
      database: NoDatabase())
  }
}

/// Stands where no database is asked.
struct NoDatabase: DatabaseQuestion {
  func firstRow(of query: String, at url: SecretText) async throws(ConnectorError) -> [String?]? {
    throw ConnectorError(.unreachable, "there is no database")
  }
}
