import AsyncHTTPClient
import Foundation
import SlipwayConnectors
import SlipwayModel
import Testing

/// The data planes that can run here.
enum PlaneKind: String, CaseIterable, CustomTestStringConvertible {
  case router, haproxy, envoy, traefik, nginx, caddy
  /// Caddy that reads its old file again at every start.
  case caddyForgetful

  /// Those that the contract holds for.
  static let allCases: [PlaneKind] = [.router, .haproxy, .envoy, .traefik, .nginx, .caddy]

  var testDescription: String { rawValue }

  /// Whether it loses requests until its own health check has found a dead green.
  var losesUntilChecked: Bool { self == .traefik }
  /// Whether requests may still be lost after the switch until its health check, every half second, has seen that green is dead.
  var seesDeathLate: Bool { losesUntilChecked || self == .envoy }

  /// Whether every stretch of requests has the share that was asked for, rather than each request by chance.
  var dealsExactly: Bool { [.router, .traefik].contains(self) }
  /// Whether it knows the requests that a slot is answering.
  var tellsInFlight: Bool { [.router, .haproxy, .envoy].contains(self) || isCaddy }
  /// Whether a change closes clients' idle connections.
  var closesKeepAlives: Bool { self == .nginx || isCaddy }
  private var isCaddy: Bool { [.caddy, .caddyForgetful].contains(self) }

  /// Whether it counts the requests of each slot, as pipeline files are checked for.
  var countsPerSlot: Bool {
    let spec: TrafficSpec =
      switch self {
      case .router: .router(RouterSpec(listen: ""))
      case .haproxy: .haproxy(HAProxySpec(socket: "", map: "", serverA: "", serverB: "", url: ""))
      case .envoy: .envoy(EnvoySpec(admin: "", file: "", url: ""))
      case .traefik: .traefik(TraefikSpec(api: "", file: "", url: ""))
      case .nginx: .nginx(NginxSpec(file: "", status: "", url: ""))
      case .caddy, .caddyForgetful: .caddy(CaddySpec(admin: "", url: ""))
      }
    return spec.countsPerSlot
  }

  func make(_ site: PlaneSite, _ client: HTTPClient) throws -> (any TrafficPlane, PlaneProgram) {
    switch self {
    case .router: return makeRouter(site)
    case .haproxy: return try makeHAProxy(site)
    case .envoy: return try makeEnvoy(site, client)
    case .traefik: return try makeTraefik(site, client)
    case .nginx: return try makeNginx(site, client)
    case .caddy: return try makeCaddy(site, client, ["--resume"])
    case .caddyForgetful: return try makeCaddy(site, client, [])
    }
  }

  /// A program of PyPI's, where `scripts/test-tools` puts it.
  static func tool(_ name: String) -> String {
    let environment = ProcessInfo.processInfo.environment
    let cache = environment["XDG_CACHE_HOME"] ?? (environment["HOME"] ?? "/root") + "/.cache"
    return (environment["SLIPWAY_TEST_TOOLS"] ?? cache + "/slipway-test-tools") + "/bin/\(name)"
  }

  private func makeRouter(_ site: PlaneSite) -> (any TrafficPlane, PlaneProgram) {
    // Nobody may start another router when this one is down.
    let plane = RouterPlane(
      listen: "127.0.0.1:\(site.front)", folder: site.folder.path, program: ["/bin/false"], environment: [:])
    return (plane, PlaneProgram(router: site))
  }

  private func makeHAProxy(_ site: PlaneSite) throws -> (any TrafficPlane, PlaneProgram) {
    let (socket, map) = (site.folder.path + "/h.sock", site.folder.path + "/split.map")
    try site.write("split 0:0:none\n", "split.map")
    let text = try site.configuration(
      "haproxy",
      [
        "/run/haproxy/slipway.sock": socket, "/etc/haproxy/slipway.map": map,
        "bind :8080": "bind 127.0.0.1:\(site.front)",
        "timeout server 30s": "timeout server 30s\n  timeout tunnel 1h",
      ], guide: "haproxy.md")
    try site.write(text, "haproxy.cfg")
    let spec = HAProxySpec(
      socket: socket, map: map, serverA: "app_a/a", serverB: "app_b/b", url: "http://127.0.0.1:\(site.front)")
    return (
      try HAProxyPlane(spec, folder: "/"), PlaneProgram("/usr/sbin/haproxy", ["-db", "-f", "haproxy.cfg"], site)
    )
  }

