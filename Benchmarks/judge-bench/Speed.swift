internal import Foundation
internal import SlipwayAnalysis
internal import SlipwayModel

/// How many intervals a second the judge folds in, beside a bare loop of the same arithmetic.
enum Speed {
  private static let rounds = 200_000

  static func show() {
    let run = Run(Scenario(rate: 200, base: 0.001), seed: 5) { DispersionMeasure.value($0) ?? 1 }
    var (ours, bare): ([Double], [Double]) = ([], [])
    var sum = 0.0
    // Turns, so that another load on the machine falls on both.
    for _ in 0..<5 {
      ours.append(seconds { sum += judge(run) })
      bare.append(seconds { sum += loop(run) })
    }
    let (judging, looping) = (median(ours), median(bare))
    print("\nDecisions a second on one processor (one interval folded into six streams of evidence, verdict read)\n")
    print("| the judge | \(Int(Double(rounds) / judging)) |")
    print("| a bare loop of the same arithmetic | \(Int(Double(rounds) / looping)) |")
    print("| ratio | \(String(format: "%.2f", judging / looping)) x the time |")
    guard sum.isFinite else { return print("no figures") }
  }

  private static func seconds(_ work: () -> Void) -> Double {
    let start = ContinuousClock.now
    work()
    let time = ContinuousClock.now - start
    return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private static func judge(_ run: Run) -> Double {
    let plan = SequentialPlan(Ours.rules, SequentialSpec(onAvoided: .off))
    var judge = SequentialRun(
      plan, planned: .minutes(30), state: SequentialState(dispersion: .init(errors: 1, latency: 1, isGiven: true)))
    var stops = 0.0
    for index in 0..<rounds {
      judge.fold(run.bin(index % Run.bins))
      if judge.goesBack || judge.holds { stops += 1 }
    }
    return stops
  }

  /// The formulas alone, on arrays that stay where they are: six streams of six bets, their sums, and the interval for the increase.
  private static func loop(_ run: Run) -> Double {
    let bets = [0.25, 0.5, 1, 2, 4, 8.5]
    let margins = [0.05, 0.05, 0, 0, 0.01, 0.01]
    let gains = bets.map { log1p($0) }
    let costs = margins.map { margin in bets.map { log1p(margin * $0) } }
    var logs = Array(repeating: 0.0, count: 36)
    var sums = Array(repeating: 0.0, count: 24)
    var stops = 0.0
    for index in 0..<rounds {
      let (green, blue) = (run.canary[index % Run.bins], run.blue[index % Run.bins])
      let ratio = green.requests / blue.requests
      for stream in 0..<6 {
        var high = -Double.infinity
        for bet in 0..<6 {
          let loss = stream < 2 || blue.hits == 0 ? 0 : blue.hits * log1p(-min(0.95, ratio * bets[bet]))
          logs[stream * 6 + bet] += green.hits * gains[bet] + loss - green.requests * costs[stream][bet]
          high = max(high, logs[stream * 6 + bet])
        }
        var total = 0.0
        for bet in 0..<6 { total += exp(logs[stream * 6 + bet] - high) }
        if high + log(total) >= 5.3 { stops += 1 }
      }
      for bet in 0..<6 {
        sums[bet] += green.hits * log1p(bets[bet]) + blue.hits * log1p(-min(0.95, ratio * bets[bet]))
        sums[6 + bet] += green.requests * bets[bet]
        sums[12 + bet] += green.hits * log1p(-bets[bet] / 9) + blue.hits * log1p(ratio * bets[bet] / 9)
        sums[18 + bet] += green.requests * bets[bet] / 9
      }
    }
    return stops + sums.reduce(0, +)
  }
}
