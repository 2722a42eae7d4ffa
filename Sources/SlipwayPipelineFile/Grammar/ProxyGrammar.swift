internal import SlipwayModel

/// The data planes that are programs of others, driven through a file or an interface of theirs.
enum ProxyGrammar {
  static let nginx = Shape<NginxSpec>.object(
    "nginx", NginxSpec(file: "", status: "", url: ""),
    [
      .required("file", \.file, .text("the path of the included file"), "The included file; belongs to Slipway."),
      .optional(
        "name", \.name, .variable,
        "The variable for proxy_pass, without '$'; it comes with NAME_candidate and NAME_split."),
      .optional(
        "pid", \.pid, .text("the path of the pid file"),
        "nginx's pid file: it gets the signal, and the old workers' end is seen."),
      .optional("test", \.test, .command, "Tests the configuration before every reload."),
      .optional("reload", \.reload, .command, "Reloads nginx; when left out, a signal to the process of 'pid'."),
      .required("status", \.status, .url, "A location that returns $NAME_split, for slipway alone."),
      .required("url", \.url, .url, "Where clients are served, to verify through the front door."),
    ]
  ).checked { spec, node, reading in
    guard spec.pid == nil, spec.reload == nil else { return }
    reading.report(
      .meaning, node.position, "nothing says how nginx is reloaded",
      expected: "'pid: /run/nginx.pid' or a 'reload' command")
  }

  static let traefik = Shape<TraefikSpec>.object(
    "traefik", TraefikSpec(api: "", file: "", url: ""),
    [
      .required("api", \.api, .url, "Traefik's API, with /metrics beside it."),
      .required(
        "file", \.file, .pattern(".{1,900}[.]ya?ml", "a path that ends in .yml", show: { .text($0) }, parse: { $0 }),
        "A file in the folder of the file provider; belongs to Slipway."),
      .optional("name", \.name, .object, "The service for clients; NAME_candidate is the one for testers."),
      .optional("health", \.health, .path(), "What Traefik asks each slot to know whether it is well."),
      .required("url", \.url, .url, "Where clients are served, to verify through the front door."),
    ])

  static let caddy = Shape<CaddySpec>.object(
    "caddy", CaddySpec(url: ""),
    [
      .optional("admin", \.admin, .url, "Caddy's admin API."),
      .optional("id", \.id, .object, "The '@id' of the subroute handler that belongs to Slipway."),
      .required("url", \.url, .url, "Where clients are served, to verify through the front door."),
    ])

  static let envoy = Shape<EnvoySpec>.object(
    "envoy", EnvoySpec(admin: "", file: "", url: ""),
    [
      .required("admin", \.admin, .url, "Envoy's admin interface."),
      .required(
        "file", \.file, .text("the path of the runtime file"),
        "The runtime file as Envoy's configuration names it; belongs to Slipway."),
      .optional(
        "name", \.name, .object,
        "What the runtime keys begin with, and the name of the layer and of the clusters NAME_a, NAME_b."),
      .required("url", \.url, .url, "Where clients are served, to verify through the front door."),
    ])

  static let gateway = Shape<GatewaySpec>.object(
    "gateway-api", GatewaySpec(namespace: "", route: "", serviceA: "", serviceB: "", url: ""),
    [
      .optional("server", \.server, .url, "The Kubernetes API."),
      .required("namespace", \.namespace, .kubernetes, "The namespace of the route."),
      .required("route", \.route, .kubernetes, "The HTTPRoute."),
      .required(
        "services", \.services, EnvironmentGrammar.pair("services", .kubernetes),
        "The service of each slot, both in one rule of the route."),
      .optional(
        "token", \.token, .secretText("a bearer token"), "The bearer token; when left out, the service account's."),
      .optional(
        "ca", \.ca, .text("the path of a PEM file"),
        "The certificate authority of the API; when left out, the system's are trusted."),
      .required("url", \.url, .url, "Where clients are served, to verify through the front door."),
    ])

  /// Notes what only one environment can have; nothing for a plane that is not of this kind.
  static func claim(_ plane: TrafficSpec, _ traffic: YAMLNode?, _ fallback: YAMLPosition, _ reading: Reading) {
    switch plane {
    case .router, .haproxy: break
    case .nginx(let spec):
      reading.claim("nginx file \(spec.file)", traffic?["nginx"]?.place("file") ?? fallback)
    case .traefik(let spec):
      reading.claim("Traefik file \(spec.file)", traffic?["traefik"]?.place("file") ?? fallback)
      reading.claim("service \(spec.name) of Traefik \(spec.api)", traffic?["traefik"]?.place("name") ?? fallback)
    case .caddy(let spec):
      reading.claim("handler \(spec.id) of Caddy \(spec.admin)", traffic?["caddy"]?.place("id") ?? fallback)
    case .envoy(let spec):
      reading.claim("Envoy file \(spec.file)", traffic?["envoy"]?.place("file") ?? fallback)
      reading.claim("name \(spec.name) of Envoy \(spec.admin)", traffic?["envoy"]?.place("name") ?? fallback)
    case .gateway(let spec):
      let route = "HTTPRoute \(spec.namespace)/\(spec.route) of \(spec.server)"
      reading.claim(route, traffic?["gateway-api"]?.place("route") ?? fallback)
    }
  }

  /// A watch would wait for ever for figures of a plane that has none.
  static func checkCounted(_ environment: EnvironmentSpec, _ node: YAMLNode, _ reading: Reading) {
    guard case .dataPlane = environment.metrics, !environment.traffic.countsPerSlot else { return }
    reading.report(
      .meaning, node["metrics"]?.position ?? node.place("traffic"),
      "\(environment.traffic.product) does not count the requests of each slot, so no watch could judge by it",
      expected: "'metrics:' with another source than the data plane")
  }
}

extension GatewaySpec {
  fileprivate var services: SlotPair<String> {
    get { SlotPair(a: serviceA, b: serviceB) }
    set { (serviceA, serviceB) = (newValue.a, newValue.b) }
  }
}

extension Shape where Value == String {
  /// A name that can stand behind `$` in nginx's configuration.
  fileprivate static let variable = pattern(
    "[A-Za-z][A-Za-z0-9_]{0,40}", "a name of letters, digits and '_'", show: { .text($0) }, parse: { $0 })
  /// A name that is the same in a path, a key and a regular expression.
  fileprivate static let object = pattern(
    "[A-Za-z][A-Za-z0-9_-]{0,60}", "a name of letters, digits, '_' and '-'", show: { .text($0) }, parse: { $0 })
  fileprivate static let kubernetes = pattern(
    "[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?", "a name as Kubernetes has them", show: { .text($0) }, parse: { $0 })
}
