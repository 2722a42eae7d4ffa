import Foundation
import SlipwayAnalysis
import SlipwayModel
import Testing

/// Numbers that were computed elsewhere (canary-analysis, section 4), to 1e-8 of their size.
@Suite("Sequential evidence: vectors")
struct SequentialVectorTests {
  private func isClose(_ value: Double, _ wanted: Double, _ tolerance: Double = 1e-8) -> Bool {
    abs(value - wanted) <= tolerance * max(abs(wanted), 1e-3)
  }

  private func tally(_ hits: Double, _ requests: Double) -> Tally { Tally(requests: requests, hits: hits) }

  @Test(
    "V15–V18: worse than blue by more than a margin (F1)",
    arguments: [
      ([3.0, 200, 4, 1_800, 2, 0], 2.290579153), ([3, 200, 4, 1_800, 2, 0.01], -1.64759988),
      ([0, 200, 4, 1_800, 2, 0], -1.005257713), ([1, 2, 0, 9, 8.5, 0], 1.662978679),
      ([5, 10, 0, 3, 4, 0], 1.253793592), ([0, 20, 0, 0, 2, 0.01], 0),
    ] as [([Double], Double)])
  func worse(_ given: [Double], _ wanted: Double) {
    let value = LogEvidence.increaseAtMost(
      given[5], tally(given[0], given[1]), tally(given[2], given[3]), bet: given[4])
    #expect(isClose(value, wanted), "\(value)")
  }

  @Test("V15–V18: the stakes, and how they are lowered where blue is small")
  func stakes() {
    #expect(isClose(LogEvidence.stakes(0, 200 / 1_800, bet: 2).lowered, 0.2222222222))
    #expect(isClose(LogEvidence.stakes(0.01, 200 / 1_800, bet: 2).lowered, 0.2178649237))
    #expect(isClose(LogEvidence.stakes(0, 2 / 9, bet: 8.5).raised, 4.275))
    #expect(isClose(LogEvidence.stakes(0, 10 / 3, bet: 4).raised, 0.285))
    let capped = LogEvidence.stakes(0.01, 10 / 3, bet: 4)
    #expect(isClose(10 / 3 * capped.raised / (1 + 0.01 * capped.raised), 0.95))
  }

  @Test("V19: no worse than a margin (F2)", arguments: [(0.0, 2.067132376), (1, -0.5921276608)])
  func notWorse(hits: Double, wanted: Double) {
    let value = LogEvidence.increaseAtLeast(0.01, tally(hits, 200), tally(2, 1_800), bet: 0.93)
    #expect(isClose(value, wanted), "\(value)")
  }

  @Test(
    "V21, V22: an absolute limit, of errors or of slow requests (F3)",
    arguments: [
      ([3.0, 20, 4, 0.05], 1.181882601), ([10, 100, 2, 0.05], 1.455104906), ([0, 100, 2, 0.05], -9.53101798),
      ([5, 10, 16, 0.05], 8.288200071), ([40, 500, 0.5, 0.05], 3.872298028), ([40, 500, 1, 0.05], 3.330805138),
    ] as [([Double], Double)])
  func limit(_ given: [Double], _ wanted: Double) {
    let value = LogEvidence.rateAtMost(given[3], tally(given[0], given[1]), bet: given[2])
    #expect(isClose(value, wanted), "\(value)")
  }

  @Test(
    "V13, V14: shares of the traffic (F8)",
    arguments: [
      ([0.1, 9, 31, 100], 0.598171227), ([0.1, 20, 60, 100], 3.264234031), ([0.1, 0, 30, 100], 0.4017962363),
      ([0.1, 9, 31, 2], 0.3996335036), ([0.1, 20, 60, 2], 4.703353524), ([0.1, 0, 30, 2], 2.542529652),
      ([0.5, 60, 40, 100], 0.658891818),
    ] as [([Double], Double)])
  func shares(_ given: [Double], _ wanted: Double) {
    let value = LogEvidence.shares(
      [given[1], given[2]], asConfigured: [given[0], 1 - given[0]], weight: given[3])
    #expect(isClose(value, wanted), "\(value)")
  }

