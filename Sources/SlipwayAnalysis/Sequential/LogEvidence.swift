internal import Foundation
package import SlipwayModel

/// Natural logarithms of e-values: evidence against a claim, with a mean of at most 1 while the claim holds (canary-analysis, section 3).
///
/// Each is a function of the counts of one interval, so that the order of requests inside it changes nothing. Without requests on a side
/// that is needed the evidence is 0, which says nothing.
package enum LogEvidence {
  /// The most that may be staked on blue's requests.
  package static let mostAtStake = 0.95

  /// F1, against "green fails at most `margin` more than blue", whatever blue's rate is and how it changes.
  package static func increaseAtMost(_ margin: Double, _ green: Tally, _ blue: Tally, bet: Double) -> Double {
    guard green.requests > 0, blue.requests > 0 else { return 0 }
    let (raised, lowered) = stakes(margin, green.requests / blue.requests, bet: bet)
    return green.hits * log1p(raised) + blue.hits * log1p(-lowered) - green.requests * log1p(margin * raised)
  }

  /// The bet on green and the one on blue that goes with it; lowered where blue has too few requests to carry it.
  package static func stakes(_ margin: Double, _ ratio: Double, bet: Double) -> (raised: Double, lowered: Double) {
    let lowered = ratio * bet / (1 + margin * bet)
    guard lowered > mostAtStake else { return (bet, lowered) }
    let share = mostAtStake / ratio
    return (share / (1 - margin * share), mostAtStake)
  }

  /// F2, against "green fails at least `margin` more than blue": proof that it does not.
  package static func increaseAtLeast(_ margin: Double, _ green: Tally, _ blue: Tally, bet: Double) -> Double {
    guard green.requests > 0, blue.requests > 0 else { return 0 }
    let raised = green.requests / blue.requests * bet / (1 - margin * bet)
    return green.hits * log1p(-bet) + blue.hits * log1p(raised) - green.requests * log1p(-margin * bet)
  }

  /// F3, against "at most `limit` of the requests are hits".
  package static func rateAtMost(_ limit: Double, _ green: Tally, bet: Double) -> Double {
    green.hits * log1p(bet) - green.requests * log1p(limit * bet)
  }

  /// F8, against "requests are shared out as `shares` say": a Dirichlet mixture of weight `weight` around the shares.
  package static func shares(_ counts: [Double], asConfigured shares: [Double], weight: Double = 100) -> Double {
    let prior = shares.map { $0 * weight }
    var sum = 0.0
    for (count, share) in zip(counts, shares) where count > 0 { sum += count * log(share) }
    return logBeta(zip(prior, counts).map(+)) - logBeta(prior) - sum
  }

  private static func logBeta(_ parts: [Double]) -> Double {
    parts.reduce(0) { $0 + lgamma($1) } - lgamma(parts.reduce(0, +))
  }
}
