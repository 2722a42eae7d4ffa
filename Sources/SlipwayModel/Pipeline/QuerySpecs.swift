/// Counters read from any JSON document by path.
package struct JSONSourceSpec: Codable, Sendable, Equatable {
  package var url: SlotURLs
  /// ``JSONPath``s of cumulative counts; several matches are added.
  package var requests: String
  package var errors: String
  /// A path to whatever changes when the counts begin anew, such as a start time.
  package var process: String?
  package var headers: [String: SecretText]
  package var timeout: Span

  package init(
    url: SlotURLs, requests: String, errors: String, process: String? = nil, headers: [String: SecretText] = [:],
    timeout: Span = .seconds(5)
  ) {
    self.url = url
    self.requests = requests
    self.errors = errors
    self.process = process
    self.headers = headers
    self.timeout = timeout
  }
}

/// Counters read from a database: one row with cumulative requests and errors, for one slot at a time.
package struct SQLSourceSpec: Codable, Sendable, Equatable {
  package var database: SecretText
  /// `${slot}` and `${release}` become literals with their quotes.
  package var query: String
  package var timeout: Span

  package init(database: SecretText, query: String, timeout: Span = .seconds(5)) {
    self.database = database
    self.query = query
    self.timeout = timeout
  }
}

/// Counters that a command prints, run once for each slot.
package struct CommandSourceSpec: Codable, Sendable, Equatable {
  package var run: String
  package var environment: [String: SecretText]
  package var timeout: Span

  package init(run: String, environment: [String: SecretText] = [:], timeout: Span = .seconds(10)) {
    self.run = run
    self.environment = environment
    self.timeout = timeout
  }
}
