internal import SlipwayConnectors
internal import SlipwayModel

/// Carries single steps out and reads back what they did. It decides nothing and writes nothing down.
struct StepPerformer: Sendable {
  let plan: Plan
  let run: RunID
  let connectors: EnvironmentConnectors
  let catalog: any ConnectorCatalog
  let surroundings: @Sendable (Plan, Ledger) throws -> Surroundings
  let time: any TimeSource
  /// When green was first to get traffic; nil when it never was.
  var servedSince: Timestamp?

  /// Carries `stepRun` out and reads back.
  ///
  /// - Parameters:
  ///   - stepRun: the attempt, whose intent is on disk.
  ///   - generation: rises with every attempt of every run, so that a data plane can refuse a late one.
  ///   - ledger: what is known at this moment.
  ///   - progress: told about progress inside a long step.
  /// - Returns: the event that says how it ended.
  func perform(
    _ stepRun: StepRun, generation: UInt64, ledger: Ledger, progress: @escaping @Sendable (String) -> Void
  ) async -> Event {
    let result: StepResult
    if stepRun.step.level == .manual { return await lookAtHandwork(stepRun, progress) }
    switch stepRun.step.action {
    case .gate(let gate):
      return .gatesReported(step: stepRun.index, attempt: stepRun.attempt, reports: [await judge(gate, ledger)])
    case .recheck(let gates):
      var reports: [GateReport] = []
      for gate in gates { reports.append(await judge(gate, ledger)) }
      return .gatesReported(step: stepRun.index, attempt: stepRun.attempt, reports: reports)
    case .data(let deed): return await reported(stepRun, change(deed, progress))
    case .deploy: result = await deploy()
    case .verify(let target, let checks): result = await verify(target, checks, progress)
    case .shift(let percent, let settles):
      return await reported(stepRun, shift(percent, settles: settles, generation: generation, progress))
    case .drain(let role, let patience): result = await drain(role, patience, progress)
    case .destroy(let role): result = await destroy(role)
    case .notify(let milestone): result = await notify(milestone)
    case .approve, .confirm, .watch, .record, .schedule:
      result = .failed("step \(stepRun.step.id) is not carried out by a connector")
    }
    return .stepReported(step: stepRun.index, attempt: stepRun.attempt, result: result)
  }

  private func judge(_ gate: GateSpec, _ ledger: Ledger) async -> GateReport {
    let now = time.now()
    do {
      let judge = GateJudge(plan: plan, ledger: ledger, surroundings: try surroundings(plan, ledger))
      return await catalog.judge(gate, by: judge, run: run, ledgerAt: now, at: now)
    } catch {
      // Without the file nobody knows what is frozen or accepted.
      return GateReport(
        gate: gate.name, verdict: .error, reason: "what the gates look at cannot be read: \(error)",
        remedy: "mend the pipeline file and what it names; see slipway check")
    }
  }

  // MARK: Deploying

  /// What is to serve, on the data that it has until names are swapped.
  var candidate: Deployment { candidate(isLive: !plan.swapsNames) }

  func candidate(isLive: Bool) -> Deployment {
    connectors.deployment(in: plan.to, slot: plan.green, release: plan.release, run: run, isLive: isLive)
  }

  var standing: Deployment? {
    plan.blue.map { connectors.deployment(in: plan.to, slot: $0.slot, release: $0.release, run: $0.run) }
  }

  private func deploy() async -> StepResult {
    do throws(ConnectorError) {
      let said = try await connectors.deployer.deploy(candidate)
      if Mutant.believeAcknowledgement.isActive { return .succeeded(said) }
      switch try await connectors.deployer.contents(of: candidate) {
      case .release(plan.release.id):
        return .succeeded("\(said); read back: slot \(plan.green) holds \(plan.release.id)")
      case .release(let other): return .failed("\(said); but slot \(plan.green) holds \(other), not \(plan.release.id)")
      case .empty: return .failed("\(said); but slot \(plan.green) is empty")
      case .unknown: return .succeeded("\(said); the tool cannot be asked what slot \(plan.green) holds")
      }
    } catch {
      return Self.result(of: error)
    }
  }

  private func destroy(_ role: Role) async -> StepResult {
    guard let deployment = role == .green ? candidate : standing else { return .succeeded("there is no blue") }
    do throws(ConnectorError) {
      let said = try await connectors.deployer.destroy(deployment)
      switch try await connectors.deployer.contents(of: deployment) {
      case .empty: return .succeeded("\(said); read back: slot \(deployment.slot) is empty")
      case .unknown: return .succeeded(said)
      case .release(let other): return .errored("\(said); but slot \(deployment.slot) still holds \(other)")
      }
    } catch {
      return Self.result(of: error)
    }
  }

  /// A refusal is a verdict; everything else may go better next time.
  static func result(of error: ConnectorError) -> StepResult {
    switch error.code {
    case .refused, .misconfigured: .failed(error.message)
    case .unreachable, .timedOut, .garbage: .errored(error.message)
    }
  }

  // MARK: Verifying

  func verification(_ target: VerifyTarget, _ checks: [CheckSpec]) -> Verification? {
    let environment = plan.environment
    let deployment: Deployment
    let url: String
    switch target {
    case .green:
      (deployment, url) = (
        candidate(isLive: !plan.swapsNames || plan.verifiesAfterShift),
        "http://" + environment.address(of: plan.green)
      )
    case .blue:
      guard let standing else { return nil }
      (deployment, url) = (standing, connectors.plane.frontDoor)
    case .front: (deployment, url) = (candidate(isLive: true), connectors.plane.frontDoor)
    }
    return Verification(
      url: url, health: environment.health, version: environment.version, checks: checks, deployment: deployment)
  }

  func verify(
    _ target: VerifyTarget, _ checks: [CheckSpec], _ progress: @escaping @Sendable (String) -> Void
  ) async -> StepResult {
    guard let verification = verification(target, checks) else { return .succeeded("there is no blue to look at") }
    let outcomes = await connectors.verifier.verify(verification, progress: progress)
    let failed = outcomes.filter { !$0.passed }
    if outcomes.isEmpty { return .errored("nothing was verified: the verifier ran no check") }
    if failed.isEmpty {
      return .succeeded(outcomes.map { "\($0.name): \($0.detail)" }.joined(separator: "; "))
    }
    let reasons = failed.map { "\($0.name): \($0.detail)" }.joined(separator: "; ")
    return target == .blue ? .errored(reasons) : .failed(reasons)
  }

  // MARK: Telling

  private func notify(_ milestone: Milestone) async -> StepResult {
    let text =
      switch milestone {
      case .promoted: "\(plan.release.id) serves \(plan.to)"
      case .emergency:
        "EMERGENCY: \(plan.release.id) is to go to \(plan.to) outside windows and freezes, \(plan.exception?.reason ?? "")"
      case .rolledBack:
        plan.operation == .rollback
          ? "\(plan.to) went back to \(plan.release.id), incident \(plan.incident ?? "none")"
          : "\(plan.release.id) was taken back from \(plan.to)"
      }
    let message = Message(
      event: milestone.rawValue, project: plan.project, run: run, release: plan.release.id, environment: plan.to,
      text: text)
    if let failure = await catalog.tell(message) {
      // Nothing goes on before those on call know of an emergency, so they are tried again.
      return milestone == .emergency ? .errored(failure) : .failed(failure)
    }
    return .succeeded(text)
  }
}
