internal import SlipwayConnectors
internal import SlipwayModel

extension LiveCatalog {
  /// Where the counters of a watch come from.
  func source(
    _ environment: EnvironmentSpec, _ plane: any TrafficPlane
  ) throws(ConnectorError) -> any CounterSource {
    switch environment.metrics {
    case .dataPlane: PlaneCounters(plane)
    case .prometheus(let spec): try PrometheusSource(spec, secrets: secrets, client: client)
    }
  }
}
