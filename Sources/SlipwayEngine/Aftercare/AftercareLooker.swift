internal import SlipwayAnalysis
internal import SlipwayConnectors
internal import SlipwayModel

/// One look at a release that serves: asks everything that is due, at once and each for its own time, and judges the answers.
struct AftercareLooker: Sendable {
  let state: AftercareState
  let plan: Plan
  let catalog: any ConnectorCatalog
  let time: any TimeSource

  /// How long counters, gauges and one question may take.
  private static let askingTime = Span.seconds(60)
  /// A question with a time of its own gets so much more before it is given up.
  private static let grace = Span.seconds(5)

  private var order: AftercareOrder { state.order }

  /// Carries out the look of `due` at `now`.
  func look(_ due: [AftercareLook.PhaseLook], at now: Timestamp) async -> AftercareLook {
    let checks = due.flatMap { one in order.spec[one.phase].checks.map { (one.phase, $0) } }
    do throws(ConnectorError) {
      let connectors = try catalog.connectors(for: plan.environment)
      return await look(due, checks, connectors, at: now)
    } catch {
      return AftercareLook(
        phases: due, outcomes: checks.map { AftercareOutcome($0, $1.name, .error, error.message) })
    }
  }

  private func look(
    _ due: [AftercareLook.PhaseLook], _ checks: [(AftercarePhase, AftercareCheck)],
    _ connectors: EnvironmentConnectors, at now: Timestamp
  ) async -> AftercareLook {
    let wanted = checks.map(\.1.question)
    async let counters = wanted.contains(where: \.needsCounters) ? sample(connectors, at: now) : .failure("")
    async let gauges = wanted.contains(where: \.isTrend) ? readings(connectors, at: now) : .success([:])
    var answers: [Int: Answer] = [:]
    let rest = checks.indices.filter { !checks[$0].1.question.needsCounters && !checks[$0].1.question.isTrend }
    await withTaskGroup(of: (Int, Answer).self) { group in
      for index in rest {
        group.addTask { (index, await answer(checks[index].1, in: checks[index].0, connectors, at: now)) }
      }
      for await (index, answer) in group { answers[index] = answer }
    }
    let early = await firstFigures(connectors, besides: wanted)
    let (read, levels) = (await counters, await gauges)
    var look = AftercareLook(phases: due, outcomes: [], gauges: (try? levels.get()) ?? [:], figures: early)
    if case .success(let sample) = read { look.sample = sample }
    for answer in answers.values { if let (name, value) = answer.reading { look.figures[name] = value } }
    look.outcomes = checks.enumerated().map { index, pair in
      answers[index]?.outcome ?? judged(pair.1, in: pair.0, read, levels, at: now)
    }
    return look
  }

  private func judged(
    _ check: AftercareCheck, in phase: AftercarePhase, _ read: Result<CounterSample, Trouble>,
    _ levels: Result<[String: Double], Trouble>, at now: Timestamp
  ) -> AftercareOutcome {
    if case .trend(let spec) = check.question {
      switch levels {
      case .success(let readings): return AftercareJudge.trends(check, spec, in: phase, state, readings, at: now)
      case .failure(let trouble): return AftercareOutcome(phase, check.name, .error, trouble.text)
      }
    }
    switch read {
    case .success(let sample): return AftercareJudge.counters(check, in: phase, state, sample)
    case .failure(let trouble): return AftercareOutcome(phase, check.name, .error, trouble.text)
    }
  }

  // MARK: Readings

  private func bounded<Value: Sendable>(
    _ span: Span = askingTime, _ body: @escaping @Sendable () async throws(ConnectorError) -> Value
  ) async -> Result<Value, Trouble> {
    let answer: Result<Value, Trouble>? = await Deadline.bound(span, time) {
      do throws(ConnectorError) { return .success(try await body()) } catch { return .failure(Trouble(error.message)) }
    }
    return answer ?? .failure(Trouble("no answer within \(span)"))
  }

  private func sample(_ connectors: EnvironmentConnectors, at now: Timestamp) async -> Result<CounterSample, Trouble> {
    let order = order
    return await bounded { () async throws(ConnectorError) -> CounterSample in
      var sample = try await connectors.source.sample(now: now, releases: [order.slot: order.release])
      if let crashes = try await connectors.deployer.crashes(order.slot) { sample.crashes[order.slot] = crashes }
      return sample
    }
  }

