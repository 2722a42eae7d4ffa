/// A fact about one run, as it stands in the journal. The state of a promotion is the fold of its events, nothing else.
package enum Event: Codable, Sendable, Equatable {
  case requested(Request)
  /// The driver took the run up after a start; what was begun before may or may not have happened.
  case resumed
  /// An attempt is about to begin. On disk before anything is touched.
  case stepIntended(step: Int, attempt: Int, deadline: Timestamp)
  case stepReported(step: Int, attempt: Int, result: StepResult)
  /// How an attempt at the data ended, with what it did in numbers.
  case dataReported(step: Int, attempt: Int, report: DataReport, result: StepResult)
  /// What a gate said, or at a recheck all of them.
  case gatesReported(step: Int, attempt: Int, reports: [GateReport])
  /// What the world showed when it was asked whether an interrupted step had happened.
  case readBack(step: Int, attempt: Int, observation: Observation)
  /// One look at the counters during a watch. `sample` is nil when the source could not be read.
  case measured(step: Int, sample: CounterSample?, judgement: WatchJudgement)
  /// Two looks at the counters before any traffic moved: the reference for increases once blue gets none.
  case referenced(before: CounterSample, after: CounterSample)
  case approved(Approval)
  case held(by: Person, reason: String)
  /// A person takes their approval back, before anything was touched.
  case revoked(by: Person, reason: String)
  /// Approvals grew too old before the first effect.
  case lapsed
  /// A freeze covers the environment, so nothing new is begun before `until`.
  case frozen(until: Timestamp, reason: String)
  case thawed
  /// While the run is held, the environment it comes from was looked at: what is wrong there, nil when it is well again.
  case sourceLooked(trouble: String?)
  /// The tasks of a rejection are about to be filed. On disk before the tracker hears of them.
  case followUpIntended(attempt: Int)
  /// The tasks of a rejection were filed.
  case followedUp(reference: String)
  case followUpFailed(reason: String, attempt: Int)
  case paused(by: Person, reason: String)
  case resumedBy(Person)
  case rejected(by: Person, reason: String)
  case aborted(by: Person, reason: String)
  case rollbackAsked(by: Person, incident: String)
  case confirmed(step: Int, by: Person, note: String)
  /// A person's time to answer ran out.
  case expired(step: Int)
  /// People were told about trouble: with a step of going back, or, without one, with the run's evidence.
  case escalated(step: Int?, reason: String)
  case evidenceWritten(folder: String, manifest: Digest)
  /// Evidence could not be written; it is tried again.
  case evidenceFailed(reason: String, attempt: Int)

  /// The kind of fact in the journal.
  package var kind: String {
    switch self {
    case .requested: "run.requested"
    case .resumed: "run.resumed"
    case .stepIntended: "step.intended"
    case .stepReported: "step.reported"
    case .dataReported: "data.reported"
    case .gatesReported: "gate.reported"
    case .readBack: "step.read_back"
    case .measured: "watch.measured"
    case .referenced: "watch.referenced"
    case .approved: "person.approved"
    case .held: "person.held"
    case .revoked: "person.revoked"
    case .lapsed: "time.lapsed"
    case .frozen: "freeze.began"
    case .thawed: "freeze.ended"
    case .sourceLooked: "source.looked"
    case .followUpIntended: "follow_up.intended"
    case .followedUp: "follow_up.filed"
    case .followUpFailed: "follow_up.failed"
    case .paused: "person.paused"
    case .resumedBy: "person.resumed"
    case .rejected: "person.rejected"
    case .aborted: "person.aborted"
    case .rollbackAsked: "person.rollback"
    case .confirmed: "person.confirmed"
    case .expired: "time.expired"
    case .escalated: "run.escalated"
    case .evidenceWritten: "evidence.written"
    case .evidenceFailed: "evidence.failed"
    }
  }
}

/// How a run began.
package struct Request: Codable, Sendable, Equatable {
  package var run: RunID
  package var plan: Plan
  package var digest: Digest
  package var by: Person

  package init(run: RunID, plan: Plan, digest: Digest, by: Person) {
    self.run = run
    self.plan = plan
    self.digest = digest
    self.by = by
  }
}

/// A person's yes to exactly one plan.
package struct Approval: Codable, Sendable, Equatable {
  package var person: Person
  /// The roles the person was proven to hold at that moment.
  package var roles: [RoleName]
  /// The digest of the plan the person saw.
  package var plan: Digest
  package var at: Timestamp
  package var comment: String?
  /// How it was proven who the person is.
  package var identity: Identity

  /// An approval whose `identity` is nil was given by the user of the operating system.
  package init(
    person: Person, roles: [RoleName], plan: Digest, at: Timestamp, comment: String? = nil, identity: Identity? = nil
  ) {
    self.identity = identity ?? Identity(person: person, kind: .local, provenAt: at)
    self.person = person
    self.roles = roles
    self.plan = plan
    self.at = at
    self.comment = comment
  }
}

/// How an attempt ended. Failure, error, no data and undecided are told apart, and none of them passes.
package enum StepResult: Codable, Sendable, Equatable {
  /// Done, and read back where something was changed.
  case succeeded(String)
  /// A verdict: the world says no. Never retried.
  case failed(String)
  /// Could not be carried out or found out; retried by the step's policy, then a failure.
  case errored(String)
  /// A gate that will be looked at again.
  case waiting(until: Timestamp, reason: String)
  /// A gate without enough proof to say.
  case undecided(String)
}

/// What reading back showed.
package enum Observation: Codable, Sendable, Equatable {
  case done(String)
  case undone(String)
  /// Something in between, or the target cannot be asked: the step is done again, which is harmless by contract and said in the log.
  case unclear(String)
  /// The world could not be asked; asked again later.
  case unreadable(String)
}

/// How a run ends.
package enum Outcome: String, Codable, Sendable, CaseIterable {
  case success, failed
  case rolledBack = "rolled_back"
  case rejected, aborted, blocked
}
