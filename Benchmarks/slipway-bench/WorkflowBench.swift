internal import ArgumentParser
internal import Foundation
internal import SlipwayJournal

/// `slipway-bench workflow COUNT IN-FLIGHT FOLDER`: one round of our engine's work in a form that other engines are measured in too.
///
/// Every effect is a line `<workflow> <step 1..8>` in `FOLDER/effects.log`; the last line printed is a JSON object.
struct WorkflowBench: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "workflow", abstract: "Runs workflows of eight durable steps and prints one line of JSON.")

  @Argument(help: "How many workflows.")
  var workflows: Int

  @Argument(help: "How many of them at once.")
  var inFlight: Int

  @Argument(help: "An empty folder for journal and effects.")
  var folder: String

  private struct Report: Encodable {
    var workflowsPerSecond, stepsPerSecond, elapsedSeconds, p50Milliseconds, p99Milliseconds: Double
    var commitsPerWorkflow: Double

    enum CodingKeys: String, CodingKey {
      case workflowsPerSecond = "wf_s"
      case stepsPerSecond = "steps_s"
      case elapsedSeconds = "elapsed_s"
      case p50Milliseconds = "p50_ms"
      case p99Milliseconds = "p99_ms"
      case commitsPerWorkflow = "commits_wf"
    }
  }

  func validate() throws {
    guard workflows > 0, inFlight > 0 else { throw ValidationError("COUNT and IN-FLIGHT must be 1 or more") }
  }

  func run() async throws {
    let latencies = Latencies()
    let workload = Workload(workflows: workflows, inFlight: min(inFlight, workflows))
    let round = try await JournalLoop.run(workload, in: URL(fileURLWithPath: folder)) { took in
      latencies.add(took)
    }
    let sorted = latencies.sorted
    let report = Report(
      workflowsPerSecond: Double(round.workflows) / round.elapsed.seconds, stepsPerSecond: round.stepsPerSecond,
      elapsedSeconds: round.elapsed.seconds, p50Milliseconds: quantile(0.5, of: sorted),
      p99Milliseconds: quantile(0.99, of: sorted),
      commitsPerWorkflow: round.commitsPerWorkflow)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    print(String(decoding: try encoder.encode(report), as: UTF8.self))
  }
}
