/// Where traffic is divided.
package enum TrafficSpec: Codable, Sendable, Equatable {
  /// Slipway's own router.
  case router(RouterSpec)
  case haproxy(HAProxySpec)
  case nginx(NginxSpec)
  case traefik(TraefikSpec)
  case caddy(CaddySpec)
  case envoy(EnvoySpec)
  case gateway(GatewaySpec)

  /// What people call it.
  package var product: String {
    switch self {
    case .router: "the router"
    case .haproxy: "HAProxy"
    case .nginx: "nginx"
    case .traefik: "Traefik"
    case .caddy: "Caddy"
    case .envoy: "Envoy"
    case .gateway: "an HTTPRoute"
    }
  }

  /// Whether the plane itself counts the requests of each slot.
  package var countsPerSlot: Bool {
    switch self {
    case .router, .haproxy, .traefik, .envoy: true
    case .nginx, .caddy, .gateway: false
    }
  }

  /// Everything in it that may refer to secrets.
  package var secrets: [SecretText] {
    switch self {
    case .gateway(let spec): [spec.token]
    case .router, .haproxy, .nginx, .traefik, .caddy, .envoy: []
    }
  }

  /// Whether its counts have latencies.
  package var countsLatencies: Bool {
    switch self {
    case .router: true
    case .haproxy, .traefik, .envoy, .nginx, .caddy, .gateway: false
    }
  }
}

/// HAProxy's runtime API with the percentage in a map.
package struct HAProxySpec: Codable, Sendable, Equatable {
  /// The stats socket, `level admin`; a path.
  package var socket: String
  /// The map file as HAProxy's configuration names it; rewritten too, because a reload reads it again.
  package var map: String
  /// `backend/server` for each slot.
  package var serverA: String
  package var serverB: String
  /// Where clients are served, to verify through the front door, such as `http://127.0.0.1:8080`.
  package var url: String

  package init(socket: String, map: String, serverA: String, serverB: String, url: String) {
    self.socket = socket
    self.map = map
    self.serverA = serverA
    self.serverB = serverB
    self.url = url
  }
}
