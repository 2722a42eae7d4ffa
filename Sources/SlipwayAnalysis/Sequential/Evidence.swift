internal import Foundation
package import SlipwayModel

/// The claim that evidence is gathered against.
package enum Claim: Sendable, Hashable {
  /// Green has at most so much more than blue (F1).
  case increaseAtMost(Double)
  /// Green has at least so much more than blue (F2).
  case increaseAtLeast(Double)
  /// Green has at most so much (F3).
  case rateAtMost(Double)
}

/// Evidence against one claim as a mixture over bets and start times (F5).
package struct Evidence: Sendable {
  package let claim: Claim
  package private(set) var state: EvidenceState
  /// Each bet with the logarithms that do not depend on the counts.
  private let bets: [(bet: Double, gain: Double, cost: Double)]
  private let shareOfBet: Double

  /// Begins, or goes on from `state`; `slow` takes the smaller bets for slow requests, of which a healthy release has many too.
  package init(_ claim: Claim, slow: Bool = false, state: EvidenceState? = nil) {
    self.claim = claim
    self.state = state ?? EvidenceState()
    let bets: [Double]
    switch claim {
    case .increaseAtMost(let margin):
      bets = slow ? [0.1, 0.25, 0.5, 1, 2, 4] : [0.25, 0.5, 1, 2, 4, 8.5]
      self.bets = bets.map { ($0, log1p($0), log1p(margin * $0)) }
    case .increaseAtLeast(let margin):
      bets = [0.3, 0.5, 0.7, 0.85, 0.93, 0.98]
      self.bets = bets.map { ($0, log1p(-$0), log1p(-margin * $0)) }
    case .rateAtMost(let limit):
      bets = [0.5, 1, 2, 4, 8, 16]
      self.bets = bets.map { ($0, log1p($0), log1p(limit * $0)) }
    }
    shareOfBet = log(Double(bets.count))
  }

  /// Whether the whole stake is at work from the beginning: proof of "not worse" looks at the run as a whole.
  private var isWhole: Bool { if case .increaseAtLeast = claim { true } else { false } }

  /// Puts `weight` more to work, then folds the counts of one interval in, divided by `dispersion`; nil counts say nothing.
  package mutating func fold(_ green: Tally?, _ blue: Tally?, weight: Double, dispersion: Double) {
    start(isWhole ? state.left : min(weight, state.left))
    guard let green, green.requests > 0, !state.bets.isEmpty else { return }
    switch claim {
    case .rateAtMost:
      for (index, bet) in bets.enumerated() {
        state.bets[index] += (green.hits * bet.gain - green.requests * bet.cost) / dispersion
      }
    case .increaseAtMost(let margin):
      guard let blue, blue.requests > 0 else { return }
      let ratio = green.requests / blue.requests
      for (index, one) in bets.enumerated() {
        let stakes = LogEvidence.stakes(margin, ratio, bet: one.bet)
        let isWhole = stakes.raised == one.bet
        let gain = isWhole ? one.gain : log1p(stakes.raised)
        let cost = isWhole ? one.cost : log1p(margin * stakes.raised)
        let loss = blue.hits == 0 ? 0 : blue.hits * log1p(-stakes.lowered)
        state.bets[index] += (green.hits * gain + loss - green.requests * cost) / dispersion
      }
    case .increaseAtLeast(let margin):
      guard let blue, blue.requests > 0 else { return }
      let ratio = green.requests / blue.requests
      for (index, one) in bets.enumerated() {
        let gained = blue.hits == 0 ? 0 : blue.hits * log1p(ratio * one.bet / (1 - margin * one.bet))
        state.bets[index] += (green.hits * one.gain + gained - green.requests * one.cost) / dispersion
      }
    }
  }

  private mutating func start(_ weight: Double) {
    guard weight > 0 else { return }
    let more = log(weight)
    state.left = isWhole ? 0 : max(0, state.left - weight)
    if state.bets.isEmpty {
      state.bets = Array(repeating: more, count: bets.count)
    } else {
      for index in state.bets.indices { state.bets[index] = LogSum.add(state.bets[index], more) }
    }
  }

  /// ln M: the natural logarithm of the evidence as it stands.
  package var value: Double {
    LogSum.add(LogSum.of(state.bets) - shareOfBet, state.left > 0 ? log(state.left) : -.infinity)
  }

  /// How much each bet's logarithm is expected to grow with a request on green, at these rates; `ratio` is green's requests for each of blue's.
  package func growth(green: Double, blue: Double, ratio: Double, dispersion: Double) -> [Double] {
    bets.map { one in
      let growth: Double
      switch claim {
      case .rateAtMost: growth = green * one.gain - one.cost
      case .increaseAtMost(let margin):
        let stakes = LogEvidence.stakes(margin, ratio, bet: one.bet)
        growth =
          green * log1p(stakes.raised) + blue / ratio * log1p(-stakes.lowered) - log1p(margin * stakes.raised)
      case .increaseAtLeast(let margin):
        growth = green * one.gain + blue / ratio * log1p(ratio * one.bet / (1 - margin * one.bet)) - one.cost
      }
      return growth / dispersion
    }
  }

  /// Requests on green until the evidence reaches `goal` at these rates; nil where it never would.
  package func needed(
    toReach goal: Double, green: Double, blue: Double, ratio: Double, dispersion: Double
  ) -> Double? {
    let growth = growth(green: green, blue: blue, ratio: ratio, dispersion: dispersion)
    return growth.indices.compactMap { index -> Double? in
      guard growth[index] > 1e-9 else { return nil }
      let now = state.bets.isEmpty ? log(0.7) : state.bets[index]
      return max(0, goal + shareOfBet - now) / growth[index]
    }.min()
  }

  /// The smallest increase over `blue` that `requests` on green would have proved, as expected; nil where none would.
  package func visible(at goal: Double, requests: Double, blue: Double, ratio: Double, dispersion: Double) -> Double? {
    func isSeen(_ increase: Double) -> Bool {
      let growth = growth(green: min(1, blue + increase), blue: blue, ratio: ratio, dispersion: dispersion)
      return (growth.max() ?? 0) * requests >= goal + shareOfBet - log(0.7)
    }
    guard isSeen(1 - blue) else { return nil }
    var (low, high) = (0.0, 1 - blue)
    for _ in 0..<40 {
      let middle = (low + high) / 2
      if isSeen(middle) { high = middle } else { low = middle }
    }
    return high
  }
}
