internal import SlipwayAnalysis
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
    case .snapshot: result = await change(.backup, progress)
    case .deploy: result = await deploy()
    case .migrate: result = await change(.migrate, progress)
    case .restore: result = await change(.restore, progress)
    case .verify(let target, let checks): result = await verify(target, checks, progress)
    case .shift(let percent, let settles): result = await shift(percent, settles: settles, generation: generation)
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

  var candidate: Deployment {
    Deployment(environment: plan.to, slot: plan.green, release: plan.release, run: run)
  }

  private var standing: Deployment? {
    plan.blue.map { Deployment(environment: plan.to, slot: $0.slot, release: $0.release, run: $0.run) }
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

  private func verification(_ target: VerifyTarget, _ checks: [CheckSpec]) -> Verification? {
    let environment = plan.environment
    let deployment: Deployment
    let url: String
    switch target {
    case .green: (deployment, url) = (candidate, "http://" + environment.address(of: plan.green))
    case .blue:
      guard let standing else { return nil }
      (deployment, url) = (standing, connectors.plane.frontDoor)
    case .front: (deployment, url) = (candidate, connectors.plane.frontDoor)
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

  // MARK: Traffic

  private var targets: [Slot: String] {
    var targets = [plan.green: plan.environment.address(of: plan.green)]
    if let blue = plan.blue { targets[blue.slot] = plan.environment.address(of: blue.slot) }
    return targets
  }

  private func shift(_ percent: Int, settles: Bool, generation: UInt64) async -> StepResult {
    let wanted = plan.split(percent: percent, settles: settles)
    if percent > 0, !settles, let verification = verification(.green, []),
      let illness = await connectors.verifier.probe(verification)
    {
      return .failed("green is not well, so it gets no traffic: \(illness)")
    }
    // A look that came back when everybody had given up must not be followed by a write.
    if Task.isCancelled, !Mutant.writeWhenGivenUp.isActive { return .errored("given up before traffic was touched") }
    do throws(ConnectorError) {
      try await connectors.plane.apply(
        wanted, targets: targets, generation: Mutant.forgetFence.isActive ? 1 : generation)
      if Mutant.believeAcknowledgement.isActive { return .succeeded("it said so") }
      let found = try await connectors.plane.readSplit()
      guard found == wanted else { return .errored("asked for \(wanted), but the data plane says \(found)") }
      if percent == 0 { return await drained(wanted) }
      return .succeeded("read back: \(wanted)")
    } catch {
      return Self.result(of: error)
    }
  }

  /// 0 % is believed when nothing new arrives at green: its counter stands still while its last requests finish.
  private func drained(_ split: Split) async -> StepResult {
    let began = time.now()
    var before: UInt64?
    for _ in 0..<10 {
      do throws(ConnectorError) {
        let sample = try await connectors.plane.counters(now: time.now())
        let requests = sample.slots[plan.green]?.requests ?? 0
        let inFlight = try await connectors.plane.inFlight(plan.green)
        if before == requests, (inFlight ?? 0) == 0 {
          return .succeeded("read back: \(split); green answered its last request by \(time.now() - began) after that")
        }
        before = requests
      } catch {
        break
      }
      do { try await time.sleep(for: .milliseconds(20)) } catch { break }
    }
    return .succeeded("read back: \(split); green is still finishing requests that it had begun")
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

extension StepPerformer {
  /// Asks the world whether an interrupted attempt happened.
  func readBack(_ stepRun: StepRun) async -> Event {
    .readBack(step: stepRun.index, attempt: stepRun.attempt, observation: await observe(stepRun.step.action))
  }

  func observe(_ action: Action) async -> Observation {
    do throws(ConnectorError) {
      switch action {
      case .snapshot: return try await observe(data: .backup)
      case .deploy: return try await observeDeploy()
      case .migrate: return try await observe(data: .migrate)
      case .restore: return try await observe(data: .restore)
      case .shift(let percent, let settles):
        let wanted = plan.split(percent: percent, settles: settles)
        let found = try await connectors.plane.readSplit()
        return found == wanted
          ? .done("the data plane says \(found)") : .undone("the data plane says \(found), not \(wanted)")
      case .destroy(let role):
        guard let deployment = role == .green ? candidate : standing else { return .done("there is no blue") }
        switch try await connectors.deployer.contents(of: deployment) {
        case .empty: return .done("slot \(deployment.slot) is empty")
        case .release(let id): return .undone("slot \(deployment.slot) holds \(id)")
        case .unknown: return .unclear("the tool cannot be asked what slot \(deployment.slot) holds")
        }
      case .notify: return .unclear("a message cannot be asked back")
      case .gate, .recheck, .approve, .confirm, .verify, .watch, .record, .schedule:
        return .undone("nothing outside is changed by this step")
      }
    } catch {
      return .unreadable(error.message)
    }
  }

  private func observeDeploy() async throws(ConnectorError) -> Observation {
    switch try await connectors.deployer.contents(of: candidate) {
    case .release(plan.release.id): .done("slot \(plan.green) holds \(plan.release.id)")
    case .release(let other): .undone("slot \(plan.green) holds \(other)")
    case .empty: .undone("slot \(plan.green) is empty")
    case .unknown: .unclear("the tool cannot be asked what slot \(plan.green) holds")
    }
  }
}

extension StepPerformer {
  /// One look at the counters and what it means together with the earlier ones.
  func measure(_ index: Int, _ history: RunHistory) async -> Event {
    let now = time.now()
    do throws(ConnectorError) {
      let sample = try await reading(now)
      if let drift = try await drift(from: history.promotion.records[index].step, or: history.promotion.inHand) {
        return .measured(step: index, sample: sample, judgement: WatchJudgement(verdict: .error, reason: drift))
      }
      let judgement = WatchJudge.judge(
        spec: plan.watch, green: plan.green, blue: plan.blue?.slot, samples: history.samples + [sample],
        reference: history.reference, crashesSince: history.crashesSince, now: now)
      return .measured(step: index, sample: sample, judgement: judgement)
    } catch {
      let judgement = WatchJudgement(verdict: .error, reason: "counters cannot be read: \(error.message)")
      return .measured(step: index, sample: nil, judgement: judgement)
    }
  }

  /// Says so when the data plane no longer divides as the step before had it: somebody else changed it, and the figures mean something else.
  private func drift(from step: Step, or next: Step?) async throws(ConnectorError) -> String? {
    guard case .watch(let percent, _) = step.action, !Mutant.ignoreDrift.isActive else { return nil }
    let wanted = plan.split(percent: percent, settles: false)
    let found = try await connectors.plane.readSplit()
    // Whoever does the next shift by hand does it before they say so.
    if case .shift(let percent, let settles)? = next?.action, found == plan.split(percent: percent, settles: settles) {
      return nil
    }
    return found == wanted
      ? nil
      : "the data plane says \(found), this step is about \(wanted); somebody else changed it: set it back, or abort"
  }

  /// The counters of both slots with the crash counts of the deployer.
  func reading(_ now: Timestamp) async throws(ConnectorError) -> CounterSample {
    var releases = [plan.green: plan.release.id]
    if let blue = plan.blue { releases[blue.slot] = blue.release.id }
    var sample = try await connectors.source.sample(now: now, releases: releases)
    for slot in Slot.allCases where releases[slot] != nil {
      if let crashes = try await connectors.deployer.crashes(slot) { sample.crashes[slot] = crashes }
    }
    return sample
  }
}
