/// A fact about the looks at a release after it began to serve. They are in the journal under ``stream(of:)``, apart from the run, which is over.
package enum AftercareEvent: Codable, Sendable, Equatable {
  case opened(AftercareOrder)
  /// `next` is when to look again; nil where nothing is left to look at.
  case looked(AftercareLook, next: Timestamp?)
  /// People were told that these findings began or ended, by their place among all.
  case told(began: [Int], ended: [Int])
  /// Nothing more is looked at; evidence is to be written.
  case ending(AftercareEnding)
  case closed(folder: String, manifest: Digest)

  package static let streamPrefix = "after:"
  package static func stream(of run: RunID) -> String { "\(streamPrefix)\(run)" }

  /// The kind of fact in the journal.
  package var kind: String {
    switch self {
    case .opened: "after.opened"
    case .looked: "after.looked"
    case .told: "after.told"
    case .ending: "after.ending"
    case .closed: "after.closed"
    }
  }
}

/// Which release is looked after, since when, and with what it is compared.
package struct AftercareOrder: Codable, Sendable, Equatable {
  package var run: RunID
  package var project: String
  package var environment: EnvironmentName
  package var release: ReleaseID
  package var slot: Slot
  /// When it began to serve.
  package var since: Timestamp
  package var spec: AftercareSpec
  /// What served before; nil where there was nothing, or nobody measured it.
  package var baseline: AftercareBaseline?

  package init(
    run: RunID, project: String, environment: EnvironmentName, release: ReleaseID, slot: Slot, since: Timestamp,
    spec: AftercareSpec, baseline: AftercareBaseline?
  ) {
    self.run = run
    self.project = project
    self.environment = environment
    self.release = release
    self.slot = slot
    self.since = since
    self.spec = spec
    self.baseline = baseline
  }

  /// Since when a phase is on.
  package func start(of phase: AftercarePhase) -> Timestamp { since + spec.start(of: phase) }
  package func end(of phase: AftercarePhase) -> Timestamp { since + spec[phase].until }
}

/// What was measured of the old release before the new one got traffic.
package struct AftercareBaseline: Codable, Sendable, Equatable {
  /// Over how long.
  package var seconds: Double
  /// Of the old release.
  package var figures: WatchFigures
  /// Of both slots together.
  package var requestsPerSecond: Double?

  package init(seconds: Double, figures: WatchFigures, requestsPerSecond: Double?) {
    self.seconds = seconds
    self.figures = figures
    self.requestsPerSecond = requestsPerSecond
  }
}

/// One look, at everything that was due.
package struct AftercareLook: Codable, Sendable, Equatable {
  package var phases: [PhaseLook]
  package var outcomes: [AftercareOutcome]
  /// Nil where no check needs counters or they could not be read.
  package var sample: CounterSample?
  /// Readings of the slot that serves.
  package var gauges: [String: Double]
  /// Business figures by the name of their check.
  package var figures: [String: Double]

  package init(
    phases: [PhaseLook], outcomes: [AftercareOutcome], sample: CounterSample? = nil, gauges: [String: Double] = [:],
    figures: [String: Double] = [:]
  ) {
    self.phases = phases
    self.outcomes = outcomes
    self.sample = sample
    self.gauges = gauges
    self.figures = figures
  }

  package struct PhaseLook: Codable, Sendable, Equatable {
    package var phase: AftercarePhase
    /// When it should have been; a driver that was away looks later.
    package var due: Timestamp
    /// When the phase is looked at again; nil: never.
    package var next: Timestamp?

    package init(phase: AftercarePhase, due: Timestamp, next: Timestamp?) {
      self.phase = phase
      self.due = due
      self.next = next
    }
  }
}

/// What one check showed at one look. Only ``passed`` ever counts for the release.
package enum AftercareVerdict: String, Codable, Sendable, CaseIterable {
  case passed, failed
  /// Too little to say.
  case undecided
  /// It could not be looked at.
  case error
  /// It does not apply here, and the detail says why.
  case skipped
}

package struct AftercareOutcome: Codable, Sendable, Equatable {
  package var phase: AftercarePhase
  package var check: String
  package var verdict: AftercareVerdict
  /// For people; holds no secret.
  package var detail: String
  package var value: Double?

  package init(
    _ phase: AftercarePhase, _ check: String, _ verdict: AftercareVerdict, _ detail: String, value: Double? = nil
  ) {
    self.phase = phase
    self.check = check
    self.verdict = verdict
    self.detail = detail
    self.value = value
  }
}

/// Why nothing more is looked at.
package enum AftercareEnding: Codable, Sendable, Equatable {
  case completed
  /// Something else serves the environment.
  case superseded(by: String)

  package var word: String {
    switch self {
    case .completed: "completed"
    case .superseded: "superseded"
    }
  }
}

/// Something that was not as it should be, for so many looks that people were told.
package struct AftercareFinding: Codable, Sendable, Equatable {
  package var phase: AftercarePhase
  package var check: String
  package var consequence: AftercareConsequence
  package var began: Timestamp
  package var ended: Timestamp?
  /// What the look said that made it a finding.
  package var text: String
  package var toldBegan = false
  package var toldEnded = false

  package init(
    phase: AftercarePhase, check: String, consequence: AftercareConsequence, began: Timestamp, text: String
  ) {
    self.phase = phase
    self.check = check
    self.consequence = consequence
    self.began = began
    self.text = text
  }
}
