internal import Foundation
internal import SlipwayModel
internal import Synchronization

/// What Envoy has counted for the clusters of both slots.
struct EnvoyStatistics: Sendable {
  private let counts: [String: UInt64]
  private let name: String

  private static let kinds = ["total", "completed", "5xx", "4xx", "active", "retry", "cancelled", "tx_reset"]

  /// The question that ``init(_:name:)`` reads the answer of.
  static func path(_ name: String) -> String {
    let clusters = "(a|b|a_or_b|b_or_a)"
    let filter =
      "^cluster\\.\(name.replacing(".", with: "\\."))_\(clusters)\\.upstream_rq_(\(kinds.joined(separator: "|")))$"
    let encoded = filter.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? filter
    return "/stats?format=json&filter=\(encoded)"
  }

  /// - Throws: `garbage` for what is no answer of Envoy's or a value that is no count, `misconfigured` where a cluster is missing.
  init(_ tree: JSONTree, name: String) throws(ConnectorError) {
    guard case .list(let list)? = tree["stats"] else {
      throw ConnectorError(.garbage, "Envoy's statistics hold no 'stats'; is another program there?")
    }
    var counts: [String: UInt64] = [:]
    for item in list {
      // What has no name is no counter.
      guard let key = item["name"]?.text else { continue }
      guard case .integer(let value)? = item["value"], let count = Count.exactly(Double(value)) else {
        throw ConnectorError(.garbage, "Envoy gives no count for '\(key.prefix(200))'")
      }
      counts[key] = count
    }
    for slot in Slot.allCases {
      for cluster in [EnvoyRuntime.plain(slot, name), EnvoyRuntime.withFallback(slot, name)]
      where counts["cluster.\(cluster).upstream_rq_total"] == nil {
        throw ConnectorError(
          .misconfigured,
          "Envoy counts nothing for a cluster '\(cluster)'; docs/planes.md has the four clusters that are needed")
      }
    }
    self.counts = counts
    self.name = name
  }

  private func count(_ cluster: String, _ kind: String) -> UInt64 {
    counts["cluster.\(cluster).upstream_rq_\(kind)"] ?? 0
  }

  /// Requests that a slot's own server is answering, whichever cluster they came by.
  func inFlight(_ slot: Slot) -> UInt64 { count(EnvoyRuntime.plain(slot, name), "active") }

  /// Requests of `slot` that the other slot's server answered.
  ///
  /// An aggregate cluster books answers under its own name and requests under the server's, so what a server began beyond the answers of its
  /// own cluster came by the aggregate. A lower bound: clients that left count as own requests.
  private func caught(of slot: Slot) -> UInt64 {
    let server = EnvoyRuntime.plain(slot.other, name)
    let own = ["completed", "active", "retry", "cancelled", "tx_reset"].reduce(UInt64(2)) { $0 &+ count(server, $1) }
    let mixed = count(EnvoyRuntime.withFallback(slot.other, name), "completed")
    let began = count(server, "total")
    return began > own &+ mixed ? began - own - mixed : 0
  }

  func counters(of slot: Slot) -> SlotCounters {
    let clusters = [EnvoyRuntime.plain(slot, name), EnvoyRuntime.withFallback(slot, name)]
    let sum = { (kind: String) in clusters.reduce(UInt64(0)) { $0 &+ count($1, kind) } }
    let requests = sum("completed")
    return SlotCounters(
      requests: requests, serverErrors: sum("5xx"), connectionErrors: min(requests, caught(of: slot)),
      clientErrors: sum("4xx"))
  }
}

/// The highest counts seen of each process, because estimates dip while answers are under way, and a count that falls would pass for
/// a restart.
final class RisingCounts: Sendable {
  private struct State {
    var source = ""
    var slots: [Slot: SlotCounters] = [:]
    var start: Timestamp?
  }

  private let state = Mutex(State())

  /// `sample` with no count below those given before for the same source.
  func rising(_ sample: CounterSample) -> CounterSample {
    state.withLock { state in
      if state.source != sample.source {
        state.source = sample.source
        state.slots = [:]
      }
      var sample = sample
      for (slot, counters) in sample.slots {
        var counters = counters
        counters.requests = max(counters.requests, state.slots[slot]?.requests ?? 0)
        counters.connectionErrors = max(counters.connectionErrors, state.slots[slot]?.connectionErrors ?? 0)
        state.slots[slot] = counters
        sample.slots[slot] = counters
      }
      return sample
    }
  }

  /// When a process began that says how old it is in whole seconds: the same instant as long as it can be the same process.
  func start(now: Timestamp, age: Span) -> Timestamp {
    state.withLock { state in
      let found = Timestamp(milliseconds: now.milliseconds - age.milliseconds)
      if let known = state.start, abs(known.milliseconds - found.milliseconds) <= 3_000 { return known }
      state.start = found
      return found
    }
  }
}
