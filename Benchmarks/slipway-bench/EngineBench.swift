internal import ArgumentParser
internal import Foundation
internal import SlipwayEngine
internal import SlipwayJournal
internal import SlipwayModel

/// `slipway-bench engine FOLDER`: promotions through the real engine, with connectors that are done at once.
struct EngineBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "engine", abstract: "Promotions of eight steps through the real engine, evidence included.")

  @Argument(help: "A folder on the disk to measure.")
  var folder: String

  @Option(parsing: .upToNextOption, help: "How many promotions are in flight at once.")
  var flights: [Int] = [1, 32, 256]

  @Option(help: "How many promotions; 0 chooses by flight.")
  var promotions = 0

  func run() async throws {
    print("in flight  promotions/s  steps/s  p50 ms  p99 ms  CPU ms/step  commits/promotion  entries/promotion")
    for flight in flights {
      try await withFolder(in: URL(fileURLWithPath: folder)) { try await measure(flight, in: $0) }
    }
  }

  private func measure(_ flight: Int, in folder: URL) async throws {
    let count = promotions > 0 ? promotions : flight == 1 ? 20 : flight == 32 ? 320 : 768
    let world = try BenchWorld(in: folder)
    defer { world.close() }
    let house = try await BenchHouse(folder, world: world, pipeline: .bench(count))
    try await house.register()
    let driving = Task { try await house.engine.drive(following: [], forever: true, until: nil) }
    let before = house.journal.statistics
    let (start, processor) = (ContinuousClock.now, processorTime())
    let latencies = Latencies()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<flight {
        group.addTask {
          for number in stride(from: lane, to: count, by: flight) {
            let begun = ContinuousClock.now
            guard let run = try await house.promote(to: number) else { throw BenchError(what: "no run was begun") }
            await house.ends.end(of: run)
            latencies.add(ContinuousClock.now - begun)
          }
        }
      }
      try await group.waitForAll()
    }
    let (seconds, used) = ((ContinuousClock.now - start).seconds, (processorTime() - processor).seconds)
    let after = house.journal.statistics
    driving.cancel()
    _ = await driving.result
    await house.journal.close()
    guard house.ends.troubles.isEmpty else { throw BenchError(what: "\(house.ends.troubles.prefix(3))") }
    let sorted = latencies.sorted
    let steps = Double(count * Workload.steps)
    print(
      String(
        format: "%-11d%-14.1f%-9.0f%-8.1f%-8.1f%-13.2f%-19.1f%.1f", flight, Double(count) / seconds, steps / seconds,
        quantile(0.5, of: sorted), quantile(0.99, of: sorted), used * 1_000 / steps,
        Double(after.commits - before.commits) / Double(count),
        Double(after.tip.seq - before.tip.seq) / Double(count)))
  }
}
