import Foundation
import SlipwayModel

/// A small world to walk through whole: a plan, how its place stands at the beginning, and what may happen there.
struct Setting: Sendable, CustomStringConvertible {
  var name: String
  var plan: Plan
  /// The ways in which the place may stand when the run is asked for.
  var beginnings: [World] = [World()]
  /// Whether the clock may jump ahead and be set back at any moment.
  var hasWildClock = false
  /// Where the walk may stop, because what follows is the same as in another setting: when an attempt at this step has begun.
  var horizon: StepID?
  /// The plan for a second release that somebody asks for at any moment, made from what serves by then.
  var rival: (@Sendable (_ serves: Release) throws -> Plan)?
  /// Fewer states than this, and the walk has stopped somewhere it should not have.
  var atLeast: Int

  var description: String { name }

  static let all: [Setting] = [
    canary, blueGreen, firstDeployment, manual, byPeople, asked, exits, approval, gates, careful, impatient, byHand,
    rivals, drained,
    compatible, restorable, irreversible, ownData, ownDataAsked, frozen,
  ]

  /// All, or those whose name contains what `SLIPWAY_WORLD` says.
  static var chosen: [Setting] {
    guard let word = ProcessInfo.processInfo.environment["SLIPWAY_WORLD"] else { return all }
    return all.filter { $0.name.contains(word) }
  }

  static let canary = Setting(
    name: "canary of two steps", plan: Sample.plan(weights: [50, 100], watch: Sample.watch()), atLeast: 5_000)
  static let blueGreen = Setting(
    name: "blue-green, and a wild clock", plan: Sample.plan(), hasWildClock: true, atLeast: 6_000)
  /// The shortest way to traffic, for hunting faults.
  static let plain = Setting(name: "blue-green", plan: Sample.plan(), atLeast: 1_000)
  static let firstDeployment = Setting(
    name: "first deployment, no blue", plan: Sample.plan(hasBlue: false), atLeast: 3_000)
  static let manual = Setting(
    name: "manual steps in each place",
    plan: Sample.plan(
      confirms: ConfirmSpec.Place.allCases.map { ConfirmSpec(id: $0.rawValue, instructions: "look", place: $0) }),
    atLeast: 1_000)
  static let byPeople = Setting(
    name: "every step by hand", plan: Sample.plan(automation: AutomationSpec(.manual)), atLeast: 1_000)
  static let asked = Setting(
    name: "every step assisted, with a gate and a freeze",
    plan: Sample.plan(
      gates: ["tests"], weights: [50, 100], isFrozenByFreezes: true, automation: AutomationSpec(.assisted)),
    atLeast: 1_000)
  static let exits = Setting(
    name: "exit gates",
    plan: Sample.plan(exits: [
      ExitGate(id: "alert", deed: .command(run: "fire", environment: [:], timeout: .seconds(20))),
      ExitGate(
        id: "stage",
        deed: .sql(SQLExit(database: SecretText("postgresql://h/d"), update: SQLTemplate("UPDATE s SET v = 1")))),
    ]), atLeast: 1_000)
  static let approval = Setting(
    name: "approval with a quorum of two",
    plan: Sample.plan(
      gates: ["tests"], approval: ApprovalSpec(rules: [ApprovalRule(role: "manager", count: 2)])),
    hasWildClock: true, horizon: "deploy", atLeast: 100)
  static let frozen = Setting(
    name: "a freeze that begins under way", plan: Sample.plan(weights: [50, 100], isFrozenByFreezes: true),
    atLeast: 1_000)
  static let gates = Setting(
    name: "two gates and an approval",
    plan: Sample.plan(gates: ["tests", "scan"], approval: ApprovalSpec(rules: [ApprovalRule(role: "manager")])),
    horizon: "deploy", atLeast: 500)
  static let careful = Setting(
    name: "automatic rollback off, green kept",
    plan: Sample.plan(weights: [50, 100], rollback: RollbackSpec(automatic: false, keepGreen: true, drain: nil)),
    atLeast: 1_000)
  static let impatient = Setting(
    name: "undecided goes back", plan: Sample.plan(weights: [50, 100], watch: Sample.watch(.rollBack)), atLeast: 1_000)
  static let byHand = Setting(
    name: "rollback by hand", plan: Sample.rollback(), beginnings: [World(), World(slot: .whole)], atLeast: 100)
  static let rivals = Setting(
    name: "two promotions for one environment", plan: Sample.plan(),
    rival: { serves in Sample.plan(of: Sample.third, over: serves) }, atLeast: 1_000)
  static let drained = Setting(
    name: "what is open is cut", plan: Sample.plan(rollback: RollbackSpec(drain: .seconds(30))), atLeast: 1_000)
  static let compatible = data(.compatible)
  static let restorable = data(.restorable)
  static let irreversible = data(.irreversible)

