internal import SlipwayModel

/// What the host must remember of a slot over its own death.
struct SlotRecord: Codable, Equatable {
  /// What the host is to see to.
  enum Goal: String, Codable {
    case running
    /// Somebody asked; stays so over restarts.
    case stopped
    /// Ended by itself and is not to be restarted.
    case exited
    /// Crashed more often in a row than it may.
    case gaveUp = "gave-up"
  }

  var launch: Launch
  var goal: Goal = .running
  /// How long a stop that is under way may take before it is forced.
  var grace: Span = .zero
  /// Nil when none was started or the last one's end is accounted for.
  var process: ProcessIdentity?
  /// Processes of this instance so far; each knows its number.
  var starts = 0
  var startedAt: Timestamp?
  /// Since this instance was first started; only ever rises.
  var crashes = 0
  /// Crashes without a steady life between them.
  var row = 0
  var lastExit: LastExit?

  private enum CodingKeys: String, CodingKey {
    case launch, goal, process, starts, crashes, row
    case grace = "grace_seconds"
    case startedAt = "started_at"
    case lastExit = "last_exit"
  }
}
