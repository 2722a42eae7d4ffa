package import SlipwayModel

/// Everything one look of a watch is judged on.
package struct WatchLook: Sendable {
  package var spec: WatchSpec
  package var green: Slot
  /// Nil in a first deployment.
  package var blue: Slot?
  /// Green's share of new requests in this watch.
  package var percent: Int
  /// Whether this is the last watch in which blue gets traffic too, so that "not worse" has to be proved in it.
  package var mustProve: Bool
  /// How long the run is watched in all, over all its steps.
  package var planned: Span
  /// How long each step is watched.
  package var duration: Span
  /// When this watch began; nil at its first look.
  package var startedAt: Timestamp?
  /// Readings in the order they were made, the newest last; of the whole watch, or of its newest window where that is enough.
  package var samples: [CounterSample]
  /// Earlier readings, from when blue still had traffic.
  package var reference: [CounterSample]
  /// The reading that crashes are counted from, when it is older than `samples`.
  package var crashesSince: CounterSample?
  /// What the judge carried over from the look before; nil at the first look and after a person let a stopped run go on.
  package var state: SequentialState?
  /// What blue answered in each of the last hours' minutes before the run; only asked for at the first look. Empty where nobody knows.
  package var history: [SlotCounters]
  /// What the same rule came to in earlier promotions to this environment, one a finished watch, the newest first; for `keptn`.
  package var previous: [RuleEvaluation]
  package var now: Timestamp

  package init(
    spec: WatchSpec, green: Slot, blue: Slot?, percent: Int = 100, mustProve: Bool = false, planned: Span = .minutes(5),
    duration: Span = .minutes(5), startedAt: Timestamp? = nil, samples: [CounterSample],
    reference: [CounterSample] = [], crashesSince: CounterSample? = nil, state: SequentialState? = nil,
    history: [SlotCounters] = [], previous: [RuleEvaluation] = [], now: Timestamp
  ) {
    self.previous = previous
    self.spec = spec
    self.green = green
    self.blue = blue
    self.percent = percent
    self.mustProve = mustProve
    self.planned = planned
    self.duration = duration
    self.startedAt = startedAt
    self.samples = samples
    self.reference = reference
    self.crashesSince = crashesSince
    self.state = state
    self.history = history
    self.now = now
  }
}

extension WatchJudge {
  /// Judges one look by the judge that the pipeline file names; a pure function.
  package static func judge(_ look: WatchLook) -> WatchJudgement {
    switch look.spec.judge {
    case .sequential(let spec): SequentialJudge.judge(look, spec)
    case .thresholds:
      judge(
        spec: look.spec, green: look.green, blue: look.blue, samples: look.samples, reference: look.reference,
        crashesSince: look.crashesSince, now: look.now)
    case .limitedThresholds(let limits): LimitedThresholdsJudge.judge(look, by: limits)
    case .kayenta(let spec): KayentaJudge.judge(look, by: spec)
    case .keptn(let spec): KeptnJudge.judge(look, by: spec)
    }
  }
}
