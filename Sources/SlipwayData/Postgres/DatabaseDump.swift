internal import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// Dumps of a database in PostgreSQL's directory format, made and brought back by its own programs with parallel jobs.
package struct DatabaseDump: Sendable {
  private let server: PostgresServer
  private let programs: PostgresPrograms
  private let inherited: [String: String]
  private let jobs: Int
  private let timeout: Span

  /// The programs get `inherited` variables, such as PATH and HOME; the password comes from the server's address.
  package init(
    _ server: PostgresServer, programs: PostgresPrograms, inherited: [String: String], jobs: Int, timeout: Span
  ) {
    self.server = server
    self.programs = programs
    self.inherited = inherited
    self.jobs = jobs
    self.timeout = timeout
  }

  /// Dumps `database` as `view` sees it into `folder`, which must not exist.
  ///
  /// - Throws: ``ConnectorError`` for any exit code but 0; the folder may be left half-made.
  package func make(
    of database: String, seenBy view: DatabaseView, into folder: String
  ) async throws(ConnectorError) {
    try await run(
      "pg_dump",
      [
        "--format=directory", "--jobs=\(jobs)", "--compress=1", "--no-password", "--lock-wait-timeout=60s",
        "--snapshot=\(view.identifier)", "--file=\(folder)",
      ], database: database, what: "dump of database '\(database)'")
  }

  /// Reads a dump to its last byte and looks whether the data of all `tables` are in it.
  ///
  /// The tables are object numbers, from the very view that was dumped.
  ///
  /// - Throws: ``ConnectorError/Code/garbage`` when something is missing, empty or cut.
  package func check(_ folder: String, holds tables: Set<String>) async throws(ConnectorError) {
    let missing = tables.subtracting(try await verify(folder).tables.map(\.number))
    guard missing.isEmpty else {
      throw ConnectorError(
        .garbage, "dump in \(folder) lacks the data of \(missing.count) of \(tables.count) tables; make it again")
    }
  }

  /// Reads a dump to its last byte.
  ///
  /// - Returns: its table of contents.
  /// - Throws: ``ConnectorError/Code/garbage`` when something is missing, empty or cut.
  @discardableResult
  package func verify(_ folder: String) async throws(ConnectorError) -> DumpContents {
    let contents = try await contents(of: folder)
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    for table in contents.tables {
      let name = files.first { $0 == "\(table.id).dat" || $0.hasPrefix("\(table.id).dat.") }
      let size = name.map { Self.size(of: folder + "/" + $0) } ?? 0
      guard size > 0 else {
        throw ConnectorError(.garbage, "dump in \(folder) has no data of \(table.name); make it again")
      }
    }
    // Turning everything into SQL decompresses every file to its end, checksums included.
    try await run("pg_restore", ["--file=/dev/null", folder], database: nil, what: "reading back of \(folder)")
    return contents
  }

  /// The dump's table of contents.
  package func contents(of folder: String) async throws(ConnectorError) -> DumpContents {
    let list = FileManager.default.temporaryDirectory.path + "/slipway-list-" + UUID().uuidString
    defer { try? FileManager.default.removeItem(atPath: list) }
    try await run("pg_restore", ["--list", "--file=\(list)", folder], database: nil, what: "list of \(folder)")
    guard let text = try? String(contentsOfFile: list, encoding: .utf8), let contents = DumpContents(text),
      contents.entries > 0
    else { throw ConnectorError(.garbage, "dump in \(folder) has no table of contents; make it again") }
    return contents
  }

  /// Fills `database`, which is empty, from a dump.
  ///
  /// - Throws: ``ConnectorError``; then the database holds something in between and must go.
  package func restore(_ folder: String, into database: String) async throws(ConnectorError) {
    try await run(
      "pg_restore",
      ["--format=directory", "--jobs=\(jobs)", "--exit-on-error", "--no-password", "--dbname=\(database)", folder],
      database: database, what: "restore into database '\(database)'")
    do {
      // A restored database has no statistics, without which its first queries take any time they like.
      try await server.session(database).rows("ANALYZE")
    } catch { throw error.advised }
  }

  private func run(
    _ program: String, _ arguments: [String], database: String?, what: String
  ) async throws(ConnectorError) {
    let version: Int
    do { version = try await server.version() } catch { throw error.advised }
    let path = try programs.folder(for: version) + "/" + program
    var variables: [String: String] = [:]
    var secrets: [String: String] = [:]
    for (name, value) in server.address.variables {
      if name == "PGPASSWORD" { value.reveal { secrets[name] = $0 } } else { value.reveal { variables[name] = $0 } }
    }
    if let database { variables["PGDATABASE"] = database }
    variables["PGAPPNAME"] = "slipway"
    variables["LC_MESSAGES"] = "C"
    let runner = CommandRunner(
      folder: "/", inherited: inherited, secrets: SecretSource(environment: secrets, folder: "/"))
    var references: [String: SecretText] = [:]
    for name in secrets.keys { references[name] = SecretText("${env:\(name)}") }
    let line = "exec " + ([path] + arguments).map(Self.quoted).joined(separator: " ")
    let output = try await runner.run(line, variables: variables, references: references, timeout: timeout)
    guard output.code == 0 else { throw Self.error(what, program, output) }
  }

  private static func error(_ what: String, _ program: String, _ output: CommandOutput) -> ConnectorError {
    let said = "\(what) failed: \(program) ended with code \(output.code): \(output.ending)"
    let text = output.text
    if text.contains("No space left on device") {
      return ConnectorError(.refused, said + "; free space and repeat")
    }
    if text.contains("permission denied") {
      return ConnectorError(
        .refused, said + "; give the role the right to read everything (GRANT pg_read_all_data), and repeat")
    }
    let isGone = ["server closed the connection", "connection to server", "terminating connection", "crash of another"]
    if isGone.contains(where: text.contains) {
      return ConnectorError(.unreachable, said + "; nothing was changed, repeat when the server answers")
    }
    return ConnectorError(.refused, said)
  }

  private static func quoted(_ argument: String) -> String {
    "'" + argument.replacing("'", with: #"'\''"#) + "'"
  }

  private static func size(of path: String) -> Int64 {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    return (attributes?[.size] as? NSNumber)?.int64Value ?? 0
  }
}
