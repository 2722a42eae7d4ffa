internal import ArgumentParser
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

struct AfterCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "after",
    abstract: "Shows what was found since a release began to serve: three phases, each check, what people were told.",
    discussion: """
      The looks are made by whoever drives: 'slipway run --forever', or any 'slipway run' for what is due. Exit code 0: no finding is open; 1: one is.
      """)

  @OptionGroup var options: CommonOptions
  @Argument(help: "A run, or an environment for its newest; default: the newest of all.") var subject: String?

  func run() async throws {
    let workshop = try Workshop(options)
    let archive = try workshop.archive()
    let found = try await find(workshop, archive)
    guard let state = try await archive.aftercare(found) else {
      throw CommandError(
        .usage,
        "nobody looks after run \(found): its environment had no 'after' when it was planned, its release never served, or no driver ran "
          + "since (slipway run)")
    }
    let status = AftercareStatus(state)
    if options.isJSON {
      try Terminal.json(status)
    } else {
      let terminal = Terminal(options)
      status.lines.forEach { terminal.line($0) }
    }
    if state.findings.contains(where: { $0.ended == nil }) { throw ExitCode(ExitStatus.failed.rawValue) }
  }

  private func find(_ workshop: Workshop, _ archive: RunArchive) async throws -> RunID {
    guard let subject else {
      for row in try await workshop.reader().runs(limit: 1_000) {
        if try await archive.aftercare(row.run) != nil { return row.run }
      }
      throw CommandError(.usage, "no release is looked after; an environment asks for it with 'after: standard'")
    }
    if let pipeline = try? workshop.pipeline(), pipeline.environment(EnvironmentName(subject)) != nil {
      if let run = try await archive.latestAftercare(of: EnvironmentName(subject)) { return run }
      throw CommandError(
        .usage, "no release in \(subject) is looked after; an environment asks for it with 'after: standard'")
    }
    return try await archive.find(subject)
  }
}
