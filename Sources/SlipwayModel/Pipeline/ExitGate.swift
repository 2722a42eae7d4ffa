/// What closes a promotion once its release serves (C9): something is made sure of, noted in the project's own database, or handed over.
///
/// None of them takes traffic back: the release was verified and serves, and no document is worth an outage. One that fails is told to people and stays
/// listed as open.
package struct ExitGate: Codable, Sendable, Equatable {
  package var id: String
  package var deed: Deed
  /// Whether what is noted in databases after it waits until it passes.
  package var isBlocking: Bool

  package init(id: String, deed: Deed, isBlocking: Bool = true) {
    self.id = id
    self.deed = deed
    self.isBlocking = isBlocking
  }

  package enum Deed: Codable, Sendable, Equatable {
    /// A command that ends with 0; it must be harmless when repeated.
    case command(run: String, environment: [String: SecretText], timeout: Span)
    case sql(SQLExit)
    /// The handoff document is written to this path.
    case handoff(path: String)
  }

  /// How long one attempt may take.
  package var timeout: Span {
    switch deed {
    case .command(_, _, let timeout): timeout
    case .sql: .minutes(1)
    case .handoff: .seconds(30)
    }
  }

  /// What has to be so for it to pass.
  package var criterion: String {
    switch deed {
    case .command(let run, _, _): "command '\(run)' ends with code 0"
    case .sql(let spec):
      "exactly \(spec.rows) row\(spec.rows == 1 ? "" : "s") changed"
        + (spec.readBack == nil ? "" : ", and read back as true")
    case .handoff(let path): "the handoff document lies in \(path)"
    }
  }
}

/// One change in a database of the project's own, in a transaction that holds exactly what was expected or nothing.
package struct SQLExit: Codable, Sendable, Equatable {
  /// `postgresql://…`, by reference where it holds a password.
  package var database: SecretText
  package var update: SQLTemplate
  /// How many rows it must change.
  package var rows: Int
  /// A query whose first value is true once the change is there; it makes a repeat of any change harmless.
  package var readBack: SQLTemplate?

  package init(database: SecretText, update: SQLTemplate, rows: Int = 1, readBack: SQLTemplate? = nil) {
    self.database = database
    self.update = update
    self.rows = rows
    self.readBack = readBack
  }
}

extension Plan {
  /// What an exit gate may name: the words of ``SQLTemplate/facts``; nil where the release does not say.
  package func facts(of run: RunID) -> [String: String?] {
    [
      "project": project, "release": release.id.text, "environment": to.text, "from": from?.text, "run": run.text,
      "commit": release.commit, "digest": release.digest?.description, "previous": blue?.release.id.text,
    ]
  }
}

extension Step {
  /// The exit gate that it is; nil for any other step.
  package var exitGate: ExitGate? {
    if case .record(.exit(let gate)) = action { gate } else { nil }
  }
}
