import Foundation
import SlipwayModel

extension Story {
  /// The pipeline file that the world of this story has.
  var pipeline: Pipeline {
    Pipeline(
      project: "shop", roles: ["manager": ["ann", "bob"]], environments: environments.map(\.spec),
      promotions: environments.map(\.promotion))
  }

  func release(_ index: Int) -> Release {
    Release(
      id: ReleaseID("1.\(index)"), artifact: "shop-\(index)", digest: Digest(of: Data("shop-\(index)".utf8)))
  }

  func truth(of id: ReleaseID) -> Truth {
    releases.indices.first { release($0).id == id }.map { releases[$0] } ?? .good
  }
}

extension EnvironmentSetting {
  /// Where all traffic moves at once, green may have data of its own.
  private var greenData: GreenData { hasData && weights == [100] ? .copy : .shared }

  var spec: EnvironmentSpec {
    EnvironmentSpec(
      name: name, protected: true,
      deploy: .commands(CommandsSpec(run: "deploy", addressA: "world:1", addressB: "world:2", timeout: .minutes(2))),
      traffic: .router(RouterSpec(listen: "world:3")), health: HealthSpec(tries: 3, every: .seconds(5)),
      data: hasData
        ? .commands(
          DataCommandsSpec(
            snapshot: "s", migrate: "m", restore: migration == .restorable ? "r" : nil, readBack: "b",
            timeout: .minutes(3))) : nil)
  }

  var promotion: PromotionSpec {
    PromotionSpec(
      from: nil, to: name,
      gates: [.noFreeze] + (hasCommandGate ? [.command(name: "ask", run: "ask", timeout: .seconds(20))] : []),
      approval: ApprovalSpec(rules: [ApprovalRule(role: "manager", count: quorum)], expires: .hours(2)),
      confirms: confirms.map { ConfirmSpec(id: "look", instructions: "look at it", place: $0) },
      rollout: RolloutSpec(steps: weights, watch: watch),
      watch: WatchSpec(
        every: every, minimumRequests: 20, window: .minutes(2), patience: patience, whenUndecided: whenUndecided,
        rules: [
          WatchRule(.errorRate, [WatchLimit(.rollBack, .above, 0.1)]),
          WatchRule(.p99, [WatchLimit(.rollBack, .above, 1)]),
          WatchRule(.crashes, [WatchLimit(.rollBack, .above, 0)]),
        ]),
      rollback: RollbackSpec(keepBlue: keepBlue, writes: whenUndecided == .rollBack ? .setAside : .ask),
      migration: migration, greenData: greenData)
  }
}
