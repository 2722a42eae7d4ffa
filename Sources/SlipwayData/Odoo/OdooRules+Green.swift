internal import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// What the command that prints the neutralizing SQL needs.
package struct OdooWork: Sendable {
  package var runner: CommandRunner
  /// `SLIPWAY_DATABASE`, `SLIPWAY_FILES`, and the variables of a deployment.
  package var variables: [String: String]
  /// Variables that may refer to secrets.
  package var references: [String: SecretText]
  package var directory: String?
  package var timeout: Span

  package init(
    runner: CommandRunner, variables: [String: String], references: [String: SecretText] = [:],
    directory: String? = nil, timeout: Span = .minutes(10)
  ) {
    self.runner = runner
    self.variables = variables
    self.references = references
    self.directory = directory
    self.timeout = timeout
  }
}

/// Making green's own copy right before anybody is served from it.
extension OdooRules {
  /// Neutralizes where the environment does so, sets `web.base.url`, and looks at both afterwards; harmless when repeated.
  ///
  /// Upstream restores first, loads the registry and neutralizes then, so that a scheduled job can run in between (odoo/odoo PR 286532). Here the SQL goes into a
  /// database to which nobody else is connected.
  ///
  /// - Parameters:
  ///   - session: a connection to green's database, the only one.
  ///   - release: the code that will serve it.
  ///   - work: how the command is run.
  ///   - comesFromProduction: whether these data are a copy of another, protected environment.
  /// - Returns: what was checked; green is fit to be served when all of it passed.
  /// - Throws: ``ConnectorError`` when it could not be done; green must be made anew then.
  package func prepareGreen(
    _ session: PostgresSession, release: ReleaseID, work: OdooWork, comesFromProduction: Bool = false
  ) async throws(ConnectorError) -> [DataCheck] {
    do throws(DatabaseError) {
      if let line = spec.neutralize {
        if let refusal = try await refusal(session, release) { return [refusal] }
        try await apply(try await printed(line, work), to: session)
      } else if spec.baseURL != nil {
        try await inOneTransaction(session) { session async throws(DatabaseError) in try await self.setAddress(session)
        }
      }
      // Modules are looked at by the smoke tests, after migrations have had their turn.
      let asked = aspects.filter { [.proprietary, .neutralized, .baseURL].contains($0) }
      return try await check(asked, of: session, release: release, comesFromProduction: comesFromProduction)
    } catch {
      throw error.connector
    }
  }

  /// Why the database is not neutralized at all: somebody is connected already, or a module's code is not there and its SQL would be left out.
  private func refusal(_ session: PostgresSession, _ release: ReleaseID) async throws(DatabaseError) -> DataCheck? {
    if let others = try await others(session) {
      return DataCheck(
        "neutralized", passed: false,
        detail: "somebody is connected to the copy before it is neutralized: \(others); stop it first")
    }
    let code = OdooModuleRules(try await OdooModule.all(session)).code(in: addons(release))
    guard !code.passed else { return nil }
    return DataCheck(
      "neutralized", passed: false, detail: "not neutralized, because upstream leaves such modules out: \(code.detail)")
  }

  /// Who else is connected, when they do not go within five seconds: a session that was closed stays in the list for a moment.
  private func others(_ session: PostgresSession) async throws(DatabaseError) -> String? {
    var names: [String] = []
    for _ in 0..<25 {
      names = try await session.rows(
        """
        SELECT DISTINCT coalesce(nullif(application_name, ''), usename) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend' ORDER BY 1
        """
      ).compactMap { $0[0] }
      if names.isEmpty { return nil }
      try await session.rows("SELECT pg_sleep(0.2)")
    }
    return OdooModuleRules.list(names)
  }

  /// What the command prints. Through a file, because what is kept of a command's output is bounded and half of such SQL is none.
  private func printed(_ line: String, _ work: OdooWork) async throws(DatabaseError) -> String {
    let place = FileManager.default.temporaryDirectory.path + "/slipway-sql-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: place) }
    var variables = work.variables
    variables["SLIPWAY_SQL"] = place
    let said: CommandOutput
    do throws(ConnectorError) {
      said = try await work.runner.run(
        "umask 077; exec >\"$SLIPWAY_SQL\"\n" + line, variables: variables, references: work.references,
        directory: work.directory, timeout: work.timeout)
    } catch {
      throw DatabaseError(error.code, error.message)
    }
    guard said.code == 0 else {
      throw DatabaseError(.refused, "neutralize command '\(line)' ended with code \(said.code): \(said.ending)")
    }
    let limit = 16 << 20
    guard let handle = FileHandle(forReadingAtPath: place), let data = try? handle.read(upToCount: limit + 1) ?? Data(),
      data.count <= limit, let sql = String(data: data, encoding: .utf8)
    else {
      throw DatabaseError(
        .garbage, "neutralize command '\(line)' printed no SQL that can be read (at most 16 MiB of UTF-8)")
    }
    guard let statements = Self.statements(sql) else {
      throw DatabaseError(
        .garbage, "neutralize command '\(line)' printed no statement; does it find the database and the addons?")
    }
    return statements
  }

  /// The text without the transaction that `odoo-bin neutralize --stdout` puts around it; nil when nothing is left.
  static func statements(_ text: String) -> String? {
    var rest = text.trimmingCharacters(in: .whitespacesAndNewlines)
    let range = rest.range(of: "^BEGIN( TRANSACTION)?\\s*;", options: [.regularExpression, .caseInsensitive])
    if let range { rest.removeSubrange(range) }
    let end = rest.range(of: "\\bCOMMIT( TRANSACTION)?\\s*;?$", options: [.regularExpression, .caseInsensitive])
    if range != nil, let end { rest.removeSubrange(end) }
    rest = rest.trimmingCharacters(in: .whitespacesAndNewlines)
    return rest.contains(where: \.isLetter) ? rest : nil
  }

  /// The SQL, what upstream does when it restores a copy, and the address: all of it or nothing.
  private func apply(_ sql: String, to session: PostgresSession) async throws(DatabaseError) {
    try await inOneTransaction(session) { session async throws(DatabaseError) in
      let number = try await session.value("SELECT txid_current()")
      try await session.script(sql)
      // Whoever prints COMMIT in the middle would leave half of it behind when the rest fails.
      guard try await session.value("SELECT txid_current()") == number else {
        throw DatabaseError(
          .refused,
          "\(session.shown): the SQL ends the transaction it is carried out in; print it without COMMIT and ROLLBACK")
      }
      try await session.rows(
        """
        UPDATE ir_config_parameter SET value = md5(random()::text || clock_timestamp()::text || key)::uuid::text
        WHERE key IN ('database.uuid', 'database.secret')
        """)
      try await self.setAddress(session)
    }
  }

  private func setAddress(_ session: PostgresSession) async throws(DatabaseError) {
    guard let url = spec.baseURL else { return }
    for (key, value) in [("web.base.url", url), ("web.base.url.freeze", "True")] {
      try await session.rows(
        "INSERT INTO ir_config_parameter (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [key, value])
    }
  }

  private func inOneTransaction(
    _ session: PostgresSession, _ body: (PostgresSession) async throws(DatabaseError) -> Void
  ) async throws(DatabaseError) {
    // The live database may be paused, and a copy of it inherits that.
    try await session.rows("BEGIN READ WRITE")
    do throws(DatabaseError) {
      try await body(session)
      try await session.rows("COMMIT")
    } catch {
      _ = try? await session.rows("ROLLBACK")
      throw error
    }
  }
}
