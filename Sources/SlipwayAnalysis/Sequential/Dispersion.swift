internal import Foundation
package import SlipwayModel

/// How much more counts vary from minute to minute than by chance (F6): errors come in clumps where requests are retried or one instance stalls.
package enum DispersionMeasure {
  /// What stands in where nobody knows the hours before.
  package static let unknown = 5.0
  /// More would be an outage in the hours before, which must not leave the judge blind to the next one; runs of four errors on average come to 10.
  package static let most = 20.0
  /// Minutes that a measurement takes at least: two hours, with room for a few that are missing.
  package static let fewestMinutes = 100

  /// The variance that was found for each that chance explains; nil below two minutes with requests.
  package static func raw(_ minutes: [Tally]) -> Double? {
    let counted = minutes.filter { $0.requests > 0 }
    guard counted.count > 1 else { return nil }
    let rate = counted.reduce(0) { $0 + $1.hits } / counted.reduce(0) { $0 + $1.requests }
    guard rate > 0, rate < 1 else { return 0 }
    let sum = counted.reduce(0.0) { sum, minute in
      let expected = rate * minute.requests
      return sum + (minute.hits - expected) * (minute.hits - expected) / (expected * (1 - rate))
    }
    return sum / Double(counted.count - 1)
  }

  /// φ: what evidence is divided by, from 1 to ``most``.
  package static func value(_ minutes: [Tally]) -> Double? { raw(minutes).map { min(most, max(1, 1.5 * $0 - 0.5)) } }

  /// Measures `history`, what blue answered in each minute before the run; a cautious value where that is too little.
  package static func measured(_ history: [SlotCounters], given: Double?) -> SequentialState.Dispersion {
    if let given { return SequentialState.Dispersion(errors: given, latency: given, isGiven: true) }
    let counted = history.filter { $0.requests > 0 }
    let failed = counted.map { Tally(requests: Double($0.requests), hits: Double(min($0.errors, $0.requests))) }
    guard counted.count >= fewestMinutes, let errors = value(failed) else {
      return SequentialState.Dispersion(errors: unknown, latency: unknown)
    }
    let histograms = counted.compactMap(\.latency).filter { $0.total > 0 }
    let all = histograms.dropFirst().reduce(histograms.first) { sum, next in sum?.adding(next) }
    var latency = unknown
    if let all, histograms.count >= fewestMinutes {
      latency =
        all.edges([0.9, 0.95, 0.99]).compactMap { edge in
          value(histograms.map { $0.tally(above: edge) })
        }.max() ?? unknown
    }
    return SequentialState.Dispersion(errors: errors, latency: latency, minutes: counted.count)
  }
}

extension LatencyHistogram {
  /// The bounds at or right above these quantiles, where they are within the bounds.
  package func edges(_ ranks: [Double]) -> [Double] {
    let total = Double(total)
    guard total > 0 else { return [] }
    return ranks.compactMap { rank in
      var below = 0.0
      for (index, bound) in bounds.enumerated() {
        below += Double(counts[index])
        if below >= rank * total { return bound }
      }
      return bounds.last
    }
  }

  /// The smallest bound that is not below `seconds`; nil beyond the last.
  package func edge(notBelow seconds: Double) -> Double? {
    bounds.first { $0 >= seconds * (1 - 1e-9) }
  }

  /// All requests, and those slower than the bound `edge`.
  package func tally(above edge: Double) -> Tally {
    var (all, slow) = (0.0, 0.0)
    for (index, count) in counts.enumerated() {
      all += Double(count)
      if index == bounds.count || bounds[index] > edge * (1 + 1e-9) { slow += Double(count) }
    }
    return Tally(requests: all, hits: slow)
  }
}
