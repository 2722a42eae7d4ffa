/// A checked pipeline file: what environments there are and how a release moves between them.
///
/// Every value in it has passed the checks of the file reader (`SlipwayPipelineFile`), so the planner relies on them: names exist,
/// weights rise to 100, windows open, each environment is the target of at most one promotion.
package struct Pipeline: Codable, Sendable, Equatable {
  /// The project's name; part of every plan and evidence file.
  package var project: String
  /// Who holds which role, when roles are kept in the file.
  package var roles: [RoleName: [Person]]
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

  package init(
    project: String, roles: [RoleName: [Person]] = [:], windows: [String: Window] = [:], freezes: [Freeze] = [],
    calendars: [CalendarSpec] = [], environments: [EnvironmentSpec], promotions: [PromotionSpec],
    notify: [NotifySpec] = []
  ) {
    self.project = project
    self.roles = roles
    self.windows = windows
    self.freezes = freezes
    self.calendars = calendars
    self.environments = environments
    self.promotions = promotions
    self.notify = notify
  }

  package func environment(_ name: EnvironmentName) -> EnvironmentSpec? { environments.first { $0.name == name } }
  package func promotion(to name: EnvironmentName) -> PromotionSpec? { promotions.first { $0.to == name } }

  /// The roles that `person` holds in this file.
  package func roles(of person: Person) -> [RoleName] {
    roles.filter { $0.value.contains(person) }.map(\.key).sorted()
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

  package init(
    from: EnvironmentName?, to: EnvironmentName, gates: [GateSpec] = [], approval: ApprovalSpec? = nil,
    confirms: [ConfirmSpec] = [], rollout: RolloutSpec = RolloutSpec(), watch: WatchSpec = WatchSpec(),
    verify: VerifySpec = VerifySpec(), rollback: RollbackSpec = RollbackSpec(), migration: MigrationSpec? = nil
  ) {
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
