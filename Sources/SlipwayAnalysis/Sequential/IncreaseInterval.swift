internal import Foundation
package import SlipwayModel

/// The interval that the increase of green's rate over blue's lies in, at every look at once (F7), while blue's rate may drift.
package enum IncreaseInterval {
  private static let raised: [Double] = [0.25, 0.5, 1, 2, 4, 8.5]
  private static let lowered: [Double] = [0.3, 0.5, 0.7, 0.85, 0.93, 0.98]

  /// Adds the counts of one interval.
  package static func fold(_ green: Tally, _ blue: Tally, dispersion: Double, into state: inout IncreaseState) {
    guard green.requests > 0, blue.requests > 0 else { return }
    if state.raisedA.isEmpty {
      let zeros = Array(repeating: 0.0, count: raised.count)
      (state.raisedA, state.raisedB, state.loweredA, state.loweredB) = (zeros, zeros, zeros, zeros)
    }
    let ratio = green.requests / blue.requests
    for index in raised.indices {
      let stakes = LogEvidence.stakes(0, ratio, bet: raised[index])
      state.raisedA[index] += (green.hits * log1p(stakes.raised) + blue.hits * log1p(-stakes.lowered)) / dispersion
      state.raisedB[index] += green.requests * stakes.raised / dispersion
      let bet = lowered[index]
      state.loweredA[index] += (green.hits * log1p(-bet) + blue.hits * log1p(ratio * bet)) / dispersion
      state.loweredB[index] += green.requests * bet / dispersion
    }
  }

  /// The smallest and the greatest increase that is not refuted, each side wrong in `alpha` at most; nil where nothing is refuted.
  package static func bounds(_ state: IncreaseState, alpha: Double) -> (atLeast: Double?, atMost: Double?) {
    guard !state.raisedA.isEmpty else { return (nil, nil) }
    let goal = -log(alpha) + log(Double(raised.count))
    let below = edge { increase in
      let terms = zip(state.raisedA, state.raisedB).map { $0 - $1 * increase }
      return LogSum.of(terms) >= goal
    }
    let above = edge { decrease in
      let terms = zip(state.loweredA, state.loweredB).map { $0 - $1 * decrease }
      return LogSum.of(terms) >= goal
    }
    return (below, above.map { -$0 })
  }

  /// The greatest value in -1…1 for which `isRefuted`, which holds up to some value and not beyond.
  private static func edge(_ isRefuted: (Double) -> Bool) -> Double? {
    guard isRefuted(-1) else { return nil }
    var (low, high) = (-1.0, 1.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if isRefuted(middle) { low = middle } else { high = middle }
    }
    return low
  }
}
