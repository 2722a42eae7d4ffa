internal import Foundation
internal import SlipwayConnectors
internal import SlipwayJournal
package import SlipwayModel

/// What all drivers of one state share.
struct House: Sendable {
  let state: StateFolder
  let journal: Journal
  let catalog: any ConnectorCatalog
  let time: any TimeSource
  let book: LedgerBook
  let project: String
  let surroundings: @Sendable (Plan, Ledger) throws -> Surroundings
  let author: EvidenceAuthor
  let witness: any Witness
  let observer: any RunObserver

  func ledger() async -> Ledger { await book.ledger }
  func apply(_ event: LedgerEvent, at time: Timestamp) async { await book.apply(event, at: time) }

  func progress(_ run: RunID, _ step: StepID, _ text: String) { observer.progressed(run, step, text) }
  func observe(_ run: RunID, _ event: Event, _ promotion: Promotion) { observer.observed(run, event, promotion) }

  /// The SQL rows that follow from ledger events (B13).
  func rows(for events: [LedgerEvent]) -> [ProjectionWrite] {
    events.compactMap { Projections.row(for: $0, project: project) }
  }

  func writeEvidence(_ promotion: Promotion) async throws -> (folder: String, manifest: Digest) {
    let entries = try await RunArchive(journal.reader).entries(of: promotion.run.text)
    if Mutant.claimEvidence.isActive {
      return (state.evidence(of: promotion).path, Digest(of: Data()))
    }
    return try author.write(promotion, entries: entries, into: state)
  }
}

/// Told about everything that happens, for progress on a terminal; it can change nothing.
package protocol RunObserver: Sendable {
  /// An event is on disk.
  func observed(_ run: RunID, _ event: Event, _ promotion: Promotion)
  /// A long step has something to say.
  func progressed(_ run: RunID, _ step: StepID, _ text: String)
}

/// Tells nobody.
package struct SilentObserver: RunObserver {
  package init() {}
  package func observed(_ run: RunID, _ event: Event, _ promotion: Promotion) {}
  package func progressed(_ run: RunID, _ step: StepID, _ text: String) {}
}

/// The ledger as folded so far; one for all drivers.
actor LedgerBook {
  private(set) var ledger: Ledger

  init(_ ledger: Ledger) { self.ledger = ledger }

  func apply(_ event: LedgerEvent, at time: Timestamp) { ledger.apply(event, at: time) }
}
