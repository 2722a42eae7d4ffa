package import SlipwayModel

/// What an Odoo database would do to the world outside, were it served.
package struct OdooCondition: Sendable, Equatable {
  /// `database.is_neutralized`.
  package var isNeutralized = false
  /// Servers that mail goes out by; the dummy that neutralizing puts there is none.
  package var mailServers: [String] = []
  /// Servers that mail is fetched from.
  package var fetchServers: [String] = []
  /// Jobs that run by themselves, but for the one that tidies up.
  package var jobs: [String] = []
  /// Payment and OAuth providers that are switched on.
  package var providers: [String] = []
  /// Where secrets of production still stand, by the name of the parameter or provider.
  package var secrets: [String] = []
  package var baseURL: String?
  package var isBaseURLFrozen = false

  package init() {}

  package static func read(_ session: PostgresSession) async throws(DatabaseError) -> OdooCondition {
    let tables = Set(
      try await session.rows("SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND pg_table_is_visible(oid)")
        .compactMap { $0[0] })
    func names(_ table: String, _ query: String) async throws(DatabaseError) -> [String] {
      guard tables.contains(table) else { return [] }
      return try await session.rows(query).compactMap { $0[0] }
    }
    var found = OdooCondition()
    let parameters = Dictionary(
      try await session.rows(
        "SELECT key, value FROM ir_config_parameter WHERE key IN ('database.is_neutralized', 'web.base.url', 'web.base.url.freeze')"
      ).map { ($0[0] ?? "", $0[1] ?? "") }, uniquingKeysWith: { first, _ in first })
    found.isNeutralized = isTrue(parameters["database.is_neutralized"])
    found.baseURL = parameters["web.base.url"]
    found.isBaseURLFrozen = isTrue(parameters["web.base.url.freeze"])
    found.mailServers = try await names("ir_mail_server", outgoing)
    found.fetchServers = try await names(
      "fetchmail_server", "SELECT name FROM fetchmail_server WHERE active ORDER BY 1")
    found.jobs = try await names("ir_cron", jobs)
    found.providers = try await names(
      "auth_oauth_provider", "SELECT 'OAuth ' || name FROM auth_oauth_provider WHERE enabled ORDER BY 1")
    // A provider's name is a translated text from 17.0 on.
    found.providers += try await names(
      "payment_provider",
      "SELECT 'payment ' || coalesce(to_jsonb(p) ->> 'code', id::text) FROM payment_provider AS p WHERE state = 'enabled' ORDER BY 1"
    )
    found.secrets = try await names(
      "auth_oauth_provider",
      "SELECT 'OAuth ' || name FROM auth_oauth_provider AS p WHERE coalesce(to_jsonb(p) ->> 'client_secret', '') <> '' ORDER BY 1"
    )
    found.secrets += try await session.rows(leftSecrets).compactMap { $0[0] }
    return found
  }

  private static func isTrue(_ text: String?) -> Bool {
    ["true", "t", "1", "yes"].contains(text?.lowercased() ?? "")
  }

  private static let outgoing = """
    SELECT name FROM ir_mail_server
    WHERE active AND coalesce(smtp_host, '') NOT IN ('invalid', 'localhost.invalid') ORDER BY 1
    """

  private static let jobs = """
    SELECT coalesce(to_jsonb(c) ->> 'cron_name', to_jsonb(c) ->> 'name', id::text) FROM ir_cron AS c
    WHERE active AND id NOT IN (
      SELECT res_id FROM ir_model_data
      WHERE model = 'ir.cron' AND name = 'autovacuum_job' AND module = 'base' AND res_id IS NOT NULL)
    ORDER BY 1
    """

  // Neutralizing puts '+disabled' behind what it leaves in place.
  private static let leftSecrets = """
    SELECT key FROM ir_config_parameter
    WHERE key ~* '(secret|secret_key|api_?key|access_token|private_key)$' AND key <> 'database.secret'
      AND value NOT IN ('', 'False') AND value NOT LIKE '%+disabled' ORDER BY 1
    """
}

/// What must hold about a copy, and about production.
extension OdooCondition {
  /// Why a copy could still do harm; empty when it could not.
  package var dangers: [String] {
    var found: [String] = []
    func name(_ names: [String], _ what: String) {
      if !names.isEmpty { found.append("\(what): \(OdooModuleRules.list(names))") }
    }
    if !isNeutralized { found.append("database.is_neutralized is not set") }
    name(mailServers, "outgoing mail servers are active")
    name(fetchServers, "incoming mail servers are active")
    name(jobs, "scheduled jobs are active")
    name(providers, "providers are enabled")
    name(secrets, "secrets of production are left")
    return found
  }

  /// A copy that is no production must be harmless; production must be no such copy.
  ///
  /// - Parameters:
  ///   - neutralizes: whether the environment makes its copies harmless.
  ///   - isProtected: whether the environment is production.
  ///   - comesFromProduction: whether these data are a copy of a protected environment other than this one.
  /// - Returns: what was found; every danger by its name.
  package func neutrality(neutralizes: Bool, isProtected: Bool, comesFromProduction: Bool = false) -> DataCheck {
    let name = "neutralized"
    if neutralizes {
      let dangers = dangers
      return DataCheck(
        name, passed: dangers.isEmpty,
        detail: dangers.isEmpty
          ? "the copy is harmless: mail, jobs, providers and secrets are off"
          : "the copy can do harm: \(dangers.joined(separator: "; ")); add what is missing to the SQL of 'neutralize'")
    }
    if isNeutralized, isProtected {
      return DataCheck(
        name, passed: false,
        detail: "a neutralized copy must not become production: its mail is off and its scheduled jobs are stopped; "
          + "take green's data from production itself (green_data: copy)")
    }
    if !isNeutralized, comesFromProduction, !isProtected {
      return DataCheck(
        name, passed: false,
        detail: "a copy of production that is not neutralized would send mail and charge customers from here; "
          + "name what prints the SQL in 'neutralize' under 'odoo'")
    }
    return DataCheck(
      name, passed: true,
      detail: isNeutralized ? "a neutralized copy, and no production" : "not neutralized, as it serves")
  }

  /// `web.base.url` is `wanted` and frozen, so that the next administrator who signs in does not change it.
  package func address(wanted: String?) -> DataCheck {
    let name = "web.base.url"
    guard let wanted else {
      return DataCheck(name, passed: false, detail: "nothing says what it must be; name it in 'base_url' under 'odoo'")
    }
    guard baseURL == wanted else {
      return DataCheck(name, passed: false, detail: "is \(baseURL ?? "not set"), \(wanted) expected")
    }
    return DataCheck(
      name, passed: isBaseURLFrozen, detail: isBaseURLFrozen ? "\(wanted), frozen" : "is \(wanted), but not frozen")
  }
}
