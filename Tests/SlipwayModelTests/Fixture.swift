import Foundation
import SlipwayModel

extension Timestamp {
  /// 2027-01-15T08:00:00Z, a Friday.
  static let start = Timestamp(milliseconds: 1_800_000_000_000)
}

extension Release {
  static func of(_ id: ReleaseID, commit: String? = nil) -> Release {
    Release(id: id, artifact: "shop-\(id)", digest: Digest(of: Data(id.text.utf8)), commit: commit)
  }
}

/// The pipeline, ledger and plan that the tests of this room share.
enum Sample {
  static let old = Release.of("1.0")
  static let new = Release.of("1.1")
  static let blue = Placement(slot: .a, release: old, run: "earlier", since: .start - .hours(100))

  static let data = DataSpec.commands(
    DataCommandsSpec(snapshot: "copy", migrate: "migrate", restore: "restore", readBack: "ask"))

  static func environment(
    _ name: EnvironmentName = "production", protected: Bool = false, data: DataSpec? = nil
  ) -> EnvironmentSpec {
    EnvironmentSpec(
      name: name, protected: protected,
      deploy: .commands(CommandsSpec(run: "deploy", addressA: "127.0.0.1:1", addressB: "127.0.0.1:2")),
      traffic: .router(RouterSpec(listen: "127.0.0.1:3")), data: data)
  }

  static func gate(_ name: String) -> GateSpec { .command(name: name, run: "true", timeout: .seconds(30)) }

  static let approval = ApprovalSpec(rules: [ApprovalRule(role: "manager")], expires: .hours(24))

  static func spec(
    gates: [GateSpec] = [gate("g1"), gate("g2")], approval: ApprovalSpec? = approval, confirms: [ConfirmSpec] = [],
    weights: [Int] = [10, 50, 100], watch: WatchSpec = WatchSpec(every: .seconds(10), patience: .minutes(2)),
    rollback: RollbackSpec = RollbackSpec(drain: nil), migration: MigrationSpec? = nil, greenData: GreenData = .shared
  ) -> PromotionSpec {
    PromotionSpec(
      from: "staging", to: "production", gates: gates, approval: approval, confirms: confirms,
      rollout: RolloutSpec(steps: weights, watch: .minutes(1)), watch: watch, rollback: rollback,
      migration: migration, greenData: greenData)
  }

  private static func data(of spec: PromotionSpec) -> DataSpec? {
    if spec.greenData != .shared { return ownData }
    return spec.migration.map { _ in data }
  }

  static let ownData = DataSpec.postgres(
    PostgresDataSpec(server: SecretText("postgresql://db/postgres"), databases: .slots(a: "shop_a", b: "shop_b")))

  static func pipeline(_ spec: PromotionSpec = spec(), protected: Bool = false) -> Pipeline {
    Pipeline(
      project: "shop", roles: ["manager": ["ann", "bob"], "lead": ["bob", "dan"]],
      windows: ["office": Window(zone: "Europe/Berlin", ranges: [])],
      environments: [
        environment("staging"), environment(protected: protected, data: Self.data(of: spec)),
      ],
      promotions: [PromotionSpec(from: nil, to: "staging"), spec])
  }

  static func ledger(hasBlue: Bool = true) -> Ledger {
    var ledger = Ledger()
    for release in [old, new, Release.of("1.2")] { ledger.apply(.releaseAdded(release), at: .start - .hours(200)) }
    if hasBlue { ledger.apply(.environmentServes("production", blue), at: blue.since) }
    return ledger
  }

  static func plan(_ spec: PromotionSpec = spec(), hasBlue: Bool = true, protected: Bool = false) throws -> Plan {
    try Planner(pipeline: pipeline(spec, protected: protected), ledger: ledger(hasBlue: hasBlue))
      .promotion(of: "1.1", to: "production")
  }

  /// A plan with a manual step in each place.
  static func fullPlan() throws -> Plan {
    try plan(
      spec(
        confirms: ConfirmSpec.Place.allCases.map { ConfirmSpec(id: $0.rawValue, instructions: "look", place: $0) }))
  }

  /// Going back by hand from 1.1 in slot b to 1.0 in slot a.
  static func rollbackPlan() throws -> Plan {
    var ledger = ledger()
    ledger.apply(
      .environmentServes("production", Placement(slot: .b, release: new, run: "later", since: .start - .hours(1))),
      at: .start - .hours(1))
    return try Planner(pipeline: pipeline(), ledger: ledger).rollback(of: "production", to: nil, incident: "INC-7")
  }

  static func request(_ plan: Plan, by: Person = "carol") throws -> Request {
    Request(run: "run-1", plan: plan, digest: try plan.digest, by: by)
  }
}

/// SplitMix64: the same numbers from the same seed on every machine.
struct SplitMix64: RandomNumberGenerator {
  private var state: UInt64
  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }

  mutating func chance(_ percent: Int) -> Bool { Int.random(in: 0..<100, using: &self) < percent }
}
