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
    let slow = LatencyTables.scenarios
    print(
      "\(scenarios.count) scenarios of errors and \(slow.count) of latencies, \(runs) runs each, 180 looks a run, \(used) processors, seed \(seed)"
    )
    let cells = await Simulation<Cell>.cells(scenarios, runs: runs, seed: seed, workers: used)
    let tables = Tables(cells: cells)
    tables.show()
    let middle = ContinuousClock.now
    // Other seeds than those of errors.
    let latencies = await Simulation<LatencyCell>.cells(slow, runs: runs, seed: seed ^ 1 << 60, workers: used)
    let latencyTables = LatencyTables(cells: latencies)
    latencyTables.show()
    print("\n\(middle - start) for errors, \(ContinuousClock.now - middle) for latencies")
    var targets = Targets(tables, latencyTables)
    targets.show()
    Speed.show()
    print("\n\(ContinuousClock.now - start) in all")
    if !targets.isMet { throw ExitCode(1) }
  }
}
