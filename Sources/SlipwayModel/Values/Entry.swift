package import Foundation

/// One fact to be written down: who or what it concerns, what happened, when, by whom, with what content.
///
/// An entry's body is JSON with sorted keys and holds no secret. `id` makes a repeated hand-in harmless: the journal keeps the first.
package struct Entry: Sendable, Equatable {
  /// What the fact belongs to: a run id, or `release:1.4.2`, `environment:production`, `freeze:…`.
  package let stream: String
  /// The kind of fact in the words of the model, such as `step.intended`.
  package let kind: String
  /// When it happened by the writer's clock; order comes from the journal's sequence, never from this.
  package let at: Timestamp
  /// The person or part of Slipway that caused it.
  package let actor: String
  /// JSON, UTF-8, sorted keys.
  package let body: Data
  /// Unique per fact where a repeat is possible (a decision handed in by a person); nil elsewhere.
  package let id: String?

  package init(stream: String, kind: String, at: Timestamp, actor: String, body: Data, id: String? = nil) {
    self.stream = stream
    self.kind = kind
    self.at = at
    self.actor = actor
    self.body = body
    self.id = id
  }
}

/// Where an open run stands, as the journal keeps it beside the entries so that thousands of waiting runs cost a row each.
package struct RunRow: Codable, Sendable, Equatable {
  package var run: RunID
  package var project: String
  package var environment: EnvironmentName
  package var release: ReleaseID
  package var operation: String
  package var status: String
  package var createdBy: String
  package var startedAt: Timestamp
  package var finishedAt: Timestamp?
  /// When the driver must look again; nil while only an outside event can move the run, or when it has finished.
  package var wakeAt: Timestamp?
  package var evidenceFolder: String?

  package init(
    run: RunID, project: String, environment: EnvironmentName, release: ReleaseID, operation: String, status: String,
    createdBy: String, startedAt: Timestamp, finishedAt: Timestamp? = nil, wakeAt: Timestamp? = nil,
    evidenceFolder: String? = nil
  ) {
    self.run = run
    self.project = project
    self.environment = environment
    self.release = release
    self.operation = operation
    self.status = status
    self.createdBy = createdBy
    self.startedAt = startedAt
    self.finishedAt = finishedAt
    self.wakeAt = wakeAt
    self.evidenceFolder = evidenceFolder
  }
}
