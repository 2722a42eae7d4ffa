/// Where one step of a run stands.
package struct StepRecord: Codable, Sendable, Equatable {
  package internal(set) var step: Step
  package internal(set) var status: StepStatus = .pending
  /// Attempts begun so far.
  package internal(set) var attempts = 0
  /// Attempts in a row that could not be carried out; a gate that waits is looked at many times without an error.
  package internal(set) var errors = 0
  package internal(set) var startedAt: Timestamp?
  package internal(set) var finishedAt: Timestamp?
  /// The last thing that was learnt, for people.
  package internal(set) var detail = ""
  /// Only for a watch that has begun.
  package internal(set) var watch: WatchProgress?
  /// What gates said, for a gate step or a recheck.
  package internal(set) var reports: [GateReport] = []
  /// What a person said of it, for a step that asks.
  package internal(set) var confirmation: Confirmation?
  /// What was done to the data, in numbers, as the last attempt reported it.
  package internal(set) var data: DataReport?
  /// Whether people were told about trouble with this step.
  package internal(set) var isEscalated = false

  init(_ step: Step) { self.step = step }
}

/// The states of a step.
package enum StepStatus: Codable, Sendable, Equatable {
  case pending
  /// An attempt was journaled and may have begun; its result is not known yet.
  case intended(deadline: Timestamp)
  /// An attempt may have happened; the world is asked at `at`, before anything is done again.
  case uncertain(at: Timestamp)
  /// Will be attempted again.
  case retrying(at: Timestamp)
  /// A gate that is looked at again.
  case waiting(until: Timestamp)
  case succeeded
  case failed
  /// Not done, and by the plan not needed any more.
  case skipped

  /// Whether the step will not move any more.
  package var isSettled: Bool {
    switch self {
    case .succeeded, .failed, .skipped: true
    case .pending, .intended, .uncertain, .retrying, .waiting: false
    }
  }

  /// The word for people and JSON.
  package var word: String {
    switch self {
    case .pending: "pending"
    case .intended: "running"
    case .uncertain: "uncertain"
    case .retrying: "retrying"
    case .waiting: "waiting"
    case .succeeded: "succeeded"
    case .failed: "failed"
    case .skipped: "skipped"
    }
  }
}

/// A watch that has begun: its clock starts with the first look after the weight was read back.
package struct WatchProgress: Codable, Sendable, Equatable {
  package internal(set) var startedAt: Timestamp
  package internal(set) var lastAt: Timestamp
  package internal(set) var looks: Int
  /// How long green was really watched: the gaps between looks, none counted longer than twice the planned one.
  package internal(set) var watched: Span
  package internal(set) var last: WatchJudgement
}
