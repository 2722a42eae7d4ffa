/// What is looked at once a release serves, in three phases (E14).
///
/// Looks change nothing: what they find is told to people, at most with the command that goes back.
package struct AftercareSpec: Codable, Sendable, Equatable {
  /// Whether it is there at all: 0 to 5 minutes.
  package var alive: AftercarePhaseSpec
  /// Whether it is as good as what served before: 5 to 30 minutes.
  package var healthy: AftercarePhaseSpec
  /// Whether it stays so: 30 minutes to 24 hours.
  package var lasting: AftercarePhaseSpec

  package init(alive: AftercarePhaseSpec, healthy: AftercarePhaseSpec, lasting: AftercarePhaseSpec) {
    self.alive = alive
    self.healthy = healthy
    self.lasting = lasting
  }

  package subscript(phase: AftercarePhase) -> AftercarePhaseSpec {
    switch phase {
    case .alive: alive
    case .healthy: healthy
    case .lasting: lasting
    }
  }

  /// When a phase begins, counted from the moment the release serves.
  package func start(of phase: AftercarePhase) -> Span {
    switch phase {
    case .alive: .zero
    case .healthy: alive.until
    case .lasting: healthy.until
    }
  }

  /// What `after: standard` means: the figures of E14, on what every environment has.
  package static let standard = AftercareSpec(
    alive: AftercarePhaseSpec(
      until: .minutes(5), every: .seconds(30),
      checks: [
        AftercareCheck(.liveness), AftercareCheck(.readiness),
        AftercareCheck(.processes, then: .askRollback, patience: 1),
        AftercareCheck(.version), AftercareCheck(.traffic(minimum: 1), patience: 4),
      ]),
    healthy: AftercarePhaseSpec(
      until: .minutes(30), every: .minutes(1),
      checks: [
        AftercareCheck(.readiness), AftercareCheck(.processes, then: .askRollback, patience: 1),
        AftercareCheck(.errorRate(above: 0.01), then: .askRollback),
        AftercareCheck(.p99Increase(above: 0.1), patience: 3),
        AftercareCheck(.throughput(below: 0.5, above: 2), patience: 3), AftercareCheck(.dependencies),
      ]),
    lasting: AftercarePhaseSpec(
      until: .hours(24), every: .minutes(10),
      checks: [
        AftercareCheck(.readiness), AftercareCheck(.processes, patience: 1),
        AftercareCheck(.errorRate(above: 0.01)),
        AftercareCheck(.trend(TrendSpec(gauge: nil, limit: .grows(1, within: .hours(24))))),
      ]))
}

/// One of the three phases, in their order.
package enum AftercarePhase: String, Codable, Sendable, CaseIterable, Comparable, CodingKeyRepresentable {
  case alive, healthy, lasting

  private var rank: Int { Self.allCases.firstIndex(of: self) ?? 0 }
  package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}

/// When a phase ends, how often it looks, and at what.
package struct AftercarePhaseSpec: Codable, Sendable, Equatable {
  /// Counted from the moment the release serves.
  package var until: Span
  package var every: Span
  package var checks: [AftercareCheck]

  package init(until: Span, every: Span, checks: [AftercareCheck]) {
    self.until = until
    self.every = every
    self.checks = checks
  }
}

/// One thing that is looked at again and again, and what follows when it is not as it should be.
package struct AftercareCheck: Codable, Sendable, Equatable {
  package var name: String
  package var question: AftercareQuestion
  package var consequence: AftercareConsequence
  /// So many looks in a row must fail before people are told.
  package var patience: Int

  package init(
    _ question: AftercareQuestion, name: String? = nil, then consequence: AftercareConsequence = .alert,
    patience: Int = 2
  ) {
    self.name = name ?? question.name
    self.question = question
    self.consequence = consequence
    self.patience = patience
  }
}

/// What a finding leads to; never to an act of Slipway's own.
package enum AftercareConsequence: String, Codable, Sendable, CaseIterable {
  /// People are told.
  case alert
  /// People are told, with the command that goes back.
  case askRollback = "ask-rollback"
}

/// What is asked.
package enum AftercareQuestion: Codable, Sendable, Equatable {
  /// The release's own slot answers health.
  case liveness
  /// Health through the front door.
  case readiness
  /// No process has crashed.
  case processes
  /// The release that answers is this one.
  case version
  /// At least so many requests came in since it serves.
  case traffic(minimum: Int)
  /// Share of failed requests.
  case errorRate(above: Double)
  /// The 99th percentile against what served before the promotion: 0.1 is 10 % more.
  case p99Increase(above: Double)
  /// Requests a second as a share of those before the promotion.
  case throughput(below: Double, above: Double)
  /// The dependencies of the promotion's gates.
  case dependencies
  case alerts(AlertsSpec)
  case monitoring(MonitoringSpec)
  case check(CheckSpec)
  case trend(TrendSpec)
  case figure(FigureSpec)

  /// What a check is called that has no name of its own.
  package var name: String {
    switch self {
    case .liveness: "liveness"
    case .readiness: "readiness"
    case .processes: "processes"
    case .version: "version"
    case .traffic: "traffic"
    case .errorRate: "error-rate"
    case .p99Increase: "p99-increase"
    case .throughput: "throughput"
    case .dependencies: "dependencies"
    case .alerts: "alerts"
    case .monitoring: "monitoring"
    case .check(let check): check.name
    case .trend(let trend): trend.gauge.map { "trend-\($0)" } ?? "trends"
    case .figure: "figure"
    }
  }

  /// Whether it is judged on the counters of the data plane or the metrics source.
  package var needsCounters: Bool {
    switch self {
    case .processes, .traffic, .errorRate, .p99Increase, .throughput: true
    case .liveness, .readiness, .version, .dependencies, .alerts, .monitoring, .check, .trend, .figure: false
    }
  }
}

