internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayModel

extension LiveCatalog {
  /// Who divides the traffic of an environment.
  func plane(_ environment: EnvironmentSpec) throws(ConnectorError) -> any TrafficPlane {
    switch environment.traffic {
    case .router(let spec):
      RouterPlane(
        listen: spec.listen, folder: state.router(environment.name).path, program: [program, "route", "serve"],
        environment: inherited, spec: spec.anchored(at: options.root.path))
    case .haproxy(let spec): try HAProxyPlane(spec, folder: options.root.path)
    case .nginx(let spec): try NginxPlane(spec, folder: options.root.path, runner: runner, client: client)
    case .traefik(let spec): try TraefikPlane(spec, folder: options.root.path, client: client)
    case .caddy(let spec): CaddyPlane(spec, client: client)
    case .envoy(let spec): EnvoyPlane(spec, folder: options.root.path, client: client)
    case .gateway(let spec): try GatewayPlane(spec, folder: options.root.path, secrets: secrets, client: client)
    }
  }
}
