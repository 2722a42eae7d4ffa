internal import SlipwayModel

/// The whole pipeline file: the one definition behind reading, checking and the JSON Schema.
enum PipelineGrammar {
  /// What the file says, with places, before the checks that look at several parts of it.
  struct Draft: Sendable {
    var project = ""
    var roles: [Named<RoleSpec>] = []
    var windows: [Named<Window>] = []
    var freezes: [Located<CalendarGrammar.FreezeDraft>] = []
    var environments: [Named<EnvironmentSpec>] = []
    var promotions: [Located<PromotionDraft>] = []
    var notify: [NotifySpec] = []
    var followUp: FollowUpSpec?
    var identity: IdentitySpec?
    var acceptances: AcceptanceSpec?
    var requests: RequestsSpec?
    var registries: [Named<RegistrySpec>] = []
    var snapshots = SnapshotsSpec()
    var guardrails: Located<String>?
  }

  static let shape = Shape<Draft>.object(
    "the pipeline", Draft(), isLenient: true,
    [
      .required(
        "project", \.project, .name("the project's name"), "The project's name; stands in every plan and all evidence."),
      .optional(
        "roles", \.roles, .names(.definition(of: .role), to: RoleGrammar.role, what: "roles"),
        "Who holds which role. Approvals ask for roles."),
      .optional(
        "windows", \.windows, .names(.definition(of: .window), to: CalendarGrammar.window, what: "windows"),
        "Deployment windows by name, for the gate 'window'."),
      .optional(
        "freezes", \.freezes, .list(of: CalendarGrammar.freeze.located, what: "freezes"),
        "Times in which nothing is promoted; checked by the gate 'no-freeze'."),
      .required(
        "environments", \.environments,
        .names(.definition(of: .environment), to: EnvironmentGrammar.environment, what: "environments", minimum: 1),
        "The environments and their connectors, in the order a release goes through them."),
      .required(
        "promotions", \.promotions,
        .list(of: PromotionGrammar.promotion.located, what: "promotions, each with 'to:'", minimum: 1),
        "How a release gets into each environment."),
      .optional(
        "notify", \.notify, .list(of: notify, what: "commands"),
        "Commands told about milestones, the message as JSON on standard input. A failing one stops nothing."),
      .optional(
        "follow_up", \.followUp, followUp,
        "A command that files the tasks of a rejection with an issue tracker, as JSON on standard input."),
      .optional(
        "identity", \.identity, IdentityGrammar.identity, "How people prove who they are when they decide."),
      .optional(
        "acceptances", \.acceptances, AcceptanceGrammar.spec,
        "The file in which risk acceptances are recorded, for the gate 'vulnerabilities'."),
      .optional(
        "requests", \.requests, RequestGrammar.requests,
        "Where requests for approval are put for people to read. A failing place stops nothing."),
      .optional(
        "registries", \.registries, .names(RegistryGrammar.host, to: RegistryGrammar.registry, what: "registries"),
        "How image registries are reached, by the name that images give them; others are asked anonymously."),
      .optional(
        "snapshots", \.snapshots, SnapshotGrammar.snapshots,
        "Where snapshots of databases and files are kept, and for how long."),
      .optional(
        "guardrails", \.guardrails, Shape<String>.text("a file, from the folder of the pipeline file").located,
        "The registry of rules that stand above this file: a YAML list."),
    ])

  private static let followUp = Shape<FollowUpSpec>.object(
    "follow_up", FollowUpSpec(run: ""),
    [
      .required("run", \.run, .command, "Run by sh -c; the last line it prints is kept as the reference."),
      .optional(
        "environment", \.environment, .variables, "Variables; values may refer to ${env:NAME} or ${file:PATH}."),
      .optional("timeout", \.timeout, .duration(), "How long it may take."),
    ])

  private static let notify = Shape<NotifySpec>.object(
    "a notification", NotifySpec(run: ""),
    [
      .required("run", \.run, .command, "Run by sh -c."),
      .optional(
        "environment", \.environment, .variables, "Variables; values may refer to ${env:NAME} or ${file:PATH}."),
    ])

  /// Reads and checks everything; what is returned holds only when `reading` has no problem.
  static func read(_ root: YAMLNode, _ reading: Reading, folder: String?) -> Pipeline? {
    let draft = shape.read(root, reading)
    ClearSecrets.check(root, reading)
    reading.settle()
    guard let draft else { return nil }
    PromotionChecks(draft: draft, hasIdentity: root["identity"] != nil, reading: reading).run()
    CalendarGrammar.checkNames(draft.freezes, reading)
    var pipeline = Pipeline(
      project: draft.project,
      roles: Dictionary(draft.roles.map { (RoleName($0.name), $0.value) }, uniquingKeysWith: { first, _ in first }),
      windows: Dictionary(draft.windows.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
      freezes: draft.freezes.compactMap { if case .written(let freeze) = $0.value { freeze } else { nil } },
      calendars: draft.freezes.compactMap { if case .calendar(let spec) = $0.value { spec } else { nil } },
      environments: draft.environments.map { $0.value.named($0.name).keeping(draft.snapshots) },
      promotions: draft.promotions.map { $0.value.spec }, notify: draft.notify,
      identity: draft.identity ?? IdentitySpec(), followUp: draft.followUp, acceptances: draft.acceptances,
      requests: draft.requests,
      registries: Dictionary(draft.registries.map { ($0.name, $0.value) }, uniquingKeysWith: { first, _ in first }),
      snapshots: draft.snapshots)
    for index in pipeline.promotions.indices {
      let isProtected = pipeline.environment(pipeline.promotions[index].to)?.protected ?? true
      pipeline.promotions[index].watch.judge = pipeline.promotions[index].watch.judge.settled(isProtected: isProtected)
    }
    if let name = draft.guardrails, let folder {
      pipeline.guardrails = GuardrailFile.check(name, pipeline, root, reading, in: folder)
    }
    return pipeline
  }
}

extension EnvironmentSpec {
  fileprivate func named(_ name: String) -> EnvironmentSpec {
    var copy = self
    copy.name = EnvironmentName(name)
    return copy
  }

  fileprivate func keeping(_ snapshots: SnapshotsSpec) -> EnvironmentSpec {
    guard case .postgres(var spec)? = data else { return self }
    spec.snapshotFolder = snapshots.folder
    var copy = self
    copy.data = .postgres(spec)
    return copy
  }
}
