package import SlipwayModel

/// A recording judged anew, look by look, as a run would have been.
package struct WatchReplay: Sendable {
  /// What would have become of the run.
  package enum Decision: String, Codable, Sendable, CaseIterable {
    /// Every watch ended well.
    case promote
    case rollBack = "roll_back"
    /// A person would have been asked.
    case pause
    /// A watch ended without a verdict; the run would have waited, and nothing was recorded of that.
    case hold
  }

  package struct Look: Sendable {
    package var at: Timestamp
    package var stretch: Int
    package var percent: Int
    package var judgement: WatchJudgement
  }

  package private(set) var looks: [Look] = []
  package private(set) var decision = Decision.hold
  /// When it was decided; nil for a recording without readings.
  package private(set) var decidedAt: Timestamp?
  package private(set) var reason = "nothing was recorded"
  private var isOver = false

  /// Judges `recording` by `spec`.
  ///
  /// - Parameters:
  ///   - recording: what was counted.
  ///   - spec: the rules.
  ///   - previous: what the same rule came to in earlier runs, the newest first.
  ///   - gauges: the gauges whose limits hold beside the rules.
  ///   - goesOn: whether it looks on after the decision, for a picture.
  package init(
    _ recording: WatchRecording, by spec: WatchSpec, previous: [RuleEvaluation] = [], gauges: [GaugeSpec] = [],
    goesOn: Bool = false
  ) {
    let judge = Judge(recording: recording, spec: Self.knowing(recording.dispersion, spec), previous: previous)
    var carried = Carried(reference: recording.reference)
    for (index, stretch) in recording.stretches.enumerated() {
      if stretch.beginsAnew { (carried.crashesSince, carried.state) = (nil, nil) }
      carried.state = carried.state ?? Self.begun(stretch.prior, spec)
      var samples: [CounterSample] = []
      for sample in stretch.samples {
        samples.append(sample)
        samples = Self.relevant(samples, judge.spec)
        let limits = GaugeLimits.judge(gauges, green: recording.green, sample: sample)
        let judgement = GaugeLimits.adding(limits, to: judge.judge(samples, of: stretch, &carried))
        looks.append(Look(at: sample.at, stretch: index, percent: stretch.percent, judgement: judgement))
        take(judgement, at: sample.at)
        if isOver, !goesOn { return }
      }
      if stretch.percent < 100, stretch.samples.count > 1 { carried.reference = stretch.samples }
      if let last = looks.last, last.stretch == index, !isOver, decision != .pause {
        isOver = !ended(stretch, last, isLast: index == recording.stretches.count - 1, every: spec.every)
      }
      // A run that waits for a person has no next watch, whatever was recorded of one.
      isOver = isOver || decision == .pause
      if isOver, !goesOn { return }
    }
  }

  /// What one look decides. A run that waits for a person is watched on, and a breach still takes it back.
  private mutating func take(_ judgement: WatchJudgement, at time: Timestamp) {
    guard !isOver else { return }
    switch judgement.verdict {
    case .breach:
      decide(.rollBack, at: time, judgement.reason)
      isOver = true
    case .pause, .environment: if decision != .pause { decide(.pause, at: time, judgement.reason) }
    case .healthy, .undecided, .noData, .error: break
    }
  }

  /// What the end of a watch without a stop means; false when the run would not have gone on.
  private mutating func ended(_ stretch: WatchRecording.Stretch, _ last: Look, isLast: Bool, every: Span) -> Bool {
    guard last.judgement.verdict == .healthy else {
      decide(.hold, at: last.at, "no verdict at the end of what was recorded: \(last.judgement.reason)")
      return false
    }
    if isLast, let planned = stretch.planned, stretch.length + every + every < planned {
      decide(.hold, at: last.at, "well so far, but only \(stretch.length) of \(planned) were recorded")
      return false
    }
    decide(.promote, at: last.at, last.judgement.reason)
    return true
  }

  /// The rules with what all looks have in common.
  private struct Judge {
    let recording: WatchRecording
    let spec: WatchSpec
    let previous: [RuleEvaluation]

    func judge(
      _ samples: [CounterSample], of stretch: WatchRecording.Stretch, _ carried: inout Carried
    ) -> WatchJudgement {
      let (first, now) = (stretch.samples.first?.at, samples.last?.at ?? Timestamp(milliseconds: 0))
      let steady = recording.steady ?? recording.stretches.map(\.percent).filter { $0 < 100 }.max()
      let judgement = WatchJudge.judge(
        WatchLook(
          spec: spec, green: recording.green, blue: recording.blue, percent: stretch.percent,
          mustProve: stretch.percent == steady,
          planned: recording.planned ?? recording.stretches.reduce(Span.zero) { $0 + ($1.planned ?? $1.length) },
          duration: stretch.planned ?? stretch.length, startedAt: now == first ? nil : stretch.startedAt ?? first,
          samples: samples,
          reference: carried.reference, crashesSince: carried.crashesSince, state: carried.state,
          previous: previous, now: now))
      carried.crashesSince = carried.crashesSince ?? samples.last
      carried.state = judgement.state ?? carried.state
      return judgement
    }
  }

  /// What one look leaves to the next, as a run's history does.
  private struct Carried {
    var reference: [CounterSample]
    var crashesSince: CounterSample?
    var state: SequentialState?
  }

  private mutating func decide(_ decision: Decision, at time: Timestamp, _ reason: String) {
    (self.decision, decidedAt, self.reason) = (decision, time, reason)
  }

  /// The readings that a look needs: all of the watch, or its newest window with the reading it begins at.
  private static func relevant(_ samples: [CounterSample], _ spec: WatchSpec) -> [CounterSample] {
    guard !spec.judge.needsWholeWatch, let now = samples.last?.at,
      let edge = samples.lastIndex(where: { $0.at <= now - spec.window })
    else { return samples }
    return Array(samples[edge...])
  }

  /// The evidence of the first look with what was known then of the hours before; nil where the judge is to find that out itself.
  private static func begun(_ prior: WatchRecording.Prior?, _ spec: WatchSpec) -> SequentialState? {
    guard let prior, case .sequential(let sequential) = spec.judge else { return nil }
    let given = sequential.dispersion.map { SequentialState.Dispersion(errors: $0, latency: $0, isGiven: true) }
    var state = SequentialState(dispersion: given ?? prior.dispersion)
    state.edges = prior.edges
    return state
  }

  /// The rules with the dispersion that was measured then, where they do not say their own.
  private static func knowing(_ dispersion: Double?, _ spec: WatchSpec) -> WatchSpec {
    guard case .sequential(var sequential) = spec.judge, sequential.dispersion == nil, let dispersion else {
      return spec
    }
    var spec = spec
    sequential.dispersion = dispersion
    spec.judge = .sequential(sequential)
    return spec
  }
}
