package import SlipwayModel

/// What was counted while a release was watched, watch by watch: enough to judge it again by any rule.
package struct WatchRecording: Sendable, Equatable {
  /// One watch: the share of new requests that green had, and the readings made in it.
  package struct Stretch: Sendable, Equatable {
    package var percent: Int
    /// Cumulative counts, the first at the beginning of the watch.
    package var samples: [CounterSample]
    /// Whether a person let a stopped run go on right before, which begins the evidence anew.
    package var beginsAnew: Bool
    /// How long it was to be watched; nil: as long as was recorded.
    package var planned: Span?
    /// What the sequential judge knew at the first reading where its evidence began with it; nil: not known, or it went on.
    package var prior: Prior?
    /// When the watch was noted to have begun; nil: with its first reading.
    package var startedAt: Timestamp?

    package init(
      percent: Int, samples: [CounterSample], beginsAnew: Bool = false, planned: Span? = nil, prior: Prior? = nil,
      startedAt: Timestamp? = nil
    ) {
      self.startedAt = startedAt
      self.prior = prior
      self.planned = planned
      self.percent = percent
      self.samples = samples
      self.beginsAnew = beginsAnew
    }

    package var length: Span {
      guard let first = samples.first, let last = samples.last else { return .zero }
      return last.at - first.at
    }
  }

  /// What blue's hours before a run came to.
  package struct Prior: Sendable, Equatable {
    /// How much more than by chance counts vary.
    package var dispersion: SequentialState.Dispersion
    /// The bounds that slow requests were first counted by.
    package var edges: [Double]

    /// As the first look left them.
    package init(_ state: SequentialState) { (dispersion, edges) = (state.dispersion, state.edges) }
  }

  package var green: Slot
  /// Nil where there was nothing to compare with.
  package var blue: Slot?
  package var stretches: [Stretch]
  /// Readings from before traffic moved.
  package var reference: [CounterSample]
  /// How much more than by chance errors vary, where it was measured; nil: not known.
  package var dispersion: Double?
  /// How long was to be watched in all, over all steps; nil: as long as the stretches say.
  package var planned: Span?
  /// The last share at which blue was to get traffic too; nil: the greatest that was recorded.
  package var steady: Int?

  package init(
    green: Slot = .b, blue: Slot? = .a, stretches: [Stretch] = [], reference: [CounterSample] = [],
    dispersion: Double? = nil, planned: Span? = nil, steady: Int? = nil
  ) {
    self.planned = planned
    self.steady = steady
    self.green = green
    self.blue = blue
    self.stretches = stretches
    self.reference = reference
    self.dispersion = dispersion
  }

  /// Every reading, in the order they were made.
  package var samples: [CounterSample] { stretches.flatMap(\.samples) }
  package var startedAt: Timestamp? { stretches.first { !$0.samples.isEmpty }?.samples.first?.at }
  package var endedAt: Timestamp? { stretches.last { !$0.samples.isEmpty }?.samples.last?.at }
}

/// A mistake in a recording, with its line.
package struct RecordingError: Error, Sendable, Equatable, CustomStringConvertible {
  /// Counted from 1; 0 for the whole file.
  package let line: Int
  package let message: String

  package init(_ line: Int, _ message: String) {
    self.line = line
    self.message = message
  }

  package var description: String { line > 0 ? "line \(line): \(message)" : message }
}

/// How the counts of a recording are meant.
package enum RecordingCounts: String, Sendable, CaseIterable {
  /// Since the counters began.
  case cumulative
  /// Since the row before.
  case perInterval = "per-interval"
}

/// One row: what was counted on one slot at one instant.
struct RecordingRow {
  var line: Int
  var at: Timestamp
  var slot: Slot
  var requests: UInt64
  var errors: UInt64
  var weight: Int?
  var crashes: Int?
  /// Requests that took at most so many seconds; the key is infinite for all.
  var atMost: [Double: UInt64] = [:]
  var gauges: [String: Double] = [:]

  /// The buckets as a histogram; nil without any.
  ///
  /// - Throws: ``RecordingError`` when a later bucket holds less than an earlier one.
  func histogram() throws(RecordingError) -> LatencyHistogram? {
    let bounds = atMost.keys.filter(\.isFinite).sorted()
    guard !bounds.isEmpty else { return nil }
    var (counts, before): ([UInt64], UInt64) = ([], 0)
    for upper in bounds.map({ atMost[$0] ?? 0 }) + [atMost[.infinity] ?? requests] {
      guard upper >= before else {
        throw RecordingError(
          line, "a bucket of latencies holds less than the one before; they count requests up to a bound")
      }
      counts.append(upper - before)
      before = upper
    }
    return LatencyHistogram(bounds: bounds, counts: counts)
  }
}
