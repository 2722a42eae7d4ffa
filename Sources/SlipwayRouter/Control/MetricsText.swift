internal import SlipwayModel

/// The router's counters in the text format of Prometheus (version 0.0.4).
struct MetricsText {
  private(set) var text = ""

  init(_ status: RouterStatus) {
    let slots = Slot.allCases.map { (slot: $0, traffic: status.slots[$0] ?? SlotTraffic()) }
    func family(_ name: String, _ kind: String, _ help: String, _ value: (SlotTraffic) -> some CustomStringConvertible)
    {
      head(name, kind, help)
      for (slot, traffic) in slots { line(name, "slot=\"\(slot)\"", value(traffic)) }
    }
    family("requests_total", "counter", "Requests answered or failed.") { $0.counters.requests }
    head("errors_total", "counter", "Requests that failed, by class: answers of class 500 and 400, and no answer.")
    for (slot, traffic) in slots {
      line("errors_total", "slot=\"\(slot)\",class=\"server\"", traffic.counters.serverErrors)
      line("errors_total", "slot=\"\(slot)\",class=\"client\"", traffic.counters.clientErrors)
      line("errors_total", "slot=\"\(slot)\",class=\"connection\"", traffic.counters.connectionErrors)
    }
    family("in_flight", "gauge", "Requests and WebSockets that are open.") { $0.inFlight }
    family("abandoned_total", "counter", "Requests whose client left first.") { $0.abandoned }
    family("stood_in_total", "counter", "Requests that the fallback answered for the slot.") { $0.stoodInFor }
    family("passed_over_total", "counter", "Of those, requests that were not even tried on the slot.") { $0.ejected }
    family("ejections_total", "counter", "How often the slot was ejected for its failures.") { $0.ejections ?? 0 }
    family("upstream_connects_total", "counter", "Connections opened to the slot.") { $0.connects }
    family("upstream_alive", "gauge", "1 unless health checks find the slot dead.") {
      $0.health?.isAlive == false ? 0 : 1
    }
    head("share_percent", "gauge", "Share of new requests.")
    for slot in Slot.allCases { line("share_percent", "slot=\"\(slot)\"", status.split[slot]) }
    head("request_duration_seconds", "histogram", "From sending a request to the end of its answer.")
    for (slot, traffic) in slots { histogram(slot, traffic) }
    single("connections", "gauge", "Open client connections.", status.connections)
    single("unrouted_total", "counter", "Requests that no slot could be found for.", status.unrouted)
    single("generation", "gauge", "The change of the split that is in force.", status.generation)
    single("start_time_seconds", "gauge", "When this run began.", Double(status.startedAt.milliseconds) / 1_000)
    single("failed_handshakes_total", "counter", "TLS connections that came to nothing.", status.failedHandshakes ?? 0)
    guard let tls = status.tls else { return }
    single("certificate_reloads_total", "counter", "How often other certificates were taken.", tls.reloads)
    single(
      "certificate_problem", "gauge", "1 while the files that lie there cannot serve.", tls.problem == nil ? 0 : 1)
    head("certificate_valid_until_seconds", "gauge", "When a certificate ends.")
    for certificate in tls.certificates {
      line(
        "certificate_valid_until_seconds", "file=\"\(Self.escaped(certificate.file))\"",
        certificate.validUntil.milliseconds / 1_000)
    }
  }

  private mutating func histogram(_ slot: Slot, _ traffic: SlotTraffic) {
    let latency = traffic.counters.latency ?? LatencyHistogram()
    var count: UInt64 = 0
    for (bound, added) in zip(latency.bounds, latency.counts) {
      count &+= added
      line("request_duration_seconds_bucket", "slot=\"\(slot)\",le=\"\(bound)\"", count)
    }
    line("request_duration_seconds_bucket", "slot=\"\(slot)\",le=\"+Inf\"", latency.total)
    line("request_duration_seconds_sum", "slot=\"\(slot)\"", traffic.latencySum ?? 0)
    line("request_duration_seconds_count", "slot=\"\(slot)\"", latency.total)
  }

  private mutating func single(_ name: String, _ kind: String, _ help: String, _ value: some CustomStringConvertible) {
    head(name, kind, help)
    text += "slipway_router_\(name) \(value)\n"
  }

  private mutating func head(_ name: String, _ kind: String, _ help: String) {
    text += "# HELP slipway_router_\(name) \(help)\n# TYPE slipway_router_\(name) \(kind)\n"
  }

  private mutating func line(_ name: String, _ labels: String, _ value: some CustomStringConvertible) {
    text += "slipway_router_\(name){\(labels)} \(value)\n"
  }

  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n")
  }

  /// The answer of a small HTTP server to `GET /metrics`, or to anything else.
  static func answer(to line: String, _ text: () -> String) -> String {
    let isAsked = line.hasPrefix("GET /metrics ") || line.hasPrefix("GET /metrics?")
    let body = isAsked ? text() : "ask for /metrics\n"
    return """
      HTTP/1.1 \(isAsked ? "200 OK" : "404 Not Found")\r
      content-type: text/plain; version=0.0.4; charset=utf-8\r
      content-length: \(body.utf8.count)\r
      connection: close\r
      \r
      \(body)
      """
  }
}
