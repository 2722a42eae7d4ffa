internal import Foundation
internal import SlipwayConnectors
internal import SlipwayJournal
package import SlipwayModel

/// What the evidence files of a run say: a pure function of its state and its journal entries.
///
/// All eleven files of requirement B10 are there for every ending, with those of D7; a file about something that this kind of promotion does not have says so
/// in words instead of being absent.
struct EvidenceFiles {
  let promotion: Promotion
  let entries: [StoredEntry]
  /// What people were asked with; nil when nobody was.
  var request: RequestDocument?

  /// File contents by name.
  func all() throws -> [String: Data] {
    var files: [String: Data] = [:]
    files["inputs.json"] = try json(inputs)
    files["run_id.txt"] = Data("\(promotion.run)\n".utf8)
    files["staging_snapshot.json"] = try json(sourceSnapshot)
    files["blue_backup.json"] = try json(blueBackup)
    files["green_restore.json"] = try json(greenRestore)
    files["smoke_tests.json"] = try json(steps(of: .verify))
    files["cutover.json"] = try json(cutover)
    files["stability_metrics.json"] = try json(stability)
    files["rollback.json"] = try json(rollback)
    files["final_status.json"] = try json(finalStatus)
    files["promotion_summary.md"] = Data(summary.utf8)
    files["promotion.log"] = Data(log.utf8)
    files["metrics.json"] = try json(metrics)
    files["approval.json"] = try json(ApprovalRecord(promotion))
    files["plan.json"] = try CanonicalJSON.encodeReadable(promotion.plan)
    files["gates.json"] = try json(RunStatus(promotion, at: ending).gates)
    files["journal.jsonl"] = try journal()
    files["audit.jsonl"] = try audit()
    files["approval_request.json"] = request?.json
    files["approval_request.html"] = request?.html
    return files
  }

  private func json(_ value: some Encodable) throws -> Data {
    try CanonicalJSON.encodeForUsers(value, readable: true) + Data("\n".utf8)
  }

  /// The last entry's time: evidence is written from the journal alone, so it does not depend on when it is written.
  var ending: Timestamp { entries.last?.entry.at ?? promotion.requestedAt }

  /// The run as it is once this evidence stands: the machine closes it only after that.
  private var finalStatus: RunStatus {
    var status = RunStatus(promotion, at: ending)
    status.status = promotion.outcome?.rawValue ?? status.status
    status.finishedAt = ending
    return status
  }

  // MARK: Files

  /// What the signed statement says about the artifact.
  var predicate: some Encodable {
    Predicate(
      run: promotion.run, project: promotion.plan.project, operation: promotion.plan.operation.rawValue,
      outcome: promotion.outcome?.rawValue ?? promotion.status, release: promotion.plan.release,
      environment: promotion.plan.to, planDigest: promotion.digest, requestedBy: promotion.requester,
      approvedBy: promotion.approvals.map(\.person), startedAt: promotion.requestedAt, finishedAt: ending)
  }

  private struct Predicate: Encodable {
    var run: RunID
    var project: String
    var operation: String
    var outcome: String
    var release: Release
    var environment: EnvironmentName
    var planDigest: Digest
    var requestedBy: Person
    var approvedBy: [Person]
    var startedAt: Timestamp
    var finishedAt: Timestamp
  }

  private struct Inputs: Encodable {
    var project: String
    var operation: String
    var release: Release
    var from: EnvironmentName?
    var to: EnvironmentName
    var requestedBy: Person
    var requestedAt: Timestamp
    var planDigest: Digest
    var rollbackWindowSeconds: Double
    var skipSmokeTests: Bool
    var autoRollbackOnFailure: Bool
    var incident: String?
    // The names that a file of inputs has for the same things (B2).
    var projectId: String
    var stagingEnvId: EnvironmentName?
    var prodEnvId: EnvironmentName
    var rollbackWindowHours: Double
    /// What was chosen for this run beside what the pipeline file says.
    var chosen: PromotionTerms
    var guardrails: GuardrailRecord?
  }

  private var inputs: Inputs {
    let plan = promotion.plan
    return Inputs(
      project: plan.project, operation: plan.operation.rawValue, release: plan.release, from: plan.from, to: plan.to,
      requestedBy: promotion.requester, requestedAt: promotion.requestedAt, planDigest: promotion.digest,
      rollbackWindowSeconds: plan.rollback.keepBlue.seconds, skipSmokeTests: plan.terms.skipSmokeTests,
      autoRollbackOnFailure: plan.rollback.automatic, incident: plan.incident, projectId: plan.project,
      stagingEnvId: plan.from, prodEnvId: plan.to, rollbackWindowHours: plan.rollback.keepBlue.seconds / 3_600,
      chosen: plan.terms, guardrails: plan.guardrails)
  }

