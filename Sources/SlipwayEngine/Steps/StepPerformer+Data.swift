internal import SlipwayConnectors
internal import SlipwayModel

/// How a step that has to do with data ended, and what it did in numbers.
struct DataOutcome: Sendable {
  var result: StepResult
  var report: DataReport?
}

/// What is done to the data of the environment.
extension StepPerformer {
  func reported(_ stepRun: StepRun, _ outcome: DataOutcome) -> Event {
    guard let report = outcome.report else {
      return .stepReported(step: stepRun.index, attempt: stepRun.attempt, result: outcome.result)
    }
    return .dataReported(step: stepRun.index, attempt: stepRun.attempt, report: report, result: outcome.result)
  }

  /// Carries a deed out and asks the data themselves whether it happened.
  func change(_ deed: DataDeed, _ progress: @escaping @Sendable (String) -> Void) async -> DataOutcome {
    do throws(ConnectorError) {
      let (store, order) = (try store(for: deed), order(deed))
      let done = try await store.carryOut(order, progress: progress)
      let result: StepResult =
        switch try await store.hasHappened(order) {
        case .done(let found): .succeeded("\(done.line); read back: \(found)")
        case .undone(let found): .errored("\(done.line); but read back: \(found)")
        case .unclear(let found), .unreadable(let found): .errored("\(done.line); cannot be read back: \(found)")
        }
      return DataOutcome(result: result, report: done.report)
    } catch {
      return DataOutcome(result: Self.result(of: error))
    }
  }

  func observe(data deed: DataDeed) async throws(ConnectorError) -> Observation {
    try await store(for: deed).hasHappened(order(deed))
  }

  /// What is known of a deed whose report was lost with the process that carried it out.
  func report(of deed: DataDeed) async -> DataReport? { await (try? store(for: deed))?.report(order(deed)) }

  private func order(_ deed: DataDeed) -> DataOrder {
    plan.order(deed, run: run, servedSince: servedSince, at: time.now())
  }

  /// The snapshot of another environment's data is taken by whoever keeps those.
  private func store(for deed: DataDeed) throws(ConnectorError) -> any DataStore {
    var environment = plan.environment
    var store = connectors.data
    if deed == .snapshot, let source = plan.source {
      environment = source.environment
      store = try catalog.connectors(for: environment).data
    }
    guard let store else {
      throw ConnectorError(
        .misconfigured, "'\(environment.name)' keeps no data; name who does under 'data' of the environment")
    }
    return store
  }

  // MARK: Names

  /// What has to change hands at a step of traffic; nil where nothing has.
  func nameChange(_ percent: Int, settles: Bool) -> DataDeed? {
    guard plan.swapsNames, !settles else { return nil }
    switch (plan.operation, percent) {
    case (.promote, 0): return .swapBack
    case (.promote, 100): return .swap
    case (.rollback, 100): return .swapBack
    case (.promote, _), (.rollback, _): return nil
    }
  }

  /// Whether names are as they should be, and whoever needs them runs.
  func observe(_ change: DataDeed) async throws(ConnectorError) -> Observation {
    let names = try await observe(data: change)
    guard case .done(let found) = names else { return names }
    guard let server = server(after: change) else { return .done(found) }
    switch try await connectors.deployer.contents(of: server) {
    case .release(server.release.id), .unknown: return .done("\(found); slot \(server.slot) holds \(server.release.id)")
    case .release(let other): return .undone("\(found); but slot \(server.slot) holds \(other)")
    case .empty: return .undone("\(found); but slot \(server.slot) is empty")
    }
  }

  /// Who serves once names have changed.
  private func server(after change: DataDeed) -> Deployment? {
    if plan.operation == .rollback || change == .swap { return candidate(isLive: true) }
    return standing
  }

  /// Stops both services, lets the names change hands, and starts the one that is to serve on them; measures how long nobody was served.
  func exchange(
    _ change: DataDeed, after said: String, _ progress: @escaping @Sendable (String) -> Void
  ) async -> DataOutcome {
    let prefix = said.isEmpty ? "" : said + "; "
    do throws(ConnectorError) {
      if case .done(let found) = try await observe(change) {
        // An earlier attempt got so far; what it set aside has to be known all the same.
        return DataOutcome(result: .succeeded(prefix + found), report: await report(of: change))
      }
      guard let server = server(after: change) else {
        return DataOutcome(result: .failed("nobody is there to serve after the names changed"))
      }
      let began = time.now()
      progress("services stop while the names of the databases change")
      if let standing { _ = try await connectors.deployer.destroy(standing) }
      _ = try await connectors.deployer.destroy(candidate)
      let outcome = await self.change(change, progress)
      guard case .succeeded(let swapped) = outcome.result else {
        if change == .swap { try await startAgain() }
        return outcome
      }
      var report = outcome.report
      _ = try await connectors.deployer.deploy(server)
      if let illness = await illness(of: server, progress) {
        return DataOutcome(
          result: .errored("\(swapped); but \(server.release.id) is not well on it: \(illness)"), report: report)
      }
      report?.withoutService = time.now() - began
      return DataOutcome(
        result: .succeeded("\(prefix)\(swapped); nobody served for \(time.now() - began)"), report: report)
    } catch {
      return DataOutcome(result: Self.result(of: error))
    }
  }

  /// Names stayed as they were: whoever served serves on, and green stands ready for another attempt.
  private func startAgain() async throws(ConnectorError) {
    if let standing { _ = try await connectors.deployer.deploy(standing) }
    _ = try await connectors.deployer.deploy(candidate)
  }

  private func illness(of server: Deployment, _ progress: @escaping @Sendable (String) -> Void) async -> String? {
    let environment = plan.environment
    let verification = Verification(
      url: "http://" + environment.address(of: server.slot), health: environment.health, version: environment.version,
      checks: [], deployment: server)
    let outcomes = await connectors.verifier.verify(verification, progress: progress)
    if outcomes.isEmpty { return "nobody looked" }
    return outcomes.first { !$0.passed }?.detail
  }
}
