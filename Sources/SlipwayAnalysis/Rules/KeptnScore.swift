package import SlipwayModel

/// Objectives held against figures and earlier results, as Keptn's lighthouse and its lifecycle toolkit do it (canary-analysis, section 2).
package struct KeptnScore: Sendable, Equatable {
  /// What became of one objective, with what it adds to the score.
  package struct Objective: Sendable, Equatable {
    package enum Status: String, Sendable { case pass, warning, fail, info }

    package var name: String
    package var status: Status
    package var weight: Int
    package var isKey: Bool
    package var value: Double?
    /// Whether there was no figure.
    package var isMissing: Bool
    /// Whether a criterion was really held against something: a figure, or an earlier result.
    package var isCompared: Bool
    /// The earlier results as one number, where they were looked at.
    package var reference: Double?

    package init(
      _ name: String, _ status: Status, weight: Int = 1, isKey: Bool = false, value: Double? = nil,
      isMissing: Bool = false, isCompared: Bool = true, reference: Double? = nil
    ) {
      self.name = name
      self.status = status
      self.weight = weight
      self.isKey = isKey
      self.value = value
      self.isMissing = isMissing
      self.isCompared = isCompared
      self.reference = reference
    }

    var points: Double {
      switch status {
      case .pass: Double(weight)
      case .warning: Double(weight) / 2
      case .fail, .info: 0
      }
    }
  }

  package let objectives: [Objective]
  /// From 0 to 100.
  package let value: Double
  package let result: RuleEvaluation.Result

  /// The score of `objectives`: exactly Keptn's, which passes when nothing is scored.
  package init(_ objectives: [Objective], pass: Double, warning: Double?) {
    self.objectives = objectives
    let scored = objectives.filter { $0.status != .info }
    let most = scored.reduce(0) { $0 + $1.weight }
    guard !objectives.isEmpty else {
      (value, result) = (0, .fail)
      return
    }
    guard most > 0 else {
      (value, result) = (100, .pass)
      return
    }
    value = 100 * scored.reduce(0) { $0 + $1.points } / Double(most)
    let hasKeyFailed = scored.contains { $0.isKey && $0.status == .fail }
    result = hasKeyFailed ? .fail : value >= pass ? .pass : value >= warning ?? .infinity ? .warning : .fail
  }

  /// Holds `figures` against the objectives.
  ///
  /// - Parameters:
  ///   - slo: what is expected.
  ///   - figures: by the objectives' names; what is missing fails.
  ///   - previous: earlier evaluations, the newest first.
  package init(_ slo: ServiceLevelObjectives, _ figures: [String: Double], previous: [RuleEvaluation] = []) {
    let earlier = KeptnHistory(previous, slo.comparison)
    let objectives = slo.objectives.map { objective -> Objective in
      var result = Objective(objective.name, .fail, weight: objective.weight, isKey: objective.isKey)
      guard let value = figures[objective.name], value.isFinite else {
        result.isMissing = true
        if !objective.isScored { result.status = .info }
        return result
      }
      result.value = value
      result.reference = earlier.aggregate(of: objective.name)
      (result.status, result.isCompared) = Self.status(value, objective.expectation, result.reference)
      return result
    }
    self.init(objectives, pass: slo.pass, warning: slo.warning)
  }

  private static func status(
    _ value: Double, _ expectation: SLOObjective.Expectation, _ reference: Double?
  ) -> (Objective.Status, Bool) {
    switch expectation {
    case .criteria(let pass, let warning):
      guard !pass.isEmpty else { return (.info, true) }
      let criteria = (pass + warning).flatMap(\.self)
      let isCompared = reference != nil || criteria.contains { !$0.isComparison }
      if pass.contains(where: { $0.allSatisfy { $0.holds(value, reference) } }) { return (.pass, isCompared) }
      let warns = warning.contains { $0.allSatisfy { $0.holds(value, reference) } }
      return (warns ? .warning : .fail, isCompared)
    case .target(let failure, let warning):
      if failure?.holds(value) == true { return (.fail, true) }
      return (warning?.holds(value) == true ? .warning : .pass, true)
    }
  }
}

/// Earlier results as one number for each objective.
package struct KeptnHistory: Sendable {
  private let values: [String: [Double]]
  private let aggregate: SLOComparison.Aggregate

  /// Takes of `previous`, the newest first, as many as `comparison` asks for.
  package init(_ previous: [RuleEvaluation], _ comparison: SLOComparison) {
    aggregate = comparison.aggregate
    let counted = previous.filter { $0.rule == "keptn" && Self.counts($0.result.rawValue, comparison.included) }
    var values: [String: [Double]] = [:]
    for item in counted.prefix(comparison.count).flatMap(\.items) where Self.counts(item.result, comparison.included) {
      if let value = item.value { values[item.name, default: []].append(value) }
    }
    self.values = values
  }

  private static func counts(_ result: String, _ included: SLOComparison.Included) -> Bool {
    switch included {
    case .all: true
    case .passOrWarn: ["pass", "warning"].contains(result)
    case .pass: result == "pass"
    }
  }

  /// The earlier results of `name`; nil where there are none, and a criterion that asks for them passes then.
  package func aggregate(of name: String) -> Double? {
    guard let values = values[name], !values.isEmpty else { return nil }
    switch aggregate {
    case .avg: return values.reduce(0, +) / Double(values.count)
    case .p50: return Self.percentile(values, 0.5)
    case .p90: return Self.percentile(values, 0.9)
    case .p95: return Self.percentile(values, 0.95)
    }
  }

  /// The percentile at position p·(n+1), counted from 1; 0 of nothing.
  package static func percentile(_ values: [Double], _ rank: Double) -> Double {
    let sorted = values.sorted()
    guard let first = sorted.first, let last = sorted.last else { return 0 }
    let place = rank * Double(sorted.count + 1)
    if place < 1 { return first }
    if place >= Double(sorted.count) { return last }
    let below = Int(place)
    return sorted[below - 1] + (place - Double(below)) * (sorted[below] - sorted[below - 1])
  }
}

extension SLOCriterion {
  /// Whether `measured` fulfils it; a comparison without earlier results does.
  package func holds(_ measured: Double, _ reference: Double?) -> Bool {
    guard isComparison else { return comparator.holds(measured, value) }
    guard let reference else { return true }
    let change = isIncrease ? value : -value
    return comparator.holds(measured, isPercentage ? reference * (100 + change) / 100 : reference + change)
  }
}

extension SLOCriterion.Operator {
  fileprivate func holds(_ left: Double, _ right: Double) -> Bool {
    switch self {
    case .less: left < right
    case .lessOrEqual: left <= right
    case .equal: left == right
    case .greaterOrEqual: left >= right
    case .greater: left > right
    }
  }
}
