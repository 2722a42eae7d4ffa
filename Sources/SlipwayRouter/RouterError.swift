/// Why the router or its control client could not do what was asked.
package struct RouterError: Error, Sendable, CustomStringConvertible {
  /// What the caller may do about it.
  package enum Code: Sendable, Equatable {
    /// Nobody listens on the control socket; start the router or try again.
    case unreachable
    /// No answer in time; a change may or may not have happened, so read back.
    case timedOut
    /// The router said no. `generation` is the one it has applied: read back, then ask with a higher one.
    case refused(generation: UInt64)
    /// What came over the socket made no sense.
    case garbage
    /// Another router holds the control path.
    case locked
    /// An address, a path or a value cannot work.
    case misconfigured
    /// The state could not be written or read.
    case storage
  }

  package let code: Code
  /// What, where, why, and what to do next.
  package let message: String
  /// What lies underneath, where something does.
  package let cause: (any Error)?

  package init(_ code: Code, _ message: String, cause: (any Error)? = nil) {
    self.code = code
    self.message = message
    self.cause = cause
  }

  package var description: String { cause.map { "\(message): \($0)" } ?? message }
}
