/// One step of a plan: what is done, how long it may take, how often it is tried, how it is undone.
package struct Step: Codable, Sendable, Equatable {
  package var id: StepID
  package var action: Action
  /// How long one attempt may take; the deadline in the journal is absolute.
  package var timeout: Span
  package var retry: RetryPolicy
  package var undo: Undo
  /// How much of it Slipway does by itself.
  package var level = AutomationLevel.automatic

  package init(id: StepID, action: Action, timeout: Span, retry: RetryPolicy, undo: Undo) {
    self.id = id
    self.action = action
    self.timeout = timeout
    self.retry = retry
    self.undo = undo
  }

  package var kind: StepKind { action.kind }
}

/// The closed set of things a step can be; connectors extend what a step does, never what a step is.
package enum StepKind: String, Codable, Sendable, CaseIterable {
  case gate, approve, confirm, snapshot, backup, restore, deploy, migrate, verify, shift, watch, record, notify,
    schedule
  case drain, destroy
}

/// What a step does, with everything it needs to know.
package enum Action: Codable, Sendable, Equatable {
  case gate(GateSpec)
  /// All gates again, right before the first effect: an approval may have taken days.
  case recheck([GateSpec])
  case approve(ApprovalSpec)
  case confirm(ConfirmSpec)
  /// Something is done to the data of the environment.
  case data(DataDeed)
  /// The release goes into the green slot.
  case deploy
  case verify(VerifyTarget, [CheckSpec])
  /// Green gets `percent` of new requests. A settling shift makes green its own fallback, which ends blue's duty.
  case shift(percent: Int, settles: Bool)
  case watch(percent: Int, duration: Span)
  /// The environment's version record is updated (D6).
  case record(EnvironmentChange)
  /// Blue's removal is put on the calendar (B9).
  case schedule(after: Span)
  case notify(Milestone)
  /// What the slot that lost its traffic still answers may end; what is open after `patience` is cut, where the data plane can.
  case drain(Role, patience: Span)
  /// The slot is emptied.
  case destroy(Role)

  package var kind: StepKind {
    switch self {
    case .gate, .recheck: .gate
    case .approve: .approve
    case .confirm: .confirm
    case .data(let deed): deed.kind
    case .deploy: .deploy
    case .verify: .verify
    case .shift: .shift
    case .watch: .watch
    case .record: .record
    case .schedule: .schedule
    case .notify: .notify
    case .drain: .drain
    case .destroy: .destroy
    }
  }

  /// Whether doing it may change the environment or its data; a message changes neither.
  package var changesTarget: Bool {
    switch self {
    case .data, .deploy, .shift, .destroy: true
    case .gate, .recheck, .approve, .confirm, .verify, .watch, .record, .schedule, .notify, .drain: false
    }
  }

  /// Whether doing it changes something outside, so that it needs an intent before and a read-back after an interruption.
  package var hasEffect: Bool {
    switch self {
    case .data, .deploy, .shift, .destroy, .notify: true
    case .gate, .recheck, .approve, .confirm, .verify, .watch, .record, .schedule, .drain: false
    }
  }
}

extension DataDeed {
  /// The kind of step that a deed is.
  package var kind: StepKind {
    switch self {
    case .snapshot: .snapshot
    case .backup: .backup
    case .migrate: .migrate
    case .green, .restore, .resumeWrites: .restore
    // Names change hands inside a step of traffic, because the service stands still in between.
    case .swap, .swapBack: .shift
    case .setAside: .destroy
    }
  }
}

/// What a verify step asks.
package enum VerifyTarget: String, Codable, Sendable {
  /// The green slot by its own address: health, version, checks.
  case green
  /// Blue by its own address after a rollback: health and version.
  case blue
  /// The front door after the rollout.
  case front
}

/// What a run does to the version record of its environment.
package enum EnvironmentChange: Codable, Sendable, Equatable {
  /// Green is live and verified.
  case promoted
  /// Blue is live again; green failed.
  case rolledBack
  /// An exit gate: what the project itself keeps about its releases.
  case exit(ExitGate)
}

/// A moment that people are told about.
package enum Milestone: String, Codable, Sendable {
  case promoted
  case rolledBack = "rolled_back"
  /// A promotion goes around windows and freezes for an incident.
  case emergency
}

/// How a step is taken back.
package enum Undo: String, Codable, Sendable {
  /// Nothing was changed.
  case nothing
  /// Green gets 0 % and blue everything.
  case trafficToBlue = "traffic-to-blue"
  /// The green slot is emptied.
  case destroyGreen = "destroy-green"
  /// The data are restored from the run's backup.
  case restoreData = "restore-data"
  /// Green's own data are taken out of use.
  case setAside = "set-aside"
  /// Cannot be taken back, like a message that was read.
  case impossible
}

/// How often an attempt that could not be carried out is made again. A verdict (failed, breach) is never retried.
package struct RetryPolicy: Codable, Sendable, Equatable {
  /// Attempts in all; nil: without end, which only a rollback's own steps have.
  package var attempts: Int?
  /// Wait before the second attempt; doubles from there.
  package var firstDelay: Span
  package var longestDelay: Span

  package init(attempts: Int?, firstDelay: Span, longestDelay: Span) {
    self.attempts = attempts
    self.firstDelay = firstDelay
    self.longestDelay = longestDelay
  }

  package static let once = RetryPolicy(attempts: 1, firstDelay: .zero, longestDelay: .zero)
  package static let few = RetryPolicy(attempts: 4, firstDelay: .seconds(1), longestDelay: .seconds(15))
  /// Going back does not give up; people are told after the third attempt.
  package static let untilDone = RetryPolicy(attempts: nil, firstDelay: .milliseconds(200), longestDelay: .seconds(5))

  /// Whether attempt number `made` was the last one.
  package func isExhausted(after made: Int) -> Bool { attempts.map { made >= $0 } ?? false }

  /// The wait after attempt number `made`.
  package func delay(after made: Int) -> Span {
    let doublings = min(max(made - 1, 0), 20)
    return min(longestDelay, Span(milliseconds: firstDelay.milliseconds << doublings))
  }
}

extension Step {
  /// Ends what `role` still answers after it lost its traffic.
  static func drain(_ role: Role, patience: Span, id: StepID = "drain-blue") -> Step {
    Step(
      id: id, action: .drain(role, patience: patience), timeout: patience + .seconds(30),
      retry: .once, undo: .impossible)
  }
}
