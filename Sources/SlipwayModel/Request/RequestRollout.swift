/// How traffic would move, what is asked on the way, and what is watched.
package struct RequestRollout: Codable, Sendable, Equatable {
  package var steps: [Share]
  /// What is asked of the candidate before it gets traffic, by name; health is always asked.
  package var checksBeforeTraffic: [String]
  package var checksAfterRollout: [String]
  /// The rules of the watch, a sentence each.
  package var rules: [String]
  package var minimumRequests: Int
  /// Manual steps, as people will read them.
  package var confirmations: [String]

  /// A share of the traffic and how long it is watched.
  package struct Share: Codable, Sendable, Equatable {
    package var percent: Int
    package var watchedFor: Span
  }

  init(_ plan: Plan) {
    var shares: [Share] = []
    (checksBeforeTraffic, checksAfterRollout, confirmations) = ([], [], [])
    for step in plan.steps {
      switch step.action {
      case .watch(let percent, let duration): shares.append(Share(percent: percent, watchedFor: duration))
      case .verify(.green, let checks): checksBeforeTraffic += checks.map(\.name)
      case .verify(.front, let checks): checksAfterRollout += checks.map(\.name)
      case .confirm(let spec):
        let place = spec.step == nil ? " (\(spec.place.rawValue))" : ""
        confirmations.append("\(spec.id)\(place): \(spec.instructions)")
      default: break
      }
    }
    steps = shares
    rules = plan.watch.rules.flatMap(Self.sentences)
    minimumRequests = plan.watch.minimumRequests
  }

  private static func sentences(_ rule: WatchRule) -> [String] {
    rule.limits.map { limit in
      let bound = rule.metric.shows(limit.bound)
      let what =
        switch limit.consequence {
        case .alert: "people are told"
        case .pause: "the run pauses and asks"
        case .rollBack: "traffic goes back"
        }
      return "\(rule.metric.spoken) \(limit.side.rawValue) \(bound): \(what)"
    }
  }
}

extension WatchMetric {
  /// The quantity as people call it.
  fileprivate var spoken: String { rawValue.replacing("_", with: " ") }

  fileprivate func shows(_ bound: Double) -> String {
    switch self {
    case .errorRate, .errorRateIncrease, .availability, .p95Increase, .p99Increase: return bound.percent
    case .p95, .p99:
      guard bound.isFinite, bound.magnitude < 1e9 else { return "\(bound) s" }
      return Span(milliseconds: Int64((bound * 1_000).rounded())).spoken
    case .crashes, .databaseErrors, .gauge:
      return bound == bound.rounded() && bound.magnitude < 1e9 ? "\(Int(bound))" : "\(bound)"
    }
  }
}
