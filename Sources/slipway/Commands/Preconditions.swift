internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

/// The seven preconditions of a promotion (B1), each with its verdict, whatever the others say.
///
/// What the promotion itself would not ask is told and stands in nobody's way, so that preflight and promotion agree.
struct Preconditions {
  let workshop: Workshop
  let preview: PlanPreview
  /// What proves the caller, where something was handed in.
  let credential: Credential?

  private var plan: Plan { preview.plan }

  /// All seven, in the order in which they are written down.
  func reports() async throws -> [GateReport] {
    let pipeline = try workshop.pipeline()
    let ledger = try await workshop.ledgerOrNone()
    let judge = GateJudge(plan: plan, ledger: ledger, surroundings: Surroundings())
    return [
      project(pipeline), before(judge), commit(judge), await permission(pipeline), try await alone(),
      await data("data-reachable") { $0.reach("data-reachable", at: $1) },
      await data("disk-space") { $0.room("disk-space", at: $1) },
    ]
  }

  private func passed(_ name: String, _ reason: String) -> GateReport {
    GateReport(gate: name, verdict: .passed, reason: reason)
  }

  private func project(_ pipeline: Pipeline) -> GateReport {
    let from = plan.from.map { "'\($0)' and " } ?? ""
    return passed(
      "project-exists", "project '\(pipeline.project)' has \(from)'\(plan.to)', and release \(plan.release.id)")
  }

  // MARK: The environment before

  private func before(_ judge: GateJudge) -> GateReport {
    guard let from = plan.from else {
      return passed("staging-succeeded", "nothing comes before '\(plan.to)' on the way")
    }
    return told("staging-succeeded", .verified(in: from), judge)
  }

  private func commit(_ judge: GateJudge) -> GateReport {
    guard let from = plan.from else {
      return passed("same-commit", "nothing comes before '\(plan.to)' on the way")
    }
    return told("same-commit", .sameCommit(as: from), judge)
  }

  /// The gate's word under the precondition's name; where the promotion does not ask, it is told and passes.
  private func told(_ name: String, _ gate: GateSpec, _ judge: GateJudge) -> GateReport {
    var report =
      preview.gates.first { $0.gate == gate.name } ?? judge.judge(gate, at: preview.at)
      ?? GateReport(gate: name, verdict: .error, reason: "it could not be judged")
    report.gate = name
    guard !plan.gates.contains(gate), report.verdict != .passed else { return report }
    let why = plan.waived.contains(gate.name) ? "set aside by \(plan.exception?.name ?? "")" : "not asked for here"
    return GateReport(
      gate: name, verdict: .passed, reason: why, warnings: [report.reason], proof: report.proof)
  }

  // MARK: Who, and who else

  private func permission(_ pipeline: Pipeline) async -> GateReport {
    let name = "permission"
    let roles = pipeline.promotion(to: plan.to)?.requesters ?? []
    let person = workshop.options.person
    guard !roles.isEmpty else { return passed(name, "anybody may ask for promotions into '\(plan.to)'") }
    let needed = roles.map(\.text).joined(separator: " or ")
    let refusal = GateReport(
      gate: name, verdict: .failed, reason: "\(person) may not ask for promotions into '\(plan.to)'",
      remedy: "have it asked for by somebody with role \(needed)")
    do throws(EngineError) {
      let identity = try await LiveCatalog.witness(workshop.options).prove(
        credential ?? workshop.options.credential, by: person, statement: .promotion(of: preview.digest),
        under: plan.identity, at: SystemTime().now())
      if plan.identity.accepts(identity.kind) {
        let held = pipeline.roles(of: identity).filter(roles.contains)
        return held.isEmpty
          ? refusal : passed(name, "\(person) holds \(held.map(\.text).joined(separator: ", "))")
      }
    } catch {
      return GateReport(gate: name, verdict: .failed, reason: error.message, remedy: "prove who asks")
    }
    // The name alone proves nothing here; whether it would do is said all the same.
    let note = "who asks is proven then, by \(plan.identity.ways.joined(separator: ", or "))"
    if !Set(pipeline.roles(naming: person)).isDisjoint(with: roles) {
      return GateReport(
        gate: name, verdict: .passed, reason: "\(person) is named for role \(needed)", warnings: [note])
    }
    guard roles.contains(where: { !(pipeline.roles[$0]?.groups.isEmpty ?? true) }) else { return refusal }
    return GateReport(
      gate: name, verdict: .undecided, reason: "whether \(person) holds role \(needed), the identity provider knows",
      remedy: "prove it: \(note)")
  }

  private func alone() async throws -> GateReport {
    let name = "no-other-operation"
    let open: [RunRow]
    do {
      open = try await workshop.reader().runs(of: plan.to, limit: 1_000).filter { $0.finishedAt == nil }
    } catch let error as JournalError where error.code == .missing {
      open = []
    }
    let refusal = plan.refusal(
      besides: open.map { OpenRun(run: $0.run, environment: $0.environment, status: $0.status) })
    guard let refusal, let run = open.first?.run else {
      return passed(name, "no run is open on '\(plan.to)', of this process or another")
    }
    return GateReport(
      gate: name, verdict: .failed, reason: refusal, remedy: "wait for it, or: slipway abort \(run) --reason …")
  }

  // MARK: Data

  private func data(_ name: String, _ part: (DataVerdict, Timestamp) -> GateReport) async -> GateReport {
    guard let verdict = preview.data else { return passed(name, "Slipway keeps no data of '\(plan.to)'") }
    return part(verdict, SystemTime().now())
  }
}
