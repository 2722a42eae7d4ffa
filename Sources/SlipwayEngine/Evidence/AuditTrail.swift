internal import Foundation
package import SlipwayJournal
internal import SlipwayModel

/// The actions of runs, one after the other, out of journal entries in their order (D9).
package struct AuditTrail: Sendable {
  private var runs: [String: RunHistory] = [:]

  package init() {}

  /// The record of the next entry; nil for what is no action of a run.
  package mutating func record(_ stored: StoredEntry) -> AuditRecord? {
    let entry = stored.entry
    guard !entry.stream.contains(":"), let event = try? RunHistory.event(entry) else { return nil }
    guard var history = runs[entry.stream] else {
      let history = try? RunHistory(RunID(entry.stream), first: entry, sequence: stored.seq)
      runs[entry.stream] = history
      return history.flatMap { AuditRecord(event, at: entry.at, in: $0.promotion) }
    }
    history.fold(event, at: entry.at, sequence: stored.seq)
    runs[entry.stream] = history.promotion.isFinished ? nil : history
    return AuditRecord(event, at: entry.at, in: history.promotion)
  }
}
