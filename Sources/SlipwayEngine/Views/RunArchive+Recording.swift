package import SlipwayAnalysis
internal import SlipwayJournal
package import SlipwayModel

/// A run with everything that was counted in its watches, and what became of it.
package struct RecordedRun: Sendable {
  package var run: RunID
  package var plan: Plan
  package var startedAt: Timestamp
  /// How it ended, or where it stands.
  package var status: String
  package var recording: WatchRecording
  /// The look at which the watch took the run back, else the first at which it stopped it, and what it said; nil where it did neither.
  package var stop: (at: Timestamp, judgement: WatchJudgement)?
  /// What led back, when it went back.
  package var cause: String?
  /// Whether the environment went back from it later, so that it was no good release after all.
  package var wasTakenBack = false
}

extension RunArchive {
  /// The counts of a run's watches, read from its entries alone.
  ///
  /// - Throws: ``EngineError`` when there is no such run, or a journal error.
  package func recorded(_ run: RunID) async throws -> RecordedRun {
    let entries = try await entries(of: run.text)
    guard let first = entries.first else {
      throw EngineError(.notFound, "there is no run '\(run)'; list them with: slipway list")
    }
    var collector = RecordingCollector(try RunHistory(run, first: first.entry, sequence: first.seq))
    for stored in entries.dropFirst() {
      collector.take(try RunHistory.event(stored.entry), at: stored.entry.at, sequence: stored.seq)
    }
    return collector.recorded
  }

  /// Promotions begun at `since` or later, oldest first, with what is known of them now.
  ///
  /// - Throws: a journal error, or ``EngineError`` for an entry that cannot be read.
  package func recordedPromotions(since: Timestamp) async throws -> [RecordedRun] {
    let rows = try await reader.runs(limit: 100_000).sorted { $0.startedAt < $1.startedAt }
    var runs: [RecordedRun] = []
    for (index, row) in rows.enumerated()
    where row.startedAt >= since && row.operation == Plan.Operation.promote.rawValue {
      var recorded = try await recorded(row.run)
      let next = rows[(index + 1)...].first { $0.environment == row.environment && $0.status == "success" }
      recorded.wasTakenBack = row.status == "success" && next?.operation == Plan.Operation.rollback.rawValue
      runs.append(recorded)
    }
    return runs
  }
}

/// Gathers the readings of a run while its entries are folded.
private struct RecordingCollector {
  private var history: RunHistory
  private var recording: WatchRecording
  private var stop: (at: Timestamp, judgement: WatchJudgement)?
  /// The watch that the newest stretch is of: its step and its beginning.
  private var watch: (step: Int, startedAt: Timestamp)?
  private var beginsAnew = false

  init(_ history: RunHistory) {
    self.history = history
    let plan = history.promotion.plan
    let watches = plan.steps.compactMap { step -> (percent: Int, duration: Span)? in
      if case .watch(let percent, let duration) = step.action { (percent, duration) } else { nil }
    }
    recording = WatchRecording(
      green: plan.green, blue: plan.blue?.slot, planned: watches.reduce(.zero) { $0 + $1.duration },
      steady: watches.map(\.percent).filter { $0 < 100 }.max())
  }

  mutating func take(_ event: Event, at time: Timestamp, sequence: Int64) {
    history.fold(event, at: time, sequence: sequence)
    if case .referenced(let before, let after) = event { recording.reference = [before, after] }
    if case .resumedBy = event { beginsAnew = true }
    if case .measured(let step, let sample, let judgement) = event { measured(step, sample, judgement, at: time) }
  }

  private mutating func measured(_ step: Int, _ sample: CounterSample?, _ judgement: WatchJudgement, at time: Timestamp)
  {
    let records = history.promotion.records
    let isFirstBreach = judgement.verdict == .breach && stop?.judgement.verdict != .breach
    let isPause = [.pause, .environment].contains(judgement.verdict)
    // When it was counted, not when it was written down, so that the same look has the same time now.
    if isFirstBreach || (stop == nil && isPause) { stop = (sample?.at ?? time, judgement) }
    if recording.dispersion == nil, let dispersion = judgement.state?.dispersion, dispersion.minutes > 0 {
      recording.dispersion = dispersion.errors
    }
    guard let sample, records.indices.contains(step), case .watch(let percent, let duration) = records[step].step.action
    else { return }
    let startedAt = records[step].watch?.startedAt ?? watch?.startedAt ?? time
    if let watch, watch.step == step, watch.startedAt == startedAt, !recording.stretches.isEmpty {
      recording.stretches[recording.stretches.count - 1].samples.append(sample)
    } else {
      let isBegun = beginsAnew || recording.stretches.isEmpty
      recording.stretches.append(
        WatchRecording.Stretch(
          percent: percent, samples: [sample], beginsAnew: beginsAnew, planned: duration,
          prior: isBegun ? judgement.state.map(WatchRecording.Prior.init) : nil, startedAt: startedAt))
      beginsAnew = false
    }
    watch = (step, startedAt)
  }

  var recorded: RecordedRun {
    let promotion = history.promotion
    return RecordedRun(
      run: promotion.run, plan: promotion.plan, startedAt: promotion.requestedAt, status: promotion.status,
      recording: recording, stop: stop, cause: promotion.cause.map(\.kind.rawValue))
  }
}
