internal import ArgumentParser

/// Measures Slipway against the limits of the machine it runs on, in one run on one disk.
@main
struct SlipwayBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "slipway-bench",
    abstract: "Measures Slipway against the bare limits of this machine; read the ratios, not the absolute numbers.",
    subcommands: [
      JournalBench.self, VerifyBench.self, EngineBench.self, RestartBench.self, WaitingBench.self, WorkflowBench.self,
      DataBench.self,
    ])
}
