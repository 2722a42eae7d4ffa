/// One reading of every slot's counters at one instant.
package struct CounterSample: Codable, Sendable, Equatable {
  package var at: Timestamp
  /// Changes when the source's counters began anew; differences over a change mean nothing.
  package var source: String
  package var slots: [Slot: SlotCounters]
  /// Process crashes per slot since the slot's release was started; empty where nobody counts them.
  package var crashes: [Slot: Int]
  /// Connections to each slot's database that ended in an error, since its statistics began; empty where nobody counts them.
  package var databaseErrors: [Slot: Int]
  /// What was read besides counts, by name and slot: memory, CPU, pool use (C5). Empty where none is asked for.
  package var gauges: [Slot: [String: Double]]
  /// Why a slot has no counters or no latencies, in words; nil where nothing is missing.
  package var missing: [Slot: String]?

  package init(
    at: Timestamp, source: String, slots: [Slot: SlotCounters], crashes: [Slot: Int] = [:],
    databaseErrors: [Slot: Int] = [:], gauges: [Slot: [String: Double]] = [:], missing: [Slot: String]? = nil
  ) {
    self.missing = missing
    self.databaseErrors = databaseErrors
    self.gauges = gauges
    self.at = at
    self.source = source
    self.slots = slots
    self.crashes = crashes
  }
}

extension Slot: CodingKeyRepresentable {}
extension Role: CodingKeyRepresentable {}

/// What a watch concluded from the counters of one instant. Only ``healthy`` ever lets a promotion go on.
package enum WatchVerdict: String, Codable, Sendable, CaseIterable {
  /// Every rule was measured on enough requests and none is crossed.
  case healthy
  /// A rule's roll-back limit is crossed.
  case breach
  /// A rule's pause limit is crossed and no roll-back limit.
  case pause
  /// A limit is crossed on green and on blue alike: the trouble is not the release's, and a person decides.
  case environment
  /// Too few requests to say.
  case undecided
  /// The source answered, but has no figures for green.
  case noData
  /// The source could not be read.
  case error
}

/// Figures of one role over the judged window; rates are fractions, latencies seconds; nil where nothing was measured.
package struct WatchFigures: Codable, Sendable, Equatable {
  package var requests: UInt64
  package var errors: UInt64
  package var errorRate: Double?
  package var p50: Double?
  package var p95: Double?
  package var p99: Double?
  package var crashes: Int

  package init(
    requests: UInt64 = 0, errors: UInt64 = 0, errorRate: Double? = nil, p50: Double? = nil, p95: Double? = nil,
    p99: Double? = nil, crashes: Int = 0
  ) {
    self.requests = requests
    self.errors = errors
    self.errorRate = errorRate
    self.p50 = p50
    self.p95 = p95
    self.p99 = p99
    self.crashes = crashes
  }
}

/// A limit that is crossed, in figures and in words.
package struct WatchFinding: Codable, Sendable, Equatable {
  package var metric: WatchMetric
  /// Which gauge, where `metric` is one.
  package var gauge: String?
  package var consequence: WatchLimit.Consequence
  package var value: Double
  package var bound: Double
  /// Such as `error rate 6.2 % of 412 requests on green is above 5 %`.
  package var text: String

  package init(
    metric: WatchMetric, gauge: String? = nil, consequence: WatchLimit.Consequence, value: Double, bound: Double,
    text: String
  ) {
    self.metric = metric
    self.gauge = gauge
    self.consequence = consequence
    self.value = value
    self.bound = bound
    self.text = text
  }
}

/// A verdict with everything it was drawn from.
package struct WatchJudgement: Codable, Sendable, Equatable {
  package var verdict: WatchVerdict
  /// One sentence for a person: why this verdict.
  package var reason: String
  package var findings: [WatchFinding]
  package var blue: WatchFigures?
  package var green: WatchFigures?
  /// What the sequential judge carries to the next look; nil with every other judge.
  package var state: SequentialState?
  /// What the sequential judge has tested, with its figures; nil with every other judge.
  package var report: SequentialReport?
  /// What a rule of another tool came to, number by number; nil with every other judge.
  package var evaluation: RuleEvaluation?

  package init(
    verdict: WatchVerdict, reason: String, findings: [WatchFinding] = [], blue: WatchFigures? = nil,
    green: WatchFigures? = nil, state: SequentialState? = nil, report: SequentialReport? = nil,
    evaluation: RuleEvaluation? = nil
  ) {
    self.evaluation = evaluation
    self.state = state
    self.report = report
    self.verdict = verdict
    self.reason = reason
    self.findings = findings
    self.blue = blue
    self.green = green
  }
}
