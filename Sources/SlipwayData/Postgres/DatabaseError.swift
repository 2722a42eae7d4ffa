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

extension DatabaseError {
  /// The error with what a person may do about it.
  package var advised: ConnectorError {
    let advice =
      switch state {
      case "42501"?:
        "; the role lacks a right: it must own the database or be a superuser, and may need CREATEDB, pg_signal_backend and pg_read_all_data"
      case "53100"?: "; the server's disk is full: free space and repeat"
      case "53300"?: "; the server takes no more connections: end some or raise max_connections, and repeat"
      case "55006"? where !message.contains("end these"): "; end the sessions and repeat"
      case let state? where state.hasPrefix("57") || state.hasPrefix("08"): "; look at the server, and repeat"
      case nil where code == .unreachable: "; look whether the server runs, and repeat"
      default: ""
      }
    return ConnectorError(code, message + advice)
  }
}
