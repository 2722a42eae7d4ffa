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
      steps: StepLevels(
        automation: spec.automation, handwork: Handwork(environment: environment, release: release, blue: blue)
      ).applied(
        to: PromotionSteps(spec: spec, environment: environment, hasBlue: blue != nil, exception: ask.exception).all),
      watch: spec.watch, rollback: spec.rollback, migration: spec.migration, greenData: spec.greenData,
      source: try origin(spec), windows: windows(of: spec.gates),
      roles: pipeline.roles, identity: pipeline.identity, exception: ask.exception, waived: waived, review: review,
      resubmission: resubmission, followUp: pipeline.followUp, registries: pipeline.registries,
      despiteHours: ask.despiteHours, terms: ask.terms)
    return try guarded(plan)
  }

  /// The environment whose data green gets, as it stands now.
  private func origin(_ spec: PromotionSpec) throws(PlanError) -> DataOrigin? {
    guard spec.greenData == .source, let from = spec.from else { return nil }
    return DataOrigin(environment: try known(from), live: ledger.environments[from]?.live)
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

  func known(_ id: ReleaseID) throws(PlanError) -> Release {
    guard let release = ledger.releases[id] else {
      let near = ledger.releases.keys.map(\.text).sorted().suffix(5).joined(separator: ", ")
      let known = near.isEmpty ? "none is registered" : "known: \(near)"
      throw PlanError(
        .unknownRelease, "release '\(id)' is not registered; \(known); add it with: slipway release add \(id)")
    }
    return release
  }

  func known(_ name: EnvironmentName) throws(PlanError) -> EnvironmentSpec {
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
