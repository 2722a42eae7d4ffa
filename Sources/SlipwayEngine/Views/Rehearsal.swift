package import SlipwayAnalysis
package import SlipwayModel

/// Past promotions held against other rules: what they would have decided, when, and whether wrongly.
///
/// The recordings end where the runs did: of a run that was stopped nobody knows what would have come later.
package struct Rehearsal: Sendable {
  /// What the other rules make of a run.
  package enum Finding: String, Codable, Sendable, CaseIterable {
    /// Decided as it was then.
    case same
    /// Stopped too, but sooner.
    case earlier
    /// Stopped too, but later.
    case later
    /// Would have stopped what went wrong in another way, or was taken back after it.
    case caught
    /// Was stopped then, and would not be, as far as was recorded.
    case missed
    /// Was stopped then, and a person would be asked.
    case asked
    /// Went well then, and would be taken back.
    case falseStop = "false_stop"
    /// Went well then, and would wait for a person or for more requests.
    case falsePause = "false_pause"
    /// Nothing was counted, or the file has no such promotion.
    case notReplayed = "not_replayed"
  }

  package struct Line: Codable, Sendable, Equatable {
    package var run: RunID
    package var release: ReleaseID
    package var environment: EnvironmentName
    package var startedAt: Timestamp
    /// How the run ended, with what led back.
    package var then: String
    package var stoppedAt: Timestamp?
    /// `promote`, `roll_back`, `pause` or `hold`; nil where nothing was replayed.
    package var now: WatchReplay.Decision?
    package var decidedAt: Timestamp?
    /// Seconds from the stop then to the one now; below 0 is sooner. Nil where not both stop.
    package var difference: Double?
    package var finding: Finding
    package var reason: String
  }

  package private(set) var lines: [Line] = []

  /// How many runs came to what.
  package var counts: [Finding: Int] { Dictionary(grouping: lines, by: \.finding).mapValues(\.count) }

  /// Judges `runs`, oldest first, by what `rules` has for their environments; nil where it has nothing.
  package init(_ runs: [RecordedRun], by rules: (EnvironmentName) -> WatchSpec?) {
    var earlier: [EnvironmentName: [RuleEvaluation]] = [:]
    for run in runs {
      var line = Line(
        run: run.run, release: run.plan.release.id, environment: run.plan.to, startedAt: run.startedAt,
        then: run.status + (run.cause.map { " (\($0))" } ?? ""), stoppedAt: run.stop?.at, finding: .notReplayed,
        reason: "nothing was counted in its watches")
      if let spec = rules(run.plan.to), !run.recording.samples.isEmpty {
        let replay = WatchReplay(
          run.recording, by: spec, previous: earlier[run.plan.to] ?? [],
          gauges: run.plan.environment.gauges)
        earlier[run.plan.to, default: []].insert(contentsOf: Self.ends(replay), at: 0)
        (line.now, line.decidedAt, line.reason) = (replay.decision, replay.decidedAt, replay.reason)
        (line.finding, line.difference) = Self.finding(run, replay, spec.every)
      } else if rules(run.plan.to) == nil {
        line.reason = "the file has no promotion to \(run.plan.to)"
      }
      lines.append(line)
    }
  }

  /// What the rules came to at the end of each watch, the newest first.
  private static func ends(_ replay: WatchReplay) -> [RuleEvaluation] {
    let watches = Dictionary(grouping: replay.looks, by: \.stretch).sorted { $0.key > $1.key }
    return watches.compactMap { $0.value.last?.judgement.evaluation }
  }

  private static func finding(_ run: RecordedRun, _ replay: WatchReplay, _ every: Span) -> (Finding, Double?) {
    let isStopped = run.cause == Promotion.Cause.Kind.breach.rawValue
    switch (isStopped, replay.decision) {
    case (true, .rollBack):
      guard let then = run.stop?.at, let now = replay.decidedAt else { return (.same, nil) }
      let difference = (now - then).seconds
      // Between a reading and what is written of it lies the look itself.
      let atOnce = max(1, 2 * every.seconds)
      return (difference.magnitude <= atOnce ? .same : difference < 0 ? .earlier : .later, difference)
    case (true, .pause): return (.asked, nil)
    case (true, .promote), (true, .hold): return (.missed, nil)
    case (false, .rollBack): return (run.status == "success" && !run.wasTakenBack ? .falseStop : .caught, nil)
    case (false, .pause), (false, .hold):
      // One that waited for people then is not held up more than it was.
      return (run.status == "success" && run.stop == nil ? .falsePause : .same, nil)
    case (false, .promote): return (.same, nil)
    }
  }
}
