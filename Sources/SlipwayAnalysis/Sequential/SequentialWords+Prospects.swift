internal import Foundation
internal import SlipwayModel

/// What more requests would bring, and how small a worsening would have been seen.
extension SequentialWords {
  /// Requests on green until `test` is proved at the present rates; nil where these do not lead there, or are not known.
  func needed(_ test: SequentialPlan.Test) -> Double? {
    guard let against = isAlone ? 0 : neededByComparison(test) else { return nil }
    guard let absolute = test.absolute else { return isAlone ? nil : against.rounded(.up) }
    // Both have to be reached: the limit, and that green is worse.
    return needed(absolute, goal: test.goal).map { max($0, against).rounded(.up) }
  }

  /// A comparison is the mean of its streams, so that one of them is enough when it says so many times more.
  private func neededByComparison(_ test: SequentialPlan.Test) -> Double? {
    guard !test.comparison.isEmpty else { return 0 }
    return test.comparison.compactMap { needed($0, goal: goal(test)) }.min()
  }

  private func needed(_ index: Int, goal: Double) -> Double? {
    let quantity = run.plan.streams[index].quantity
    guard let rates = rates(quantity) else { return nil }
    return run.stream(index).needed(
      toReach: goal, green: rates.green, blue: rates.blue, ratio: rates.ratio, dispersion: dispersion(quantity))
  }

  /// The smallest increase, of errors or of slow requests, that would have been proved by now.
  func visible(_ test: SequentialPlan.Test) -> Double? {
    guard test.id != "T8", !isAlone else { return nil }
    let (green, blue) = (run.state.green.requests, run.state.blue.requests)
    guard green > 0, blue > 0 else { return nil }
    return test.comparison.compactMap { index in
      let quantity = run.plan.streams[index].quantity
      return usual(quantity, test).flatMap { rate in
        run.stream(index).visible(
          at: goal(test), requests: green, blue: rate, ratio: green / blue, dispersion: dispersion(quantity))
      }
    }.min()
  }

  /// What one stream of the comparison has to reach.
  private func goal(_ test: SequentialPlan.Test) -> Double { test.goal + log(Double(max(1, test.comparison.count))) }

  private func dispersion(_ quantity: SequentialPlan.Quantity) -> Double {
    quantity.isLatency ? run.state.dispersion.latency : run.state.dispersion.errors
  }

  /// Blue's rate of hits, which is known for percentiles.
  private func usual(_ quantity: SequentialPlan.Quantity, _ test: SequentialPlan.Test) -> Double? {
    switch quantity {
    case .errors, .blueErrors: rate(run.state.blue)
    case .slower(_, let rank): [0.1, 0.05, 0.01][rank]
    case .beyond, .blueBeyond: test.metric == .p95 ? 0.05 : 0.01
    }
  }

  /// Hits for each request on green and on blue, and green's requests for each of blue's: errors over the whole run, slow requests over the newest
  /// window. Without blue its figures are 0.
  private func rates(_ quantity: SequentialPlan.Quantity) -> (green: Double, blue: Double, ratio: Double)? {
    guard let onGreen = tally(quantity, onGreen: true), let green = rate(onGreen) else { return nil }
    guard !isAlone else { return (green, 0, 1) }
    guard let onBlue = tally(quantity, onGreen: false), let blue = rate(onBlue) else { return nil }
    return (green, blue, onGreen.requests / onBlue.requests)
  }

  private func tally(_ quantity: SequentialPlan.Quantity, onGreen: Bool) -> Tally? {
    switch quantity {
    case .errors, .blueErrors:
      guard isAlone else { return onGreen ? run.state.green : run.state.blue }
      return green.map { Tally(requests: Double($0.requests), hits: Double(min($0.errors, $0.requests))) }
    case .slower(let ratio, let rank):
      guard run.state.edges.indices.contains(rank) else { return nil }
      return slow(beyond: run.state.edges[rank] * (onGreen ? ratio : 1), onGreen: onGreen)
    case .beyond(let limit), .blueBeyond(let limit): return slow(beyond: limit, onGreen: onGreen)
    }
  }

  /// Latencies of the newest window by slot, where `run` has tests about them.
  static func latencies(_ look: WatchLook, _ run: SequentialRun) -> [Slot: LatencyHistogram] {
    guard run.plan.streams.contains(where: \.quantity.isLatency) else { return [:] }
    var latencies: [Slot: LatencyHistogram] = [:]
    for slot in [look.green, look.blue].compactMap({ $0 }) {
      // Not more than the window: a look may hold older readings or not, and says the same.
      latencies[slot] = SlotWindow(of: slot, in: look.samples, after: look.now - look.spec.window).latency
    }
    return latencies
  }

  private func slow(beyond seconds: Double, onGreen: Bool) -> Tally? {
    guard let slot = onGreen ? look.green : look.blue, let latency = latencies[slot] else { return nil }
    return latency.edge(notBelow: seconds).map { latency.tally(above: $0) }
  }

  /// Hits for each request; what was never seen counts as half a request's.
  private func rate(_ tally: Tally) -> Double? {
    tally.requests > 0 ? (tally.hits + 0.5) / (tally.requests + 1) : nil
  }
}
