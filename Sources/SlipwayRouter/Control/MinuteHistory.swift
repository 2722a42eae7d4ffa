internal import SlipwayModel

/// What each slot answered in each of the last minutes, so that a watch that begins now knows what is usual.
///
/// A ring of six hours; about 300 kB when full.
struct MinuteHistory: Sendable, Codable, Equatable {
  static let capacity = 360

  /// Differences of whole minutes, the oldest first.
  private(set) var minutes: [Slot: [SlotCounters]] = [:]
  private var totals: [Slot: SlotCounters] = [:]

  /// Ends a minute: what came in since the last end is kept as one more.
  mutating func close(_ now: [Slot: SlotCounters]) {
    for (slot, counters) in now {
      let before = totals[slot] ?? SlotCounters(latency: LatencyHistogram())
      totals[slot] = counters
      // Counters of a running process never fall; a minute that could not be told is left out, not guessed.
      guard let minute = counters.since(before) else { continue }
      minutes[slot, default: []].append(minute)
      let excess = (minutes[slot]?.count ?? 0) - Self.capacity
      if excess > 0 { minutes[slot]?.removeFirst(excess) }
    }
  }
}
