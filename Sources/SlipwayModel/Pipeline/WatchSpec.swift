/// What is watched while green takes traffic, and what follows from it.
package struct WatchSpec: Codable, Sendable, Equatable {
  /// Time between two measurements.
  package var every: Span
  /// Below this many requests on green in the window a verdict is undecided.
  package var minimumRequests: Int
  /// The newest part of the watch that rules look at; a shorter watch is looked at whole.
  package var window: Span
  /// How much longer than planned a watch may go on while undecided.
  package var patience: Span
  /// What happens when patience ends without a verdict.
  package var whenUndecided: UndecidedPolicy
  package var rules: [WatchRule]
  package var judge: JudgeSpec

  package init(
    every: Span = .seconds(2), minimumRequests: Int = 50, window: Span = .minutes(5), patience: Span = .minutes(10),
    whenUndecided: UndecidedPolicy = .pause, rules: [WatchRule] = [], judge: JudgeSpec = .sequential(SequentialSpec())
  ) {
    self.judge = judge
    self.every = every
    self.minimumRequests = minimumRequests
    self.window = window
    self.patience = patience
    self.whenUndecided = whenUndecided
    self.rules = rules
  }
}

/// What follows when a watch could not decide in time.
package enum UndecidedPolicy: String, Codable, Sendable, CaseIterable {
  /// A person is asked.
  case pause
  case rollBack = "roll-back"
}

/// One measured quantity and its limits.
package struct WatchRule: Codable, Sendable, Equatable {
  package var metric: WatchMetric
  package var limits: [WatchLimit]

  package init(_ metric: WatchMetric, _ limits: [WatchLimit]) {
    self.metric = metric
    self.limits = limits
  }
}

/// What a rule measures on green. Rates are fractions (1 % is 0.01), latencies seconds, increases relative to blue in the same window
/// (`errorRateIncrease`: difference of the two rates; `p99Increase`: ratio minus 1).
package enum WatchMetric: String, Codable, Sendable, CaseIterable {
  case errorRate = "error_rate"
  case errorRateIncrease = "error_rate_increase"
  case availability
  case p95
  case p99
  case p95Increase = "p95_increase"
  case p99Increase = "p99_increase"
  /// Process crashes since the watch began; needs no minimum of requests.
  case crashes
  /// Connections to the database that ended in an error since the watch began (B8); needs no minimum of requests.
  case databaseErrors = "database_errors"
  /// One of the environment's gauges, which are judged by their own limits and never by a rule (C5).
  case gauge
}

/// A bound and what follows when it is crossed.
package struct WatchLimit: Codable, Sendable, Equatable {
  package enum Consequence: String, Codable, Sendable, CaseIterable, Comparable {
    case alert
    case pause
    case rollBack = "roll_back"

    private var rank: Int {
      switch self {
      case .alert: 0
      case .pause: 1
      case .rollBack: 2
      }
    }

    package static func < (left: Consequence, right: Consequence) -> Bool { left.rank < right.rank }
  }

  package enum Side: String, Codable, Sendable {
    case above
    case below
  }

  package var consequence: Consequence
  package var side: Side
  package var bound: Double

  package init(_ consequence: Consequence, _ side: Side, _ bound: Double) {
    self.consequence = consequence
    self.side = side
    self.bound = bound
  }

  /// Whether `value` crosses the bound; exactly on it does not. A value that is no number always crosses.
  package func isCrossed(by value: Double) -> Bool {
    guard value.isFinite else { return true }
    return side == .above ? value > bound : value < bound
  }
}
