internal import Foundation
package import SlipwayConnectors
package import SlipwayModel

/// Dumps as SQL, on their way into a database and out of a snapshot.
package struct PlainDumpLoader: Sendable {
  private let server: PostgresServer
  private let programs: PostgresPrograms
  private let inherited: [String: String]
  private let timeout: Span

  /// - Parameters:
  ///   - server: where databases are filled.
  ///   - programs: PostgreSQL's own.
  ///   - inherited: the variables of the programs, such as PATH and HOME; the password comes from the server's address.
  ///   - timeout: how long one program may run.
  package init(_ server: PostgresServer, programs: PostgresPrograms, inherited: [String: String], timeout: Span) {
    self.server = server
    self.programs = programs
    self.inherited = inherited
    self.timeout = timeout
  }

  /// Fills `database`, which is empty: all of the dump or nothing.
  ///
  /// A dump may hold psql's own commands, shell commands among them (CVE-2025-8714), and whoever made it knows the word that ends its own restriction: it is
  /// loaded under one of ours. Its SQL is carried out with the rights of the server's address all the same.
  ///
  /// - Parameters:
  ///   - path: the dump, in a folder of Slipway's own; two of its lines become comments.
  ///   - dump: what was seen of it.
  ///   - database: where it goes.
  /// - Throws: ``ConnectorError``; then the database is as it was.
  package func load(_ path: String, _ dump: PlainDump, into database: String) async throws(ConnectorError) {
    let psql = try await folder() + "/psql"
    let said = try await run("exec \(Self.quoted(psql)) --version", "version of psql")
    // `psql (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
    let version = said.answer.split(separator: " ").dropFirst(2).first.map(String.init) ?? "?"
    guard PlainDump.isKnown(toProgram: version) else {
      throw ConnectorError(
        .misconfigured,
        "psql \(version) does not know \\restrict, without which a dump may run commands on this machine; "
          + "install the corrections of August 2025 (13.22, 14.19, 15.14, 16.10, 17.6) or a later version")
    }
    let options = "--no-psqlrc --quiet --set=ON_ERROR_STOP=1 --single-transaction --no-password --output=/dev/null"
    try await Blocking.run { _ throws(ConnectorError) in try Self.openRestriction(of: path, dump) }
    let word = UUID().uuidString.filter { $0 != "-" }
    let guards = ["\\restrict", "\\unrestrict"].map { ("\(path).\($0.dropFirst())", "\($0) \(word)\n") }
    for (name, text) in guards {
      guard FileManager.default.createFile(atPath: name, contents: Data(text.utf8)) else {
        throw ConnectorError(.unreachable, "\(name) cannot be written; is the disk full?")
      }
    }
    let files = [guards[0].0, path, guards[1].0]
    // By name and not through a pipe: psql takes a pipe that breaks off for the end, and commits.
    let line = ([psql, "--dbname=" + database] + files.map { "--file=" + $0 }).map(Self.quoted).joined(separator: " ")
    _ = try await run("exec \(line) \(options)", "loading of dump.sql into database '\(database)'")
  }

  /// Makes comments of the lines with which the dump restricts psql by itself; a second restriction is refused by psql.
  private static func openRestriction(of path: String, _ dump: PlainDump) throws(ConnectorError) {
    guard let word = dump.restriction else { return }
    let size = 8_192
    let failure = ConnectorError(.unreachable, "\(path) cannot be changed; is the disk full?")
    guard let file = FileHandle(forUpdatingAtPath: path) else { throw failure }
    defer { try? file.close() }
    for (line, offset) in [("\\restrict \(word)\n", 0), ("\\unrestrict \(word)\n", max(0, dump.bytes - Int64(size)))] {
      do {
        try file.seek(toOffset: UInt64(offset))
        let piece = try file.read(upToCount: size) ?? Data()
        guard let place = piece.range(of: Data(("\n" + line).utf8), options: offset == 0 ? [] : .backwards) else {
          continue
        }
        try file.seek(toOffset: UInt64(offset) + UInt64(place.lowerBound + 1))
        try file.write(contentsOf: Data("--".utf8))
      } catch { throw failure }
    }
  }

  /// Turns a dump in PostgreSQL's directory format into SQL; asks no server.
  ///
  /// - Parameters:
  ///   - folder: the dump.
  ///   - path: a new file.
  /// - Throws: ``ConnectorError`` for any exit code but 0.
  package func unfold(_ folder: String, into path: String) async throws(ConnectorError) {
    let program = Self.quoted(try await self.folder() + "/pg_restore")
    _ = try await run(
      "umask 077; exec \(program) --no-owner --file=\(Self.quoted(path)) \(Self.quoted(folder))",
      "unfolding of \(folder)")
  }

  /// The rows of one table of a dump in directory format, by the names of its columns.
  ///
  /// - Parameters:
  ///   - table: without its schema.
  ///   - folder: the dump.
  ///   - work: a folder for what lies between.
  /// - Returns: a row without the columns that are NULL.
  /// - Throws: ``ConnectorError`` when it cannot be read.
  package func rows(of table: String, in folder: String, work: String) async throws(ConnectorError) -> [[String:
    String]]
  {
    let path = work + "/rows.sql"
    defer { try? FileManager.default.removeItem(atPath: path) }
    let program = Self.quoted(try await self.folder() + "/pg_restore")
    _ = try await run(
      "umask 077; exec \(program) --data-only --table=\(Self.quoted(table)) --file=\(Self.quoted(path)) \(Self.quoted(folder))",
      "reading of table \(table)")
    guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
      throw ConnectorError(.garbage, "table \(table) of the dump in \(folder) is no UTF-8")
    }
    return CopiedRows.read(text)
  }

  private func folder() async throws(ConnectorError) -> String {
    let version: Int
    do throws(DatabaseError) { version = try await server.version() } catch { throw error.connector }
    return try programs.folder(for: version)
  }

  private func run(_ line: String, _ what: String) async throws(ConnectorError) -> CommandOutput {
    var variables: [String: String] = ["LC_MESSAGES": "C", "PGAPPNAME": "slipway"]
    var secrets: [String: String] = [:]
    for (name, value) in server.address.variables {
      if name == "PGPASSWORD" { value.reveal { secrets[name] = $0 } } else { value.reveal { variables[name] = $0 } }
    }
    let runner = CommandRunner(
      folder: "/", inherited: inherited, secrets: SecretSource(environment: secrets, folder: "/"))
    let references = Dictionary(uniqueKeysWithValues: secrets.keys.map { ($0, SecretText("${env:\($0)}")) })
    let output = try await runner.run(
      line, variables: variables, references: references, isAnswer: true, timeout: timeout)
    guard output.code == 0 else {
      throw ConnectorError(.refused, "\(what) failed with code \(output.code): \(output.ending)")
    }
    return output
  }

  private static func quoted(_ argument: String) -> String {
    "'" + argument.replacing("'", with: #"'\''"#) + "'"
  }
}
