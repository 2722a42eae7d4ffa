/// Why a host, or a process it holds, could not do what was asked.
package struct HostError: Error, Sendable, CustomStringConvertible {
  /// What the caller may do about it.
  package enum Code: String, Codable, Sendable {
    /// No host answers; `ensureRunning` may start one.
    case unreachable
    /// No answer in time; the effect may have happened, so ask for the status.
    case timedOut = "timed_out"
    /// The answer, or a file of the host, made no sense.
    case garbage
    /// The request itself is wrong; repeating it will not help.
    case badRequest = "bad_request"
    /// The slot is taken by another instance.
    case conflict
    /// The program could not be executed.
    case cannotStart = "cannot_start"
    /// A file could not be written; nothing was done.
    case storage
    /// Another host holds the directory.
    case alreadyRunning = "already_running"
    /// `slots.json` cannot be trusted; a person has to look.
    case corruptState = "corrupt_state"
  }

  package let code: Code
  /// What, where, why, and what to do next.
  package let message: String
  package let cause: (any Error)?

  package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  /// Whether a host was there and said no.
  package var isRefusal: Bool {
    switch code {
    case .badRequest, .conflict, .cannotStart, .storage: true
    case .unreachable, .timedOut, .garbage, .alreadyRunning, .corruptState: false
    }
  }

  package var description: String { message }
}
