internal import Foundation
internal import SlipwayConnectors
internal import SlipwayData
internal import SlipwayModel

extension LiveCatalog {
  /// Where the counters of a watch come from.
  func source(
    _ environment: EnvironmentSpec, _ plane: any TrafficPlane
  ) throws(ConnectorError) -> any CounterSource {
    switch environment.metrics {
    case .dataPlane: PlaneCounters(plane)
    case .prometheus(let spec): try PrometheusSource(spec, secrets: secrets, client: client)
    case .scrape(let spec): try ScrapeSource(spec, secrets: secrets, client: client)
    case .json(let spec): try JSONSource(spec, secrets: secrets, client: client)
    case .sql(let spec): try SQLSource(spec, database: PostgresQuestion(secrets: secrets, name: "slipway metrics"))
    case .command(let spec): CommandSource(spec, runner: runner)
    case .datadog(let spec): try IntervalSource.datadog(spec, secrets: secrets, client: client)
    case .cloudWatch(let spec): try IntervalSource.cloudWatch(spec, secrets: secrets, client: client)
    case .newRelic(let spec): try IntervalSource.newRelic(spec, secrets: secrets, client: client)
    case .graphite(let spec): try IntervalSource.graphite(spec, secrets: secrets, client: client)
    }
  }

  /// What is read beside the counts; nil where nothing is.
  func gauges(_ environment: EnvironmentSpec, _ deployer: any Deployer) throws(ConnectorError) -> (any GaugeSource)? {
    guard !environment.gauges.isEmpty else { return nil }
    var tools = GaugeTools(
      runner: runner, secrets: secrets, client: client,
      database: PostgresQuestion(secrets: secrets, name: "slipway gauges"), folder: options.root.path,
      looks: processLooks)
    if let processes = deployer as? ProcessDeployer {
      tools.process = { slot throws(ConnectorError) in try await processes.process(in: slot) }
    }
    return try Gauges(environment.gauges, tools: tools)
  }
}
