/// A canary configuration with the meaning that Spinnaker's Kayenta (`NetflixACAJudge-v1.0`) gives it (canary-analysis, section 2).
package struct KayentaSpec: Codable, Sendable, Equatable {
  /// How much of the past each analysis looks at.
  package enum Lookback: Codable, Sendable, Equatable {
    /// Everything since the watch began, which is Kayenta's default.
    case growing
    /// The newest part.
    case sliding(Span)
  }

  package var metrics: [KayentaMetric]
  /// Weights in percent by group; groups without one share what is left of 100.
  package var groups: [String: Double]
  /// A score of an analysis that is not above this ends the watch at once.
  package var marginal: Double
  /// What the last analysis must reach.
  package var pass: Double
  /// Time between two analyses.
  package var interval: Span
  /// The time that one point of a metric stands for.
  package var step: Span
  package var lookback: Lookback

  package init(
    metrics: [KayentaMetric] = [], groups: [String: Double] = [:], marginal: Double = 75, pass: Double = 95,
    interval: Span = .minutes(5), step: Span = .minutes(1), lookback: Lookback = .growing
  ) {
    self.metrics = metrics
    self.groups = groups
    self.marginal = marginal
    self.pass = pass
    self.interval = interval
    self.step = step
    self.lookback = lookback
  }
}

/// One metric that green is compared with blue in.
package struct KayentaMetric: Codable, Sendable, Equatable {
  /// What counts as worse.
  package enum Direction: String, Codable, Sendable, CaseIterable { case increase, decrease, either }

  /// What becomes of points without a value.
  package enum MissingPoints: String, Codable, Sendable, CaseIterable {
    case remove
    /// They are 0.
    case replace
  }

  /// What becomes of points far from the others.
  package enum Outliers: String, Codable, Sendable, CaseIterable { case keep, remove }

  /// How large a difference is.
  package enum EffectSize: String, Codable, Sendable, CaseIterable {
    /// The mean on green divided by the one on blue; 1 is no difference.
    case meanRatio = "mean_ratio"
    /// The chance that a point of green is greater than one of blue; 0.5 is no difference.
    case commonLanguage = "cles"

    /// What stands for no difference, which is the default of every threshold.
    package var neutral: Double { self == .meanRatio ? 1 : 0.5 }
  }

  package var name: String
  package var source: RuleFigure
  package var direction: Direction
  package var nan: MissingPoints
  package var outliers: Outliers
  /// A difference here fails the analysis, whatever the score.
  package var critical: Bool
  /// Without data the metric counts as failed and not as absent.
  package var mustHaveData: Bool
  package var effectSize: EffectSize
  /// Effects below do not count as an increase; nil: no difference.
  package var allowedIncrease: Double?
  /// Effects above do not count as a decrease; nil: no difference.
  package var allowedDecrease: Double?
  /// From here an increase of a critical metric is critical; nil: no difference.
  package var criticalIncrease: Double?
  /// From here down a decrease of a critical metric is critical; nil: no difference.
  package var criticalDecrease: Double?
  package var group: String

  package init(
    name: String, source: RuleFigure, direction: Direction = .increase, nan: MissingPoints = .remove,
    outliers: Outliers = .keep, critical: Bool = false, mustHaveData: Bool = false,
    effectSize: EffectSize = .meanRatio, allowedIncrease: Double? = nil, allowedDecrease: Double? = nil,
    criticalIncrease: Double? = nil, criticalDecrease: Double? = nil, group: String = "all"
  ) {
    self.name = name
    self.source = source
    self.direction = direction
    self.nan = nan
    self.outliers = outliers
    self.critical = critical
    self.mustHaveData = mustHaveData
    self.effectSize = effectSize
    self.allowedIncrease = allowedIncrease
    self.allowedDecrease = allowedDecrease
    self.criticalIncrease = criticalIncrease
    self.criticalDecrease = criticalDecrease
    self.group = group
  }
}
