/// What must be done next, in the machine's word. The engine does exactly this and reports what came of it.
package enum Decision: Sendable, Equatable {
  /// Journal the intent, carry the step out, read back, report.
  case perform(StepRun)
  /// Ask the world whether the interrupted attempt happened, and report that.
  case readBack(StepRun)
  /// Look at the counters and report the judgement.
  case measure(StepRun)
  /// Write this fact down; nothing outside is touched.
  case record(Event)
  case writeEvidence(Outcome, attempt: Int)
  /// File the tasks of a rejection.
  case followUp(attempt: Int)
  case wait(Wait)
  case finished(Outcome)
}

/// One attempt at one step.
package struct StepRun: Sendable, Equatable {
  /// The index in the run's records.
  package var index: Int
  package var step: Step
  package var attempt: Int
  /// Absolute; set when the intent is journaled.
  package var deadline: Timestamp

  package init(index: Int, step: Step, attempt: Int, deadline: Timestamp) {
    self.index = index
    self.step = step
    self.attempt = attempt
    self.deadline = deadline
  }
}

/// What a run waits for.
package struct Wait: Codable, Sendable, Equatable {
  package enum Kind: String, Codable, Sendable {
    /// An attempt that is under way.
    case step
    case approval, confirmation, gate, watch, retry
    /// A person who held or paused the run.
    case person
    /// The end of a freeze that began under the run.
    case freeze
  }

  package var kind: Kind
  /// When the driver must look again; nil when only a person can move the run.
  package var until: Timestamp?
  package var reason: String

  package init(kind: Kind, until: Timestamp?, reason: String) {
    self.kind = kind
    self.until = until
    self.reason = reason
  }
}
