/// Request latencies as counts per bucket; cumulative over the life of the counter that they come from.
package struct LatencyHistogram: Codable, Sendable, Equatable {
  /// Upper bounds in seconds, inclusive, strictly rising.
  package let bounds: [Double]
  /// Requests in each bucket, one more than `bounds`: the last holds what is slower than the last bound.
  package private(set) var counts: [UInt64]

  /// The bounds that the router uses: dense where services answer, 1 ms to 10 s.
  package static let routerBounds: [Double] = [
    0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2,
    3, 5, 10,
  ]

  package init(bounds: [Double] = LatencyHistogram.routerBounds) {
    self.bounds = bounds
    counts = Array(repeating: 0, count: bounds.count + 1)
  }

  /// Wraps counts read from elsewhere; nil when the shapes do not fit or the bounds do not rise.
  package init?(bounds: [Double], counts: [UInt64]) {
    guard counts.count == bounds.count + 1, zip(bounds, bounds.dropFirst()).allSatisfy({ $0 < $1 }) else { return nil }
    self.bounds = bounds
    self.counts = counts
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let bounds = try container.decode([Double].self, forKey: .bounds)
    let counts = try container.decode([UInt64].self, forKey: .counts)
    guard let histogram = LatencyHistogram(bounds: bounds, counts: counts) else {
      throw DecodingError.dataCorruptedError(
        forKey: .counts, in: container,
        debugDescription: "\(counts.count) counts for \(bounds.count) bounds, or bounds that do not rise")
    }
    self = histogram
  }

  package var total: UInt64 { counts.reduce(0, &+) }

  /// Counts one request that took `seconds`.
  package mutating func record(seconds: Double) {
    var low = 0
    var high = bounds.count
    while low < high {
      let middle = (low + high) / 2
      if seconds <= bounds[middle] { high = middle } else { low = middle + 1 }
    }
    counts[low] &+= 1
  }

  /// What came in since `earlier`; nil when the buckets differ or a count went down, which means the source started anew.
  package func since(_ earlier: LatencyHistogram) -> LatencyHistogram? {
    guard bounds == earlier.bounds else { return nil }
    var difference: [UInt64] = []
    for (now, before) in zip(counts, earlier.counts) {
      guard now >= before else { return nil }
      difference.append(now - before)
    }
    return LatencyHistogram(bounds: bounds, counts: difference)
  }
}

/// What one slot has answered since its counters began; every field only grows until the source restarts.
package struct SlotCounters: Codable, Sendable, Equatable {
  /// Requests answered or failed, all classes together.
  package var requests: UInt64
  /// Answers with status 500 to 599.
  package var serverErrors: UInt64
  /// Requests that got no answer from this slot: refused, reset or timed out.
  package var connectionErrors: UInt64
  /// Answers with status 400 to 499; never counted as the release's fault by default.
  package var clientErrors: UInt64
  /// Latencies of answered requests; nil when the source has none.
  package var latency: LatencyHistogram?

  package init(
    requests: UInt64 = 0, serverErrors: UInt64 = 0, connectionErrors: UInt64 = 0, clientErrors: UInt64 = 0,
    latency: LatencyHistogram? = nil
  ) {
    self.requests = requests
    self.serverErrors = serverErrors
    self.connectionErrors = connectionErrors
    self.clientErrors = clientErrors
    self.latency = latency
  }

  /// Requests that count against the release: server errors and requests without an answer.
  package var errors: UInt64 { serverErrors &+ connectionErrors }

  /// What came in since `earlier`; nil when a count went down, which means the source restarted and the window is lost.
  package func since(_ earlier: SlotCounters) -> SlotCounters? {
    guard requests >= earlier.requests, serverErrors >= earlier.serverErrors,
      connectionErrors >= earlier.connectionErrors, clientErrors >= earlier.clientErrors
    else { return nil }
    var window = SlotCounters(
      requests: requests - earlier.requests, serverErrors: serverErrors - earlier.serverErrors,
      connectionErrors: connectionErrors - earlier.connectionErrors, clientErrors: clientErrors - earlier.clientErrors)
    switch (latency, earlier.latency) {
    case (let now?, let before?):
      guard let difference = now.since(before) else { return nil }
      window.latency = difference
    case (let now?, nil): window.latency = now
    case (nil, _): window.latency = nil
    }
    return window
  }
}