  private func readings(
    _ connectors: EnvironmentConnectors, at now: Timestamp
  ) async -> Result<[String: Double], Trouble> {
    guard let source = connectors.gauges else { return .success([:]) }
    let order = order
    return await bounded { () async throws(ConnectorError) -> [String: Double] in
      try await source.gauges(now: now, releases: [order.slot: order.release])[order.slot] ?? [:]
    }
  }

  /// The figures of phases to come, read at the very first look, that are compared with what they were then.
  private func firstFigures(
    _ connectors: EnvironmentConnectors, besides asked: [AftercareQuestion]
  ) async -> [String: Double] {
    guard state.looks == 0, let probe = catalog.aftercare() else { return [:] }
    var found: [String: Double] = [:]
    for check in AftercarePhase.allCases.flatMap({ order.spec[$0].checks }) where !asked.contains(check.question) {
      guard case .figure(let spec) = check.question, spec.drop != nil || spec.rise != nil else { continue }
      let deployment = deployment(connectors)
      let answer = await bounded(spec.timeout + Self.grace) { () async throws(ConnectorError) -> Double? in
        try await probe.figure(spec, of: deployment)
      }
      if case .success(let value?) = answer { found[check.name] = value }
    }
    return found
  }

  private func deployment(_ connectors: EnvironmentConnectors) -> Deployment {
    connectors.deployment(in: order.environment, slot: order.slot, release: plan.release, run: order.run)
  }

  // MARK: Questions

  private func answer(
    _ check: AftercareCheck, in phase: AftercarePhase, _ connectors: EnvironmentConnectors, at now: Timestamp
  ) async -> Answer {
    let found: Result<Answer, Trouble> = await bounded(check.question.time + Self.grace) {
      () async throws(ConnectorError) -> Answer in
      try await ask(check, in: phase, connectors, at: now)
    }
    switch found {
    case .success(let answer): return answer
    case .failure(let trouble): return Answer(AftercareOutcome(phase, check.name, .error, trouble.text))
    }
  }

  private func ask(
    _ check: AftercareCheck, in phase: AftercarePhase, _ connectors: EnvironmentConnectors, at now: Timestamp
  ) async throws(ConnectorError) -> Answer {
    func outcome(_ passed: Bool, _ detail: String) -> Answer {
      Answer(AftercareOutcome(phase, check.name, passed ? .passed : .failed, detail))
    }
    switch check.question {
    case .liveness:
      let illness = await connectors.verifier.probe(
        verification(connectors, at: "http://\(plan.environment.address(of: order.slot))"))
      return outcome(illness == nil, illness ?? "slot \(order.slot) answers")
    case .readiness:
      let illness = await connectors.verifier.probe(verification(connectors))
      return outcome(illness == nil, illness ?? "the front door answers")
    case .version:
      guard plan.environment.version != nil else {
        return Answer(AftercareOutcome(phase, check.name, .skipped, "the environment cannot say which version it is"))
      }
      return try await verified("version", connectors, [], outcome)
    case .check(let spec): return try await verified(spec.name, connectors, [spec], outcome)
    case .dependencies: return await dependencies(check, in: phase, at: now)
    case .alerts(let spec): return try await alerts(spec, outcome)
    case .monitoring(let spec): return try await monitoring(spec, check, in: phase, at: now, outcome)
    case .figure(let spec):
      let value = try await probe().figure(spec, of: deployment(connectors))
      let judged = AftercareJudge.figure(
        check, spec, in: phase, value: value, before: state.figuresBefore[check.name])
      return Answer(judged, reading: value.map { (check.name, $0) })
    case .processes, .traffic, .errorRate, .p99Increase, .throughput, .trend:
      throw ConnectorError(.misconfigured, "'\(check.name)' is judged on readings")
    }
  }

  private func probe() throws(ConnectorError) -> any AftercareProbe {
    guard let probe = catalog.aftercare() else {
      throw ConnectorError(.misconfigured, "nobody here asks alert systems or business figures")
    }
    return probe
  }

  /// One try, for there is a next look.
  private func verification(
    _ connectors: EnvironmentConnectors, at url: String? = nil, _ checks: [CheckSpec] = []
  ) -> Verification {
    var health = plan.environment.health
    health.tries = 1
    return Verification(
      url: url ?? connectors.plane.frontDoor, health: health, version: plan.environment.version, checks: checks,
      deployment: deployment(connectors))
  }

