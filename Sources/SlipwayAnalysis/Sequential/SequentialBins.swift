internal import SlipwayModel

/// Cuts readings of counters into the intervals that evidence is gathered from.
package struct SequentialBins: Sendable {
  private static let lookback = Span.minutes(5)
  /// Requests that percentiles of blue take.
  private static let enough: UInt64 = 200

  let look: WatchLook
  let spec: SequentialSpec
  private let warmUntil: Timestamp
  private let comparesNow: Bool

  init(_ look: WatchLook, _ spec: SequentialSpec) {
    self.look = look
    self.spec = spec
    let fifth = Span(milliseconds: min(60_000, look.duration.milliseconds / 5))
    warmUntil = (look.startedAt ?? look.samples.first?.at ?? look.now) + (spec.warmUp ?? fifth)
    comparesNow = look.blue != nil && look.percent < 100
  }

  /// The reading that comparisons begin with.
  var comparedFrom: Timestamp { warmUntil }

  /// Folds every interval that `run` has not seen yet.
  func fold(into run: inout SequentialRun) {
    let samples = look.samples
    let seen = run.state.foldedUntil.flatMap { time in samples.lastIndex { $0.at == time } }
    let first = seen.map { $0 + 1 } ?? 0
    for index in max(1, first)..<max(1, samples.count, first) { fold(index, into: &run) }
    if let last = samples.last, seen == nil, samples.count == 1 { run.close(at: last.at, edges: []) }
  }

  /// Folds the interval in that the reading at `index`, which is not the first, ends.
  package func fold(_ index: Int, into run: inout SequentialRun) {
    let samples = look.samples
    run.fold(bin(from: samples[index - 1], to: samples[index]))
    run.close(at: samples[index].at, edges: run.plan.needsEdges ? edges(at: index) : [])
  }

  /// Bounds that blue's percentiles of its newest minutes fall on, before there was a look.
  func edgesBefore() -> [Double] {
    let minutes = look.history.suffix(5).compactMap(\.latency)
    let all = minutes.dropFirst().reduce(minutes.first) { sum, next in sum?.adding(next) }
    guard let all, all.total >= Self.enough else { return [] }
    return all.edges([0.9, 0.95, 0.99])
  }

  /// How long an interval counts as watched: hours without a driver are not.
  private func length(since start: Timestamp, until end: Timestamp) -> Int64 {
    max(0, min((end - start).milliseconds, 2 * look.spec.every.milliseconds))
  }

  /// What came in between two readings; what one of them lacks is not in it, and no later reading makes up for it.
  private func bin(from earlier: CounterSample, to later: CounterSample) -> SequentialBin {
    let isOne = earlier.source == later.source
    var bin = SequentialBin(
      milliseconds: length(since: earlier.at, until: later.at), isWarmUp: earlier.at < warmUntil,
      percent: look.percent, green: isOne ? side(look.green, earlier, later) : nil, blue: nil)
    guard comparesNow, let blue = look.blue else { return bin }
    bin.blue = isOne ? side(blue, earlier, later) : nil
    bin.isBlueMissing = bin.blue == nil
    return bin
  }

  private func side(_ slot: Slot, _ earlier: CounterSample, _ later: CounterSample) -> SequentialBin.Side? {
    guard let before = earlier.slots[slot], let difference = later.slots[slot]?.since(before) else { return nil }
    // A source that counts an error before its request is not doubted: there were at least as many requests.
    let errors = Double(difference.serverErrors) + Double(difference.connectionErrors)
    let tally = Tally(requests: max(Double(difference.requests), errors), hits: errors)
    return SequentialBin.Side(tally, latency: before.latency == nil ? nil : difference.latency)
  }

  /// Blue's percentiles over the minutes up to the reading at `index`, as bounds of its histogram; empty while there are too few requests.
  private func edges(at index: Int) -> [Double] {
    guard comparesNow, let blue = look.blue, let newest = look.samples[index].slots[blue]?.latency else { return [] }
    let end = look.samples[index].at
    let start = end - min(Self.lookback, look.spec.window)
    let source = look.samples[index].source
    for sample in look.samples[..<index] where sample.at >= start && sample.source == source {
      guard let earlier = sample.slots[blue]?.latency else { continue }
      guard let recent = newest.since(earlier) else { continue }
      return recent.total >= Self.enough ? recent.edges([0.9, 0.95, 0.99]) : []
    }
    return []
  }
}