/// Alerts of an Alertmanager that must not have begun since the release serves.
package struct AlertsSpec: Codable, Sendable, Equatable {
  /// Such as `http://alertmanager:9093`.
  package var url: SecretText
  /// As Alertmanager writes them: `severity="critical"`, `service=~"shop.*"`. All must hold.
  package var matchers: [String]
  package var headers: [String: SecretText]
  package var timeout: Span

  package init(
    url: SecretText, matchers: [String] = [], headers: [String: SecretText] = [:], timeout: Span = .seconds(10)
  ) {
    self.url = url
    self.matchers = matchers
    self.headers = headers
    self.timeout = timeout
  }
}

/// Whether anybody would hear of trouble (C8): alerting rules are loaded, and an alert gets through.
package struct MonitoringSpec: Codable, Sendable, Equatable {
  package var prometheus: SecretText
  /// Takes a test alert; nil: none is sent.
  package var alertmanager: SecretText?
  /// What there must be a rule for.
  package var rules: [MonitoringRule]
  package var headers: [String: SecretText]
  package var timeout: Span

  package init(
    prometheus: SecretText, alertmanager: SecretText? = nil, rules: [MonitoringRule] = MonitoringRule.standard,
    headers: [String: SecretText] = [:], timeout: Span = .seconds(10)
  ) {
    self.prometheus = prometheus
    self.alertmanager = alertmanager
    self.rules = rules
    self.headers = headers
    self.timeout = timeout
  }
}

/// An alerting rule that there must be, by a pattern that its name or expression matches; case does not matter.
package struct MonitoringRule: Codable, Sendable, Equatable {
  package var name: String
  package var pattern: String

  package init(_ name: String, _ pattern: String) {
    self.name = name
    self.pattern = pattern
  }

  /// The four of C8.
  package static let standard = [
    MonitoringRule("error rate", "error|5xx|code=~\"5"), MonitoringRule("p95", "p95|0\\.95|latency|duration"),
    MonitoringRule("pool", "pool|connections"), MonitoringRule("cpu", "cpu"),
  ]
}

/// Where the readings of a gauge may not lead.
package struct TrendSpec: Codable, Sendable, Equatable {
  /// A gauge of the environment; nil: each of them.
  package var gauge: String?
  package var limit: Limit

  package init(gauge: String?, limit: Limit) {
    self.gauge = gauge
    self.limit = limit
  }

  package enum Limit: Codable, Sendable, Equatable {
    /// It would be above or below a value within a time.
    case reaches(WatchLimit.Side, Double, within: Span)
    /// Its own units an hour, upward or downward.
    case perHour(WatchLimit.Side, Double)
    /// By a share of its own level within a time: 1 is doubled.
    case grows(Double, within: Span)
  }
}

/// A business figure and its bounds.
package struct FigureSpec: Codable, Sendable, Equatable {
  package var source: Source
  package var below: Double?
  package var above: Double?
  /// The share by which it may fall below, or rise above, what it was when the release began to serve.
  package var drop: Double?
  package var rise: Double?
  package var timeout: Span

  package init(
    source: Source, below: Double? = nil, above: Double? = nil, drop: Double? = nil, rise: Double? = nil,
    timeout: Span = .seconds(30)
  ) {
    self.source = source
    self.below = below
    self.above = above
    self.drop = drop
    self.rise = rise
    self.timeout = timeout
  }

  package enum Source: Codable, Sendable, Equatable {
    /// The first value of the first row, in a transaction that is taken back.
    case sql(url: SecretText, query: String)
    /// A number in a JSON answer, found by a path such as `data.orders.0.count`; the whole body without a path.
    case http(url: SecretText, path: String?, headers: [String: SecretText])
    /// A command that prints one number.
    case command(run: String, environment: [String: SecretText])
  }
}

extension AftercareSpec {
  /// Text that may refer to secrets: what must never be printed once resolved.
  package var secrets: [SecretText] {
    AftercarePhase.allCases.flatMap { self[$0].checks }.flatMap { check -> [SecretText] in
      switch check.question {
      case .alerts(let spec): [spec.url] + spec.headers.values
      case .monitoring(let spec): [spec.prometheus] + (spec.alertmanager.map { [$0] } ?? []) + spec.headers.values
      case .figure(let spec):
        switch spec.source {
        case .sql(let url, _): [url]
        case .http(let url, _, let headers): [url] + headers.values
        case .command(_, let environment): Array(environment.values)
        }
      case .liveness, .readiness, .processes, .version, .traffic, .errorRate, .p99Increase, .throughput, .dependencies,
        .check, .trend:
        []
      }
    }
  }
}
