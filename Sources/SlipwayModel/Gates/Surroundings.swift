/// What lies beside the journal and is read anew for each judgement, so that a change counts from the moment it is made.
package struct Surroundings: Sendable, Equatable {
  /// Freezes of the pipeline file, in force beside those of the ledger.
  package var freezes: [Freeze]
  /// Calendar files whose events are freezes.
  package var calendars: [FreezeCalendar]

  package init(freezes: [Freeze] = [], calendars: [FreezeCalendar] = []) {
    self.freezes = freezes
    self.calendars = calendars
  }
}
