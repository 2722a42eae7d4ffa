internal import ArgumentParser

/// The command line: parse, call, print.
@main
struct Slipway: AsyncParsableCommand {
  static let version = "0.1.0"

  static let configuration = CommandConfiguration(
    commandName: "slipway",
    abstract: "Takes a release from one environment to the next and proves it.",
    discussion: """
      A pipeline file says what must be true first, who must agree, how traffic moves, what is watched and how to go back.
      Start with: slipway init, then slipway check. See it work: slipway demo.

      Exit codes: 0 done, 1 failed, 2 blocked, 3 rolled back, 4 still waiting, 64 wrong usage, 65 bad input file,
      69 something outside is unreachable, 77 not permitted, 78 bad configuration.
      """,
    version: version,
    groupedSubcommands: [
      CommandGroup(
        name: "Pipeline", subcommands: [InitCommand.self, CheckCommand.self, PlanCommand.self, WindowsCommand.self]),
      CommandGroup(
        name: "Releases and proofs", subcommands: [ReleaseCommand.self, ReportCommand.self, FreezeCommand.self]),
      CommandGroup(
        name: "Promoting",
        subcommands: [
          PreflightCommand.self, PromoteCommand.self, RunCommand.self, StatusCommand.self, AfterCommand.self,
          WatchCommand.self,
          ListCommand.self, LogCommand.self, VerifyCommand.self,
        ]),
      CommandGroup(
        name: "People",
        subcommands: [
          ApproveCommand.self, RevokeCommand.self, HoldCommand.self, ResumeCommand.self, RejectCommand.self,
          ReplyCommand.self, StatementCommand.self, ConfirmCommand.self, PauseCommand.self, AbortCommand.self,
          RollbackCommand.self, RequestCommand.self, ReviewCommand.self,
        ]),
      CommandGroup(name: "Data", subcommands: [SnapshotCommand.self]),
      CommandGroup(name: "Proof", subcommands: [EvidenceCommand.self, AuditCommand.self]),
      CommandGroup(name: "Judging", subcommands: [JudgeCommand.self, RehearseCommand.self]),
      CommandGroup(name: "Processes", subcommands: [RouteCommand.self, HostCommand.self]),
      CommandGroup(name: "Learning", subcommands: [DemoCommand.self, DemoServiceCommand.self, CompletionCommand.self]),
    ])

  static func main() async {
    do {
      var command = try parseAsRoot()
      if var asynchronous = command as? any AsyncParsableCommand {
        try await asynchronous.run()
      } else {
        try command.run()
      }
    } catch {
      Failure.exit(error)
    }
  }
}