  private func makeEnvoy(_ site: PlaneSite, _ client: HTTPClient) throws -> (any TrafficPlane, PlaneProgram) {
    let file = site.folder.path + "/app-runtime.json"
    try site.write(
      #"{"version_info":"0","resources":[{"@type":"type.googleapis.com/envoy.service.runtime.v3.Runtime","name":"app","layer":{}}]}"#,
      "app-runtime.json")
    let text = try site.configuration("envoy", ["/etc/envoy/app-runtime.json": file, "9901": "\(site.control)"])
    try site.write(text, "envoy.yaml")
    let spec = EnvoySpec(admin: "http://127.0.0.1:\(site.control)", file: file, url: "http://127.0.0.1:\(site.front)")
    let arguments = ["-c", "envoy.yaml", "--concurrency", "2", "-l", "error", "--disable-hot-restart"]
    return (
      EnvoyPlane(spec, folder: "/", client: client, deadline: .seconds(20)),
      PlaneProgram(Self.tool("envoy"), arguments, site)
    )
  }

  private func makeTraefik(_ site: PlaneSite, _ client: HTTPClient) throws -> (any TrafficPlane, PlaneProgram) {
    let folder = site.folder.path + "/dynamic"
    try site.write(try site.configuration("traefik"), "dynamic/site.yml")
    let arguments = try site.configuration(
      "traefik-arguments", ["/etc/traefik/dynamic": folder, "8081": "\(site.control)"]
    ).split(whereSeparator: \.isWhitespace).map(String.init)
    let quiet = ["--log.level=ERROR", "--global.checknewversion=false", "--global.sendanonymoususage=false"]
    let spec = TraefikSpec(
      api: "http://127.0.0.1:\(site.control)", file: folder + "/app.yml", url: "http://127.0.0.1:\(site.front)")
    return (
      try TraefikPlane(spec, folder: "/", client: client, deadline: .seconds(20)),
      PlaneProgram(Self.tool("traefik"), arguments + quiet, site)
    )
  }

  private func makeNginx(_ site: PlaneSite, _ client: HTTPClient) throws -> (any TrafficPlane, PlaneProgram) {
    let folder = site.folder.path
    let names = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
    let places = names.map { "\($0)_temp_path \(folder)/\($0);" }.joined(separator: " ")
    let text = try site.configuration(
      "nginx",
      [
        "/etc/nginx/slipway/app.conf": folder + "/app.conf", "/run/nginx.pid": folder + "/nginx.pid",
        "8081": "\(site.control)", "events {}": "events {}\nerror_log \(folder)/error.log;",
        "http {": "http { access_log off; \(places)",
      ])
    try site.write(text, "nginx.conf")
    try site.write(
      ["app", "app_candidate", "app_split"].map { "map \"\" $\($0) { default \"\"; }\n" }.joined(), "app.conf")
    let spec = NginxSpec(
      file: folder + "/app.conf", pid: folder + "/nginx.pid", test: "/usr/sbin/nginx -t -c \(folder)/nginx.conf",
      status: "http://127.0.0.1:\(site.control)/slipway", url: "http://127.0.0.1:\(site.front)")
    let runner = CommandRunner(
      folder: folder, inherited: ["PATH": "/usr/bin:/bin"], secrets: SecretSource(environment: [:], folder: folder))
    return (
      try NginxPlane(spec, folder: "/", runner: runner, client: client, deadline: .seconds(20)),
      PlaneProgram("/usr/sbin/nginx", ["-c", folder + "/nginx.conf", "-g", "daemon off;"], site)
    )
  }

  private func makeCaddy(
    _ site: PlaneSite, _ client: HTTPClient, _ arguments: [String]
  ) throws -> (any TrafficPlane, PlaneProgram) {
    try site.write(try site.configuration("caddy", ["2019": "\(site.control)"]), "caddy.json")
    let spec = CaddySpec(admin: "http://127.0.0.1:\(site.control)", url: "http://127.0.0.1:\(site.front)")
    return (
      CaddyPlane(spec, client: client, deadline: .seconds(20)),
      PlaneProgram(Self.tool("caddy"), ["run", "--config", "caddy.json"] + arguments, site)
    )
  }
}
