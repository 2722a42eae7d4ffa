/// Why something outside could not be done or read.
package struct ConnectorError: Error, Sendable, CustomStringConvertible {
  /// What the caller may do about it.
  package enum Code: String, Sendable {
    /// Nobody answered; trying again may help.
    case unreachable
    /// No answer in time; the effect may or may not have happened, so read back.
    case timedOut
    /// The other side said no; trying again will not help.
    case refused
    /// The answer made no sense.
    case garbage
    /// The configuration cannot work, such as a missing program.
    case misconfigured
  }

  package let code: Code
  /// What, where, why, and what to do next; holds no secret.
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
