internal import ArgumentParser

/// Measures Slipway against the limits of the machine it runs on.
@main
struct SlipwayBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "slipway-bench", subcommands: [])
}