  /// Green on a copy of blue's data; what was written to it goes aside without asking.
  static let ownData = Setting(
    name: "data of green's own",
    plan: Sample.plan(
      rollback: RollbackSpec(writes: .setAside, drain: nil), migration: .irreversible, greenData: .copy),
    atLeast: 1_000)
  /// The same, where a person is asked before writes are left behind, and green is kept.
  static let ownDataAsked = Setting(
    name: "data of green's own, asked before they are left",
    plan: Sample.plan(rollback: RollbackSpec(keepGreen: true, drain: nil), greenData: .copy), atLeast: 1_000)

  private static func data(_ migration: MigrationSpec) -> Setting {
    Setting(
      name: "data step, \(migration.rawValue) migration", plan: Sample.plan(migration: migration), atLeast: 1_000)
  }
}

/// The pipeline, ledger and plans of this room.
enum Sample {
  static let start = Timestamp(milliseconds: 1_800_000_000_000)
  static let old = release("1.0")
  static let new = release("1.1")
  static let third = release("1.2")
  static let otherPlan = Digest(of: Data("another plan".utf8))
  /// Longer than any wait of a plan, shorter than any jump of the clock.
  static let day = Span.hours(24)
  /// As long as a gate waits before it is tried again: of two that wait beside each other only few distances have to be told apart.
  static let gateWait = Span.seconds(1)
  static let freeze = Span.hours(1)

  static func release(_ id: ReleaseID) -> Release {
    Release(id: id, artifact: "shop-\(id)", digest: Digest(of: Data(id.text.utf8)), commit: nil)
  }

  static func watch(_ policy: UndecidedPolicy = .pause) -> WatchSpec {
    WatchSpec(every: .seconds(10), patience: .seconds(10), whenUndecided: policy)
  }

  static func plan(
    of release: Release = new, over serves: Release = old, gates: [String] = [], approval: ApprovalSpec? = nil,
    confirms: [ConfirmSpec] = [], weights: [Int] = [100], watch: WatchSpec = watch(),
    rollback: RollbackSpec = RollbackSpec(drain: nil), migration: MigrationSpec? = nil, greenData: GreenData = .shared,
    hasBlue: Bool = true, isFrozenByFreezes: Bool = false, automation: AutomationSpec = .automatic,
    exits: [ExitGate] = []
  ) -> Plan {
    let spec = PromotionSpec(
      from: nil, to: "production",
      gates: gates.map { .command(name: $0, run: "true", timeout: .seconds(30)) }
        + (isFrozenByFreezes ? [.noFreeze] : []), approval: approval,
      confirms: confirms, rollout: RolloutSpec(steps: weights, watch: .seconds(10)), watch: watch, rollback: rollback,
      migration: migration, greenData: greenData, automation: automation, exits: exits)
    return made {
      try Planner(
        pipeline: pipeline(spec, hasData: migration != nil || greenData != .shared),
        ledger: ledger(hasBlue ? [serves] : [])
      )
      .promotion(of: release.id, to: "production")
    }
  }

  /// Going back by hand from 1.1 to 1.0.
  static func rollback() -> Plan {
    made {
      try Planner(
        pipeline: pipeline(PromotionSpec(from: nil, to: "production", watch: watch())), ledger: ledger([old, new])
      ).rollback(of: "production", to: nil, incident: "INC-7")
    }
  }

  /// Only jumps of the clock, not waits, may use up the time of a step: how much of it has gone need not be remembered then.
  private static func made(_ make: () throws -> Plan) -> Plan {
    do {
      var plan = try make()
      for index in plan.steps.indices {
        if plan.steps[index].action.hasEffect { plan.steps[index].timeout = day }
        if case .gate = plan.steps[index].action { plan.steps[index].timeout = gateWait }
        // Two attempts show all that four do.
        if plan.steps[index].retry == .few { plan.steps[index].retry.attempts = 2 }
      }
      return plan
    } catch {
      preconditionFailure("the sample plan cannot be made: \(error)")
    }
  }

  private static let managers = RoleSpec(people: ["ann", "bob", "carol", "eve", "fay", "gil"], needsMFA: true)

  private static func pipeline(_ spec: PromotionSpec, hasData: Bool = false) -> Pipeline {
    Pipeline(
      project: "shop", roles: ["manager": managers, "lead": ["dan"]],
      environments: [
        EnvironmentSpec(
          name: "production", protected: false,
          deploy: .commands(CommandsSpec(run: "deploy", addressA: "127.0.0.1:1", addressB: "127.0.0.1:2")),
          traffic: .router(RouterSpec(listen: "127.0.0.1:3")), data: hasData ? .commands(data) : nil)
      ], promotions: [spec], identity: IdentitySpec(oidc: OIDCSpec(issuer: "https://login.example", client: "slipway")))
  }

  private static let data = DataCommandsSpec(
    snapshot: "copy", migrate: "migrate", restore: "restore", readBack: "ask", timeout: day)

  private static func ledger(_ served: [Release]) -> Ledger {
    var ledger = Ledger()
    for release in [old, new, third] { ledger.apply(.releaseAdded(release), at: start - .hours(200)) }
    var slot = Slot.a
    for release in served {
      let placement = Placement(slot: slot, release: release, run: "earlier", since: start - .hours(100))
      ledger.apply(.environmentServes("production", placement), at: placement.since)
      slot = slot.other
    }
    return ledger
  }
}
