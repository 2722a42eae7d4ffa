internal import ArgumentParser
internal import Foundation

/// Simulates canaries as the study does (canary-analysis, section 5) and prints its tables with Slipway's judge beside the others.
@main
struct JudgeBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "judge-bench",
    abstract: "Simulates canaries and says how often, how late and at what cost each way of judging stops them.")

  @Option(help: "Runs of each cell.") var runs = 2_000
  @Option(help: "The same seed gives the same tables.") var seed: UInt64 = 1
  @Option(help: "Processors to use; 0: all.") var workers = 0

  func validate() throws {
    guard (1...1_000_000).contains(runs), workers >= 0 else {
      throw ValidationError("--runs must be from 1 to 1000000, and --workers not negative")
    }
  }

  func run() async throws {
    let start = ContinuousClock.now
    let scenarios = Tables.scenarios
    let used = workers == 0 ? ProcessInfo.processInfo.activeProcessorCount : workers
    print("\(scenarios.count) scenarios, \(runs) runs each, 180 looks a run, \(used) processors, seed \(seed)")
    let cells = await Simulation.cells(scenarios, runs: runs, seed: seed, workers: used)
    let tables = Tables(cells: cells)
    tables.show()
    var targets = Targets(tables)
    targets.show()
    Speed.show()
    print("\n\(ContinuousClock.now - start) in all")
    if !targets.isMet { throw ExitCode(1) }
  }
}
