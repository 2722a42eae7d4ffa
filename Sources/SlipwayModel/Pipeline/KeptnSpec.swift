/// Service level objectives with the meaning that Keptn gives them (canary-analysis, section 2), judged at the end of a watch.
package struct KeptnSpec: Codable, Sendable, Equatable {
  /// What follows from a score between `total_score.warning` and `total_score.pass`.
  package enum OnWarning: String, Codable, Sendable, CaseIterable { case pause, pass }

  /// The file as the pipeline file names it.
  package var file: String
  /// Of the file's bytes, so that an approval is bound to them; nil where it was not read.
  package var digest: Digest?
  package var objectives: ServiceLevelObjectives
  package var onWarning: OnWarning

  package init(
    file: String = "", digest: Digest? = nil, objectives: ServiceLevelObjectives = ServiceLevelObjectives(),
    onWarning: OnWarning = .pause
  ) {
    self.file = file
    self.digest = digest
    self.objectives = objectives
    self.onWarning = onWarning
  }
}

/// The content of an SLO file, or of an `AnalysisDefinition` of Keptn's lifecycle toolkit.
package struct ServiceLevelObjectives: Codable, Sendable, Equatable {
  package var comparison: SLOComparison
  package var objectives: [SLOObjective]
  /// The score in percent that passes.
  package var pass: Double
  /// The score in percent that passes with a warning; nil: none.
  package var warning: Double?

  package init(
    comparison: SLOComparison = SLOComparison(), objectives: [SLOObjective] = [], pass: Double = 90,
    warning: Double? = nil
  ) {
    self.comparison = comparison
    self.objectives = objectives
    self.pass = pass
    self.warning = warning
  }
}

/// Which earlier results a criterion with a sign or `%` is held against.
package struct SLOComparison: Codable, Sendable, Equatable {
  /// Which results of a figure count, by what it came to then.
  package enum Included: String, Codable, Sendable, CaseIterable {
    case pass
    case passOrWarn = "pass_or_warn"
    case all
  }

  /// How several results become one number.
  package enum Aggregate: String, Codable, Sendable, CaseIterable { case avg, p50, p90, p95 }

  /// How many earlier evaluations are looked at, the newest first.
  package var count: Int
  package var included: Included
  package var aggregate: Aggregate

  package init(count: Int = 3, included: Included = .all, aggregate: Aggregate = .avg) {
    self.count = count
    self.included = included
    self.aggregate = aggregate
  }
}

/// One figure and what is expected of it.
package struct SLOObjective: Codable, Sendable, Equatable {
  /// What is expected, in the language of one of the two formats.
  package enum Expectation: Codable, Sendable, Equatable {
    /// Criteria in a list must all hold, one of the lists is enough; no list for `pass`: for information only.
    case criteria(pass: [[SLOCriterion]], warning: [[SLOCriterion]])
    /// The lifecycle toolkit's: what fails, else what warns, else it passes.
    case target(failure: SLOBound?, warning: SLOBound?)
  }

  /// The figure's name as the file has it.
  package var name: String
  package var figure: RuleFigure
  package var weight: Int
  /// Failing here fails everything.
  package var isKey: Bool
  package var expectation: Expectation

  package init(
    name: String, figure: RuleFigure? = nil, weight: Int = 1, isKey: Bool = false,
    expectation: Expectation = .criteria(pass: [], warning: [])
  ) {
    self.name = name
    self.figure = figure ?? RuleFigure(name: name)
    self.weight = weight
    self.isKey = isKey
    self.expectation = expectation
  }

  /// Whether it counts in the score.
  package var isScored: Bool {
    if case .criteria(let pass, _) = expectation { !pass.isEmpty } else { true }
  }
}

/// `<=+10%`, `<600`, `=0`: an operator and a number, absolute or relative to earlier results.
package struct SLOCriterion: Codable, Sendable, Equatable {
  package enum Operator: String, Codable, Sendable, CaseIterable {
    case lessOrEqual = "<="
    case less = "<"
    case equal = "="
    case greaterOrEqual = ">="
    case greater = ">"
  }

  package var comparator: Operator
  package var value: Double
  /// Whether `value` is a percentage of earlier results.
  package var isPercentage: Bool
  /// Whether it is held against earlier results.
  package var isComparison: Bool
  /// Whether `value` is added to them; else taken off.
  package var isIncrease: Bool

  package init(
    _ comparator: Operator, _ value: Double, isPercentage: Bool = false, isComparison: Bool = false,
    isIncrease: Bool = false
  ) {
    self.comparator = comparator
    self.value = value
    self.isPercentage = isPercentage
    self.isComparison = isComparison
    self.isIncrease = isIncrease
  }
}

/// A bound as the lifecycle toolkit writes it.
package enum SLOBound: Codable, Sendable, Equatable {
  case lessThan(Double)
  case lessThanOrEqual(Double)
  case greaterThan(Double)
  case greaterThanOrEqual(Double)
  case equalTo(Double)
  /// Both ends included.
  case inRange(Double, Double)
  case notInRange(Double, Double)

  /// Whether `value` fulfils it; what is no number fulfils nothing.
  package func holds(_ value: Double) -> Bool {
    switch self {
    case .lessThan(let bound): value < bound
    case .lessThanOrEqual(let bound): value <= bound
    case .greaterThan(let bound): value > bound
    case .greaterThanOrEqual(let bound): value >= bound
    case .equalTo(let bound): value == bound
    case .inRange(let low, let high): value >= low && value <= high
    case .notInRange(let low, let high): value < low || value > high
    }
  }
}
