package import SlipwayModel

/// Figures of a slot over parts of a watch, in the units of ``RuleFigure``.
package struct RuleSeries: Sendable {
  private let samples: [CounterSample]

  /// - Parameter samples: readings in the order they were made.
  package init(_ samples: [CounterSample]) { self.samples = samples }

  /// One value for each whole `step` that ends at `end` or earlier and begins at `start` or later, oldest first; NaN where nothing was measured.
  package func points(
    _ figure: RuleFigure, of slot: Slot, from start: Timestamp, through end: Timestamp, step: Span
  ) -> [Double] {
    guard step > .zero, end > start else { return [] }
    let count = min(Int((end - start).milliseconds / step.milliseconds), Self.mostPoints)
    return (0..<count).map { index in
      let upper = end - step * (count - 1 - index)
      // A latency beyond the histogram's last bound counts as that bound, which leaves its rank where it is.
      return reading(figure, of: slot, after: upper - step, through: upper)?.value ?? .nan
    }
  }

  private static let mostPoints = 20_000

  /// The figure over one stretch; nil where nothing was measured, the counters began anew, or no reading lies in it.
  package func reading(
    _ figure: RuleFigure, of slot: Slot, after start: Timestamp, through end: Timestamp
  ) -> Reading? {
    // The reading that the stretch begins with, then those in it.
    let upper = firstIndex(after: end)
    let begin = firstIndex(after: start)
    guard begin < upper else { return nil }
    if case .gauge(let name) = figure {
      let readings = samples[begin..<upper].compactMap { $0.gauges[slot]?[name] }.filter(\.isFinite)
      return SampleStatistics.mean(readings).map { Reading($0) }
    }
    let part = Array(samples[max(0, begin - 1)..<upper])
    guard let first = part.first, let last = part.last, part.count > 1 else { return nil }
    let window = SlotWindow(of: slot, in: part, after: first.at)
    guard window.lost == 0, part.contains(where: { $0.slots[slot] != nil }) else { return nil }
    switch figure {
    case .errorRate: return window.errorRate.map { Reading($0 * 100) }
    case .latency(let percentile):
      guard window.requests > 0 else { return nil }
      return window.latency?.quantile(Double(percentile) / 100).map { Reading($0.value * 1_000, $0.precision) }
    case .throughput:
      guard last.at > first.at else { return nil }
      return Reading(Double(window.requests) / (last.at - first.at).seconds)
    case .gauge: return nil
    }
  }

  /// Where the readings made later than `time` begin.
  private func firstIndex(after time: Timestamp) -> Int {
    var (low, high) = (0, samples.count)
    while low < high {
      let middle = (low + high) / 2
      if samples[middle].at > time { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
