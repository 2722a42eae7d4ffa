extension Planner {
  /// The plan that takes `target` back, to the release it served before or to `id`.
  ///
  /// What the promotion did about data that is taken back decides how (C7): a mere switch, blue's own data again, or a restore of its backup.
  ///
  /// - Throws: ``PlanError`` when nothing serves there, there is no earlier release, `id` is unknown or serves already, or the data that it would need are
  ///   gone.
  package func rollback(
    of target: EnvironmentName, to id: ReleaseID?, incident: String
  ) throws(PlanError) -> Plan {
    let environment = try known(target)
    guard let state = ledger.environments[target], let live = state.live else {
      throw PlanError(.nothingLive, "nothing was promoted to '\(target)' yet, so there is nothing to go back to")
    }
    let wanted: Release
    if let id {
      wanted = try known(id)
    } else {
      guard let previous = state.previous else {
        throw PlanError(.noTarget, "'\(target)' has served only \(live.release.id); name a release with --to")
      }
      wanted = previous.release
    }
    guard wanted != live.release else {
      throw PlanError(.alreadyLive, "release \(wanted.id) serves '\(target)' already; nothing to go back to")
    }
    let done = live.data ?? PlacedData(greenData: .shared, migration: nil, servedSince: live.since)
    try checkData(done, state, wanted, target)
    let spec = pipeline.promotion(to: target)
    return Plan(
      operation: .rollback, project: pipeline.project, release: wanted, from: nil, to: target, environment: environment,
      blue: live, green: live.slot.other, steps: Self.rollbackSteps(done, environment, drain: spec?.rollback.drain),
      watch: spec?.watch ?? WatchSpec(), rollback: spec?.rollback ?? RollbackSpec(), greenData: done.greenData,
      windows: [:], roles: pipeline.roles, identity: pipeline.identity, incident: incident)
  }

  /// A release that served on data of its own can only be gone back to while they are there.
  private func checkData(
    _ done: PlacedData, _ state: EnvironmentState, _ wanted: Release, _ target: EnvironmentName
  ) throws(PlanError) {
    guard done.greenData != .shared else { return }
    guard let previous = state.previous, previous.release == wanted, !state.emptied.contains(previous.slot) else {
      let there = state.previous.flatMap { state.emptied.contains($0.slot) ? nil : $0.release.id }
      throw PlanError(
        .noTarget,
        "the data that \(wanted.id) served '\(target)' on are not there any more"
          + (there.map { ", only those of \($0) are" } ?? "")
          + "; restore a snapshot beside the live data (slipway snapshot list), and promote")
    }
  }

  /// Going back by hand: make sure the old release runs, look at it, switch, bring its data back where they were changed, look at the front door.
  private static func rollbackSteps(_ done: PlacedData, _ environment: EnvironmentSpec, drain: Span?) -> [Step] {
    let deploy = Step(id: "deploy", action: .deploy, timeout: .minutes(10), retry: .few, undo: .nothing)
    let look = Step(
      id: "verify-green", action: .verify(.green, []), timeout: .minutes(10), retry: .once, undo: .nothing)
    func shift(_ time: Span) -> [Step] {
      [
        Step(
          id: "shift-100", action: .shift(percent: 100, settles: false), timeout: time, retry: .untilDone,
          undo: .impossible)
      ] + (drain.map { [.drain(.blue, patience: $0)] } ?? [])
    }
    func data(_ id: StepID, _ deed: DataDeed) -> Step {
      Step(
        id: id, action: .data(deed), timeout: environment.data?.timeout ?? .minutes(30), retry: .few,
        undo: .impossible)
    }
    let end = [
      Step(
        id: "settle", action: .shift(percent: 100, settles: true), timeout: .seconds(30), retry: .untilDone,
        undo: .impossible),
      Step(id: "record", action: .record(.promoted), timeout: .seconds(30), retry: .few, undo: .nothing),
      Step(id: "verify-live", action: .verify(.front, []), timeout: .minutes(10), retry: .few, undo: .nothing),
    ]
    let tell = Step(
      id: "notify", action: .notify(.rolledBack), timeout: .seconds(30), retry: .once, undo: .impossible)
    if done.greenData == .shared {
      // The old release may not even start on the new data, so it is looked at once it has its own.
      return done.migration == .restorable
        ? [deploy] + shift(.seconds(30)) + [data("restore", .restore), look] + end + [tell]
        : [deploy, look] + shift(.seconds(30)) + end + [tell]
    }
    let removal = [
      Step(id: "empty-slot", action: .destroy(.blue), timeout: .minutes(5), retry: .few, undo: .impossible),
      data("set-aside", .setAside), tell,
    ]
    return environment.knowsOneDatabaseName
      ? shift(.seconds(30) + environment.swapTime) + [look] + end + removal
      : [deploy, look] + shift(.seconds(30)) + end + removal
  }
}
