internal import Foundation
package import SlipwayModel

/// What a router is started with.
package struct RouterConfiguration: Sendable {
  /// `host:port` to serve clients on; port 0 takes a free one, and after a restart the same one again. Nil means the one in the state file.
  package var listen: String?
  /// Path of the Unix control socket; `.lock` and `.state` files lie beside it.
  package var controlPath: String
  /// Names this run of the router, so that a reader of counters notices a restart; random, given by the caller.
  package var identity: String
  /// The wall clock, for the times that the router reports.
  package var wallClock: @Sendable () -> Timestamp
  /// Event loops that serve clients.
  package var loops: Int
  /// Sizes and times that bound what one client or upstream can cost.
  package var limits: RouterLimits
  /// Whether `X-Forwarded-*` of a request are kept and added to, because a trusted proxy stands in front; else they are replaced.
  package var trustsForwardedHeaders: Bool
  /// The length of a *minute* in the history.
  package var historyInterval: Span
  /// TLS at the front; nil for plain HTTP.
  package var tls: RouterTLS?
  /// How often the certificates' files are looked at.
  package var certificateInterval = Span.seconds(2)
  /// How long a client stays on its slot; nil where each request is dealt anew.
  package var sticky: Span?
  /// When a slot is passed over.
  package var health = RouterHealth(failures: 0)
  /// `host:port` for Prometheus.
  package var metrics: String?
  /// A file with a ``RouterSpec`` as JSON, whose values come before those here; read again on request.
  package var settingsPath: String?
  /// Whether to take over from a router that runs on the same control path, sockets and all; where none runs, it is a start like any.
  package var takesOver = false

  package init(
    listen: String?, controlPath: String, identity: String, loops: Int = 2, limits: RouterLimits = RouterLimits(),
    trustsForwardedHeaders: Bool = false, historyInterval: Span = .minutes(1),
    wallClock: @escaping @Sendable () -> Timestamp
  ) {
    self.listen = listen
    self.controlPath = controlPath
    self.identity = identity
    self.wallClock = wallClock
    self.loops = max(1, loops)
    self.limits = limits
    self.trustsForwardedHeaders = trustsForwardedHeaders
    self.historyInterval = historyInterval
  }

  /// Puts what `spec` says in the place of the defaults; `listen` stays where the caller gave one.
  package mutating func take(_ spec: RouterSpec) {
    listen = listen ?? spec.listen
    tls = spec.tls
    sticky = spec.sticky
    health = spec.health ?? RouterHealth(failures: 0)
    metrics = spec.metrics
    trustsForwardedHeaders = spec.trustForwarded ?? trustsForwardedHeaders
    limits = RouterLimits(spec, basis: limits)
  }

  /// The same with what the settings file says now.
  func withSettings() throws(RouterError) -> RouterConfiguration {
    guard let settingsPath else { return self }
    var configuration = self
    do {
      let data = try Data(contentsOf: URL(fileURLWithPath: settingsPath))
      configuration.take(try JSONDecoder().decode(RouterSpec.self, from: data))
    } catch {
      throw RouterError(.misconfigured, "the settings in \(settingsPath) cannot be read", cause: error)
    }
    return configuration
  }

  var lockPath: String { controlPath + ".lock" }
  var statePath: String { controlPath + ".state" }
}

/// Bounds on what one client or upstream can cost the router.
package struct RouterLimits: Sendable {
  /// Bytes of one header field or of the request line's target.
  package var headerField = 16 * 1_024
  /// Bytes of all header fields of a message together.
  package var headerList = 64 * 1_024
  /// Header fields of a message.
  package var headerCount = 128
  /// Bytes of a request's body; nil for any number.
  package var body: Int?
  /// Client connections in all; further ones are closed at once.
  package var connections = 20_000
  /// Idle upstream connections kept per slot and event loop.
  package var idleUpstreams = 128
  /// From the first byte of a request (or the connection's start) to the end of its header.
  package var headerTimeout = Span.seconds(10)
  /// How long a client may keep a connection without a request.
  package var keepAliveTimeout = Span.seconds(60)
  /// Longest pause between two pieces of a body, either way.
  package var bodyTimeout = Span.seconds(60)
  /// Longest silence of a WebSocket.
  package var tunnelTimeout = Span.hours(1)
  /// Longest wait for an upstream to accept a connection.
  package var connectTimeout = Span.seconds(1)
  /// How long an upstream connection may have been idle to get a request that must not be sent twice: the upstream may be about
  /// to close it, and then nobody could tell whether the request was acted on.
  package var unrepeatableIdle = Span.seconds(1)
  /// From the end of the request to the head of the answer; then the client gets 504.
  package var responseTimeout = Span.seconds(30)
  /// How long an idle upstream connection is kept.
  package var upstreamIdleTimeout = Span.seconds(30)
  /// How long a slot that refused a connection is passed over where another slot can answer for it.
  package var ejection = Span.seconds(1)
  /// How long requests in flight may take to end when the router stops.
  package var drain = Span.seconds(30)

  /// Requests at the same time on one HTTP/2 connection.
  package var streams = 100

  package init() {}

  /// The same with what `spec` says instead of the defaults.
  init(_ spec: RouterSpec, basis: RouterLimits) {
    self = basis
    headerTimeout = spec.timeouts?.header ?? headerTimeout
    keepAliveTimeout = spec.timeouts?.idle ?? keepAliveTimeout
    bodyTimeout = spec.timeouts?.body ?? bodyTimeout
    connectTimeout = spec.timeouts?.connect ?? connectTimeout
    responseTimeout = spec.timeouts?.answer ?? responseTimeout
    tunnelTimeout = spec.timeouts?.webSocket ?? tunnelTimeout
    drain = spec.timeouts?.drain ?? drain
    headerList = spec.limits?.header ?? headerList
    headerField = min(headerField, headerList)
    body = spec.limits?.body ?? body
    connections = spec.limits?.connections ?? connections
    streams = spec.limits?.streams ?? streams
  }

  /// How often deadlines are looked at: often enough for the shortest, seldom enough to cost nothing.
  var sweepInterval: Span {
    let shortest = [headerTimeout, keepAliveTimeout, bodyTimeout, responseTimeout, upstreamIdleTimeout].min() ?? .zero
    return .milliseconds(min(250, max(10, shortest.milliseconds / 4)))
  }
}
