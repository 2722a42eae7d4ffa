internal import Foundation
internal import SlipwayModel

/// What happens to latencies in a run (canary-analysis, section 5).
struct LatencyScenario: Sendable, Hashable {
  enum Trouble: Sendable, Hashable { case none, bursts, stalls }

  enum Change: Sendable, Hashable {
    case none
    /// Everything takes so many times as long on the canary.
    case whole(Double)
    /// The slow three of a hundred do.
    case tail(Double)
  }

  /// Requests a second, a tenth of them on the canary.
  var rate: Double
  var trouble = Trouble.none
  var change = Change.none
  var isLate = false

  /// The interval that the change begins with.
  var begins: Int { isLate ? Run.bins / 2 : 0 }
}

/// How latencies are spread: 97 of 100 around 80 ms, 3 around 300 ms, scaled so that the 99th percentile is 400 ms.
enum LatencyShape {
  /// Growing by 2^(1/14) from 60 ms to 7.7 s, in seconds.
  static let bounds = (0...98).map { 0.06 * pow(2, Double($0) / 14) }
  static let buckets = bounds.count + 1

  /// The share of requests up to each bound, and 1, when everything takes `factor` times as long, and the slow part `tail` times as long again.
  static func shares(_ factor: Double, tail: Double = 1) -> [Double] {
    bounds.map { below($0 / (scale * factor), tail: tail) } + [1]
  }

  private static let scale = {
    var (low, high) = (0.1, 10.0)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if below(0.4 / middle, tail: 1) > 0.99 { low = middle } else { high = middle }
    }
    return low
  }()

  private static func below(_ seconds: Double, tail: Double) -> Double {
    0.97 * normal(log(seconds / 0.08) / 0.45) + 0.03 * normal(log(seconds / (0.3 * tail)) / 0.7)
  }

  private static func normal(_ value: Double) -> Double { 0.5 * erfc(-value / 2.0.squareRoot()) }
}

/// The shares of requests in each interval of a scenario, computed once for all its runs.
struct LatencyShares {
  /// Up to each bound, by interval: usually, and where there is trouble.
  let blue: [[Double]]
  let slowBlue: [[Double]]
  let canary: [[Double]]
  let slowCanary: [[Double]]
  let before: [Double]
  let slowBefore: [Double]
  let scenario: LatencyScenario

  init(_ scenario: LatencyScenario) {
    self.scenario = scenario
    let slower = scenario.trouble == .stalls ? 6.0 : 3
    var (blue, slowBlue, canary, slowCanary): ([[Double]], [[Double]], [[Double]], [[Double]]) = ([], [], [], [])
    for bin in 0..<Run.bins {
      let drift = exp(0.14 * (Double(bin) + 0.5) / Double(Run.bins) - 0.07)
      var (whole, tail) = (1.0, 1.0)
      if bin >= scenario.begins {
        switch scenario.change {
        case .none: break
        case .whole(let factor): whole = factor
        case .tail(let factor): tail = factor
        }
      }
      blue.append(LatencyShape.shares(drift))
      canary.append(LatencyShape.shares(drift * whole, tail: tail))
      guard scenario.trouble != .none else { continue }
      slowBlue.append(LatencyShape.shares(drift * slower))
      slowCanary.append(LatencyShape.shares(drift * whole * slower, tail: tail))
    }
    (self.blue, self.slowBlue, self.canary, self.slowCanary) = (blue, slowBlue, canary, slowCanary)
    before = LatencyShape.shares(1)
    slowBefore = LatencyShape.shares(slower)
  }
}

/// Thirty minutes of latency buckets in intervals of ten seconds, and the two hours before.
struct LatencyRun {
  /// Ten, of which one is the canary and one a fresh baseline of its size.
  private static let instances = 10
  static let minutesBefore = 120

  /// Requests in each bucket, by interval.
  private(set) var canary: [[UInt64]] = []
  private(set) var blue: [[UInt64]] = []
  private(set) var equal: [[UInt64]] = []
  /// What the old version answered in each minute before.
  private(set) var history: [SlotCounters] = []

  init(_ shares: LatencyShares, seed: UInt64) {
    var chance = Chance(seed)
    let scenario = shares.scenario
    let bursts = scenario.trouble == .bursts ? Run.bursts(&chance) : []
    for bin in 0..<Run.bins {
      let part = (Double(bin) + 0.5) / Double(Run.bins)
      let requests = scenario.rate * Run.seconds * (0.8 + 0.4 * part)
      var slow = (canary: 0.0, blue: 0.0, equal: 0.0)
      switch scenario.trouble {
      case .none: break
      case .bursts:
        let burst = Run.overlap(bursts, bin)
        slow = (burst, burst, burst)
      case .stalls:
        let rest = Self.stalled(Self.instances - 1, &chance)
        slow = (Self.stalled(1, &chance), rest, Self.stalled(1, &chance))
      }
      func counts(_ requests: Double, _ usual: [[Double]], _ slower: [[Double]], _ slow: Double) -> [UInt64] {
        Self.counts(requests, usual[bin], slow > 0 ? slower[bin] : [], slow, &chance)
      }
      canary.append(counts(requests * Run.share, shares.canary, shares.slowCanary, slow.canary))
      blue.append(counts(requests * (1 - Run.share), shares.blue, shares.slowBlue, slow.blue))
      equal.append(counts(requests * Run.share, shares.blue, shares.slowBlue, slow.equal))
    }
    history = (0..<Self.minutesBefore).map { _ in
      let slow = scenario.trouble == .stalls ? Self.stalled(6 * Self.instances, &chance) : 0
      return Self.counters(Self.counts(scenario.rate * 60, shares.before, shares.slowBefore, slow, &chance))
    }
  }

  static func counters(_ counts: [UInt64]) -> SlotCounters {
    SlotCounters(
      requests: counts.reduce(0, +), latency: LatencyHistogram(bounds: LatencyShape.bounds, counts: counts))
  }

  /// The part of the requests that stalls of so many instances slow down, each for ten seconds.
  private static func stalled(_ instances: Int, _ chance: inout Chance) -> Double {
    var stalled = 0
    for _ in 0..<instances where chance.unit() < 0.05 { stalled += 1 }
    return 0.3 * Double(stalled) / Double(instances)
  }

  /// Requests that come by chance into each bucket: drawn one by one where there are few, otherwise bucket by bucket, which is the same by Poisson's law.
  private static func counts(
    _ requests: Double, _ usual: [Double], _ slower: [Double], _ slow: Double, _ chance: inout Chance
  ) -> [UInt64] {
    var counts = [UInt64](repeating: 0, count: LatencyShape.buckets)
    guard requests > 60 else {
      for _ in 0..<Int(chance.poisson(requests)) {
        let place = chance.unit()
        let isSlow = slow > 0 && chance.unit() < slow
        counts[isSlow ? bucket(of: place, slower) : bucket(of: place, usual)] += 1
      }
      return counts
    }
    var (before, slowBefore) = (0.0, 0.0)
    for index in counts.indices {
      var mean = (1 - slow) * (usual[index] - before)
      before = usual[index]
      if slow > 0 {
        mean += slow * (slower[index] - slowBefore)
        slowBefore = slower[index]
      }
      counts[index] = UInt64(chance.poisson(requests * mean))
    }
    return counts
  }

  /// The first bucket that with those before it holds more than this share.
  private static func bucket(of place: Double, _ shares: [Double]) -> Int {
    var (low, high) = (0, shares.count - 1)
    while low < high {
      let middle = (low + high) / 2
      if shares[middle] < place { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
