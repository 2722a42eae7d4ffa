internal import Foundation
internal import SlipwayJournal
internal import SlipwayModel

/// The durable order to empty blue's slot once the rollback window is over (B9).
struct SlotRemoval: Codable, Sendable, Equatable {
  static let type = "remove-slot"

  var environment: EnvironmentName
  var placement: Placement

  func scheduled(by run: RunID, at time: Timestamp, isDone: Bool = false) throws -> ScheduledTask {
    ScheduledTask(
      id: "\(Self.type)-\(run)", type: Self.type, executeAt: time,
      metadata: String(decoding: try CanonicalJSON.encode(self), as: UTF8.self), isDone: isDone)
  }

  /// Whether the slot still holds what was to be removed, and nothing needs it: a later promotion may have used the slot again.
  func isDue(_ ledger: Ledger, openRuns: [RunRow]) -> Due {
    if Mutant.removeWithoutAsking.isActive { return .now }
    if openRuns.contains(where: { $0.environment == environment }) { return .later }
    guard let state = ledger.environments[environment], let live = state.live else { return .never }
    if live.slot == placement.slot || state.emptied.contains(placement.slot) { return .never }
    return state.previous == placement ? .now : .never
  }

  enum Due: Equatable {
    case now, later, never
  }
}
