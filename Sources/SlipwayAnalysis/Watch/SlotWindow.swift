internal import SlipwayModel

/// What came in on one slot inside the judged window.
struct SlotWindow {
  private(set) var requests: UInt64 = 0
  private(set) var errors: UInt64 = 0
  /// Latencies of all counted intervals; nil when one with requests has none, because a part would speak for the whole.
  private(set) var latency: LatencyHistogram?
  /// Intervals that could not be counted because the source changed or a counter went down.
  private(set) var lost = 0

  private var isLatencyIncomplete = false

  /// Sums the differences of consecutive readings of `slot` that end after `start`.
  ///
  /// The interval in which `start` lies counts whole, so that a window shorter than the time between two readings is not empty.
  /// A reading without the slot is bridged: the counters are cumulative, so nothing is missed.
  init(of slot: Slot, in samples: [CounterSample], after start: Timestamp) {
    var earlier: (source: String, counters: SlotCounters)?
    for sample in samples {
      guard let counters = sample.slots[slot] else { continue }
      if let earlier, sample.at > start {
        if sample.source == earlier.source, let difference = counters.since(earlier.counters) {
          // Without a histogram at the interval's start its latencies would be those of the counter's whole life.
          add(difference, latency: earlier.counters.latency == nil ? nil : difference.latency)
        } else {
          lost += 1
        }
      }
      earlier = (sample.source, counters)
    }
  }

  private mutating func add(_ difference: SlotCounters, latency more: LatencyHistogram?) {
    requests = requests.saturated(adding: difference.requests)
    errors = errors.saturated(adding: difference.serverErrors.saturated(adding: difference.connectionErrors))
    guard !isLatencyIncomplete else { return }
    switch (latency, more) {
    case (nil, let more?): latency = more
    case (let sum?, let more?):
      latency = sum.adding(more)
      isLatencyIncomplete = latency == nil
    case (_, nil):
      guard difference.requests > 0 else { return }
      latency = nil
      isLatencyIncomplete = true
    }
  }

  /// Errors per request; nil without requests.
  var errorRate: Double? { requests == 0 ? nil : Double(errors) / Double(requests) }

  /// The figures as they are journaled and shown.
  func figures(crashes: Int) -> WatchFigures {
    WatchFigures(
      requests: requests, errors: errors, errorRate: errorRate, p50: latency?.quantile(0.5)?.value,
      p95: latency?.quantile(0.95)?.value, p99: latency?.quantile(0.99)?.value, crashes: crashes)
  }
}

extension UInt64 {
  fileprivate func saturated(adding other: UInt64) -> UInt64 {
    let (sum, overflow) = addingReportingOverflow(other)
    return overflow ? .max : sum
  }
}

/// How often something happened to a slot since the first reading: its process crashed, its database lost a connection.
enum CrashCount {
  /// The growth of the count; nil when the newest reading has none, which means that nobody counts.
  ///
  /// A count that went down began anew and is added as it stands, which is never more than what was counted since.
  static func growth(
    of slot: Slot, in samples: [CounterSample], _ count: KeyPath<CounterSample, [Slot: Int]> = \.crashes
  ) -> Int? {
    guard samples.last?[keyPath: count][slot] != nil else { return nil }
    let counts = samples.compactMap { $0[keyPath: count][slot] }.map { max(0, $0) }
    return zip(counts, counts.dropFirst()).reduce(0) { sum, pair in
      sum.addingReportingOverflow(pair.1 >= pair.0 ? pair.1 - pair.0 : pair.1).partialValue
    }
  }
}
