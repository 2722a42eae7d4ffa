package import AsyncHTTPClient
package import SlipwayModel

/// Makes the data plane that an environment names; the one list of them all.
package struct PlaneCatalog: Sendable {
  private let folder: String
  private let router: [String]
  private let environment: [String: String]
  private let secrets: SecretSource
  private let client: HTTPClient

  /// - Parameters:
  ///   - folder: where relative paths start, which is the pipeline file's folder.
  ///   - router: the command that runs a router.
  ///   - environment: the whole environment of programs that are started.
  ///   - secrets: resolves references at each use.
  ///   - client: must not follow redirects, because tokens would go along.
  package init(
    folder: String, router: [String], environment: [String: String], secrets: SecretSource, client: HTTPClient
  ) {
    self.folder = folder
    self.router = router
    self.environment = environment
    self.secrets = secrets
    self.client = client
  }

  /// The plane of `spec`, ready to use; making it touches nothing outside. A router of Slipway's own lives in `routerFolder`.
  package func plane(_ spec: TrafficSpec, routerFolder: String) throws(ConnectorError) -> any TrafficPlane {
    switch spec {
    case .router(let spec):
      RouterPlane(
        listen: spec.listen, folder: routerFolder, program: router, environment: environment,
        spec: spec.anchored(at: folder))
    case .haproxy(let spec): try HAProxyPlane(spec, folder: folder)
    case .nginx(let spec):
      try NginxPlane(
        spec, folder: folder, runner: CommandRunner(folder: folder, inherited: environment, secrets: secrets),
        client: client)
    case .traefik(let spec): try TraefikPlane(spec, folder: folder, client: client)
    case .caddy(let spec): CaddyPlane(spec, client: client)
    case .envoy(let spec): EnvoyPlane(spec, folder: folder, client: client)
    case .gateway(let spec): try GatewayPlane(spec, folder: folder, secrets: secrets, client: client)
    }
  }
}
