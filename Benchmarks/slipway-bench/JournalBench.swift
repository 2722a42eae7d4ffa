internal import ArgumentParser
internal import Foundation

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
    print("in flight  side   steps/s (min-max)             commits/durable point  CPU us/step  of the limit")
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
    if only == nil { try await alone(in: parent) }
  }

  /// One promotion at a time: how long a step takes from its intent to its durable result, and eight of them end to end.
  private func alone(in parent: URL) async throws {
    let workload = Workload.standard(inFlight: 1)
    var bare: [Double] = []
    var ours: [Double] = []
    var steps: [Double] = []
    for _ in 0..<rounds {
      bare.append(1_000 / (try await withFolder(in: parent) { try BareLoop.run(workload, in: $0) }).workflowsPerSecond)
      let (whole, single) = (Latencies(), Latencies())
      _ = try await withFolder(in: parent) { folder in
        try await JournalLoop.run(workload, in: folder) { took in
          whole.add(took)
        } stepped: { took in
          single.add(took)
        }
      }
      ours.append(whole.sorted.reduce(0, +) / Double(workload.workflows))
      steps += single.sorted
    }
    steps.sort()
    print(
      String(
        format: "alone: a step p50 %.2f ms, p99 %.2f ms; eight steps %.2f ms, bare loop %.2f ms: %.2f x (target 2 x)",
        quantile(0.5, of: steps), quantile(0.99, of: steps), median(ours), median(bare), median(ours) / median(bare)))
  }

  private func report(_ flight: Int, _ side: String, _ rounds: [Round], share: Double?) {
    guard !rounds.isEmpty else { return }
    let rates = rounds.map(\.stepsPerSecond)
    let spread = String(format: "%.0f (%.0f-%.0f)", median(rates), rates.min() ?? 0, rates.max() ?? 0)
    let points = Double(2 * Workload.steps + 1)
    let commits = String(format: "%.3f", median(rounds.map(\.commitsPerWorkflow)) / points)
    let processor = String(format: "%.1f", median(rounds.map(\.processorMicrosecondsPerStep)))
    let ratio = share.map { String(format: "%.0f %%", $0 * 100) } ?? ""
    func column(_ text: String, _ width: Int) -> String { text.padding(toLength: width, withPad: " ", startingAt: 0) }
    print(
      column("\(flight)", 11) + column(side, 7) + column(spread, 30) + column(commits, 23) + column(processor, 13)
        + ratio)
  }
}