  private func verified(
    _ name: String, _ connectors: EnvironmentConnectors, _ checks: [CheckSpec],
    _ outcome: (Bool, String) -> Answer
  ) async throws(ConnectorError) -> Answer {
    let found = await connectors.verifier.verify(verification(connectors, checks)) { _ in }
    guard let own = found.last(where: { $0.name == name }) ?? found.first(where: { !$0.passed }) else {
      throw ConnectorError(.garbage, "'\(name)' was not asked")
    }
    return outcome(own.passed, own.name == name ? own.detail : "\(own.name): \(own.detail)")
  }

  private func dependencies(_ check: AftercareCheck, in phase: AftercarePhase, at now: Timestamp) async -> Answer {
    let specs = plan.dependencies
    guard !specs.isEmpty else {
      return Answer(AftercareOutcome(phase, check.name, .skipped, "the promotion names no dependencies"))
    }
    let report = await catalog.judge(.dependencies(specs), for: plan, run: order.run, at: now)
    let verdict: AftercareVerdict =
      switch report.verdict {
      case .passed: .passed
      case .failed: .failed
      default: .error
      }
    return Answer(AftercareOutcome(phase, check.name, verdict, report.reason))
  }

  /// Alerts that began before the release served are not held against it.
  private func alerts(_ spec: AlertsSpec, _ outcome: (Bool, String) -> Answer) async throws(ConnectorError) -> Answer {
    let active = try await probe().activeAlerts(spec)
    let new = active.filter { $0.startsAt >= order.since }
    let old = active.count - new.count
    let before = old == 0 ? "" : ", \(old) from before it served"
    guard !new.isEmpty else { return outcome(true, "no alert since it serves\(before)") }
    let told = new.prefix(5).map { alert in
      "\(alert.name) since \(alert.startsAt)" + (alert.summary.map { " (\($0.prefix(200)))" } ?? "")
    }
    return outcome(false, "\(new.count) active: \(told.joined(separator: "; "))\(new.count > 5 ? "; …" : "")\(before)")
  }

  /// A test alert is sent until one got through, and never after.
  private func monitoring(
    _ spec: MonitoringSpec, _ check: AftercareCheck, in phase: AftercarePhase, at now: Timestamp,
    _ outcome: (Bool, String) -> Answer
  ) async throws(ConnectorError) -> Answer {
    if state.phases[phase]?.passed.contains(check.name) == true, let last = state.phases[phase]?.last[check.name],
      last.verdict == .passed
    {
      return Answer(last)
    }
    let labels = ["environment": order.environment.text, "project": order.project, "run": order.run.text]
    let found = try await probe().monitoring(spec, about: labels, at: now)
    let failed = found.filter { !$0.passed }
    let told = (failed.isEmpty ? found : failed).map { "\($0.name): \($0.detail)" }.joined(separator: "; ")
    return outcome(failed.isEmpty && !found.isEmpty, told.isEmpty ? "nothing was looked at" : told)
  }
}

/// Why something could not be read.
private struct Trouble: Error, ExpressibleByStringLiteral {
  let text: String
  init(_ text: String) { self.text = text }
  init(stringLiteral value: String) { text = value }
}

/// What a question led to: a verdict, and the figure that it was drawn from where there is one.
private struct Answer: Sendable {
  let outcome: AftercareOutcome
  let reading: (String, Double)?

  init(_ outcome: AftercareOutcome, reading: (String, Double)? = nil) {
    self.outcome = outcome
    self.reading = reading
  }
}

extension AftercareQuestion {
  fileprivate var isTrend: Bool { if case .trend = self { true } else { false } }

  /// How long it may take by its own word.
  fileprivate var time: Span {
    switch self {
    case .check(.http(_, _, _, _, let timeout)), .check(.command(_, _, let timeout)),
      .check(.data(_, _, let timeout)), .check(.signIn(_, _, let timeout)):
      timeout
    case .alerts(let spec): spec.timeout
    // The test alert is waited for twice: until it is seen, and until it is gone.
    case .monitoring(let spec): spec.timeout * 4
    case .figure(let spec): spec.timeout
    case .liveness, .readiness, .processes, .version, .traffic, .errorRate, .p99Increase, .throughput, .dependencies,
      .trend:
      .seconds(60)
    }
  }
}

extension Plan {
  /// What the gates of the promotion ask for.
  fileprivate var dependencies: [DependencySpec] {
    var names: Set<String> = []
    return steps.flatMap { step -> [DependencySpec] in
      guard case .gate(.dependencies(let specs)) = step.action else { return [] }
      return specs.filter { names.insert($0.name).inserted }
    }
  }
}
