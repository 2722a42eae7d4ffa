internal import ArgumentParser
internal import Foundation
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

/// What the commands share by which a person says something about a run.
struct Word {
  let options: CommonOptions
  let run: String

  /// Hands the decision in and prints what became of it.
  func say(_ decision: Submission.Decision) async throws {
    let workshop = try Workshop(options)
    let found = try await workshop.archive().find(run)
    let reply = try await workshop.hand(.decide(found, decision)).orRefusal()
    if options.isJSON { return try Terminal.json(reply) }
    print(reply.message)
    if !isDriven(workshop) {
      print("nobody drives it at the moment: slipway run")
    }
  }

  /// Whether another process holds the driver's seat.
  private func isDriven(_ workshop: Workshop) -> Bool {
    do {
      let lock = try DriverLock.take(JournalFolder(workshop.state.url), as: .thisProcess(at: SystemTime().now()))
      lock.release()
      return false
    } catch {
      return true
    }
  }
}

struct ApproveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "approve", abstract: "Agrees to exactly the plan of a run.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run.") var run: String
  @Option(name: .long, help: "The plan digest that was looked at; refused when the run's plan is another.") var plan:
    String?
  @Option(name: .long, help: "A remark for the record.") var comment: String?

  func run() async throws {
    var digest: Digest?
    if let plan {
      guard let read = Digest(plan) else {
        throw CommandError(.usage, "'\(plan)' is no digest; expected sha256: and 64 digits")
      }
      digest = read
    }
    try await Word(options: options, run: run).say(.approve(plan: digest, comment: comment))
  }
}

struct HoldCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "hold", abstract: "Holds a run before its next step; it can be resumed.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run.") var run: String
  @Option(name: .long, help: "Why.") var reason = "no reason given"

  func run() async throws { try await Word(options: options, run: run).say(.hold(reason: reason)) }
}

struct ResumeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "resume", abstract: "Lets a held or paused run go on.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run.") var run: String

  func run() async throws { try await Word(options: options, run: run).say(.resume) }
}

struct RejectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reject", abstract: "Refuses a run that has not begun to change anything.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run.") var run: String
  @Option(name: .long, help: "Why.") var reason: String

  func run() async throws { try await Word(options: options, run: run).say(.reject(reason: reason)) }
}

struct ConfirmCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "confirm", abstract: "Confirms that a manual step was done.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run.") var run: String
  @Argument(help: "The step.") var step: String
  @Option(name: .long, help: "What was done.") var note: String

  func run() async throws { try await Word(options: options, run: run).say(.confirm(step: step, note: note)) }
}

struct PauseCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pause", abstract: "Stops a run before its next step; watching goes on, and a breach still rolls back."
  )

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run.") var run: String
  @Option(name: .long, help: "Why.") var reason = "no reason given"

  func run() async throws { try await Word(options: options, run: run).say(.pause(reason: reason)) }
}

struct AbortCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "abort", abstract: "Ends a run at once; what was done is taken back.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run.") var run: String
  @Option(name: .long, help: "Why.") var reason = "no reason given"

  func run() async throws { try await Word(options: options, run: run).say(.abort(reason: reason)) }
}

struct RollbackCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "rollback",
    abstract:
      "Takes an environment back: an open promotion is turned round, a finished one is undone by a run of its own.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The environment.") var environment: String
  @Option(name: .long, help: "Go back to this release instead of the one before.") var to: String?
  @Option(name: .long, help: "The incident that makes it necessary.") var incident: String?
  @Flag(name: .long, help: "Show what would be done, and do nothing.") var dryRun = false
  @Flag(name: .long, help: "Follow it to its end, driving it where nobody else does.") var wait = false

  func run() async throws {
    let workshop = try Workshop(options)
    if dryRun { return try await rehearse(workshop) }
    guard let incident, !incident.isEmpty else {
      throw CommandError(
        .usage, "going back by hand needs --incident, the reference under which it will be looked into")
    }
    let content = Submission.Content.rollback(
      EnvironmentName(environment), to: to.map { ReleaseID($0) }, incident: incident)
    let reply = try await workshop.hand(content).orRefusal()
    guard wait, let run = reply.run else {
      if options.isJSON { return try Terminal.json(reply) }
      return print(reply.message)
    }
    let status = try await Following(workshop, run: run, deadline: nil).toTheEnd(driving: true)
    throw ExitCode(status.rawValue)
  }

  private func rehearse(_ workshop: Workshop) async throws {
    let pipeline = try workshop.pipeline()
    let archive = try workshop.archive()
    let open = try await workshop.reader().runs(of: EnvironmentName(environment), limit: 100).first {
      $0.finishedAt == nil
    }
    if let open, to == nil {
      let promotion = try await archive.promotion(open.run)
      return try show(promotion.rollbackSteps, promotion.plan, "run \(open.run) is open and would be turned round")
    }
    let plan = try Planner(pipeline: pipeline, ledger: try await archive.ledger())
      .rollback(of: EnvironmentName(environment), to: to.map { ReleaseID($0) }, incident: incident ?? "rehearsal")
    try show(
      plan.steps, plan, "\(environment) would go back to \(plan.release.id); no data is moved, so nothing is lost")
  }

  private func show(_ steps: [Step], _ plan: Plan, _ head: String) throws {
    if options.isJSON { return try Terminal.json(steps) }
    print(head)
    if steps.isEmpty { print("  nothing was touched yet: the run would end without a step") }
    for step in steps { print("  " + StepText.line(step, plan)) }
  }
}
