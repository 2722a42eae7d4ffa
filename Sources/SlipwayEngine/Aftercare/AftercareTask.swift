internal import SlipwayJournal
internal import SlipwayModel

/// The durable timer of the looks at one release: a row that moves on with each look, and no task.
enum AftercareTask {
  static let type = "aftercare"

  static func id(of run: RunID) -> String { "\(type)-\(run)" }

  /// Whose looks `task` is about; nil for a task of another kind.
  static func run(of task: ScheduledTask) -> RunID? {
    guard task.type == type, task.id.hasPrefix(type + "-") else { return nil }
    return RunID(String(task.id.dropFirst(type.count + 1)))
  }

  static func row(_ run: RunID, at time: Timestamp, isDone: Bool = false) -> ScheduledTask {
    ScheduledTask(id: id(of: run), type: type, executeAt: time, metadata: "{\"run\":\"\(run)\"}", isDone: isDone)
  }
}

extension AftercareEvent {
  /// The timer as it stands after the fact; nil where the fact leaves it as it is.
  func row(of run: RunID, at time: Timestamp) -> ScheduledTask? {
    switch self {
    case .opened(let order): AftercareTask.row(run, at: AftercareState(order).next ?? order.since)
    // Where nothing is left to look at, the end is written down at once.
    case .looked(_, let next): AftercareTask.row(run, at: next ?? time)
    case .told: nil
    case .ending: AftercareTask.row(run, at: time)
    case .closed: AftercareTask.row(run, at: time, isDone: true)
    }
  }

  func entry(of run: RunID, at time: Timestamp) throws -> Entry {
    Entry(
      stream: Self.stream(of: run), kind: kind, at: time, actor: "slipway", body: try CanonicalJSON.encode(self))
  }
}
