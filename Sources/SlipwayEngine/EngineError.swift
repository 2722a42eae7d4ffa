/// Why the engine did not do what it was asked.
package struct EngineError: Error, Sendable, CustomStringConvertible {
  /// What the command line turns into an exit code.
  package enum Code: String, Codable, Sendable {
    case notFound
    /// The state does not allow it; nothing was changed.
    case refused
    case notPermitted
    case badInput
    /// The journal or another part of the state failed.
    case broken
    /// Nobody answered.
    case unreachable
  }

  package let code: Code
  /// What, where, why, and what to do next.
  package let message: String

  package init(_ code: Code, _ message: String) {
    self.code = code
    self.message = message
  }

  package var description: String { message }
}
