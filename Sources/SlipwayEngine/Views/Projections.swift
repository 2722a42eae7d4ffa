internal import Foundation
package import SlipwayJournal
internal import SlipwayModel

/// The SQL tables of requirement B13 as a fold over the journal: the same rows come out of a live run and of a rebuild.
package struct Projections: Sendable {
  private var runs: [String: RunHistory] = [:]

  package init() {}

  /// The rows that follow from one entry.
  package mutating func fold(_ stored: StoredEntry) throws -> [ProjectionWrite] {
    let entry = stored.entry
    if entry.stream.contains(":") {
      guard let event = try? CanonicalJSON.decode(LedgerEvent.self, from: entry.body) else { return [] }
      return Self.row(for: event, project: "").map { [$0] } ?? []
    }
    if var history = runs[entry.stream] {
      let event = try RunHistory.event(entry)
      history.fold(event, at: entry.at, sequence: stored.seq)
      runs[entry.stream] = history.promotion.isFinished ? nil : history
      return [.run(history.promotion.row(at: entry.at))] + (try Self.tasks(event, history.promotion, at: entry.at))
    }
    let history = try RunHistory(RunID(entry.stream), entries: [stored])
    runs[entry.stream] = history
    return [.run(history.promotion.row(at: entry.at))]
  }

  private static func tasks(_ event: Event, _ promotion: Promotion, at time: Timestamp) throws -> [ProjectionWrite] {
    guard case .stepReported(let index, _, .succeeded) = event, promotion.records.indices.contains(index),
      case .schedule(let span) = promotion.records[index].step.action, let blue = promotion.plan.blue
    else { return [] }
    let removal = SlotRemoval(environment: promotion.plan.to, placement: blue)
    return [.task(try removal.scheduled(by: promotion.run, at: time + span))]
  }

  /// The row of `environments` that shows what serves.
  static func row(for event: LedgerEvent, project: String) -> ProjectionWrite? {
    switch event {
    case .environmentServes(let name, let placement):
      let metadata = (try? CanonicalJSON.encodeForUsers(placement)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
      return .environment(name, project: project, metadata: metadata)
    case .releaseAdded, .releaseQuarantined, .reportAdded, .freezeAdded, .freezeRemoved, .environmentRolledBack,
      .slotEmptied:
      return nil
    }
  }
}
