internal import ArgumentParser

/// The command line: parse, call, print.
@main
struct Slipway: AsyncParsableCommand {
  static let configuration = CommandConfiguration(commandName: "slipway", abstract: "Promotes a release and proves it.")
}
