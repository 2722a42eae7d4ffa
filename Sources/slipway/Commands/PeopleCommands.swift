internal import ArgumentParser
internal import Foundation
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

/// What the commands share by which a person says something about a run.
struct Word {
  let options: CommonOptions
  let run: String
  var proof: ProofOptions?

  /// Hands the decision in and prints what became of it.
  func say(_ decision: Submission.Decision) async throws {
    let workshop = try Workshop(options)
    let archive = try workshop.archive()
    let found = try await archive.find(run)
    var credential: Credential?
    if let proof, let word = decision.signedWord {
      let promotion = try await archive.promotion(found)
      credential = try await proof.credential(workshop, for: promotion.statement(of: word))
    }
    let reply = try await workshop.hand(.decide(found, decision), proving: credential).orRefusal()
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
  @OptionGroup var proof: ProofOptions
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
    try await Word(options: options, run: run, proof: proof).say(.approve(plan: digest, comment: comment))
  }
}

struct RevokeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "revoke", abstract: "Takes an approval back, as long as nothing was touched.")

  @OptionGroup var options: CommonOptions
  @OptionGroup var proof: ProofOptions
  @Argument(help: "The run.") var run: String
  @Option(name: .long, help: "Why.") var reason: String

  func run() async throws {
    try await Word(options: options, run: run, proof: proof).say(.revoke(reason: reason))
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
  @OptionGroup var proof: ProofOptions
  @Argument(help: "The run.") var run: String
  @Option(name: .long, help: "Why.") var reason: String

  func run() async throws {
    try await Word(options: options, run: run, proof: proof).say(.reject(reason: reason))
  }
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
  @OptionGroup var losses: LossOptions

  func run() async throws {
    let workshop = try Workshop(options)
    let archive = try workshop.archive()
    let promotion = try await archive.promotion(try await archive.find(run))
    let order = promotion.isFinished ? nil : promotion.orderOfLoss(at: SystemTime().now())
    try await LossStatement.ask(workshop, promotion.plan, order).settle(losses)
    try await Word(options: options, run: run).say(.abort(reason: reason))
  }
}
