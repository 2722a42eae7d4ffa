internal import SlipwayJournal
package import SlipwayModel

extension RunArchive {
  /// Snapshots that an open run or an open rollback window may go back to, and who needs them.
  package func neededSnapshots() async throws -> [SnapshotID: String] {
    var needed: [SnapshotID: String] = [:]
    for row in try await reader.openRuns(limit: 100_000) {
      for id in SnapshotID.made(by: row.run) { needed[id] = "run \(row.run) to \(row.environment) is under way" }
    }
    for task in try await reader.openTasks(limit: 100_000) {
      guard let run = RunID(scheduling: task) else { continue }
      for id in SnapshotID.made(by: run) where needed[id] == nil {
        needed[id] = "the rollback window of run \(run) is open until \(task.executeAt)"
      }
    }
    return needed
  }
}

extension SnapshotID {
  /// The names of the snapshots that a run takes: of the target before, and of the environment that the release comes from.
  static func made(by run: RunID) -> [SnapshotID] { [SnapshotID(run.text), SnapshotID("\(run)-source")] }
}
