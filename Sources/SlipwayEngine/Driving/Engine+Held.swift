internal import SlipwayConnectors
internal import SlipwayJournal
internal import SlipwayModel

/// Runs that stand still: what they come from is kept under watch (A6), and a freeze that was taken away lets them go on.
extension Engine {
  /// How long one look at an environment may take.
  private static var lookTime: Span { .seconds(30) }
  /// So many looks in a row must find trouble: one lost answer takes no verification away.
  private static var patience: Int { 3 }

  /// Looks after every held run, again and again until cancelled.
  func lookAfterHeld(every pause: Span) async {
    var trouble: [RunID: Int] = [:]
    while !Task.isCancelled {
      let rows = ((try? await house.journal.reader.openRuns(limit: 1_000)) ?? []).filter { $0.status == "held" }
      trouble = trouble.filter { seen in rows.contains { $0.run == seen.key } }
      for row in rows {
        guard let driver = try? await driver(of: row.run) else { continue }
        let promotion = await driver.promotion
        if promotion.isFrozen {
          nudged.insert(row.run)
          wake()
        } else {
          trouble[row.run] = await look(after: promotion, driver, trouble[row.run] ?? 0)
        }
      }
      do { try await house.time.sleep(for: pause) } catch { return }
    }
  }

  /// One look at the environment that a held run comes from.
  ///
  /// - Returns: how many looks in a row have found trouble.
  private func look(after promotion: Promotion, _ driver: RunDriver, _ failures: Int) async -> Int {
    let plan = promotion.plan
    guard let from = plan.from, let environment = try? pipeline().environment(from),
      let live = await house.ledger().environments[from]?.live, live.release == plan.release
    else { return 0 }
    guard let illness = await health(of: environment, live) else {
      if promotion.sourceTrouble != nil { await driver.note(trouble: nil, revoking: nil) }
      return 0
    }
    guard failures + 1 == Self.patience, promotion.sourceTrouble == nil else { return failures + 1 }
    let event = LedgerEvent.verificationFailed(from, plan.release.id, reason: illness)
    await driver.note(trouble: illness, revoking: event)
    return failures + 1
  }

  /// What is wrong with the release that serves; nil when it is well.
  private func health(of environment: EnvironmentSpec, _ live: Placement) async -> String? {
    let illness: String?? = await Deadline.bound(Self.lookTime, house.time) { [house] in
      do throws(ConnectorError) {
        let connectors = try house.catalog.connectors(for: environment)
        let deployment = connectors.deployment(
          in: environment.name, slot: live.slot, release: live.release, run: live.run)
        return await connectors.verifier.probe(
          Verification(
            url: connectors.plane.frontDoor, health: environment.health, version: environment.version, checks: [],
            deployment: deployment))
      } catch {
        return error.message
      }
    }
    return illness ?? "it did not answer within \(Self.lookTime)"
  }
}

extension RunDriver {
  /// Writes down what a look at the environment before showed, and tells people; left out while somebody is at work on the run.
  func note(trouble: String?, revoking event: LedgerEvent?) async {
    guard isIdle, isSet() else { return }
    do {
      try await write([.sourceLooked(trouble: trouble)], ledger: event.map { [$0] } ?? [])
      let from = history.promotion.plan.from?.text ?? "the source"
      escalate(
        trouble.map { "\(from) went bad while run \(run) is held: \($0)" }
          ?? "\(from) is well again, run \(run) is still held")
    } catch {
      house.progress(run, "held", "could not be written down: \(error)")
    }
    await leave()
  }
}

extension Engine {
  /// A freeze was taken away: whoever waits for the calendar looks at it again now, not at the end that it had.
  func lookAtCalendarAgain() async throws {
    for row in try await house.journal.reader.openRuns(limit: 1_000) {
      guard let driver = try? await driver(of: row.run) else { continue }
      await driver.thaw()
    }
  }
}

extension RunDriver {
  /// Lets what waits for the calendar look at it again; a run that somebody is at work on looks by itself.
  func thaw() async {
    guard history.promotion.mayThaw, isSet() else { return }
    var isOver = !history.promotion.isFrozen
    if !isOver { isOver = !(await isStillFrozen()) }
    if isOver { _ = try? await write([.thawed]) }
    await leave()
  }
}
