internal import Foundation
package import SlipwayJournal
internal import SlipwayModel
internal import Synchronization

/// The SQL tables of requirement B13 as a fold over the journal: the same rows come out of a live run and of a rebuild.
struct Projections: Sendable {
  private let project: String
  private var runs: [String: RunHistory] = [:]

  init(project: String) { self.project = project }

  /// The rows that follow from one entry.
  mutating func fold(_ entry: Entry, sequence: Int64) throws -> [ProjectionWrite] {
    if entry.kind == FinishedTask.kind {
      return [.task(try CanonicalJSON.decode(FinishedTask.self, from: entry.body).row)]
    }
    if entry.kind == FinishedTask.intentKind { return [] }
    if entry.stream.hasPrefix(AftercareEvent.streamPrefix) {
      let run = RunID(String(entry.stream.dropFirst(AftercareEvent.streamPrefix.count)))
      return try AftercareState.event(entry).row(of: run, at: entry.at).map { [.task($0)] } ?? []
    }
    if entry.stream.contains(":") {
      return Self.row(for: try CanonicalJSON.decode(LedgerEvent.self, from: entry.body), project: project).map { [$0] }
        ?? []
    }
    guard var history = runs[entry.stream] else {
      let history = try RunHistory(RunID(entry.stream), first: entry, sequence: sequence)
      runs[entry.stream] = history
      return [.run(history.promotion.row(at: entry.at))]
    }
    let event = try RunHistory.event(entry)
    history.fold(event, at: entry.at, sequence: sequence)
    runs[entry.stream] = history.promotion.isFinished ? nil : history
    return [.run(history.promotion.row(at: entry.at))] + (try history.promotion.tasks(after: event, at: entry.at))
  }

  /// The row of `environments` that shows what serves.
  static func row(for event: LedgerEvent, project: String) -> ProjectionWrite? {
    switch event {
    case .environmentServes(let name, let placement):
      let metadata = (try? CanonicalJSON.encodeForUsers(placement)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
      return .environment(name, project: project, metadata: metadata)
    case .releaseAdded, .releaseQuarantined, .reportAdded, .freezeAdded, .freezeRemoved, .environmentRolledBack,
      .slotEmptied, .verificationFailed, .verificationPassed, .releaseRejected, .releaseResubmitted, .reviewDue,
      .reviewed, .snapshot:
      return nil
    }
  }
}

/// A scheduled task that was carried out, or dropped because nothing was left to do.
struct FinishedTask: Codable, Sendable, Equatable {
  static let kind = "task.finished"
  /// Written before the effect.
  static let intentKind = "task.intended"

  var id: String
  var type: String
  var executeAt: Timestamp
  var metadata: String
  /// Whether the task changed anything.
  var wasNeeded: Bool

  init(_ task: ScheduledTask, wasNeeded: Bool) {
    id = task.id
    type = task.type
    executeAt = task.executeAt
    metadata = task.metadata
    self.wasNeeded = wasNeeded
  }

  var row: ScheduledTask {
    ScheduledTask(id: id, type: type, executeAt: executeAt, metadata: metadata, isDone: true)
  }
}

/// Folds the SQL tables out of the journal again.
package enum ProjectionRebuild {
  /// Drops and refills the tables in one transaction.
  ///
  /// - Throws: a journal error; the tables are then as before.
  package static func run(_ journal: Journal, project: String) async throws {
    let projections = Mutex(Projections(project: project))
    try await journal.rebuildProjections { entry, sequence in
      try projections.withLock { try $0.fold(entry, sequence: sequence) }
    }
  }
}
