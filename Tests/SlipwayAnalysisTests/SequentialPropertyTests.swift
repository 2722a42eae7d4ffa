import Foundation
import SlipwayAnalysis
import SlipwayModel
import Testing

@Suite("Sequential evidence: properties")
struct SequentialPropertyTests {
  /// Probabilities of 0…count hits.
  private func binomial(_ count: Int, _ rate: Double) -> [Double] {
    (0...count).map { hits in
      let ways = lgamma(Double(count + 1)) - lgamma(Double(hits + 1)) - lgamma(Double(count - hits + 1))
      return exp(ways) * pow(rate, Double(hits)) * pow(1 - rate, Double(count - hits))
    }
  }

  /// The exact mean of e to the power of `evidence` over everything that can come in.
  private func mean(
    _ green: Int, _ greenRate: Double, _ blue: Int, _ blueRate: Double, _ evidence: (Tally, Tally) -> Double
  ) -> Double {
    var sum = 0.0
    let onBlue = binomial(blue, blueRate)
    for (x, p) in binomial(green, greenRate).enumerated() {
      for (y, q) in onBlue.enumerated() {
        let value = evidence(
          Tally(requests: Double(green), hits: Double(x)), Tally(requests: Double(blue), hits: Double(y)))
        sum += p * q * exp(value)
      }
    }
    return sum
  }

  private let counts = [(1, 9), (2, 2), (5, 9), (12, 3), (20, 40), (7, 1)]
  private let rates = [0.0, 0.001, 0.01, 0.1, 0.3, 0.6, 0.89]

  @Test("while green is at most a margin worse, the mean of the evidence is at most 1 (F1), and of the mixture (F5)")
  func increaseAtMost() {
    for (green, blue) in counts {
      for rate in rates {
        for margin in [0, 0.01, 0.1] {
          for part in [0, 0.5, 1] {
            for bet in [0.1, 0.25, 1, 4, 8.5] {
              let mean = mean(green, min(1, rate + margin * part), blue, rate) {
                LogEvidence.increaseAtMost(margin, $0, $1, bet: bet)
              }
              #expect(mean <= 1 + 1e-9, "\(green) \(blue) \(rate) \(margin) \(bet)")
            }
          }
          let mixed = mean(green, rate + margin, blue, rate) {
            var evidence = Evidence(.increaseAtMost(margin))
            evidence.fold($0, $1, weight: 0.7, dispersion: 1)
            return evidence.value
          }
          #expect(mixed <= 1 + 1e-9)
        }
      }
    }
  }

  @Test("while green is at least a margin worse, the mean of the proof that it is not is at most 1 (F2)")
  func increaseAtLeast() {
    for (green, blue) in counts {
      for rate in rates {
        for bet in [0.3, 0.7, 0.98] {
          for margin in [0, 0.01, 0.1] {
            let mean = mean(green, rate + margin, blue, rate) {
              LogEvidence.increaseAtLeast(margin, $0, $1, bet: bet)
            }
            #expect(mean <= 1 + 1e-9, "\(green) \(blue) \(rate) \(margin) \(bet)")
          }
        }
      }
    }
  }

  @Test("within the limit, and with the configured shares, the mean of the evidence is at most 1 (F3, F8, F6)")
  func limitAndShares() {
    for limit in [0.001, 0.01, 0.05, 0.5] {
      for bet in [0.5, 4, 16] {
        for part in [0, 0.5, 1] {
          for dispersion in [1, 5.0] {
            let mean = mean(40, limit * part, 0, 0) { green, _ in
              LogEvidence.rateAtMost(limit, green, bet: bet) / dispersion
            }
            #expect(mean <= 1 + 1e-9)
          }
        }
      }
    }
    for part in [0.05, 0.1, 0.5, 0.9] {
      let mean = mean(60, part, 0, 0) { green, _ in
        LogEvidence.shares([green.hits, green.requests - green.hits], asConfigured: [part, 1 - part])
      }
      #expect(abs(mean - 1) <= 1e-9)
    }
  }

