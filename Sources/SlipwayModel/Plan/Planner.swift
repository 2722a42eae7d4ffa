/// Makes plans: a pure function of the pipeline, the ledger and the release.
package struct Planner: Sendable {
  package let pipeline: Pipeline
  package let ledger: Ledger

  package init(pipeline: Pipeline, ledger: Ledger) {
    self.pipeline = pipeline
    self.ledger = ledger
  }

  /// The plan that moves `id` into `target`.
  ///
  /// - Throws: ``PlanError`` when the release or environment is unknown, nothing leads there, the release is quarantined, was turned down and not
  ///   handed in again, serves already, or the exception is not open here.
  package func promotion(
    of id: ReleaseID, to target: EnvironmentName, asking ask: PromotionAsk = PromotionAsk()
  ) throws(PlanError) -> Plan {
    let release = try known(id)
    let environment = try known(target)
    guard var spec = pipeline.promotion(to: target) else {
      throw PlanError(.noWay, "no promotion leads to '\(target)'; add one under 'promotions' with 'to: \(target)'")
    }
    if let reason = ledger.quarantine[id] {
      throw PlanError(.quarantined, "release \(id) is quarantined: \(reason); promote another release")
    }
    let resubmission = try resubmission(of: id, ask)
    spec = try asked(spec, ask.terms, environment)
    var waived: [String] = []
    var review: Span?
    if let exception = ask.exception {
      (spec, waived, review) = try excepted(spec, exception, environment)
    }
    let state = ledger.environments[target] ?? EnvironmentState()
    let blue = state.live
    if let blue, blue.release == release {
      throw PlanError(.alreadyLive, "release \(id) serves '\(target)' already (run \(blue.run)); nothing to promote")
    }
    let plan = Plan(
      operation: .promote, project: pipeline.project, release: release, from: spec.from, to: target,
      environment: environment, blue: blue, green: blue?.slot.other ?? .a,
      steps: PromotionSteps(spec: spec, environment: environment, hasBlue: blue != nil, exception: ask.exception).all,
      watch: spec.watch, rollback: spec.rollback, migration: spec.migration, windows: windows(of: spec.gates),
      roles: pipeline.roles, identity: pipeline.identity, exception: ask.exception, waived: waived, review: review,
      resubmission: resubmission, followUp: pipeline.followUp, registries: pipeline.registries,
      despiteHours: ask.despiteHours, terms: ask.terms)
    return try guarded(plan)
  }

  /// What was turned down comes back only with a word on what was done about it.
  private func resubmission(of id: ReleaseID, _ ask: PromotionAsk) throws(PlanError) -> Resubmission? {
    guard let rejection = ledger.rejections[id] else { return nil }
    guard let note = ask.resubmission, note.contains(where: { !$0.isWhitespace }) else {
      throw PlanError(
        .rejected,
        "release \(id) was rejected by \(rejection.by) in run \(rejection.run): \(rejection.reason); "
          + "once that is dealt with, promote it again with --resubmit 'what was done about it'")
    }
    return Resubmission(rejection: rejection, note: note)
  }

  /// The plan that takes `target` back, to the release it served before or to `id`.
  ///
  /// - Throws: ``PlanError`` when nothing serves there, there is no earlier release, or `id` is unknown or serves already.
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
    let spec = pipeline.promotion(to: target)
    return Plan(
      operation: .rollback, project: pipeline.project, release: wanted, from: nil, to: target, environment: environment,
      blue: live, green: live.slot.other, steps: Self.rollbackSteps, watch: spec?.watch ?? WatchSpec(),
      rollback: spec?.rollback ?? RollbackSpec(), windows: [:], roles: pipeline.roles,
      identity: pipeline.identity, incident: incident)
  }

  /// Going back by hand: make sure the old release runs, look at it, switch, look at the front door.
  private static let rollbackSteps: [Step] = [
    Step(id: "deploy", action: .deploy, timeout: .minutes(10), retry: .few, undo: .nothing),
    Step(id: "verify-green", action: .verify(.green, []), timeout: .minutes(10), retry: .once, undo: .nothing),
    Step(
      id: "shift-100", action: .shift(percent: 100, settles: false), timeout: .seconds(30), retry: .untilDone,
      undo: .impossible),
    Step(
      id: "settle", action: .shift(percent: 100, settles: true), timeout: .seconds(30), retry: .untilDone,
      undo: .impossible),
    Step(id: "record", action: .record(.promoted), timeout: .seconds(30), retry: .few, undo: .nothing),
    Step(id: "verify-live", action: .verify(.front, []), timeout: .minutes(10), retry: .few, undo: .nothing),
    Step(id: "notify", action: .notify(.rolledBack), timeout: .seconds(30), retry: .once, undo: .impossible),
  ]

  private func known(_ id: ReleaseID) throws(PlanError) -> Release {
    guard let release = ledger.releases[id] else {
      let near = ledger.releases.keys.map(\.text).sorted().suffix(5).joined(separator: ", ")
      let known = near.isEmpty ? "none is registered" : "known: \(near)"
      throw PlanError(
        .unknownRelease, "release '\(id)' is not registered; \(known); add it with: slipway release add \(id)")
    }
    return release
  }

  private func known(_ name: EnvironmentName) throws(PlanError) -> EnvironmentSpec {
    guard let environment = pipeline.environment(name) else {
      let known = pipeline.environments.map(\.name.text).joined(separator: ", ")
      throw PlanError(.unknownEnvironment, "environment '\(name)' is not in the pipeline file; known: \(known)")
    }
    return environment
  }

  private func windows(of gates: [GateSpec]) -> [String: Window] {
    var used: [String: Window] = [:]
    for gate in gates {
      if case .window(let name) = gate { used[name] = pipeline.windows[name] }
    }
    return used
  }
}

/// Why no plan could be made.
package struct PlanError: Error, Sendable, Equatable, CustomStringConvertible {
  package enum Code: String, Sendable {
    case unknownRelease, unknownEnvironment, noWay, quarantined, rejected, exception, alreadyLive, nothingLive, noTarget
    case terms, guardrail
  }

  package let code: Code
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
