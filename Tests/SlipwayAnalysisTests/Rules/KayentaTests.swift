import SlipwayAnalysis
import SlipwayModel
import Testing

/// Facts of spinnaker/kayenta's ClassifierSuite and ScorerSuite (canary-analysis, section 8).
@Suite("Kayenta: classifier and score")
struct KayentaTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var testDescription: String
    var canary: [Double]
    var baseline: [Double]
    var metric: KayentaMetric
    var label: KayentaClassification.Label
    var isCritical = false
  }

  static func metric(
    _ direction: KayentaMetric.Direction = .either, critical: Bool = false, nan: KayentaMetric.MissingPoints = .remove,
    mustHaveData: Bool = false, allowed: (Double, Double)? = nil, criticalAt: (Double, Double)? = nil,
    effect: KayentaMetric.EffectSize = .meanRatio
  ) -> KayentaMetric {
    KayentaMetric(
      name: "metric", source: .errorRate, direction: direction, nan: nan, critical: critical,
      mustHaveData: mustHaveData, effectSize: effect, allowedIncrease: allowed?.1, allowedDecrease: allowed?.0,
      criticalIncrease: criticalAt?.1, criticalDecrease: criticalAt?.0)
  }

  static func times(_ count: Int, _ value: Double) -> [Double] { Array(repeating: value, count: count) }

  static let cases: [Case] = [
    Case(
      testDescription: "Mean Ratio Effect Size: High", canary: Vectors.x3, baseline: Vectors.y3,
      metric: metric(allowed: (0.8, 1.2)), label: .high),
    Case(
      testDescription: "Mean Ratio Effect Size: Pass", canary: [10, 12.2, 10.1, 12.5, 23],
      baseline: [20, 22, 21, 25, 30], metric: metric(allowed: (0.5, 1.0)), label: .pass),
    Case(
      testDescription: "Critical Effect Size: Critical Low", canary: [2, 2, 2, 2, 3],
      baseline: [10, 20.2, 10.1, 20.5, 30], metric: metric(critical: true, criticalAt: (1.2, 1.0)), label: .low,
      isCritical: true),
    Case(
      testDescription: "Critical Effect Size: High", canary: Vectors.x3, baseline: Vectors.y3,
      metric: metric(critical: true, allowed: (1, 5), criticalAt: (1, 13)), label: .high),
    Case(
      testDescription: "Critical Effect Size: Pass", canary: Vectors.x3, baseline: Vectors.y3,
      metric: metric(critical: true, allowed: (1, 13), criticalAt: (1, 13)), label: .pass),
    Case(
      testDescription: "Tied Observations", canary: [1, 1, 1], baseline: [1, 1], metric: metric(), label: .pass),
    Case(
      testDescription: "Identical Populations", canary: [1, 2, 3, 4, 5], baseline: [5, 4, 3, 2, 1], metric: metric(),
      label: .pass),
    Case(
      testDescription: "Leading Zero Identical Population", canary: [0, 1, 1, 1, 1], baseline: times(5, 1),
      metric: metric(.decrease), label: .pass),
    Case(
      testDescription: "Majority Tied Observations", canary: [1, 1, 1, 1, 10], baseline: times(5, 1),
      metric: metric(), label: .pass),
    Case(
      testDescription: "Tied Ranks", canary: times(5, 10), baseline: times(5, 1), metric: metric(), label: .high),
    Case(
      testDescription: "Tied Ranks With Zeros", canary: times(5, 10), baseline: times(5, 0), metric: metric(),
      label: .high),
    Case(
      testDescription: "Zero Mean: High Metric with Effect Size", canary: [54.9, 54.5, 55.1, 55.6, 57.4],
      baseline: times(5, 0), metric: metric(allowed: (0.8, 1.2)), label: .high),
    Case(
      testDescription: "Zero Mean: Low Metric with Effect Size", canary: times(5, 0),
      baseline: [54.9, 54.5, 55.1, 55.6, 57.4], metric: metric(allowed: (0.8, 1.2)), label: .low),
    Case(
      testDescription: "Zero Mean: both", canary: times(5, 0), baseline: times(5, 0), metric: metric(), label: .pass),
    Case(
      testDescription: "Missing Experiment Data", canary: [], baseline: [1, 2, 3, 4, 5], metric: metric(),
      label: .noData),
    Case(
      testDescription: "Missing Experiment Data: Critical Metric", canary: [], baseline: [1, 2, 3, 4, 5],
      metric: metric(critical: true), label: .noData, isCritical: true),
    Case(
      testDescription: "Missing Experiment Data with NaN Replacement", canary: [], baseline: [1, 2, 3, 4, 5],
      metric: metric(nan: .replace), label: .pass),
    Case(
      testDescription: "Missing data where there must be some", canary: [], baseline: [1, 2],
      metric: metric(mustHaveData: true), label: .noDataFail),
    Case(
      testDescription: "Directional Test: lower data, direction increase", canary: Vectors.y3, baseline: Vectors.x3,
      metric: metric(.increase), label: .pass),
    Case(
      testDescription: "Directional Test: higher data, direction decrease", canary: Vectors.x3, baseline: Vectors.y3,
      metric: metric(.decrease), label: .pass),
    Case(
      testDescription: "Common language: every value above", canary: Vectors.x3, baseline: Vectors.y3,
      metric: metric(allowed: (0.2, 0.9), effect: .commonLanguage), label: .high),
    Case(
      testDescription: "Common language: not enough above", canary: [10, 12.2, 10.1, 12.5, 23],
      baseline: [20, 22, 21, 25, 30], metric: metric(allowed: (0.04, 0.9), effect: .commonLanguage), label: .pass),
    Case(
      testDescription: "Large input: equal", canary: KayentaSamples.around10, baseline: KayentaSamples.other10,
      metric: metric(), label: .pass),
    Case(
      testDescription: "Large input: twice as much", canary: KayentaSamples.around20, baseline: KayentaSamples.other10,
      metric: metric(), label: .high),
    Case(
      testDescription: "Large input: half as much", canary: KayentaSamples.around10, baseline: KayentaSamples.around20,
      metric: metric(), label: .low),
    Case(
      testDescription: "Large input, direction increase: twice as much", canary: KayentaSamples.around20,
      baseline: KayentaSamples.other10, metric: metric(.increase), label: .high),
    Case(
      testDescription: "Large input, direction increase: half as much", canary: KayentaSamples.around10,
      baseline: KayentaSamples.around20, metric: metric(.increase), label: .pass),
    Case(
      testDescription: "Large input, direction decrease: twice as much", canary: KayentaSamples.around20,
      baseline: KayentaSamples.other10, metric: metric(.decrease), label: .pass),
    Case(
      testDescription: "Large input, direction decrease: half as much", canary: KayentaSamples.around10,
      baseline: KayentaSamples.around20, metric: metric(.decrease), label: .low),
    Case(
      testDescription: "Common language: no value of a large input above", canary: KayentaSamples.around10,
      baseline: KayentaSamples.around20, metric: metric(allowed: (0.2, 0.8), effect: .commonLanguage), label: .low),
    Case(
      testDescription: "Common language: every value of a large input above", canary: KayentaSamples.around20,
      baseline: KayentaSamples.other10, metric: metric(allowed: (0.2, 0.8), effect: .commonLanguage), label: .high),
    Case(
      testDescription: "One against one cannot be computed", canary: [2], baseline: [1], metric: metric(),
      label: .error),
  ]

  @Test("Kayenta's classifier cases come out as there", arguments: cases)
  func classify(one: Case) {
    let result = KayentaClassifier(one.metric, tolerance: 0.10, confidence: 0.95)
      .classify(canary: one.canary, baseline: one.baseline)
    #expect(result.label == one.label)
    #expect(result.isCritical == one.isCritical)
  }

  @Test("V7, V8, V9: High with Kayenta's own settings, and Pass when the unit is a million times smaller")
  func vectors() {
    let classifier = KayentaClassifier(Self.metric())
    #expect(classifier.classify(canary: Vectors.x3, baseline: Vectors.y3).label == .high)
    #expect((classifier.classify(canary: Vectors.x3, baseline: Vectors.y3).effect - 12.040816).magnitude < 1e-6)
    #expect(classifier.classify(canary: Vectors.x4, baseline: Vectors.y4).label == .high)
    #expect(classifier.classify(canary: Vectors.x5, baseline: Vectors.y5).label == .high)
    let small = classifier.classify(canary: Vectors.x5.map { $0 * 1e-6 }, baseline: Vectors.y5.map { $0 * 1e-6 })
    #expect(small.label == .pass)
  }

  @Test("effects that are no number are ignored, and those of nothing to compare are neutral")
  func effects() {
    let zero = KayentaClassifier(Self.metric(allowed: (0.8, 1.2)))
    #expect(zero.classify(canary: [54.9, 55], baseline: [0, 0]).effect.isNaN)
    #expect(zero.classify(canary: [0, 0], baseline: [0, 0]).effect == 1)
  }

  @Test("points without a value are removed or 0, outliers kept or removed")
  func transforms() {
    let removing = KayentaClassifier(Self.metric(nan: .remove))
    #expect(removing.classify(canary: [.nan, .nan], baseline: [1, 2]).label == .noData)
    let replacing = KayentaClassifier(Self.metric(nan: .replace))
    let replaced = replacing.classify(canary: [.nan, .nan], baseline: [0, 0])
    #expect(replaced.label == .pass)
    #expect(replaced.isWithoutData, "it is known that nothing was measured, whatever Kayenta calls it")
  }

  // MARK: Score

  typealias Entry = (group: String, classification: KayentaClassification)

  static func entry(_ label: KayentaClassification.Label, _ group: String = "a", critical: Bool = false) -> Entry {
    (group, KayentaClassification(label, effect: 1, isCritical: critical))
  }

  static func score(_ entries: [Entry], _ groups: [String: Double] = [:]) -> Double {
    KayentaScore(entries, groups: groups).value
  }

  @Test("Kayenta's scorer cases come out as there")
  func scores() {
    let entry = Self.entry
    #expect(Self.score([entry(.pass, "a", false)]) == 100)
    #expect(Self.score([entry(.high, "a", false)]) == 0)
    #expect(Self.score([entry(.noData, "a", false)]) == 0)
    #expect(Self.score([entry(.pass, "a", false), entry(.pass, "a", false), entry(.noData, "b", false)]) == 100)
    #expect(Self.score([entry(.pass, "a", false), entry(.high, "a", false)]) == 50)
    #expect(Self.score([entry(.pass, "a", false), entry(.high, "a", false), entry(.low, "a", false)]) == 33.33)
    #expect(
      Self.score([entry(.pass, "a", false), entry(.pass, "a", false), entry(.high, "b", false)], ["a": 75, "b": 25])
        == 75)
    #expect(
      Self.score([entry(.pass, "a", false), entry(.high, "a", false), entry(.high, "b", false)], ["a": 50, "b": 50])
        == 25)
    #expect(
      Self.score([entry(.pass, "a", false), entry(.noData, "a", false), entry(.high, "b", false)], ["a": 50, "b": 50])
        == 50)
    #expect(Self.score([entry(.pass, "a", false), entry(.high, "a", true)]) == 0)
    #expect(Self.score([entry(.low, "a", false), entry(.pass, "a", true)]) == 50)
    #expect(Self.score([entry(.pass, "a", false), entry(.noData, "a", true)]) == 0)
    #expect(
      Self.score(
        [entry(.high, "a", false), entry(.low, "a", false), entry(.pass, "a", false), entry(.high, "b", false)],
        ["a": 15, "b": 85]) == 5)
    #expect(Self.score([]) == 0)
  }

  @Test("Kayenta's aggregated judgements come out as there; marginal itself fails the stage")
  func stages() {
    #expect(KayentaScore.isPassed([95], marginal: nil, pass: nil))
    #expect(!KayentaScore.isPassed([60], marginal: 75, pass: 95))
    #expect(KayentaScore.isPassed([85], marginal: 75, pass: nil))
    #expect(!KayentaScore.isPassed([85], marginal: 75, pass: 95))
    #expect(KayentaScore.isPassed([97], marginal: 75, pass: 95))
    #expect(!KayentaScore.isPassed([75, 97], marginal: 75, pass: 95))
    #expect(!KayentaScore.isPassed([], marginal: nil, pass: nil))
  }
}
