internal import CLibPQ
package import SlipwayConnectors
package import SlipwayModel

/// Where a PostgreSQL server is and who asks, resolved; never printed.
package struct PostgresAddress: Sendable {
  /// `postgresql://…`, with the password in it.
  private let url: Secret
  /// For people: user, host and port, without the password.
  package let shown: String
  /// The variables with which PostgreSQL's own programs reach the same server; the password is among them.
  package let variables: [String: Secret]
  /// The database that the address names.
  package let database: String

  /// - Throws: ``ConnectorError/Code/misconfigured`` when a secret is missing or the text is no address of PostgreSQL.
  package init(_ text: SecretText, secrets: SecretSource) throws(ConnectorError) {
    let url = try secrets.resolve(text)
    guard url.reveal({ $0.hasPrefix("postgresql://") || $0.hasPrefix("postgres://") }) else {
      throw ConnectorError(.misconfigured, "the address of a PostgreSQL server must begin with postgresql://")
    }
    var variables: [String: Secret] = [:]
    var plain: [String: String] = [:]
    var reason: UnsafeMutablePointer<CChar>?
    guard let options = url.reveal({ PQconninfoParse($0, &reason) }) else {
      // libpq's own message repeats the address, and with it the password.
      PQfreemem(reason)
      throw ConnectorError(
        .misconfigured,
        "the address of a PostgreSQL server is not understood; write postgresql://user@host:port/postgres")
    }
    defer { PQconninfoFree(options) }
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val {
        let name = String(cString: keyword)
        if let variable = option.pointee.envvar, name != "dbname" {
          variables[String(cString: variable)] = Secret(String(cString: value))
        }
        if name != "password" { plain[name] = String(cString: value) }
      }
      option += 1
    }
    self.url = url
    self.variables = variables
    database = plain["dbname"] ?? "postgres"
    let user = plain["user"].map { $0 + "@" } ?? ""
    shown = user + (plain["host"] ?? "localhost") + ":" + (plain["port"] ?? "5432")
  }

  func reveal<Result>(_ body: (String) throws -> Result) rethrows -> Result { try url.reveal(body) }
}
