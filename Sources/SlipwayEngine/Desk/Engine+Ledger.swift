internal import Foundation
internal import SlipwayJournal
internal import SlipwayModel

/// What may be entered into the ledger, and who may ask for what goes around a rule.
extension Engine {
  /// - Throws: ``EngineError`` for a fact that cannot be, such as a report on a release that nobody registered.
  func check(_ event: LedgerEvent, _ submission: Submission) async throws {
    let ledger = await house.ledger()
    switch event {
    case .releaseAdded(let release):
      if let known = ledger.releases[release.id], known != release {
        throw EngineError(
          .refused,
          "release \(release.id) is registered with other contents (artifact \(known.artifact)); a release never changes, register a new one"
        )
      }
    case .releaseQuarantined(let id, _):
      guard ledger.releases[id] != nil else { throw EngineError(.notFound, "release '\(id)' is not registered") }
    case .reportAdded(let report):
      guard ledger.releases[report.release] != nil else {
        throw EngineError(
          .notFound, "release '\(report.release)' is not registered; add it with: slipway release add \(report.release)"
        )
      }
    case .freezeAdded(let freeze):
      if let known = ledger.freezes[freeze.name] {
        throw EngineError(
          .refused,
          "there is a freeze '\(known.name)' already, until \(known.until): \(known.reason); remove it first with: slipway freeze remove \(known.name)"
        )
      }
      // A broken file keeps nobody from ordering a freeze.
      let file = try? pipeline()
      if file?.freezes.contains(where: { $0.name == freeze.name }) == true
        || file?.calendars.contains(where: { $0.name == freeze.name }) == true
      {
        throw EngineError(.refused, "the pipeline file has a freeze '\(freeze.name)' already; choose another name")
      }
    case .freezeRemoved(let name, _):
      guard ledger.freezes[name] != nil else {
        let known = ledger.freezes.keys.sorted().joined(separator: ", ")
        throw EngineError(
          .notFound, "there is no freeze '\(name)' from the command line; there are: \(known.isEmpty ? "none" : known)")
      }
    case .reviewed(let run, let person, _):
      guard let task = ledger.reviews[run] else { throw EngineError(.notFound, "run '\(run)' has no open review") }
      guard person == submission.by, person != task.by else {
        throw EngineError(
          .notPermitted, "\(task.by) asked for the \(task.exception.name); another person has to look back at it")
      }
      let statement = DecisionStatement(word: "review", run: run, plan: Digest(of: Data(run.text.utf8)))
      _ = try await identity(of: submission, statement, under: try pipeline().identity)
    case .verificationFailed(let name, let id, _), .verificationPassed(let name, let id):
      guard ledger.environments[name]?.live?.release.id == id else {
        throw EngineError(.refused, "\(id) does not serve \(name) any more; look again")
      }
    case .releaseRejected, .releaseResubmitted, .reviewDue:
      throw EngineError(.badInput, "\(event.kind) follows from a run and is not handed in")
    case .snapshot(let note): try await check(note)
    case .environmentServes, .environmentRolledBack, .slotEmptied: break
    }
  }

  /// What a way back needs is not deleted.
  private func check(_ note: SnapshotNote) async throws {
    guard note.word == .deleting else { return }
    if let reason = try await RunArchive(house.journal.reader).neededSnapshots()[note.id] {
      throw EngineError(.refused, "snapshot \(note.id) is not deleted: \(reason)")
    }
  }

  /// Whether the person may ask for this plan, with the exception that it takes.
  ///
  /// Who asks is proven as who approves is: an unproven name would let people approve their own request.
  ///
  /// - Throws: ``EngineError`` when nobody proved who asks, when break-glass is asked for without its role, or while an earlier one was not looked
  ///   back at in time.
  func mayAsk(_ plan: Plan, _ submission: Submission, _ pipeline: Pipeline, _ ledger: Ledger) async throws {
    let requesters = pipeline.promotion(to: plan.to)?.requesters ?? []
    guard plan.approval != nil || !requesters.isEmpty else { return }
    let identity = try await identity(of: submission, .promotion(of: try plan.digest), under: plan.identity)
    try Permission.mayPromote(identity, plan.to, requesters, pipeline)
    guard case .breakGlass? = plan.exception else { return }
    let allowed = pipeline.promotion(to: plan.to)?.exceptions.breakGlass?.roles ?? []
    guard !Set(pipeline.roles(of: identity)).isDisjoint(with: allowed) else {
      throw EngineError(
        .notPermitted,
        "\(submission.by) may not break the glass of \(plan.to); it takes role \(allowed.map(\.text).joined(separator: " or "))"
      )
    }
    let now = house.time.now()
    if let late = ledger.reviews.values.filter({ $0.environment == plan.to && $0.due <= now }).min(by: {
      $0.due < $1.due
    }) {
      throw EngineError(
        .refused,
        "the \(late.exception.name) of run \(late.run) should have been looked back at by \(late.due); first: slipway review \(late.run) --note …"
      )
    }
  }

  /// The facts outside a run that follow from its beginning, written in the same commit.
  static func consequences(of request: Request, at now: Timestamp) -> [LedgerEvent] {
    let plan = request.plan
    var events: [LedgerEvent] = []
    if let resubmission = plan.resubmission {
      events.append(.releaseResubmitted(plan.release.id, note: resubmission.note))
    }
    if let exception = plan.exception, let review = plan.review {
      events.append(
        .reviewDue(
          ReviewTask(
            run: request.run, environment: plan.to, release: plan.release.id, exception: exception, by: request.by,
            due: now + review)))
    }
    return events
  }
}
