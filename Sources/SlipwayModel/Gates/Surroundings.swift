/// What lies beside the journal and is read anew for each judgement, so that a change counts from the moment it is made.
package struct Surroundings: Sendable, Equatable {
  /// Freezes of the pipeline file, in force beside those of the ledger.
  package var freezes: [Freeze]
  /// Recorded risk acceptances.
  package var acceptances: AcceptanceBook
  /// Reports of this release whose kept bytes are no longer what was handed in.
  package var damagedProofs: [Digest: ProofDamage]
  /// Calendar files whose events are freezes.
  package var calendars: [FreezeCalendar]

  package init(
    freezes: [Freeze] = [], acceptances: AcceptanceBook = AcceptanceBook(), damagedProofs: [Digest: ProofDamage] = [:],
    calendars: [FreezeCalendar] = []
  ) {
    self.freezes = freezes
    self.acceptances = acceptances
    self.damagedProofs = damagedProofs
    self.calendars = calendars
  }
}

/// What happened to the bytes of a report after it was handed in.
package enum ProofDamage: String, Codable, Sendable {
  case missing
  case changed
}
