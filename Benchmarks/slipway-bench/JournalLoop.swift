internal import Foundation
internal import SlipwayJournal
internal import SlipwayModel

/// The same workflows through Slipway's journal: one task each, one append for each durable point, the run's row with it.
enum JournalLoop {
  static let noon = Timestamp(milliseconds: 1_780_000_000_000)
  private static let intent = Data(#"{"step":"shift-10","to":10}"#.utf8)
  private static let result = Data(
    (#"{"detail":""# + String(repeating: "p", count: Workload.payload - 13) + #""}"#).utf8)

  static func holder() -> DriverLock.Holder { .thisProcess(at: noon) }

  /// Runs `workload` with its journal and effects in `folder`; `finished` and `stepped` are told how long each workflow and step took.
  static func run(
    _ workload: Workload, in folder: URL, finished: @escaping @Sendable (Duration) -> Void = { _ in },
    stepped: @escaping @Sendable (Duration) -> Void = { _ in }
  ) async throws -> Round {
    let effects = try Effects(in: folder)
    defer { effects.close() }
    let journal = try Journal.open(folder: folder, as: holder())
    let (start, processor) = (ContinuousClock.now, processorTime())
    try await withThrowingTaskGroup(of: Void.self) { group in
      for lane in 0..<workload.inFlight {
        group.addTask {
          for workflow in stride(from: lane, to: workload.workflows, by: workload.inFlight) {
            let begun = ContinuousClock.now
            try await perform(workflow, journal: journal, effects: effects, stepped: stepped)
            finished(ContinuousClock.now - begun)
          }
        }
      }
      try await group.waitForAll()
    }
    let round = Round(
      steps: workload.workflows * Workload.steps, elapsed: ContinuousClock.now - start,
      commits: journal.statistics.commits, workflows: workload.workflows, processor: processorTime() - processor)
    await journal.close()
    return round
  }

  private static func perform(
    _ workflow: Int, journal: Journal, effects: Effects, stepped: @Sendable (Duration) -> Void
  ) async throws {
    var row = RunRow(
      run: RunID("20261121-050147382-\(workflow)"), project: "web", environment: "production", release: "1.4.2",
      operation: "promote", status: "running", createdBy: "alice", startedAt: noon)
    func entry(_ kind: String, _ body: Data) -> Entry {
      Entry(stream: row.run.text, kind: kind, at: noon, actor: "driver", body: body)
    }
    // As the engine does it: each append says what it has seen of its run, so that nobody writes over another's decision.
    var seen: Int64 = 0
    func append(_ kind: String, _ body: Data, run: RunRow? = nil) async throws {
      let sequence = try await journal.append(Append([entry(kind, body)], run: run, ifStreamAt: seen))
      seen = sequence.last ?? seen
    }
    try await append("run.started", result, run: row)
    for step in 1...Workload.steps {
      let begun = ContinuousClock.now
      try await append("step.intended", intent)
      effects.perform(workflow, step)
      row.status = "step-\(step)"
      if step == Workload.steps { row.finishedAt = noon + .minutes(1) }
      try await append("step.done", result, run: row)
      stepped(ContinuousClock.now - begun)
    }
  }
}
