internal import SlipwayAnalysis
internal import SlipwayModel

/// Slipway's judge on a run.
struct Ours {
  /// Proof of more than a point, or of more than 5 % and worse.
  var rollBack: Int?
  /// Proof of any worsening.
  var strict: Int?
  /// Trouble on both sides, on which a person is asked.
  var environment: Int?
  /// Whether "less than a point worse" was proved by the end.
  var isPromoted = false

  static let rules = [
    WatchRule(.errorRate, [WatchLimit(.rollBack, .above, 0.05)]),
    WatchRule(.errorRateIncrease, [WatchLimit(.rollBack, .above, 0.01)]),
  ]
  private static let judged = SequentialPlan(rules, SequentialSpec(onWorse: .off, onAvoided: .off))
  /// T3 alone.
  private static let compared = SequentialPlan(
    [WatchRule(.errorRate, [])], SequentialSpec(onWorse: .pause, onAvoided: .off))

  init(_ run: Run) {
    var judge = Self.judge(Self.judged, run.dispersion)
    for bin in 0..<Run.bins {
      judge.fold(run.bin(bin))
      if judge.goesBack {
        rollBack = bin + 1
        break
      }
      if judge.holds { environment = environment ?? bin + 1 }
    }
    isPromoted = rollBack == nil && judge.isNotWorse == true
    strict = Self.strict(run, run.dispersion)
  }

  /// The interval that any worsening is proved after.
  static func strict(_ run: Run, _ dispersion: Double) -> Int? {
    var judge = judge(compared, dispersion)
    for bin in 0..<Run.bins {
      judge.fold(run.bin(bin))
      if judge.holds { return bin + 1 }
    }
    return nil
  }

  private static func judge(_ plan: SequentialPlan, _ dispersion: Double) -> SequentialRun {
    SequentialRun(
      plan, planned: .minutes(30),
      state: SequentialState(dispersion: .init(errors: dispersion, latency: dispersion, isGiven: true)))
  }
}

extension Run {
  /// Interval `index` as the judge takes it.
  func bin(_ index: Int) -> SequentialBin {
    SequentialBin(
      milliseconds: Int64(Self.seconds * 1_000), percent: Int(Self.share * 100), green: .init(canary[index]),
      blue: .init(blue[index]))
  }
}
