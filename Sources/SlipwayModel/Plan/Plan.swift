/// Everything a run will do, fixed before anyone is asked: the steps in order, each with its undo, for one release and one environment.
///
/// What people approve is the plan's ``digest``: any other release, artifact, configuration, order or live version gives another one (F3).
/// A dry run prints this value; there is no second way to say what would happen (F5).
package struct Plan: Codable, Sendable, Equatable {
  package enum Operation: String, Codable, Sendable {
    case promote
    case rollback
  }

  package var schema = 1
  package var operation: Operation
  package var project: String
  package var release: Release
  package var from: EnvironmentName?
  package var to: EnvironmentName
  /// The connectors as configured when the plan was made.
  package var environment: EnvironmentSpec
  /// What serves now; nil for the first deployment.
  package var blue: Placement?
  /// Where the candidate goes.
  package var green: Slot
  package var steps: [Step]
  package var watch: WatchSpec
  package var rollback: RollbackSpec
  /// What the release's migration means for the way back; nil when it changes no data.
  package var migration: MigrationSpec?
  /// Where green's data come from; of a rollback, where those of the release that is taken back came from.
  package var greenData: GreenData
  /// The environment whose data green gets; nil where it gets none of another's.
  package var source: DataOrigin?
  /// The windows that the gates name, so that their meaning is part of the digest.
  package var windows: [String: Window]
  /// Who may approve or go back, by role, as the file says.
  package var roles: [RoleName: RoleSpec]
  /// How those who decide prove who they are.
  package var identity: IdentitySpec
  package var incident: String?
  /// The way around a rule that was asked for.
  package var exception: PromotionException?
  /// Names of the gates that the exception sets aside.
  package var waived: [String]
  /// By when somebody has to look back at the exception, counted from the run's beginning; nil when nobody has to.
  package var review: Span?
  /// Why the release was turned down before, and what was done about it since.
  package var resubmission: Resubmission?
  package var followUp: FollowUpSpec?
  /// How image registries are reached, by the name that images give them.
  package var registries: [String: RegistrySpec]
  /// Why it may begin in discouraged hours; nil when nobody said so.
  package var despiteHours: String?
  /// What was chosen for this promotion beside what the file says; worked into the steps already.
  package var terms: PromotionTerms
  /// The guardrails that it was made under; nil where the file names no registry.
  package var guardrails: GuardrailRecord?

  package init(
    operation: Operation, project: String, release: Release, from: EnvironmentName?, to: EnvironmentName,
    environment: EnvironmentSpec, blue: Placement?, green: Slot, steps: [Step], watch: WatchSpec,
    rollback: RollbackSpec, migration: MigrationSpec? = nil, greenData: GreenData = .shared, source: DataOrigin? = nil,
    windows: [String: Window], roles: [RoleName: RoleSpec],
    identity: IdentitySpec = .anybody, incident: String? = nil, exception: PromotionException? = nil,
    waived: [String] = [], review: Span? = nil, resubmission: Resubmission? = nil, followUp: FollowUpSpec? = nil,
    registries: [String: RegistrySpec] = [:], despiteHours: String? = nil, terms: PromotionTerms = PromotionTerms(),
    guardrails: GuardrailRecord? = nil
  ) {
    self.terms = terms
    self.guardrails = guardrails
    self.operation = operation
    self.project = project
    self.release = release
    self.from = from
    self.to = to
    self.environment = environment
    self.blue = blue
    self.green = green
    self.steps = steps
    self.watch = watch
    self.rollback = rollback
    self.migration = migration
    self.greenData = greenData
    self.source = source
    self.windows = windows
    self.roles = roles
    self.identity = identity
    self.incident = incident
    self.exception = exception
    self.waived = waived
    self.review = review
    self.resubmission = resubmission
    self.followUp = followUp
    self.registries = registries
    self.despiteHours = despiteHours
  }

  /// SHA-256 over the canonical JSON of the whole plan.
  package var digest: Digest {
    get throws { Digest(of: try CanonicalJSON.encode(self)) }
  }

  /// The gates in order.
  package var gates: [GateSpec] {
    steps.compactMap { step in
      if case .gate(let spec) = step.action { spec } else { nil }
    }
  }

  /// The approval that is asked for, if any.
  package var approval: ApprovalSpec? {
    for step in steps {
      if case .approve(let spec) = step.action { return spec }
    }
    return nil
  }

  /// The split that a shift to `percent` asks for.
  package func split(percent: Int, settles: Bool) -> Split {
    if settles { return Split(green: green.other, percent: 0, blue: green) }
    return Split(green: green, percent: percent, blue: blue?.slot)
  }
}

/// A release in a slot: what an environment runs, since when and by which run.
package struct Placement: Codable, Sendable, Equatable {
  package var slot: Slot
  package var release: Release
  package var run: RunID
  package var since: Timestamp
  /// What the run did about data; nil where the environment has none.
  package var data: PlacedData?

  package init(slot: Slot, release: Release, run: RunID, since: Timestamp, data: PlacedData? = nil) {
    self.data = data
    self.slot = slot
    self.release = release
    self.run = run
    self.since = since
  }
}
