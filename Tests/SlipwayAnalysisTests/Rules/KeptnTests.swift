import SlipwayAnalysis
import SlipwayModel
import Testing

/// Facts of keptn/keptn's and keptn/lifecycle-toolkit's own tests (canary-analysis, section 8).
@Suite("Keptn: criteria and score")
struct KeptnTests {
  static func earlier(_ values: [Double], result: RuleEvaluation.Result = .pass, item: String = "pass")
    -> [RuleEvaluation]
  {
    values.map {
      RuleEvaluation(
        rule: "keptn", result: result, items: [RuleEvaluation.Item(name: "sli", result: item, value: $0)])
    }
  }

  struct Compared: Sendable {
    var value: Double
    var criterion: SLOCriterion
    var earlier: [Double]
    var aggregate: SLOComparison.Aggregate = .avg
    var holds: Bool
  }

  static func relative(_ comparator: SLOCriterion.Operator, _ value: Double, percent: Bool, up: Bool) -> SLOCriterion {
    SLOCriterion(comparator, value, isPercentage: percent, isComparison: true, isIncrease: up)
  }

  @Test(
    "comparisons with earlier results come out as Keptn's own",
    arguments: [
      Compared(
        value: 10, criterion: relative(.lessOrEqual, 10, percent: true, up: true), earlier: [10, 10], holds: true),
      Compared(
        value: 11.01, criterion: relative(.lessOrEqual, 10, percent: true, up: true), earlier: [10, 10], holds: false),
      Compared(value: 10, criterion: relative(.less, 0, percent: true, up: true), earlier: [10, 10], holds: false),
      Compared(value: 11, criterion: relative(.equal, 1, percent: false, up: true), earlier: [10, 10], holds: true),
      Compared(value: 9, criterion: relative(.equal, 1, percent: false, up: false), earlier: [10, 10], holds: true),
      // Named "10 <= p50([10, 5]) + 10 %" there; what it runs is this.
      Compared(
        value: 10, criterion: relative(.greaterOrEqual, 10, percent: true, up: false), earlier: [10, 10],
        aggregate: .p50, holds: true),
      // What the name says: the 50th percentile of 5 and 10 is 7.5.
      Compared(
        value: 10, criterion: relative(.lessOrEqual, 10, percent: true, up: true), earlier: [10, 5], aggregate: .p50,
        holds: false),
      Compared(value: 10, criterion: relative(.less, 0, percent: true, up: true), earlier: [], holds: true),
    ])
  func comparisons(one: Compared) {
    let history = KeptnHistory(Self.earlier(one.earlier), SLOComparison(included: .pass, aggregate: one.aggregate))
    #expect(one.criterion.holds(one.value, history.aggregate(of: "sli")) == one.holds)
  }

  @Test("percentiles stand at position p(n+1)")
  func percentiles() {
    let values = (0...10).map(Double.init)
    #expect(KeptnHistory.percentile(values, 0.5) == 5)
    #expect((KeptnHistory.percentile(values, 0.9) - 9.8).magnitude < 1e-12)
    #expect(KeptnHistory.percentile(values, 0.95) == 10)
    #expect(KeptnHistory.percentile([], 0.5) == 0)
    #expect(KeptnHistory.percentile([7], 0.5) == 7)
  }

  @Test("earlier results are aggregated, the newest first, by what they came to then")
  func history() {
    let all = Self.earlier([5, 15])
    #expect(KeptnHistory(all, SLOComparison()).aggregate(of: "sli") == 10)
    #expect(KeptnHistory(all, SLOComparison(count: 1)).aggregate(of: "sli") == 5)
    #expect(KeptnHistory(all, SLOComparison()).aggregate(of: "other") == nil)
    let failed = Self.earlier([5, 15], result: .fail, item: "fail")
    #expect(KeptnHistory(failed, SLOComparison(included: .all)).aggregate(of: "sli") == 10)
    #expect(KeptnHistory(failed, SLOComparison(included: .passOrWarn)).aggregate(of: "sli") == nil)
    let warned = Self.earlier([5, 15], result: .warning, item: "warning")
    #expect(KeptnHistory(warned, SLOComparison(included: .passOrWarn)).aggregate(of: "sli") == 10)
    #expect(KeptnHistory(warned, SLOComparison(included: .pass)).aggregate(of: "sli") == nil)
    #expect(KeptnHistory(failed + all, SLOComparison(count: 1, included: .pass)).aggregate(of: "sli") == 5)
    #expect(KeptnHistory([], SLOComparison()).aggregate(of: "sli") == nil)
  }

