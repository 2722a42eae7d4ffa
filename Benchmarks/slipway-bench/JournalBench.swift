internal import ArgumentParser
internal import Foundation
internal import SlipwayJournal

/// `slipway-bench journal FOLDER`: durable steps a second, ours beside the bare limit, rounds alternating.
struct JournalBench: AsyncParsableCommand {
  enum Side: String, ExpressibleByArgument, CaseIterable { case limit, ours }

  static let configuration = CommandConfiguration(
    commandName: "journal",
    abstract: "Durable steps a second with promotions in flight, against the machine's own limit.")

  @Argument(help: "A folder on the disk to measure.")
  var folder: String

  @Option(parsing: .upToNextOption, help: "How many promotions are in flight at once.")
  var flights: [Int] = [1, 32, 256]

  @Option(help: "Rounds of each side; the median counts.")
  var rounds = 3

  @Option(help: "Measure one side alone, for strace and perf.")
  var only: Side?

  func run() async throws {
    let parent = URL(fileURLWithPath: folder)
    print("in flight  side   steps/s (min-max)             commits/workflow  CPU us/step  of the limit")
    for flight in flights {
      let workload = Workload.standard(inFlight: flight)
      var limit: [Round] = []
      var ours: [Round] = []
      for _ in 0..<rounds {
        if only != .ours { limit.append(try await withFolder(in: parent) { try BareLoop.run(workload, in: $0) }) }
        if only != .limit {
          ours.append(try await withFolder(in: parent) { try await JournalLoop.run(workload, in: $0) })
        }
      }
      let share = median(ours.map(\.stepsPerSecond)) / median(limit.map(\.stepsPerSecond))
      report(flight, "limit", limit, share: nil)
      report(flight, "ours", ours, share: limit.isEmpty ? nil : share)
    }
    if only != .limit { try await verify(in: parent) }
  }

  private func report(_ flight: Int, _ side: String, _ rounds: [Round], share: Double?) {
    guard !rounds.isEmpty else { return }
    let rates = rounds.map(\.stepsPerSecond)
    let spread = String(format: "%.0f (%.0f-%.0f)", median(rates), rates.min() ?? 0, rates.max() ?? 0)
    let commits = String(format: "%.2f", median(rounds.map(\.commitsPerWorkflow)))
    let processor = String(format: "%.1f", median(rounds.map(\.processorMicrosecondsPerStep)))
    let ratio = share.map { String(format: "%.0f %%", $0 * 100) } ?? ""
    func column(_ text: String, _ width: Int) -> String { text.padding(toLength: width, withPad: " ", startingAt: 0) }
    print(
      column("\(flight)", 11) + column(side, 7) + column(spread, 30) + column(commits, 18) + column(processor, 13)
        + ratio)
  }

  /// How fast the chain of what was just written is walked.
  private func verify(in parent: URL) async throws {
    try await withFolder(in: parent) { folder in
      _ = try await JournalLoop.run(.standard(inFlight: 256), in: folder)
      let start = ContinuousClock.now
      let verification = try JournalVerifier(folder: folder).verify()
      let rate = Double(verification.entries) / (ContinuousClock.now - start).seconds
      guard verification.isIntact else { throw BenchError(what: "\(verification.findings)") }
      print(String(format: "verify: %lld entries, %.0f entries/s", verification.entries, rate))
    }
  }
}
