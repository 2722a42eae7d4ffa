package import SlipwayConnectors

/// Why a database refused or did not answer.
package struct DatabaseError: Error, Sendable, CustomStringConvertible {
  package let code: ConnectorError.Code
  /// PostgreSQL's own code, such as `42P04` for a database that exists already; nil when the server was not reached.
  package let state: String?
  /// What, where, why; holds no password.
  package let message: String

  package init(_ code: ConnectorError.Code, state: String? = nil, _ message: String) {
    self.code = code
    self.state = state
    self.message = message
  }

  package var description: String { message }
  package var connector: ConnectorError { ConnectorError(code, message) }
}
