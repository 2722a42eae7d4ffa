/// Slipway's own router, a process of its own. What is nil has the router's own default.
package struct RouterSpec: Codable, Sendable, Equatable {
  /// Where clients connect, `host:port`.
  package var listen: String
  /// Where clients are served by name, such as `https://shop.example`; nil where ``listen`` is that.
  package var url: String?
  /// Certificates; nil for plain HTTP.
  package var tls: RouterTLS?
  /// How long a client stays on the slot that answered it first, by cookie; nil where each request is dealt anew.
  package var sticky: Span?
  /// When a slot's upstream is passed over.
  package var health: RouterHealth?
  /// `host:port` on which Prometheus may read the counters.
  package var metrics: String?
  package var timeouts: RouterTimeouts?
  package var limits: RouterBounds?
  /// Whether `X-Forwarded-*` of a request are kept and added to, because a trusted proxy stands in front.
  package var trustForwarded: Bool?

  package init(listen: String) { self.listen = listen }

  /// The same with file names that do not depend on where a program is started.
  package func anchored(at folder: String) -> RouterSpec {
    func anchored(_ path: String) -> String { path.hasPrefix("/") ? path : "\(folder)/\(path)" }
    var spec = self
    spec.tls?.certificates =
      tls?.certificates.map {
        CertificateFiles(certificate: anchored($0.certificate), key: anchored($0.key))
      } ?? []
    return spec
  }
}

/// TLS at the front.
package struct RouterTLS: Codable, Sendable, Equatable {
  /// The first serves clients that name no host or an unknown one.
  package var certificates: [CertificateFiles]
  /// Whether HTTP/2 is offered.
  package var http2: Bool

  package init(certificates: [CertificateFiles], http2: Bool = true) {
    self.certificates = certificates
    self.http2 = http2
  }
}

/// A certificate with its chain, and its key; paths of PEM files.
package struct CertificateFiles: Codable, Sendable, Equatable {
  package var certificate: String
  package var key: String

  package init(certificate: String, key: String) {
    self.certificate = certificate
    self.key = key
  }
}

/// When a slot's upstream is passed over, so that blue answers for it.
package struct RouterHealth: Codable, Sendable, Equatable {
  /// Asked for by `GET` again and again; nil where only real requests tell.
  package var path: String?
  /// From one question to the next.
  package var every: Span
  /// Longest wait for an answer.
  package var timeout: Span
  /// Bad answers in a row that make an upstream dead.
  package var fall: Int
  /// Good answers in a row that make it live again.
  package var rise: Int
  /// Server errors and missing answers of real requests in a row that eject an upstream for a while; 0 for never.
  package var failures: Int

  package init(
    path: String? = nil, every: Span = .seconds(1), timeout: Span = .seconds(2), fall: Int = 2, rise: Int = 2,
    failures: Int = 10
  ) {
    self.path = path
    self.every = every
    self.timeout = timeout
    self.fall = fall
    self.rise = rise
    self.failures = failures
  }
}

/// How long the router waits for whom.
package struct RouterTimeouts: Codable, Sendable, Equatable {
  /// For a request's header.
  package var header: Span?
  /// For the next request on a client's connection.
  package var idle: Span?
  /// For the next piece of a body, either way.
  package var body: Span?
  /// For an upstream to accept a connection.
  package var connect: Span?
  /// For the head of an answer.
  package var answer: Span?
  /// For the next bytes of a WebSocket.
  package var webSocket: Span?
  /// For requests in flight when the router stops.
  package var drain: Span?

  package init() {}
}

/// How much one client can cost the router.
package struct RouterBounds: Codable, Sendable, Equatable {
  /// Bytes of a request's header.
  package var header: Int?
  /// Bytes of a request's body.
  package var body: Int?
  /// Client connections in all.
  package var connections: Int?
  /// Requests at the same time on one HTTP/2 connection.
  package var streams: Int?

  package init() {}
}
