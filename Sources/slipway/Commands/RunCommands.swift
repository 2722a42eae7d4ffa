internal import ArgumentParser
internal import Foundation
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

struct PromoteCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "promote", abstract: "Starts a promotion and prints its run id.")

  @OptionGroup var options: CommonOptions
  @OptionGroup var target: TargetOptions
  @OptionGroup var ask: AskOptions
  @OptionGroup var proof: ProofOptions
  @Flag(name: .long, help: "Follow it to its end, driving it where nobody else does.") var wait = false
  @Option(name: .long, help: "With --wait: stop following after this time, such as 10m; the run goes on. Exit code 4.")
  var timeout: String?

  func run() async throws {
    let workshop = try Workshop(options)
    let deadline = try Following.deadline(timeout)
    let target = try await target.target(workshop, asking: try ask.ask)
    let credential = try await proof.credential(workshop) { try await PlanPreview.plan(workshop, target) }
    let reply = try await workshop.hand(
      .promote(target.release, to: target.environment, asking: target.ask), proving: credential
    ).orRefusal()
    guard let run = reply.run else { throw CommandError(.failed, "no run was begun: \(reply.message)") }
    guard wait else {
      if options.isJSON { return try Terminal.json(reply) }
      return print("\(run)\nnext: slipway run, then slipway watch \(run)")
    }
    if !options.isJSON { StandardStream.error.write(Data("run \(run)\n".utf8)) }
    let status = try await Following(workshop, run: run, deadline: deadline).toTheEnd(driving: true)
    throw ExitCode(status.rawValue)
  }
}

struct RunCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run", abstract: "Drives every open promotion: all that is due now, or until stopped.")

  @OptionGroup var options: CommonOptions
  @Flag(name: .long, help: "Go on until stopped.") var forever = false

  func run() async throws {
    let workshop = try Workshop(options)
    let journalist = EventPrinter(options, follows: nil)
    let (engine, journal) = try await seat(workshop, journalist)
    let isForever = forever
    do {
      try await Interruption.stops {
        try await engine.drive(
          following: [], forever: isForever, until: nil, keepingUpEvery: isForever ? .seconds(2) : nil,
          lookingAfterHeldEvery: isForever ? .seconds(20) : nil)
      }
    } catch is CancellationError {
      // Stopped by the person who started it: what is open goes on with the next driver.
    } catch {
      await journal.close()
      throw error
    }
    await journal.close()
    for (run, reason) in await engine.stuck {
      StandardStream.error.write(Data("slipway: run \(run) was stopped: \(reason)\n".utf8))
    }
    if await !engine.stuck.isEmpty { throw ExitCode(ExitStatus.failed.rawValue) }
  }

  /// The driver's seat. A command that hands something in holds it for a moment, which is no reason to give up.
  private func seat(
    _ workshop: Workshop, _ observer: any RunObserver
  ) async throws -> (engine: Engine, journal: Journal) {
    let end = ContinuousClock.now + .seconds(5)
    while ContinuousClock.now < end {
      if let seat = try await workshop.driverOrNil(observer: observer) { return seat }
      try await Task.sleep(for: .milliseconds(50))
    }
    return try await workshop.engine(observer: observer)
  }
}

struct StatusCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status", abstract: "Shows where a run is, what it waits for and until when.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run; default: every open one, or the newest.") var run: String?

  func run() async throws {
    let archive = try Workshop(options).archive()
    let runs = try await chosen(archive)
    let now = SystemTime().now()
    if options.isJSON {
      for run in runs {
        try Terminal.json(RunStatus(try await archive.promotion(run), at: now), readable: runs.count == 1)
      }
      return
    }
    let terminal = Terminal(options)
    for run in runs {
      RunView(try await archive.promotion(run), at: now, terminal).lines().forEach { terminal.line($0) }
    }
  }

  private func chosen(_ archive: RunArchive) async throws -> [RunID] {
    if let run { return [try await archive.find(run)] }
    let open = try await Workshop(options).reader().openRuns(limit: 100)
    return open.isEmpty ? [try await archive.find("latest")] : open.map(\.run)
  }
}

struct WatchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "watch", abstract: "Follows a run live until its end.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run; default: the newest.") var run = "latest"
  @Option(name: .long, help: "Stop after this time, such as 10m. Exit code 4.") var timeout: String?

  func run() async throws {
    let workshop = try Workshop(options)
    let found = try await workshop.archive().find(run)
    let following = try Following(workshop, run: found, deadline: Following.deadline(timeout))
    throw ExitCode(try await following.toTheEnd(driving: false).rawValue)
  }
}

struct ListCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "list", abstract: "Lists the runs, newest first.")

  @OptionGroup var options: CommonOptions
  @Option(name: .long, help: "Only this environment.") var environment: String?
  @Option(name: .long, help: "How many.") var limit = 50

  func run() async throws {
    let reader = try Workshop(options).reader()
    let rows =
      if let environment {
        try await reader.runs(of: EnvironmentName(environment), limit: limit)
      } else {
        try await reader.runs(limit: limit)
      }
    if options.isJSON { return try Terminal.json(rows) }
    let paint = Terminal(options).paint
    var table = Table(["run", "operation", "release", "environment", "status", "by", "started"])
    for row in rows {
      table.add([
        row.run.text, row.operation, row.release.text, row.environment.text, paint.status(row.status), row.createdBy,
        "\(row.startedAt)",
      ])
    }
    table.lines().forEach { print($0) }
  }
}

struct LogCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "log", abstract: "Shows everything that happened in a run.")

  @OptionGroup var options: CommonOptions
  @Argument(help: "The run; default: the newest.") var run = "latest"

  private struct Line: Encodable {
    var seq: Int64
    var at: Timestamp
    var kind: String
    var actor: String
    var text: String
  }

  /// Every step with level, result, start, duration, criterion and who confirmed it, as evidence has it.
  private func showSteps(_ promotion: Promotion) throws {
    let log = DeploymentLog(promotion)
    if options.isJSON { return try log.lines.forEach { try Terminal.json($0, readable: false) } }
    print("\nsteps: " + DeploymentLog.heading)
    for line in log.lines { print(line.text) }
  }

  func run() async throws {
    let archive = try Workshop(options).archive()
    let found = try await archive.find(run)
    let promotion = try await archive.promotion(found)
    defer { try? showSteps(promotion) }
    for stored in try await archive.entries(of: found.text) {
      let entry = stored.entry
      let text = EventText.line(entry, promotion)
      if options.isJSON {
        try Terminal.json(
          Line(seq: stored.seq, at: entry.at, kind: entry.kind, actor: entry.actor, text: text), readable: false)
      } else {
        print("\(entry.at) #\(stored.seq) \(entry.actor): \(text)")
      }
    }
  }
}