  @Test("the evidence that is gathered is the product of the formulas")
  func product() {
    var random = Seeded(11)
    for _ in 0..<300 {
      let claim: Claim =
        [.increaseAtMost(0), .increaseAtMost(0.01), .increaseAtLeast(0.02), .rateAtMost(0.05)]
        .randomElement(using: &random) ?? .increaseAtMost(0)
      var evidence = Evidence(claim)
      var sum = 0.0
      for index in 0..<5 {
        let green = Tally(requests: Double(Int.random(in: 0...30, using: &random)), hits: 0)
        var (one, blue) = (green, Tally(requests: Double(Int.random(in: 0...90, using: &random)), hits: 0))
        one.hits = Double(Int.random(in: 0...Int(one.requests), using: &random))
        blue.hits = Double(Int.random(in: 0...Int(blue.requests), using: &random))
        evidence.fold(one, blue, weight: index == 0 ? 1 : 0, dispersion: 1)
        switch claim {
        case .increaseAtMost(let margin): sum += LogEvidence.increaseAtMost(margin, one, blue, bet: 0.25)
        case .increaseAtLeast(let margin): sum += LogEvidence.increaseAtLeast(margin, one, blue, bet: 0.3)
        case .rateAtMost(let limit): sum += LogEvidence.rateAtMost(limit, one, bet: 0.5)
        }
      }
      #expect(abs(evidence.state.bets[0] - sum) <= 1e-9 * max(1, abs(sum)))
    }
  }

  @Test("a million intervals drift nowhere and leave the state as small as it was")
  func million() throws {
    var evidence = Evidence(.increaseAtMost(0))
    let weights = StartWeights(plannedMinutes: 30)
    var minute = -1
    let (green, blue) = (Tally(requests: 20, hits: 1), Tally(requests: 180, hits: 9))
    for index in 0..<1_000_000 {
      let now = index / 6
      evidence.fold(green, blue, weight: weights.weight(after: minute, through: now), dispersion: 1)
      minute = now
    }
    let each = LogEvidence.increaseAtMost(0, green, blue, bet: 8.5)
    #expect(evidence.value.isFinite && evidence.value <= 0)
    #expect(evidence.state.bets.count == 6)
    // What was put to work last decides a bet that loses: the stake of the extension's last minutes, times what is left of it.
    #expect(evidence.state.bets.allSatisfy { $0.isFinite && $0 < 0 })
    #expect(each < 0)
    #expect(evidence.state.left >= 0 && evidence.state.left < 1e-6)
    var winning = Evidence(.increaseAtMost(0))
    let good = Tally(requests: 20, hits: 2)
    for index in 0..<1_000_000 { winning.fold(good, blue, weight: index == 0 ? 1 : 0, dispersion: 1) }
    let wanted = 1_000_000 * LogEvidence.increaseAtMost(0, good, blue, bet: 1)
    #expect(abs(winning.state.bets[2] - wanted) <= 1e-9 * wanted)
  }

  @Test(
    "the start weights add up to 1 at most, and a gap brings what its minutes would have brought",
    arguments: [1, 2, 30])
  func weights(planned: Int) {
    let weights = StartWeights(plannedMinutes: planned)
    let all = weights.weight(after: -1, through: 100_000)
    #expect(all <= 1 && all > 0.9999)
    #expect(abs(weights.weight(after: -1, through: planned - 1) - 0.95) < 1e-12)
    for (from, to) in [(-1, 5), (0, 40), (28, 31), (33, 90), (7, 7)] {
      let each = (from + 1..<max(from, to) + 1).reduce(0.0) { $0 + weights.weight(of: $1) }
      #expect(abs(weights.weight(after: from, through: to) - each) < 1e-12)
    }
  }

  @Test("a run that begins late is caught although hours went well before")
  func late() {
    func value(late: Bool) -> Int? {
      var evidence = Evidence(.increaseAtMost(0))
      let weights = StartWeights(plannedMinutes: 30)
      for index in 0..<180 {
        let bad = late ? index >= 90 : true
        evidence.fold(
          Tally(requests: 200, hits: bad ? 10 : 0), Tally(requests: 1_800, hits: 2),
          weight: weights.weight(after: (index + 5) / 6 - 1, through: index / 6), dispersion: 1)
        if evidence.value >= -log(0.005) { return index - (late ? 90 : 0) }
      }
      return nil
    }
    #expect((value(late: false) ?? 99) <= 2)
    #expect((value(late: true) ?? 99) <= 3)
  }
}
