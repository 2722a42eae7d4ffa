internal import SlipwayModel
internal import Synchronization

/// What HAProxy has counted for one server, summed over the backends that it appears in.
struct HAProxyTally {
  /// Requests handed to the server, each try on its own (`stot`).
  var attempts: UInt64 = 0
  var inFlight: UInt64 = 0
  var answered: UInt64 = 0
  var serverErrors: UInt64 = 0
  var clientErrors: UInt64 = 0
  /// Given up, or handed on to the other server.
  var refused: UInt64 = 0
  /// Broken-off answers among them.
  var unanswered: UInt64 = 0
  /// Counted in `answered` and in `unanswered` (measured with 2.6).
  var brokenOff: UInt64 = 0
  var clientAborts: UInt64 = 0

  /// Requests may begin while HAProxy writes a line, so a few attempts more than answers mean nothing.
  private static let slack: UInt64 = 2

  /// Attempts that got no whole answer, as far as they are certain.
  ///
  /// HAProxy counts no error when a server hangs up on a later request of a keep-alive connection (it hangs up on the client in turn and
  /// leaves the retry to it), so the attempts that went missing count, too. Those whose client left or that are still in flight do
  /// not, even where they have been answered: the figure is a lower bound.
  var failures: UInt64 {
    let told = refused &+ max(unanswered, brokenOff)
    let excused = answered &+ inFlight &+ clientAborts &+ Self.slack
    return max(told, attempts > excused ? attempts - excused &+ brokenOff : 0)
  }

  static func + (left: HAProxyTally, right: HAProxyTally) -> HAProxyTally {
    HAProxyTally(
      attempts: left.attempts &+ right.attempts, inFlight: left.inFlight &+ right.inFlight,
      answered: left.answered &+ right.answered, serverErrors: left.serverErrors &+ right.serverErrors,
      clientErrors: left.clientErrors &+ right.clientErrors, refused: left.refused &+ right.refused,
      unanswered: left.unanswered &+ right.unanswered, brokenOff: left.brokenOff &+ right.brokenOff,
      clientAborts: left.clientAborts &+ right.clientAborts)
  }
}

/// The highest failure counts seen, because ``HAProxyTally/failures`` dips while answers are under way, and a count that falls would
/// pass for a restart.
final class HAProxyMarks: Sendable {
  private struct State {
    var process = ""
    var failures: [Slot: UInt64] = [:]
    var requests: [Slot: UInt64] = [:]
  }

  private let state = Mutex(State())

  /// The counters of `slot` in `process`, never below those given before for the same process.
  func counters(of slot: Slot, in process: String, _ tally: HAProxyTally) -> SlotCounters {
    state.withLock { state in
      if state.process != process { state = State(process: process) }
      let failures = max(tally.failures, state.failures[slot] ?? 0)
      let requests = max(tally.answered &+ failures - min(tally.brokenOff, failures), state.requests[slot] ?? 0)
      (state.failures[slot], state.requests[slot]) = (failures, requests)
      return SlotCounters(
        requests: requests, serverErrors: tally.serverErrors, connectionErrors: failures,
        clientErrors: tally.clientErrors)
    }
  }
}
