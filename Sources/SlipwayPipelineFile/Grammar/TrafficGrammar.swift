internal import SlipwayModel

/// Where traffic is divided.
enum TrafficGrammar {
  static let traffic = Shape<TrafficSpec>.choice(
    "a traffic plane",
    [
      .key("router", RouterGrammar.router, "Slipway's own router, a process of its own that outlives every command.") {
        .router($0)
      },
      .key("haproxy", haproxy, "HAProxy's runtime API with the percentage in a map.") { .haproxy($0) },
      .key("nginx", ProxyGrammar.nginx, "nginx: an included file and a reload.") { .nginx($0) },
      .key("traefik", ProxyGrammar.traefik, "Traefik's file provider.") { .traefik($0) },
      .key("caddy", ProxyGrammar.caddy, "Caddy's admin API.") { .caddy($0) },
      .key("envoy", ProxyGrammar.envoy, "Envoy's runtime, from a file.") { .envoy($0) },
      .key("gateway-api", ProxyGrammar.gateway, "An HTTPRoute of the Kubernetes Gateway API.") { .gateway($0) },
    ])

  private static let haproxy = Shape<HAProxySpec>.object(
    "haproxy", HAProxySpec(socket: "", map: "", serverA: "", serverB: "", url: ""),
    [
      .required("socket", \.socket, .text("the path of the stats socket"), "The stats socket, 'level admin'; a path."),
      .required(
        "map", \.map, .text("the path of the map file"),
        "The map file as HAProxy's configuration names it; rewritten too, because a reload reads it again."),
      .required("servers", \.servers, EnvironmentGrammar.pair("servers", .server), "backend/server of each slot."),
      .required("url", \.url, .url, "Where clients are served, to verify through the front door."),
    ])

  /// Notes everything that only one environment can have.
  static func claim(_ plane: TrafficSpec, _ node: YAMLNode, _ reading: Reading) {
    switch plane {
    case .router(let spec):
      let traffic = node["traffic"]
      let written = traffic?["router"]?["listen"]
      if let metrics = spec.metrics {
        EnvironmentGrammar.claim(address: metrics, traffic?["router"]?.place("metrics") ?? node.position, reading)
      }
      // Where something else was written and could not be read, the default stands for nothing.
      guard written.map({ $0.text == spec.listen }) ?? (traffic?["router"] != nil || traffic == nil) else { break }
      EnvironmentGrammar.claim(address: spec.listen, written?.position ?? node.position, reading)
    case .haproxy(let spec):
      let haproxy = node["traffic"]?["haproxy"]
      let servers = haproxy?["servers"]
      reading.claim("HAProxy map \(spec.map)", haproxy?.place("map") ?? node.position)
      let at = "of HAProxy \(spec.socket)"
      reading.claim("server \(spec.serverA) \(at)", servers?.place("a") ?? node.position)
      reading.claim("server \(spec.serverB) \(at)", servers?.place("b") ?? node.position)
    case .nginx, .traefik, .caddy, .envoy, .gateway:
      ProxyGrammar.claim(plane, node["traffic"], node.position, reading)
    }
  }
}

extension HAProxySpec {
  fileprivate var servers: SlotPair<String> {
    get { SlotPair(a: serverA, b: serverB) }
    set { (serverA, serverB) = (newValue.a, newValue.b) }
  }
}

extension Shape where Value == String {
  fileprivate static let server = pattern(
    "[A-Za-z0-9._:-]+/[A-Za-z0-9._:-]+", "backend/server such as app_a/app", show: { .text($0) }, parse: { $0 })
}
