internal import Foundation
internal import SlipwayAnalysis
internal import SlipwayJournal
package import SlipwayModel

/// A run as the driver holds it: the machine's state, how far its stream was read, and the samples of the watch in hand.
struct RunHistory: Sendable {
  private(set) var promotion: Promotion
  /// The last sequence number of the run's stream that is folded in.
  private(set) var sequence: Int64
  /// Counter samples of the current watch, oldest first.
  private(set) var samples: [CounterSample] = []
  /// Samples from when blue still had traffic, which stand in for it at 100 %.
  private(set) var reference: [CounterSample] = []
  /// The first reading since the run began or a person let it go on: crashes are counted from here, over all watches.
  private(set) var crashesSince: CounterSample?
  /// What the sequential judge carried over from the last look. Whoever lets a stopped run go on takes what led to the stop upon themselves,
  /// so that it begins anew then.
  private(set) var judgeState: SequentialState?

  /// Replays a run from its entries.
  ///
  /// - Throws: ``EngineError`` when the stream does not begin with a request or an entry cannot be read, which means the journal was
  ///   written by a newer Slipway or is damaged.
  init(_ run: RunID, entries: [StoredEntry]) throws {
    guard let first = entries.first else {
      throw EngineError(.notFound, "there is no run '\(run)'; list them with: slipway list")
    }
    try self.init(run, first: first.entry, sequence: first.seq)
    for stored in entries.dropFirst() { fold(try Self.event(stored.entry), at: stored.entry.at, sequence: stored.seq) }
  }

  /// Begins with the first entry of a run.
  init(_ run: RunID, first entry: Entry, sequence: Int64) throws {
    guard case .requested(let request) = try Self.event(entry) else {
      throw EngineError(
        .broken, "run \(run) does not begin with a request; check the journal with: slipway audit verify")
    }
    promotion = Promotion(request, at: entry.at)
    self.sequence = sequence
  }

  /// Folds an event in that is on disk as `sequence`.
  mutating func fold(_ event: Event, at time: Timestamp, sequence: Int64) {
    let watched = promotion.watchInHand
    promotion.apply(event, at: time)
    self.sequence = sequence
    if case .referenced(let before, let after) = event { reference = [before, after] }
    if case .resumedBy = event { (crashesSince, judgeState) = (nil, nil) }
    if case .measured(_, _, let judgement) = event, let state = judgement.state { judgeState = state }
    if case .measured(_, let sample?, _) = event { crashesSince = crashesSince ?? sample }
    if case .measured(let index, let sample, _) = event, promotion.records.indices.contains(index) {
      if let sample { samples.append(sample) }
      if let progress = promotion.records[index].watch {
        // A watch begins when its first reading is noted, a moment after it was made; without it the first interval would be lost.
        if progress.looks == 0 { samples = [sample].compactMap { $0 } }
        samples = Self.relevant(samples, window: promotion.plan.watch, now: time)
      }
    }
    guard let watched, promotion.watchInHand != watched || promotion.records[watched].watch == nil else { return }
    // A watch is over: what blue answered in it is newer than what was known before, unless it got nothing.
    if case .watch(let percent, _) = promotion.records[watched].step.action, percent < 100, samples.count > 1 {
      reference = samples
    }
    samples = []
  }

  /// The baseline and what the trailing window needs; what lies before it is in the journal.
  private static func relevant(
    _ samples: [CounterSample], window spec: WatchSpec, now: Timestamp
  ) -> [CounterSample] {
    guard !spec.judge.needsWholeWatch, let edge = samples.lastIndex(where: { $0.at <= now - spec.window }) else {
      return samples
    }
    return Array(samples[edge...])
  }

  /// What the judge is shown at a look of the watch that is step `index`.
  func look(_ sample: CounterSample, step index: Int, now: Timestamp) -> WatchLook {
    let plan = promotion.plan
    let watches = plan.steps.compactMap { step -> (percent: Int, duration: Span)? in
      if case .watch(let percent, let duration) = step.action { (percent, duration) } else { nil }
    }
    var look = WatchLook(
      spec: plan.watch, green: plan.green, blue: plan.blue?.slot, samples: samples + [sample], reference: reference,
      crashesSince: crashesSince, state: judgeState, now: now)
    look.planned = watches.reduce(.zero) { $0 + $1.duration }
    look.startedAt = promotion.records[index].watch?.startedAt
    if case .watch(let percent, let duration) = promotion.records[index].step.action {
      look.percent = percent
      look.duration = duration
      look.mustProve = percent < 100 && percent == watches.map(\.percent).filter { $0 < 100 }.max()
    }
    return look
  }

  static func event(_ entry: Entry) throws -> Event {
    do {
      return try CanonicalJSON.decode(Event.self, from: entry.body)
    } catch {
      throw EngineError(
        .broken,
        "entry '\(entry.kind)' of run \(entry.stream) cannot be read (\(error)); was it written by a newer Slipway?")
    }
  }

  static func entry(_ event: Event, of run: RunID, at time: Timestamp, by actor: String, id: String? = nil) throws
    -> Entry
  {
    Entry(
      stream: run.text, kind: event.kind, at: time, actor: actor, body: try CanonicalJSON.encode(event), id: id)
  }

  static func entry(_ event: LedgerEvent, at time: Timestamp, by actor: String, id: String? = nil) throws -> Entry {
    Entry(
      stream: event.stream, kind: event.kind, at: time, actor: actor, body: try CanonicalJSON.encode(event), id: id)
  }
}

extension Promotion {
  /// The row that the journal keeps beside the entries, as of `now`.
  package func row(at now: Timestamp) -> RunRow {
    RunRow(
      run: run, project: plan.project, environment: plan.to, release: plan.release.id,
      operation: plan.operation.rawValue, status: status, createdBy: requester.text, startedAt: requestedAt,
      finishedAt: finishedAt, wakeAt: wakeUp(at: now), evidenceFolder: evidenceFolder)
  }

  /// When the driver must look at the run; nil when only a person can move it. A step under way is looked at at once after a restart.
  private func wakeUp(at now: Timestamp) -> Timestamp? {
    switch next(at: now) {
    case .finished: nil
    case .wait(let wait): wait.kind == .step ? now : wait.until
    case .perform, .readBack, .measure, .record, .writeEvidence, .followUp: now
    }
  }
}

extension StepRecord {
  /// Whether a driver, not a person, had begun it.
  var isBegunByDriver: Bool {
    if case .intended = status { true } else { false }
  }
}
