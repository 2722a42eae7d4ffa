internal import Foundation
internal import SlipwayModel

/// A repeatable source of random numbers (SplitMix64) with the distributions that traffic is made of.
struct Chance {
  private var state: UInt64

  /// Seeds that follow one another give sequences that have nothing in common: the seed is stirred, or they would be one sequence, moved by a step.
  init(_ seed: UInt64) {
    state = seed
    state = next() ^ 0x1234_5678_9abc_def1
    state = next()
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9e37_79b9_7f4a_7c15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
    return mixed ^ (mixed >> 31)
  }

  /// Between 0 and 1, never 0.
  mutating func unit() -> Double { (Double(next() >> 11) + 0.5) * 0x1p-53 }

  /// Poisson, exact: products of uniforms below 10, above it Hörmann's transformed rejection (PTRS, 1993).
  mutating func poisson(_ mean: Double) -> Double {
    guard mean > 0 else { return 0 }
    if mean < 10 {
      let limit = exp(-mean)
      var (count, product) = (0.0, unit())
      while product > limit {
        count += 1
        product *= unit()
      }
      return count
    }
    let b = 0.931 + 2.53 * mean.squareRoot()
    let a = -0.059 + 0.02483 * b
    let inverse = 1.1239 + 1.1328 / (b - 3.4)
    let within = 0.9277 - 3.6224 / (b - 2)
    let logMean = log(mean)
    while true {
      let (u, v) = (unit() - 0.5, unit())
      let us = 0.5 - u.magnitude
      let count = ((2 * a / us + b) * u + mean + 0.43).rounded(.down)
      if us >= 0.07, v <= within { return count }
      if count < 0 || (us < 0.013 && v > us) { continue }
      if log(v * inverse / (a / (us * us) + b)) <= count * logMean - mean - lgamma(count + 1) { return count }
    }
  }

  /// Runs of errors of geometric length with this mean, `mean` errors in all.
  mutating func clumps(_ mean: Double, length: Double) -> Double {
    let runs = Int(poisson(mean / length))
    let stay = log(1 - 1 / length)
    return (0..<runs).reduce(0.0) { sum, _ in sum + 1 + (log(unit()) / stay).rounded(.down) }
  }
}

/// The trouble of a run: what the canary does, and what happens to both (canary-analysis, section 5).
struct Scenario: Sendable, Hashable {
  enum Trouble: Sendable, Hashable { case none, bursts, clumped }

  /// Requests a second, a tenth of them on the canary.
  var rate: Double
  /// Errors of what serves.
  var base: Double
  /// What the canary fails more.
  var increase = 0.0
  var isLate = false
  var trouble = Trouble.none

  /// The interval that the increase begins with.
  var begins: Int { isLate ? Run.bins / 2 : 0 }
}

/// Thirty minutes of counts in intervals of ten seconds.
struct Run {
  static let bins = 180
  static let seconds = 10.0
  static let share = 0.1

  var canary: [Tally] = []
  var blue: [Tally] = []
  /// A fresh baseline as large as the canary, as Kayenta asks for.
  var equal: [Tally] = []
  /// The true rates, which only the oracle knows.
  var blueRate: [Double] = []
  var canaryRate: [Double] = []
  /// How much the old version's errors varied in the six hours before.
  var dispersion = 1.0

  init(_ scenario: Scenario, seed: UInt64, dispersionBy measure: ([Tally]) -> Double) {
    var chance = Chance(seed)
    let bursts = scenario.trouble == .bursts ? Self.bursts(&chance) : []
    canary.reserveCapacity(Self.bins)
    for bin in 0..<Self.bins {
      let part = (Double(bin) + 0.5) / Double(Self.bins)
      let requests = scenario.rate * Self.seconds * (0.8 + 0.4 * part)
      let rate = scenario.base * (0.6 + 0.8 * part) + 0.2 * Self.overlap(bursts, bin)
      let worse = rate + (bin >= scenario.begins ? scenario.increase : 0)
      blueRate.append(rate)
      canaryRate.append(worse)
      let isClumped = scenario.trouble == .clumped
      canary.append(Self.tally(requests * Self.share, worse, isClumped, &chance))
      blue.append(Self.tally(requests * (1 - Self.share), rate, isClumped, &chance))
      equal.append(Self.tally(requests * Self.share, rate, isClumped, &chance))
    }
    let before = (0..<360).map { _ in
      Self.tally(scenario.rate * 60, scenario.base, scenario.trouble == .clumped, &chance)
    }
    dispersion = measure(before)
  }

  /// Requests that come by chance, each failing by chance or in runs.
  private static func tally(_ requests: Double, _ rate: Double, _ isClumped: Bool, _ chance: inout Chance) -> Tally {
    let errors = isClumped ? chance.clumps(requests * rate, length: 4) : chance.poisson(requests * rate)
    return Tally(requests: errors + chance.poisson(requests * (1 - rate)), hits: errors)
  }

  /// On average four times of 20 to 60 seconds.
  static func bursts(_ chance: inout Chance) -> [(Double, Double)] {
    (0..<Int(chance.poisson(4))).map { _ in
      let start = chance.unit() * Double(bins) * seconds
      return (start, start + 20 + 40 * chance.unit())
    }
  }

  /// The part of an interval that lies in one of them.
  static func overlap(_ bursts: [(Double, Double)], _ bin: Int) -> Double {
    let sum = bursts.reduce(0.0) { sum, burst in
      sum + max(0, min(burst.1, Double(bin + 1) * seconds) - max(burst.0, Double(bin) * seconds)) / seconds
    }
    return min(1, sum)
  }
}
