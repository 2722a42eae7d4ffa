internal import Foundation
internal import SlipwayAnalysis
internal import SlipwayModel

/// A rule of the tables.
enum RuleName: String, CaseIterable, Sendable {
  case flagger = "flagger 99% x5"
  case argo95 = "argo >=0.95 fl3"
  case argo99 = "argo >=0.99 fl3"
  case keptnRatio = "keptn end <=+10%"
  case keptnPoint = "keptn end <=+1pp"
  case kayentaEnd = "kayenta end"
  case kayentaPeek = "kayenta peek 5m"
  case zEnd = "z-test end"
  case zPeek = "z-test peek 10s"
  case exactPeek = "exact peek 10s"
  case lindonMalek = "lindon-malek k2"
  case strict = "ours strict (any worsening)"
  case rollBack = "ours rollback (>1pp proven)"
  case unadjusted = "- strict without phi"
  case oracle = "oracle SPRT"
}

/// What all rules made of all runs of a scenario.
struct Cell: Counted {
  private(set) var delays = Delays<RuleName>()
  /// Errors that the canary served until the stop, over all runs.
  private(set) var errors: [RuleName: Double] = [:]
  /// Of our judge: runs that passed, and that stopped because trouble was on both sides.
  private(set) var promoted = 0
  private(set) var environment = 0

  mutating func add(_ scenario: Scenario, runs: Range<Int>, seed: UInt64) {
    for run in runs { add(scenario, seed: seed &+ UInt64(run)) }
  }

  private mutating func add(_ scenario: Scenario, seed: UInt64) {
    let run = Run(scenario, seed: seed) { DispersionMeasure.value($0) ?? 1 }
    let ours = Ours(run)
    if ours.isPromoted { promoted += 1 }
    if ours.environment != nil { environment += 1 }
    let served = run.canary.reduce(into: [0.0]) { sums, tally in sums.append((sums.last ?? 0) + tally.hits) }
    var stops: [RuleName: Int] = [:]
    for rule in RuleName.allCases {
      let stop = Self.stop(rule, run, ours, scenario)
      stops[rule] = stop
      errors[rule, default: 0] += served[stop ?? Run.bins]
    }
    delays.add(stops, from: scenario.begins)
  }

  mutating func add(_ other: Cell) {
    delays.add(other.delays)
    for (rule, more) in other.errors { errors[rule, default: 0] += more }
    promoted += other.promoted
    environment += other.environment
  }

  private static func stop(_ rule: RuleName, _ run: Run, _ ours: Ours, _ scenario: Scenario) -> Int? {
    switch rule {
    case .flagger: Rules.flagger(run)
    case .argo95: Rules.argo(run, atLeast: 0.95)
    case .argo99: Rules.argo(run, atLeast: 0.99)
    case .keptnRatio: Rules.keptn(run) { $0 <= $1 * 1.1 }
    case .keptnPoint: Rules.keptn(run) { $0 <= $1 + 0.01 }
    case .kayentaEnd: Rules.kayenta(run, at: [30])
    case .kayentaPeek: Rules.kayenta(run, at: [5, 10, 15, 20, 25, 30])
    case .zEnd: Rules.zTest(run) { $0 == Run.bins - 1 }
    case .zPeek: Rules.zTest(run) { _ in true }
    case .exactPeek: Rules.exactTest(run)
    case .lindonMalek: Rules.lindonMalek(run, weight: 2)
    case .strict: ours.strict
    case .rollBack: ours.rollBack
    case .unadjusted: Ours.strict(run, 1)
    case .oracle: Rules.oracle(run, from: scenario.begins)
    }
  }

  var promotedPercent: Double { delays.percent(promoted) }
  var environmentPercent: Double { delays.percent(environment) }

  func meanErrors(_ rule: RuleName) -> Double { errors[rule, default: 0] / Double(max(1, delays.runs)) }
}
