internal import SlipwayModel

/// Slipway's own router.
enum RouterGrammar {
  static let router = Shape<RouterSpec>.object(
    "the router", RouterSpec(listen: EnvironmentGrammar.defaultListen),
    [
      .optional("listen", \.listen, .address, "Where clients connect, host:port."),
      .optional("url", \.url, .url, "Where clients are served by name, for checks through the front door over TLS."),
      .optional("tls", \.tls, tls, "Certificates; without them plain HTTP is spoken."),
      .optional(
        "sticky", \.sticky, .duration(), "How long a client stays on its slot, by cookie; else each request is dealt."),
      .optional("health", \.health, health, "When a slot is passed over, so that blue answers for it."),
      .optional("metrics", \.metrics, .address, "host:port on which Prometheus may read."),
      .optional("timeouts", \.timeouts, timeouts, "How long the router waits for whom."),
      .optional("limits", \.limits, limits, "How much one client can cost."),
      .optional(
        "trust_forwarded", \.trustForwarded, .boolean,
        "Whether X-Forwarded fields are kept and added to, because a trusted proxy stands in front."),
    ])

  private static let tls = Shape<RouterTLS>.object(
    "tls", RouterTLS(certificates: []),
    [
      .required(
        "certificates", \.certificates, .list(of: certificate, what: "certificates", minimum: 1),
        "The first serves clients that name no host or an unknown one."),
      .optional("http2", \.http2, .boolean, "Whether HTTP/2 is offered."),
    ])

  private static let certificate = Shape<CertificateFiles>.object(
    "certificate", CertificateFiles(certificate: "", key: ""),
    [
      .required("certificate", \.certificate, .text("the path of a PEM file"), "The certificate and its chain."),
      .required("key", \.key, .text("the path of a PEM file"), "Its key."),
    ])

  private static let health = Shape<RouterHealth>.object(
    "health", RouterHealth(),
    [
      .optional("path", \.path, .path(), "Asked for by GET again and again; without it only real requests tell."),
      .optional("every", \.every, .duration(), "From one question to the next."),
      .optional("timeout", \.timeout, .duration(), "Longest wait for an answer."),
      .optional("fall", \.fall, .integer(1...100, "a number"), "Bad answers in a row that make a slot dead."),
      .optional("rise", \.rise, .integer(1...100, "a number"), "Good answers in a row that make it live again."),
      .optional(
        "failures", \.failures, .integer(0...10_000, "a number"),
        "Failed requests in a row that eject a slot for a second; 0 for never."),
    ])

  private static let timeouts = Shape<RouterTimeouts>.object(
    "timeouts", RouterTimeouts(),
    [
      .optional("header", \.header, .duration(), "For a request's header; 10s."),
      .optional("idle", \.idle, .duration(), "For the next request on a connection; 1m."),
      .optional("body", \.body, .duration(), "For the next piece of a body, either way; 1m."),
      .optional("connect", \.connect, .duration(), "For a slot to accept a connection; 1s."),
      .optional("answer", \.answer, .duration(), "For the head of an answer; 30s."),
      .optional("websocket", \.webSocket, .duration(), "For the next bytes of a WebSocket; 1h."),
      .optional("drain", \.drain, .duration(), "For requests in flight when the router stops; 30s."),
    ])

  private static let limits = Shape<RouterBounds>.object(
    "limits", RouterBounds(),
    [
      .optional("header", \.header, .integer(1_024...1_048_576, "bytes"), "Bytes of a request's header; 65536."),
      .optional("body", \.body, .integer(0...1_099_511_627_776, "bytes"), "Bytes of a request's body; no limit."),
      .optional("connections", \.connections, .integer(1...1_000_000, "a number"), "Client connections; 20000."),
      .optional(
        "streams", \.streams, .integer(1...10_000, "a number"), "Requests at once on one HTTP/2 connection; 100."),
    ])
}