  func steps(of kind: StepKind) -> [RunStatus.StepLine] {
    RunStatus(promotion, at: ending).steps.filter { $0.kind == kind }
  }

  private struct Cutover: Encodable {
    var cutoverAt: Timestamp?
    var greenServesAllSince: Timestamp?
    /// Nil where the service never stopped.
    var secondsWithoutService: Double?
    var shifts: [RunStatus.StepLine]
  }

  private var cutover: Cutover {
    let shifts = promotion.records.filter { $0.step.kind == .shift && $0.status == .succeeded }
    let full = shifts.first { if case .shift(100, _) = $0.step.action { true } else { false } }
    return Cutover(
      cutoverAt: shifts.first?.finishedAt, greenServesAllSince: full?.finishedAt,
      secondsWithoutService: full?.data?.withoutService?.seconds, shifts: steps(of: .shift))
  }

  private struct Stability: Encodable {
    var rules: [WatchRule]
    var minimumRequests: Int
    var watches: [Watch]

    struct Watch: Encodable {
      var step: StepID
      var status: String
      var startedAt: Timestamp
      var looks: Int
      var last: WatchJudgement
    }
  }

  private var stability: Stability {
    let watches = promotion.records.compactMap { record in
      record.watch.map {
        Stability.Watch(
          step: record.step.id, status: record.status.word, startedAt: $0.startedAt, looks: $0.looks, last: $0.last)
      }
    }
    return Stability(
      rules: promotion.plan.watch.rules, minimumRequests: promotion.plan.watch.minimumRequests, watches: watches)
  }

  private struct RollbackFile: Encodable {
    var happened: Bool
    var planned: [StepID]
    var cause: RunStatus.Rollback?
    var steps: [RunStatus.StepLine]
    var breachToZero: Double?
    /// What was written and is not in the data that serve now; nil where nothing could be.
    var loss: DataLoss?
    /// What was kept under a dated name.
    var aside: [AsideData]
    /// What the loss would have been, as it was said before anything began.
    var statedBefore: String
  }

  private var rollback: RollbackFile {
    let status = RunStatus(promotion, at: ending)
    let back = Array(status.steps.dropFirst(promotion.plan.steps.count))
    return RollbackFile(
      happened: !back.isEmpty, planned: promotion.rollbackSteps.map(\.id), cause: status.rollback, steps: back,
      breachToZero: promotion.breachToZero?.seconds, loss: promotion.loss,
      aside: promotion.records.flatMap { $0.data?.aside ?? [] },
      statedBefore: RequestRollback(promotion.plan).dataLoss)
  }

  private struct Metrics: Encodable {
    var samples: [Sample]

    struct Sample: Encodable {
      var step: StepID
      var at: Timestamp
      var verdict: WatchVerdict
      var blue: WatchFigures?
      var green: WatchFigures?
    }
  }

  private var metrics: Metrics {
    Metrics(
      samples: entries.compactMap { stored in
        guard case .measured(let index, _, let judgement)? = try? RunHistory.event(stored.entry),
          promotion.records.indices.contains(index)
        else { return nil }
        return Metrics.Sample(
          step: promotion.records[index].step.id, at: stored.entry.at, verdict: judgement.verdict, blue: judgement.blue,
          green: judgement.green)
      })
  }

  private func journal() throws -> Data {
    var lines = Data()
    for stored in entries {
      let entry = stored.entry
      let head = Line(
        sequence: stored.seq, at: entry.at, kind: entry.kind, actor: entry.actor,
        body: String(decoding: entry.body, as: UTF8.self))
      lines += try CanonicalJSON.encodeForUsers(head) + Data("\n".utf8)
    }
    return lines
  }

  private struct Line: Encodable {
    var sequence: Int64
    var at: Timestamp
    var kind: String
    var actor: String
    var body: String
  }
}

extension Promotion {
  /// From the decision to go back to the moment blue was read back at 100 %; nil when the run did not go back from traffic.
  package var breachToZero: Span? {
    guard let causeAt, let done = records.first(where: { $0.step.id == "rollback-shift-0" })?.finishedAt else {
      return nil
    }
    return done - causeAt
  }
}
