package import SlipwayModel

/// What a router does now, as it says itself.
package struct RouterStatus: Codable, Sendable, Equatable {
  /// Names this run of the router; another one means that counters began anew.
  package var identity: String
  package var startedAt: Timestamp
  /// The router's own clock when it answered.
  package var now: Timestamp
  package var pid: Int32
  /// `host:port` that clients are served on.
  package var listen: String
  /// The change that is in force; 0 before the first.
  package var generation: UInt64
  package var split: Split
  /// `host:port` per slot that has one.
  package var targets: [Slot: String]
  /// Whether `X-Canary: green` leads to the slot that is not the fallback.
  package var testers: Bool
  /// Whether the table came from the state file of an earlier run.
  package var isRestored: Bool
  /// Whether the router is stopping and takes no new connections.
  package var isDraining: Bool
  /// Why the router serves nothing although it should, such as a corrupt state file; nil when all is well.
  package var problem: String?
  /// Requests that no slot could be found for; they were answered 503.
  package var unrouted: UInt64
  /// Open client connections.
  package var connections: Int
  package var slots: [Slot: SlotTraffic]
  /// What encrypts the front; nil for plain HTTP.
  package var tls: TLSStatus?
  /// TLS connections that came to nothing; nil from a router that does not count them.
  package var failedHandshakes: UInt64?
  /// Why the settings that lie there now are not in force; the former ones are.
  package var settingsProblem: String?
  /// Where Prometheus may read, with the real port.
  package var metrics: String?
}

/// The certificates that are served now.
package struct TLSStatus: Codable, Sendable, Equatable {
  package var certificates: [CertificateStatus]
  package var loadedAt: Timestamp
  /// How often others were taken since the start.
  package var reloads: Int
  /// Why the files that lie there now are not served; the former ones are.
  package var problem: String?
}

/// One certificate.
package struct CertificateStatus: Codable, Sendable, Equatable {
  package var file: String
  package var names: [String]
  package var validUntil: Timestamp
}

/// What one slot is doing and has done since the router started.
package struct SlotTraffic: Codable, Sendable, Equatable {
  /// Requests being answered by the slot right now, connecting included.
  package var inFlight: Int
  /// When a request was last sent to the slot.
  package var lastSentAt: Timestamp?
  /// When a request on the slot last ended, whatever its end.
  package var lastFinishedAt: Timestamp?
  /// Requests whose client left before the answer was complete; they are in `counters.requests` and in the histogram with the time waited.
  package var abandoned: UInt64
  /// Requests that the fallback answered for this slot.
  package var stoodInFor: UInt64
  /// Of those, requests that were not even tried because the slot had just refused a connection.
  package var ejected: UInt64
  /// Requests that came by `X-Canary`, not by weight.
  package var testers: UInt64
  /// Answers that began and broke off, timed out or were garbage; a part of `counters.connectionErrors`.
  package var broken: UInt64
  /// Connections opened to the slot's upstream.
  package var connects: UInt64
  package var counters: SlotCounters
  /// How often the slot was ejected for its failures.
  package var ejections: UInt64?
  /// Seconds of all latencies together.
  package var latencySum: Double?
  /// What health checks say; nil where none are made.
  package var health: SlotHealth?

  package init(
    inFlight: Int = 0, lastSentAt: Timestamp? = nil, lastFinishedAt: Timestamp? = nil, abandoned: UInt64 = 0,
    stoodInFor: UInt64 = 0, ejected: UInt64 = 0, testers: UInt64 = 0, broken: UInt64 = 0, connects: UInt64 = 0,
    counters: SlotCounters = SlotCounters(), ejections: UInt64? = nil, latencySum: Double? = nil
  ) {
    self.inFlight = inFlight
    self.lastSentAt = lastSentAt
    self.lastFinishedAt = lastFinishedAt
    self.abandoned = abandoned
    self.stoodInFor = stoodInFor
    self.ejected = ejected
    self.testers = testers
    self.broken = broken
    self.connects = connects
    self.counters = counters
    self.ejections = ejections
    self.latencySum = latencySum
  }
}

/// What the last health check of a slot's upstream said.
package struct SlotHealth: Codable, Sendable, Equatable {
  /// Whether the slot gets requests although another could answer for it.
  package var isAlive: Bool
  package var checkedAt: Timestamp
  /// The status of the last answer; nil when there was none.
  package var status: Int?
  /// Why there was none.
  package var problem: String?
}

/// Cumulative counters of both slots with the identity of their source.
package struct RouterCounters: Codable, Sendable, Equatable {
  package var identity: String
  package var startedAt: Timestamp
  package var now: Timestamp
  package var generation: UInt64
  package var slots: [Slot: SlotTraffic]

  /// The same in the words of the rules that judge a watch.
  package var sample: CounterSample {
    CounterSample(at: now, source: identity, slots: slots.mapValues(\.counters))
  }
}
