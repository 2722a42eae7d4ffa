package import SlipwayModel

/// What Kayenta says of one metric.
package struct KayentaClassification: Sendable, Equatable {
  package enum Label: String, Sendable {
    case pass = "Pass"
    case high = "High"
    case low = "Low"
    case noData = "Nodata"
    /// No data where there must be some.
    case noDataFail = "NodataFailMetric"
    /// The test could not be computed. Kayenta counts it nowhere, so that nothing but errors is a pass; here it never is.
    case error = "Error"
  }

  package var label: Label
  /// NaN where the effect could not be measured, and then ignored.
  package var effect: Double
  /// Whether it makes the whole score 0.
  package var isCritical: Bool
  /// Whether one of the sides had no data at all, whatever the label says about it.
  package var isWithoutData: Bool

  package init(_ label: Label, effect: Double, isCritical: Bool = false, isWithoutData: Bool = false) {
    self.label = label
    self.effect = effect
    self.isCritical = isCritical
    self.isWithoutData = isWithoutData
  }
}

/// Compares the points of a metric on the canary with those on the baseline as Kayenta does (canary-analysis, section 2).
package struct KayentaClassifier: Sendable {
  /// A shift within this part of its own estimate is none.
  package var tolerance = 0.25
  package var confidence = 0.98
  package var metric: KayentaMetric

  package init(_ metric: KayentaMetric, tolerance: Double = 0.25, confidence: Double = 0.98) {
    self.metric = metric
    self.tolerance = tolerance
    self.confidence = confidence
  }

  /// What the points say; NaN stands for a point without a value.
  package func classify(canary: [Double], baseline: [Double]) -> KayentaClassification {
    let neutral = metric.effectSize.neutral
    let (above, below) = (prepared(canary), prepared(baseline))
    let isSilent = !canary.contains(where: \.isFinite) || !baseline.contains(where: \.isFinite)
    if above.isEmpty || below.isEmpty { return withoutData(neutral) }
    if above.sorted() == below.sorted() || Set(above + below).count == 1 {
      return KayentaClassification(.pass, effect: neutral, isWithoutData: isSilent)
    }
    var result = compare(above, below)
    result.isWithoutData = isSilent
    return result
  }

  private func withoutData(_ neutral: Double) -> KayentaClassification {
    if metric.nan == .replace { return KayentaClassification(.pass, effect: neutral, isWithoutData: true) }
    let label: KayentaClassification.Label =
      metric.mustHaveData && !metric.critical ? .noDataFail : .noData
    return KayentaClassification(label, effect: neutral, isCritical: metric.critical, isWithoutData: true)
  }

  private func prepared(_ points: [Double]) -> [Double] {
    let filled = metric.nan == .remove ? points.filter { !$0.isNaN } : points.map { $0.isNaN ? 0 : $0 }
    return metric.outliers == .keep ? filled : SampleStatistics.withoutOutliers(filled)
  }

  private func compare(_ canary: [Double], _ baseline: [Double]) -> KayentaClassification {
    let isConstant = Set(canary).count == 1 && Set(baseline).count == 1
    let (canary, baseline) = isConstant ? (Self.spread(canary), Self.spread(baseline)) : (canary, baseline)
    let effect =
      metric.effectSize == .meanRatio
      ? SampleStatistics.meanRatio(canary, to: baseline) : SampleStatistics.commonLanguage(canary, over: baseline)
    guard let shift = MannWhitney(canary, baseline)?.shift(confidence: confidence) else {
      return KayentaClassification(.error, effect: effect, isCritical: metric.critical)
    }
    let neutral = metric.effectSize.neutral
    let bound = tolerance * shift.estimate.magnitude
    // An effect that is no number is ignored.
    func isAtLeast(_ limit: Double?) -> Bool { effect.isNaN || effect >= limit ?? neutral }
    func isAtMost(_ limit: Double?) -> Bool { effect.isNaN || effect <= limit ?? neutral }
    if metric.direction != .decrease, shift.lower > bound, isAtLeast(metric.allowedIncrease) {
      let isCritical = metric.critical && isAtLeast(metric.criticalIncrease)
      return KayentaClassification(.high, effect: effect, isCritical: isCritical)
    }
    if metric.direction != .increase, shift.upper < -bound, isAtMost(metric.allowedDecrease) {
      let isCritical = metric.critical && isAtMost(metric.criticalDecrease)
      return KayentaClassification(.low, effect: effect, isCritical: isCritical)
    }
    return KayentaClassification(.pass, effect: effect)
  }

  /// Constant values apart by a hundred-thousandth, because ranks of constants have no spread. Kayenta draws this at random; here it is the same each
  /// time, so that a verdict can be recomputed.
  private static func spread(_ values: [Double]) -> [Double] {
    values.enumerated().map { index, value in
      value + value.magnitude * 1e-5 * NormalQuantile.value(at: (Double(index) + 0.5) / Double(values.count))
    }
  }
}