  private let bins: [(green: Tally, blue: Tally)] = zip(
    zip([20.0, 22, 19, 21, 20, 20, 18, 22], [0.0, 1, 2, 1, 3, 2, 2, 4]),
    zip([180.0, 175, 190, 185, 181, 179, 182, 178], [1.0, 0, 0, 2, 1, 0, 1, 0])
  ).map { (Tally(requests: $0.0, hits: $0.1), Tally(requests: $1.0, hits: $1.1)) }

  /// The evidence after each of the eight intervals of ten seconds.
  private func evidence(_ claim: Claim, spread: Bool) -> [Double] {
    var evidence = Evidence(claim)
    let weights = StartWeights(plannedMinutes: 30)
    return bins.enumerated().map { index, bin in
      let weight =
        spread
        ? weights.weight(after: (index + 5) / 6 - 1, through: index / 6) : index == 0 ? 1 : 0
      evidence.fold(bin.green, bin.blue, weight: weight, dispersion: 1)
      return evidence.value
    }
  }

  private func expect(_ values: [Double], _ wanted: [Double]) {
    // The vectors have eight digits behind the point.
    for (value, one) in zip(values, wanted) { #expect(abs(value - one) <= 5.1e-9 + 1e-9 * abs(one), "\(value) \(one)") }
  }

  @Test("V23: the mixture over bets (F5)")
  func mixture() {
    expect(
      evidence(.increaseAtMost(0), spread: false),
      [
        -0.35799857, 0.51044676, 3.18872490, 3.28222583, 7.21525803, 10.37699620, 13.07018225, 19.67122670,
      ])
  }

  @Test("V24: the mixture over bets and start times (F5)")
  func startMixture() {
    expect(
      evidence(.increaseAtMost(0), spread: true),
      [
        -0.23654311, 0.38269090, 2.84956330, 2.94151334, 6.85889816, 10.02033460, 12.71350837, 19.31455230,
      ])
  }

  @Test("V27: the mixture against a limit of 5 %")
  func limitMixture() {
    expect(
      evidence(.rateAtMost(0.05), spread: true),
      [
        -0.83081519, -0.91938326, -0.81076467, -0.87713465, -0.54648224, -0.36193563, -0.09518236, 1.10772811,
      ])
  }

  @Test("V28: the interval for the increase (F7)")
  func interval() throws {
    var state = IncreaseState()
    for bin in bins { IncreaseInterval.fold(bin.green, bin.blue, dispersion: 1, into: &state) }
    expect(state.raisedA, [3.20835562, 5.80040747, 9.81721295, 15.24271031, 21.25640857, 19.77363472])
    for (value, wanted) in zip(state.raisedB, [40.5, 81, 162, 324, 648, 1335.6]) { #expect(isClose(value, wanted)) }
    let bounds = IncreaseInterval.bounds(state, alpha: 0.01)
    #expect(abs(try #require(bounds.atLeast) - 0.02876950) < 5.1e-9)
    #expect(abs(try #require(bounds.atMost) - 0.19862700) < 5.1e-9)
  }

  @Test("V30: how much more than by chance errors vary (F6)")
  func dispersion() throws {
    let minutes = [0.0, 5, 0, 1, 6, 0].map { Tally(requests: 600, hits: $0) }
    #expect(isClose(try #require(DispersionMeasure.raw(minutes)), 3.81270903))
    #expect(isClose(try #require(DispersionMeasure.value(minutes)), 5.21906355))
  }

  @Test("V47: percentiles from buckets")
  func quantiles() throws {
    let edge = { (power: Double) in 60 * pow(2, power / 14) }
    let bounds = [60, edge(1), edge(2), edge(19), edge(20)]
    let histogram = try #require(LatencyHistogram(bounds: bounds, counts: [50, 30, 15, 0, 5, 0]))
    for (rank, wanted) in [(0.5, 60), (0.95, 66.24537082), (0.99, 159.947699)] {
      #expect(isClose(try #require(histogram.quantile(rank)).value, wanted), "\(rank)")
    }
  }
}
