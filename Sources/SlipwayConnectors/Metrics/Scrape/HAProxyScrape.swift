internal import SlipwayModel

/// The counters of HAProxy's own exporter, told as ``HAProxyTally`` tells those of its socket.
struct HAProxyScrape: ScrapeReader {
  let title = "haproxy"
  private let servers: SlotNames
  private let marks = HAProxyMarks()

  init(_ spec: ScrapeSpec) throws(ConnectorError) {
    guard let names = spec.names else { throw SeriesScrape.lacksNames(.haproxy) }
    for slot in Slot.allCases where names[slot].split(separator: "/").count != 2 {
      throw ConnectorError(
        .misconfigured, "'\(names[slot])' is no server of HAProxy; it should read like backend/server")
    }
    servers = names
  }

  private static let prefix = "haproxy_server_"
  private static let counters = [
    "sessions_total", "http_responses_total", "connection_errors_total", "response_errors_total",
    "redispatch_warnings_total", "server_aborts_total", "client_aborts_total", "current_sessions",
  ]

  var names: Set<String> { Set(Self.counters.map { Self.prefix + $0 }) }

  func figures(
    of slot: Slot, release: ReleaseID?, in document: Exposition, _ endpoint: MetricsEndpoint
  ) throws(ConnectorError) -> SlotFigures {
    let parts = servers[slot].split(separator: "/").map(String.init)
    let labels = ["proxy": parts[0], "server": parts[1]]
    let own = { (name: String) in
      (document.series[Self.prefix + name] ?? []).filter { series in
        labels.allSatisfy { series.labels[$0] == $1 }
      }
    }
    guard !own("sessions_total").isEmpty else {
      return SlotFigures(missing: "\(endpoint.name) knows no server '\(servers[slot])'; correct the pipeline file")
    }
    var counts: [String: UInt64] = [:]
    for name in Self.counters {
      for series in own(name) {
        // NaN is how the exporter says that there is no such figure in this mode or version.
        guard let count = Count.exactly(series.value) else {
          throw endpoint.error(
            .garbage,
            "gives \(series.value) for \(name) of '\(servers[slot])', not a count; is the backend in mode http?")
        }
        let key = name == "http_responses_total" ? series.labels["code"] ?? "" : name
        counts[key, default: 0] += count
      }
    }
    let tally = Self.tally(counts)
    return SlotFigures(marks.counters(of: slot, in: ScrapeIdentity.stated(in: document), tally))
  }

  private static func tally(_ counts: [String: UInt64]) -> HAProxyTally {
    var tally = HAProxyTally()
    tally.attempts = counts["sessions_total"] ?? 0
    tally.inFlight = counts["current_sessions"] ?? 0
    tally.answered = ["1xx", "2xx", "3xx", "4xx", "5xx", "other"].reduce(0) { $0 &+ (counts[$1] ?? 0) }
    tally.serverErrors = counts["5xx"] ?? 0
    tally.clientErrors = counts["4xx"] ?? 0
    tally.refused = (counts["connection_errors_total"] ?? 0) &+ (counts["redispatch_warnings_total"] ?? 0)
    tally.unanswered = counts["response_errors_total"] ?? 0
    tally.brokenOff = counts["server_aborts_total"] ?? 0
    tally.clientAborts = counts["client_aborts_total"] ?? 0
    return tally
  }
}
