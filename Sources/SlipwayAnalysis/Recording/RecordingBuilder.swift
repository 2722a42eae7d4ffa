internal import SlipwayModel

/// Makes a recording of rows: readings by instant, stretches by weight, counts that only grow.
struct RecordingBuilder {
  let head: RecordingHead
  let counts: RecordingCounts

  /// All rows of one instant.
  private struct Moment {
    var at: Timestamp
    var rows: [RecordingRow]
    var weight: Int? { rows.compactMap(\.weight).last }
  }

  func recording(_ rows: [RecordingRow]) throws(RecordingError) -> WatchRecording {
    let moments = try moments(rows)
    guard let first = moments.first, moments.count > 1 || counts == .perInterval else {
      throw RecordingError(0, "one reading alone says nothing; at least two are needed, at different times")
    }
    var samples: [(sample: CounterSample, weight: Int?)] = []
    var totals: [Slot: SlotCounters] = [:]
    if counts == .perInterval {
      // What the first rows count came in since one interval earlier.
      let gap = moments.count > 1 ? moments[1].at - first.at : .seconds(10)
      for row in first.rows { totals[row.slot] = SlotCounters(latency: try row.histogram().map(Self.empty)) }
      samples.append((sample(at: first.at - gap, totals, []), first.weight))
    }
    for moment in moments {
      var present: [Slot: SlotCounters] = [:]
      for row in moment.rows {
        let counted = SlotCounters(
          requests: row.requests, serverErrors: row.errors, latency: try row.histogram())
        let sum = counts == .cumulative ? counted : try Self.sum(totals[row.slot], counted, row.line)
        totals[row.slot] = sum
        present[row.slot] = sum
      }
      samples.append((sample(at: moment.at, present, moment.rows), moment.weight))
    }
    guard samples.contains(where: { $0.sample.slots[head.green] != nil }) else {
      throw RecordingError(0, "no row is about green, so there is nothing to judge")
    }
    let blue = samples.contains { $0.sample.slots[head.blue] != nil } && head.hasBlue ? head.blue : nil
    return WatchRecording(
      green: head.green, blue: blue, stretches: stretches(samples), dispersion: head.dispersion)
  }

  private func moments(_ rows: [RecordingRow]) throws(RecordingError) -> [Moment] {
    var moments: [Moment] = []
    for row in rows {
      guard row.errors <= row.requests else {
        throw RecordingError(row.line, "\(row.errors) errors of \(row.requests) requests cannot be")
      }
      if let last = moments.last, last.at == row.at {
        guard !last.rows.contains(where: { $0.slot == row.slot }) else {
          throw RecordingError(row.line, "slot \(row.slot.rawValue) has a row for \(row.at) already")
        }
        moments[moments.count - 1].rows.append(row)
      } else {
        if let last = moments.last, row.at < last.at {
          throw RecordingError(row.line, "\(row.at) is earlier than the row before; sort the file by time")
        }
        moments.append(Moment(at: row.at, rows: [row]))
      }
    }
    return moments
  }

  private func sample(at time: Timestamp, _ slots: [Slot: SlotCounters], _ rows: [RecordingRow]) -> CounterSample {
    var sample = CounterSample(at: time, source: "recording", slots: slots)
    for row in rows {
      if let crashes = row.crashes { sample.crashes[row.slot] = crashes }
      if !row.gauges.isEmpty { sample.gauges[row.slot] = row.gauges }
    }
    return sample
  }

  private static func empty(_ histogram: LatencyHistogram) -> LatencyHistogram {
    LatencyHistogram(bounds: histogram.bounds)
  }

  private static func sum(
    _ before: SlotCounters?, _ more: SlotCounters, _ line: Int
  ) throws(RecordingError) -> SlotCounters {
    guard let before else { return more }
    let (requests, overflow) = before.requests.addingReportingOverflow(more.requests)
    guard !overflow else { throw RecordingError(line, "the counts are too large to be added up") }
    var sum = SlotCounters(requests: requests, serverErrors: before.serverErrors &+ more.serverErrors)
    if let earlier = before.latency, let later = more.latency {
      guard let both = earlier.adding(later) else {
        throw RecordingError(line, "the buckets of latencies are others than in the rows before")
      }
      sum.latency = both
    }
    return sum
  }

  /// One for each weight. Counts of one interval belong to the weight of their row, so that the reading before is their beginning; a cumulative
  /// reading may lie behind the change, so that the stretch begins with it.
  private func stretches(_ samples: [(sample: CounterSample, weight: Int?)]) -> [WatchRecording.Stretch] {
    guard samples.contains(where: { $0.weight != nil }) else {
      return [WatchRecording.Stretch(percent: share(samples.map(\.sample)), samples: samples.map(\.sample))]
    }
    var stretches: [WatchRecording.Stretch] = []
    var weight = samples.lazy.compactMap(\.weight).first ?? 0
    for (index, entry) in samples.enumerated() {
      if let current = stretches.last, entry.weight ?? weight == current.percent {
        stretches[stretches.count - 1].samples.append(entry.sample)
      } else {
        weight = entry.weight ?? weight
        let begin = counts == .perInterval && index > 0 ? [samples[index - 1].sample] : []
        stretches.append(WatchRecording.Stretch(percent: weight, samples: begin + [entry.sample]))
      }
    }
    return stretches.filter { $0.percent > 0 && $0.samples.count > 1 }
  }

  /// Green's share of the requests that were counted, for a recording that does not say its weights.
  private func share(_ samples: [CounterSample]) -> Int {
    guard let first = samples.first, let last = samples.last else { return 100 }
    let counted = { (slot: Slot) -> Double in
      let (early, late) = (first.slots[slot]?.requests ?? 0, last.slots[slot]?.requests ?? 0)
      return Double(late >= early ? late - early : late)
    }
    let (above, below) = (counted(head.green), counted(head.blue))
    guard above + below > 0 else { return 100 }
    return min(100, max(1, Int((100 * above / (above + below)).rounded())))
  }
}
