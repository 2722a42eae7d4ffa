internal import SlipwayModel
internal import Synchronization

/// Tells from a document which life of the counting process it is from.
final class ScrapeIdentity: Sendable {
  private static let starts = [
    "process_start_time_seconds", "haproxy_process_start_time_seconds",
    // Caddy forgets its HTTP counters with every configuration it takes.
    "caddy_config_last_reload_success_timestamp_seconds",
  ]
  private static let uptime = "envoy_server_uptime"
  /// Envoy refreshes its uptime every 5 s unless told otherwise, so the start reckoned from it moves by as much.
  private static let slack: Int64 = 10

  static let names = Set(starts + [uptime])

  private let reckoned = Mutex<[Slot: Int64]>([:])

  /// What the document says outright; empty where it does not say.
  static func stated(in document: Exposition) -> String {
    starts.compactMap { document.single($0) }.map { $0.magnitude < 1e15 ? "\(Int64($0 * 1_000))" : "?" }
      .joined(separator: " ")
  }

  /// The same, and a start that is reckoned from an uptime; `key` tells several endpoints apart.
  func of(_ document: Exposition, key: Slot, at now: Timestamp) -> String {
    guard let uptime = document.single(Self.uptime), uptime.magnitude < 1e12 else { return Self.stated(in: document) }
    let start = now.milliseconds / 1_000 - Int64(uptime)
    return reckoned.withLock { reckoned in
      let kept = reckoned[key].flatMap { abs($0 - start) <= Self.slack ? $0 : nil } ?? start
      reckoned[key] = kept
      return "started \(kept)"
    }
  }
}
