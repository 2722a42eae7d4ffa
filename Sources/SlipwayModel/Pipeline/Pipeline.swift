/// A checked pipeline file: what environments there are and how a release moves between them.
///
/// Every value in it has passed the checks of the file reader (`SlipwayPipelineFile`), so the planner relies on them: names exist,
/// weights rise to 100, windows open, each environment is the target of at most one promotion.
package struct Pipeline: Codable, Sendable, Equatable {
  /// The project's name; part of every plan and evidence file.
  package var project: String
  /// Who holds which role, when roles are kept in the file.
  package var roles: [RoleName: RoleSpec]
  /// Named deployment windows.
  package var windows: [String: Window]
  /// Freezes written in the file; more come from `slipway freeze add`.
  package var freezes: [Freeze]
  /// Calendar files whose events are freezes.
  package var calendars: [CalendarSpec]
  /// The environments in the order of the file.
  package var environments: [EnvironmentSpec]
  /// How a release gets into each environment.
  package var promotions: [PromotionSpec]
  /// Commands that are told about milestones; a failing one never stops a promotion.
  package var notify: [NotifySpec]
  /// How people prove who they are.
  package var identity: IdentitySpec
  /// The command that turns a rejection into tasks of an issue tracker; nil writes the file alone.
  package var followUp: FollowUpSpec?
  /// Where risk acceptances are recorded; nil when none are.
  package var acceptances: AcceptanceSpec?
  /// Where requests for approval are put for people to read; nil: only in evidence and on demand.
  package var requests: RequestsSpec?
  /// How image registries are reached, by the name that images give them.
  package var registries: [String: RegistrySpec]
  /// Where snapshots are kept.
  package var snapshots: SnapshotsSpec
  /// The registry of guardrails; nil when the file names none.
  package var guardrails: GuardrailBook?

  package init(
    project: String, roles: [RoleName: RoleSpec] = [:], windows: [String: Window] = [:], freezes: [Freeze] = [],
    calendars: [CalendarSpec] = [], environments: [EnvironmentSpec], promotions: [PromotionSpec],
    notify: [NotifySpec] = [], identity: IdentitySpec = .anybody, followUp: FollowUpSpec? = nil,
    acceptances: AcceptanceSpec? = nil, requests: RequestsSpec? = nil, registries: [String: RegistrySpec] = [:],
    snapshots: SnapshotsSpec = SnapshotsSpec(), guardrails: GuardrailBook? = nil
  ) {
    self.guardrails = guardrails
    self.project = project
    self.roles = roles
    self.windows = windows
    self.freezes = freezes
    self.calendars = calendars
    self.environments = environments
    self.promotions = promotions
    self.notify = notify
    self.identity = identity
    self.followUp = followUp
    self.acceptances = acceptances
    self.requests = requests
    self.registries = registries
    self.snapshots = snapshots
  }

  package func environment(_ name: EnvironmentName) -> EnvironmentSpec? { environments.first { $0.name == name } }
  package func promotion(to name: EnvironmentName) -> PromotionSpec? { promotions.first { $0.to == name } }

  /// The roles that this file gives `person` by name; what a token might say of them is not known here.
  package func roles(naming person: Person) -> [RoleName] {
    roles.filter { $0.value.people.contains(person) }.map(\.key).sorted()
  }

  /// The roles that `identity` holds by this file.
  package func roles(of identity: Identity) -> [RoleName] {
    roles.filter { $0.value.isHeld(by: identity) }.map(\.key).sorted()
  }
}

/// How a release is moved into one environment: what must be true, who must agree, how traffic moves, how to go back.
package struct PromotionSpec: Codable, Sendable, Equatable {
  /// Where the release must come from; nil for the first environment of the chain.
  package var from: EnvironmentName?
  package var to: EnvironmentName
  package var gates: [GateSpec]
  /// nil: nobody is asked, which a protected environment does not allow.
  package var approval: ApprovalSpec?
  package var confirms: [ConfirmSpec]
  package var rollout: RolloutSpec
  package var watch: WatchSpec
  package var verify: VerifySpec
  package var rollback: RollbackSpec
  /// Nil when the release changes no data.
  package var migration: MigrationSpec?
  /// Where green's data come from.
  package var greenData: GreenData
  /// Ways around single rules.
  package var exceptions: ExceptionSpec
  /// Which steps a person has a part in.
  package var automation: AutomationSpec
  /// What closes it once the release serves.
  package var exits: [ExitGate]
  /// Who may ask for it; anybody when empty.
  package var requesters: [RoleName]

  package init(
    from: EnvironmentName?, to: EnvironmentName, gates: [GateSpec] = [], approval: ApprovalSpec? = nil,
    confirms: [ConfirmSpec] = [], rollout: RolloutSpec = RolloutSpec(), watch: WatchSpec = WatchSpec(),
    verify: VerifySpec = VerifySpec(), rollback: RollbackSpec = RollbackSpec(), migration: MigrationSpec? = nil,
    greenData: GreenData = .shared, exceptions: ExceptionSpec = ExceptionSpec(),
    automation: AutomationSpec = .automatic, exits: [ExitGate] = [], requesters: [RoleName] = []
  ) {
    self.exits = exits
    self.automation = automation
    self.requesters = requesters
    self.from = from
    self.to = to
    self.gates = gates
    self.approval = approval
    self.confirms = confirms
    self.rollout = rollout
    self.watch = watch
    self.verify = verify
    self.rollback = rollback
    self.migration = migration
    self.greenData = greenData
    self.exceptions = exceptions
  }
}

/// A command that is told about milestones, with the message as JSON on its standard input.
package struct NotifySpec: Codable, Sendable, Equatable {
  package var run: String
  package var environment: [String: SecretText]

  package init(run: String, environment: [String: SecretText] = [:]) {
    self.run = run
    self.environment = environment
  }
}

/// A command that files the tasks of a rejection with an issue tracker, as JSON on its standard input; what it prints is the reference that is kept.
package struct FollowUpSpec: Codable, Sendable, Equatable {
  package var run: String
  package var environment: [String: SecretText]
  package var timeout: Span

  package init(run: String, environment: [String: SecretText] = [:], timeout: Span = .seconds(30)) {
    self.run = run
    self.environment = environment
    self.timeout = timeout
  }
}

/// The file of risk acceptances, which is read anew whenever a finding is judged.
package struct AcceptanceSpec: Codable, Sendable, Equatable {
  /// From the folder of the pipeline file.
  package var file: String
  /// Who may take a risk: holders of any of these roles; anybody when empty.
  package var roles: [RoleName]

  package init(file: String, roles: [RoleName] = []) {
    self.file = file
    self.roles = roles
  }
}
