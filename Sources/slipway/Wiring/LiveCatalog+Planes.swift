internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayModel

extension LiveCatalog {
  /// Who divides the traffic of an environment.
  func plane(_ environment: EnvironmentSpec) throws(ConnectorError) -> any TrafficPlane {
    try PlaneCatalog(
      folder: options.root.path, router: [program, "route", "serve"], environment: inherited, secrets: secrets,
      client: client
    ).plane(environment.traffic, routerFolder: state.router(environment.name).path)
  }
}
