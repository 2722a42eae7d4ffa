internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayData
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

struct RollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract:
      "Takes an environment back: an open promotion is turned round, a finished one is undone by a run of its own.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The environment.") var environment: String
  @Option(name: .long, help: "Go back to this release instead of the one before.") var to: String?
  @Option(name: .long, help: "The incident that makes it necessary.") var incident: String?
  @OptionGroup var proof: ProofOptions
  @OptionGroup var losses: LossOptions
  @Flag(name: .long, help: "Show what would be done, and do nothing.") var dryRun = false
  @Flag(
    name: .long, help: "With --dry-run: restore the backup beside everything else, compare it, and remove it again.")
  var onCopies = false
  @Flag(name: .long, help: "Follow it to its end, driving it where nobody else does.") var wait = false

  func run() async throws {
    let workshop = try Workshop(options)
    if dryRun { return try await rehearse(workshop) }
    guard let incident, !incident.isEmpty else {
      throw CommandError(
        .usage, "going back by hand needs --incident, the reference under which it will be looked into")
    }
    try await statement(workshop).settle(losses)
    let content = Submission.Content.rollback(
      EnvironmentName(environment), to: to.map { ReleaseID($0) }, incident: incident)
    let credential = try await proof.credential(
      workshop, for: .rollback(of: EnvironmentName(environment), incident: incident))
    let reply = try await workshop.hand(content, proving: credential).orRefusal()
    guard wait, let run = reply.run else {
      if options.isJSON { return try Terminal.json(reply) }
      return print(reply.message)
    }
    let status = try await Following(workshop, run: run, deadline: nil).toTheEnd(driving: true)
    throw ExitCode(status.rawValue)
  }

  /// The open run that would be turned round; nil where there is none, or another release is wanted.
  private func openRun(_ workshop: Workshop) async throws -> Promotion? {
    guard to == nil else { return nil }
    let open = try await workshop.reader().runs(of: EnvironmentName(environment), limit: 100).first {
      $0.finishedAt == nil
    }
    guard let open else { return nil }
    return try await workshop.archive().promotion(open.run)
  }

  private func plan(_ workshop: Workshop) async throws -> Plan {
    try Planner(pipeline: try workshop.pipeline(), ledger: try await workshop.archive().ledger())
      .rollback(of: EnvironmentName(environment), to: to.map { ReleaseID($0) }, incident: incident ?? "rehearsal")
  }

  private func statement(_ workshop: Workshop) async throws -> LossStatement {
    let now = SystemTime().now()
    if let promotion = try await openRun(workshop) {
      return try await LossStatement.ask(workshop, promotion.plan, promotion.orderOfLoss(at: now))
    }
    let plan = try await plan(workshop)
    return try await LossStatement.ask(workshop, plan, plan.orderOfLoss(at: now))
  }

  private func rehearse(_ workshop: Workshop) async throws {
    let said = try await statement(workshop).sentence
    if let promotion = try await openRun(workshop) {
      try await tryOnCopies(workshop, promotion.plan, run: promotion.run)
      return try show(
        promotion.rollbackSteps, promotion.plan, "run \(promotion.run) is open and would be turned round; \(said)")
    }
    let plan = try await plan(workshop)
    try await tryOnCopies(workshop, plan, run: plan.blue?.run ?? "none")
    try show(plan.steps, plan, "\(environment) would go back to \(plan.release.id); \(said)")
  }

  /// The way back of the data, tried where nobody is (C8).
  private func tryOnCopies(_ workshop: Workshop, _ plan: Plan, run: RunID) async throws {
    guard onCopies else { return }
    guard case .postgres(let spec)? = plan.environment.data else {
      throw CommandError(
        .usage, "Slipway does not keep the data of '\(plan.to)' itself, so it has no copies to try the way back on")
    }
    let catalog = try LiveCatalog(options, state: workshop.state)
    let order = plan.order(.restore, run: run, servedSince: nil, at: SystemTime().now())
    let report = try await catalog.dataStore(spec).rehearse(order) { text in
      StandardStream.error.write(Data("\(text)\n".utf8))
    }
    for check in report.checks {
      StandardStream.error.write(Data("  \(check.passed ? "ok" : "FAILED")  \(check.name): \(check.detail)\n".utf8))
    }
    let words = "backup \(run) was restored beside everything else in \(report.took ?? .zero), compared, and removed"
    StandardStream.error.write(Data((words + "\n").utf8))
  }

  private func show(_ steps: [Step], _ plan: Plan, _ head: String) throws {
    if options.isJSON { return try Terminal.json(steps) }
    print(head)
    if steps.isEmpty { print("  nothing was touched yet: the run would end without a step") }
    for step in steps { print("  " + StepText.line(step, plan)) }
  }
}
