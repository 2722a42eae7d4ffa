/// What the sequential judge carries from one look to the next, so that a verdict can be recomputed from the journal alone.
///
/// Its size depends on the number of rules, never on how long is watched.
package struct SequentialState: Codable, Sendable, Equatable {
  /// Looks that were folded in.
  package var looks: Int
  /// Intervals that were counted and compared.
  package var bins: Int
  /// Intervals that could not be counted: a slot was missing, the source changed, a counter went down.
  package var missing: Int
  /// The same without a counted one in between.
  package var missingInRow: Int
  /// The reading up to which intervals were folded in.
  package var foldedUntil: Timestamp?
  /// The watch that the newest interval belongs to, by its beginning.
  package var watch: Timestamp?
  /// Time watched over all steps, in milliseconds.
  package var watched: Int64
  /// The last minute whose share of the start weights was given out (F5); -1 before the first.
  package var minute: Int
  /// How much more than by chance the counts vary (F6).
  package var dispersion: Dispersion
  /// Evidence by what it is about, such as `worse 0.01`.
  package var evidence: [String: EvidenceState]
  /// The greatest logarithm of evidence that each test had, by its name.
  package var peaks: [String: Double]
  /// The bounds of blue's histogram that the next interval's slow requests are counted by: 90th, 95th, 99th percentile; empty while nobody knows them.
  package var edges: [Double]
  /// What the interval for the increase is computed from (F7).
  package var increase: IncreaseState
  package var share: ShareState
  /// Requests and errors of all compared intervals.
  package var green: Tally
  package var blue: Tally
  /// Requests on green that were compared in this watch.
  package var inWatch: Double

  package init(dispersion: Dispersion = Dispersion()) {
    (looks, bins, missing, missingInRow, watched, minute) = (0, 0, 0, 0, 0, -1)
    (evidence, peaks, edges) = ([:], [:], [])
    self.dispersion = dispersion
    increase = IncreaseState()
    share = ShareState()
    (green, blue) = (Tally(), Tally())
    inWatch = 0
  }

  /// How much more than by chance counts vary; evidence is divided by it.
  package struct Dispersion: Codable, Sendable, Equatable {
    package var errors: Double
    package var latency: Double
    /// Minutes that it was measured on; 0 when it was not, so that a cautious value stands in.
    package var minutes: Int
    /// Whether the pipeline file says it.
    package var isGiven: Bool

    package init(errors: Double = 5, latency: Double = 5, minutes: Int = 0, isGiven: Bool = false) {
      self.errors = errors
      self.latency = latency
      self.minutes = minutes
      self.isGiven = isGiven
    }
  }

  /// How often green was left out and how the traffic was shared (T9).
  package struct ShareState: Codable, Sendable, Equatable {
    /// Logarithm of the evidence from watches with another split.
    package var carried: Double
    /// Requests of this watch.
    package var green: Double
    package var blue: Double
    package var percent: Int
    /// Intervals without a request on green in a row, and how many were expected in them.
    package var silent: Int
    package var expected: Double

    package init() { (carried, green, blue, percent, silent, expected) = (0, 0, 0, 0, 0, 0) }
  }
}

/// Requests, and how many of them were errors, or slow.
package struct Tally: Codable, Sendable, Equatable {
  package var requests: Double
  package var hits: Double

  package init(requests: Double = 0, hits: Double = 0) {
    self.requests = requests
    self.hits = hits
  }

  /// Hits per request; nil without requests.
  package var rate: Double? { requests > 0 ? hits / requests : nil }

  package static func += (sum: inout Tally, more: Tally) {
    sum.requests += more.requests
    sum.hits += more.hits
  }
}

/// Evidence against one claim: one number for each bet, and what is not at stake yet (F5).
package struct EvidenceState: Codable, Sendable, Equatable {
  /// Logarithm of what each bet has become; empty before the first weight was put on it.
  package var bets: [Double]
  /// The weight that is not at stake yet.
  package var left: Double

  package init() { (bets, left) = ([], 1) }
}

/// Sums for the interval of the increase (F7): for each bet on an increase A and B, and the same for bets on a decrease.
package struct IncreaseState: Codable, Sendable, Equatable {
  package var raisedA: [Double]
  package var raisedB: [Double]
  package var loweredA: [Double]
  package var loweredB: [Double]

  package init() { (raisedA, raisedB, loweredA, loweredB) = ([], [], [], []) }
}
