internal import ArgumentParser
internal import Foundation
internal import SlipwayConnectors
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

struct ReplyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "reply",
    abstract:
      "Takes a decision in the words of a chat: 'approved promote NAME', 'hold NAME', 'rejected NAME -- reason'.")

  @OptionGroup var options: CommonOptions
  @OptionGroup var proof: ProofOptions
  @Argument(parsing: .captureForPassthrough, help: "The text; NAME is a project, a release or a run.") var text:
    [String]

  func run() async throws {
    let reply: ReplyText
    do throws(ReplyText.Problem) {
      reply = try ReplyText(text.joined(separator: " "))
    } catch {
      throw CommandError(.usage, error.message)
    }
    let word = Word(options: options, run: try await run(named: reply.name).text, proof: proof)
    switch reply.word {
    case .approve: try await word.say(.approve(plan: nil, comment: "replied: \(text.joined(separator: " "))"))
    case .hold: try await word.say(.hold(reason: "asked for in a reply"))
    case .reject(let reason): try await word.say(.reject(reason: reason))
    }
  }

  /// The one open run that the name can mean.
  private func run(named name: String) async throws -> RunID {
    let open = try await Workshop(options).reader().openRuns(limit: 1_000)
    let meant = open.filter { $0.run.text == name || $0.release.text == name || $0.project == name }
    if let only = meant.first, meant.count == 1 { return only.run }
    if meant.isEmpty {
      let known = open.map { "\($0.project) (\($0.release) to \($0.environment), \($0.run))" }.joined(separator: ", ")
      throw CommandError(
        .usage, "no open run is called '\(name)'; open: \(known.isEmpty ? "none" : known)")
    }
    let runs = meant.map { "\($0.run) (\($0.release) to \($0.environment))" }.joined(separator: ", ")
    throw CommandError(.usage, "'\(name)' can mean several open runs; name one of them: \(runs)")
  }
}

struct StatementCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "statement",
    abstract: "Prints exactly what is signed for a decision on a run, and the nonce that a token must carry.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run.") var run: String
  @Option(name: .long, help: "The decision: approve, reject or revoke.") var word = "approve"

  private struct View: Encodable {
    var text: String
    var nonce: String
    var namespace: String
  }

  func run() async throws {
    guard ["approve", "reject", "revoke"].contains(word) else {
      throw CommandError(.usage, "'\(word)' is not signed; expected approve, reject or revoke")
    }
    let archive = try Workshop(options).archive()
    let found = try await archive.find(run)
    let statement = try await archive.promotion(found).statement(of: word)
    if options.isJSON {
      return try Terminal.json(
        View(text: statement.text, nonce: statement.nonce, namespace: DecisionStatement.namespace))
    }
    // Nothing but the bytes that are signed, so that they can be piped into ssh-keygen.
    print(statement.text, terminator: "")
  }
}

struct ReviewCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "review", abstract: "Looks back at a run that went around a rule, or lists those that wait for it.")

  @OptionGroup var options: CommonOptions
  @OptionGroup var proof: ProofOptions
  @Argument(help: "The run; without it, what waits is listed.") var run: String?
  @Option(name: .long, help: "What was found.") var note: String?

  func run() async throws {
    let workshop = try Workshop(options)
    let reviews = try await workshop.archive().ledger().reviews
    guard let run else { return try list(reviews.values.sorted { $0.due < $1.due }) }
    guard let note, !note.isEmpty else {
      throw CommandError(.usage, "a review needs --note, what was found")
    }
    let id = RunID(run)
    let credential = try await proof.credential(
      workshop, for: DecisionStatement(word: "review", run: id, plan: Digest(of: Data(id.text.utf8))))
    let reply = try await workshop.hand(
      .ledger(.reviewed(id, by: options.person, note: note)), proving: credential
    ).orRefusal()
    if options.isJSON { return try Terminal.json(reply) }
    print("run \(run) was looked back at by \(options.person): \(note)")
  }

  private func list(_ tasks: [ReviewTask]) throws {
    if options.isJSON { return try Terminal.json(tasks) }
    guard !tasks.isEmpty else { return print("nothing waits for a review") }
    let now = SystemTime().now()
    var table = Table(["run", "environment", "release", "exception", "asked by", "due"])
    for task in tasks {
      table.add([
        task.run.text, task.environment.text, task.release.text, "\(task.exception.name): \(task.exception.reason)",
        task.by.text, task.due <= now ? "\(task.due) (overdue)" : "\(task.due)",
      ])
    }
    table.lines().forEach { print($0) }
  }
}

struct VerifyCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify",
    abstract: "Looks again at what serves an environment; a failure takes its verification and its soak away.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The environment.") var environment: String

  func run() async throws {
    let workshop = try Workshop(options)
    let pipeline = try workshop.pipeline()
    let name = EnvironmentName(environment)
    guard let spec = pipeline.environment(name) else {
      let known = pipeline.environments.map(\.name.text).joined(separator: ", ")
      throw CommandError(.usage, "environment '\(environment)' is not in the pipeline file; known: \(known)")
    }
    guard let live = try await workshop.archive().ledger().environments[name]?.live else {
      throw CommandError(.usage, "nothing serves '\(environment)' yet")
    }
    let catalog = try LiveCatalog(options, state: workshop.state)
    let connectors = try catalog.connectors(for: spec)
    let outcomes = await connectors.verifier.verify(
      Verification(
        url: connectors.plane.frontDoor, health: spec.health, version: spec.version,
        checks: pipeline.promotion(to: name)?.verify.afterRollout ?? [],
        deployment: connectors.deployment(in: name, slot: live.slot, release: live.release, run: live.run)),
      progress: { text in StandardStream.error.write(Data("\(text)\n".utf8)) })
    await catalog.close()
    let failed = outcomes.filter { !$0.passed }
    let reason = failed.map { "\($0.name): \($0.detail)" }.joined(separator: "; ")
    let isWell = failed.isEmpty && !outcomes.isEmpty
    let event: LedgerEvent =
      isWell
      ? .verificationPassed(name, live.release.id)
      : .verificationFailed(name, live.release.id, reason: reason.isEmpty ? "nothing was verified" : reason)
    let reply = try await workshop.hand(.ledger(event)).orRefusal()
    if options.isJSON {
      try Terminal.json(reply)
    } else {
      print("\(live.release.id) in \(environment): \(isWell ? "verified" : "not well, \(reason)")")
    }
    if !isWell { throw ExitCode(ExitStatus.failed.rawValue) }
  }
}
