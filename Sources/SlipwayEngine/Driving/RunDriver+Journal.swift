internal import SlipwayConnectors
internal import SlipwayJournal
internal import SlipwayModel

/// What a driver writes down, and what follows from it.
extension RunDriver {
  /// Journals events in one commit, with what follows from them; only then are they true.
  @discardableResult
  func write(
    _ events: [Event], by actor: String = "slipway", id: String? = nil, ledger: [LedgerEvent] = [],
    rows: [ProjectionWrite] = [], at moment: Timestamp? = nil
  ) async throws -> Int64 {
    let now = moment ?? house.time.now()
    var after = history
    var entries: [Entry] = []
    for event in events {
      after.fold(event, at: now, sequence: history.sequence)
      entries.append(try RunHistory.entry(event, of: run, at: now, by: actor, id: entries.isEmpty ? id : nil))
    }
    let broken = after.promotion.violations
    guard broken.isEmpty else {
      throw EngineError(
        .broken,
        "run \(run) would break a rule of safety (\(broken.joined(separator: "; "))); it was stopped where it is")
    }
    for event in ledger { entries.append(try RunHistory.entry(event, at: now, by: actor)) }
    let sequences = try await house.journal.append(
      Append(
        entries, run: after.promotion.row(at: now), rows: rows + house.rows(for: ledger), ifStreamAt: history.sequence))
    guard let first = sequences.first else { throw EngineError(.broken, "the journal gave no sequence number") }
    for (event, sequence) in zip(events, sequences) { history.fold(event, at: now, sequence: sequence) }
    for event in ledger { await house.apply(event, at: now) }
    for event in events { house.observe(run, event, history.promotion) }
    return first
  }

  func record(_ stepRun: StepRun, _ change: EnvironmentChange, after intent: Event) async throws {
    let plan = history.promotion.plan
    let now = house.time.now()
    let data = plan.environment.data.map { _ in
      PlacedData(
        greenData: plan.greenData, migration: plan.migration, servedSince: history.promotion.servedSince ?? now)
    }
    let placement = Placement(slot: plan.green, release: plan.release, run: run, since: now, data: data)
    let event: LedgerEvent
    let said: String
    switch change {
    case .exit: return
    case .promoted: (event, said) = (.environmentServes(plan.to, placement), "\(plan.to) serves \(plan.release.id)")
    case .rolledBack:
      event = .environmentRolledBack(plan.to, failed: placement)
      said = "\(plan.release.id) failed in \(plan.to); \(plan.blue.map { "\($0.release.id)" } ?? "nothing") serves"
    }
    let report = Event.stepReported(step: stepRun.index, attempt: stepRun.attempt, result: .succeeded(said))
    try await write([intent, report], ledger: [event])
  }

  func schedule(_ stepRun: StepRun, _ span: Span, after intent: Event) async throws {
    guard let blue = history.promotion.plan.blue else {
      let report = Event.stepReported(
        step: stepRun.index, attempt: stepRun.attempt, result: .succeeded("there is no blue"))
      try await write([intent, report])
      return
    }
    let task = SlotRemoval(environment: history.promotion.plan.to, placement: blue)
    let now = house.time.now()
    let due = now + span
    let report = Event.stepReported(
      step: stepRun.index, attempt: stepRun.attempt,
      result: .succeeded("\(blue.release.id) stays in slot \(blue.slot) until \(due), then it is removed"))
    try await write([intent, report], rows: [.task(try task.scheduled(by: run, at: due))], at: now)
  }

  func ledgerEvents(_ stepRun: StepRun, _ event: Event) -> [LedgerEvent] {
    let result: StepResult
    switch event {
    case .stepReported(_, _, let reported), .dataReported(_, _, _, let reported): result = reported
    case .readBack(_, _, .done(let detail)): result = .succeeded(detail)
    default: return []
    }
    guard case .succeeded = result, case .destroy(let role) = stepRun.step.action else { return [] }
    let plan = history.promotion.plan
    let slot = role == .green ? plan.green : plan.blue?.slot
    return slot.map { [.slotEmptied(plan.to, $0)] } ?? []
  }

  func writeEvidence(_ attempt: Int) async throws {
    do {
      let published = try await house.writeEvidence(history.promotion)
      try await write([.evidenceWritten(folder: published.folder, manifest: published.manifest)])
    } catch let error as JournalError {
      throw error
    } catch {
      try await write([.evidenceFailed(reason: "\(error)", attempt: attempt)])
    }
  }

  /// Tells people without waiting for the messenger: traffic is being brought back at the same time.
  func escalate(_ reason: String) {
    let plan = history.promotion.plan
    let message = Message(
      event: "escalated", project: plan.project, run: run, release: plan.release.id, environment: plan.to, text: reason)
    messengers.append(Task { [house] in _ = await house.catalog.tell(message) })
  }
}
