/// Where traffic is divided.
package enum TrafficSpec: Codable, Sendable, Equatable {
  /// Slipway's own router.
  case router(RouterSpec)
  case haproxy(HAProxySpec)
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