  @Test("scores come out as Keptn's own: 90 % passes, 75 % warns")
  func scores() {
    typealias Objective = KeptnScore.Objective
    func score(_ objectives: [Objective]) -> KeptnScore { KeptnScore(objectives, pass: 90, warning: 75) }
    #expect(score([Objective("a", .pass)]).result == .pass)
    #expect(score([Objective("a", .pass)]).value == 100)
    let key = score([Objective("a", .pass), Objective("b", .fail, isKey: true)])
    #expect(key.value == 50 && key.result == .fail)
    #expect(score([Objective("a", .pass, weight: 9), Objective("b", .fail, isKey: true)]).result == .fail)
    // 1.506 of 2 and 1.48 of 2, in whole weights.
    let warned = score([Objective("a", .pass, weight: 1_506), Objective("b", .fail, weight: 494)])
    #expect(warned.result == .warning && (warned.value - 75.3).magnitude < 1e-9)
    let failed = score([Objective("a", .pass, weight: 1_480), Objective("b", .fail, weight: 520)])
    #expect(failed.result == .fail && failed.value == 74)
    let info = score([Objective("a", .info)])
    #expect(info.value == 100 && info.result == .pass)
    #expect(score([]).result == .fail)
    #expect(score([Objective("a", .warning), Objective("b", .pass)]).value == 75)
    #expect(KeptnScore([Objective("a", .warning)], pass: 90, warning: nil).result == .fail)
  }

  @Test("lists of criteria: all of one, one of all; warning counts half")
  func lists() {
    let slo = ServiceLevelObjectives(
      objectives: [
        SLOObjective(
          name: "sli",
          expectation: .criteria(
            pass: [[SLOCriterion(.less, 100), SLOCriterion(.greater, 10)], [SLOCriterion(.equal, 500)]],
            warning: [[SLOCriterion(.less, 200)]]))
      ], pass: 90, warning: 50)
    let results = [50.0, 5, 500, 150, 300].map { KeptnScore(slo, ["sli": $0]).result }
    #expect(results == [.pass, .warning, .pass, .warning, .fail])
    #expect(KeptnScore(slo, [:]).result == .fail)
    #expect(KeptnScore(slo, ["sli": .nan]).result == .fail)
  }

  @Test("targets of the lifecycle toolkit come out as its own tests have it")
  func targets() {
    func result(_ value: Double, failure: SLOBound?, warning: SLOBound?) -> KeptnScore.Objective.Status? {
      let slo = ServiceLevelObjectives(
        objectives: [SLOObjective(name: "sli", expectation: .target(failure: failure, warning: warning))])
      return KeptnScore(slo, ["sli": value]).objectives.first?.status
    }
    #expect(result(10, failure: .lessThan(15), warning: nil) == .fail)
    #expect(result(17, failure: .lessThan(15), warning: .lessThan(20)) == .warning)
    #expect(result(27, failure: .lessThan(15), warning: .lessThan(20)) == .pass)
    #expect(result(27, failure: nil, warning: nil) == .pass)
    #expect(SLOBound.inRange(1, 2).holds(2) && !SLOBound.inRange(1, 2).holds(2.1))
    #expect(SLOBound.notInRange(1, 2).holds(2.1) && !SLOBound.notInRange(1, 2).holds(.nan))
    #expect(SLOBound.equalTo(2).holds(2) && SLOBound.lessThanOrEqual(2).holds(2))
    #expect(SLOBound.greaterThanOrEqual(2).holds(2) && !SLOBound.greaterThan(2).holds(2))
    func total(_ points: [(Double, Int, Bool)]) -> RuleEvaluation.Result {
      let slo = ServiceLevelObjectives(
        objectives: points.enumerated().map { index, point in
          SLOObjective(
            name: "\(index)", weight: point.1, isKey: point.2, expectation: .target(failure: .lessThan(1), warning: nil)
          )
        }, pass: 80, warning: 50)
      return KeptnScore(slo, Dictionary(uniqueKeysWithValues: points.enumerated().map { ("\($0)", $1.0) })).result
    }
    #expect(total([(1, 10, false)]) == .pass)
    #expect(total([(1, 5, false), (0, 5, false)]) == .warning)
    #expect(total([(0, 10, false)]) == .fail)
    #expect(total([(1, 10, false), (0, 1, true)]) == .fail)
  }
}
