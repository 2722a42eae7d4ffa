import AsyncHTTPClient
import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel

/// An Odoo database with its real tables, its filestore, and the example's server on demand.
struct RealOdoo: Sendable {
  let cluster: RealPostgres
  let database: String
  /// Everything that belongs to this test; the filestore is `filestore/DATABASE` in it.
  let folder: URL

  static let example = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().appending(path: "examples/odoo-blue-green/odoo")

  /// Runs `body` beside a database of its own.
  static func with<Result>(_ body: (RealOdoo) async throws -> Result) async throws -> Result {
    try await withScratchFolder { folder in
      let cluster = try await RealPostgres.shared.cluster()
      let odoo = RealOdoo(cluster: cluster, database: await RealPostgres.shared.freshName("odoo"), folder: folder)
      let made = try await odoo.bin(["db", "init", odoo.database])
      guard made.code == 0 else { throw NeverHappened(description: "odoo-bin db init: \(made.text)") }
      let result = try await body(odoo)
      try await cluster.session().rows("DROP DATABASE \(odoo.database) WITH (FORCE)")
      return result
    }
  }

  var files: String { folder.appending(path: "filestore/\(database)").path }
  var addons: String { Self.example.appending(path: "addons").path }

  var variables: [String: String] {
    [
      "PATH": "/usr/bin:/bin", "PGHOST": "127.0.0.1", "PGPORT": "\(cluster.port)", "PGUSER": "postgres",
      "SLIPWAY_DATABASE": database, "SLIPWAY_FILES": files, "SLIPWAY_RELEASE": "1.0", "PYTHONDONTWRITEBYTECODE": "1",
    ]
  }

  var runner: CommandRunner {
    CommandRunner(folder: folder.path, inherited: variables, secrets: SecretSource(environment: [:], folder: "/"))
  }

  func bin(_ arguments: [String], _ more: [String: String] = [:]) async throws -> CommandOutput {
    let words = ([Self.example.appending(path: "bin/odoo-bin").path] + arguments).map { "'\($0)'" }
    return try await runner.run(words.joined(separator: " "), variables: more, timeout: .minutes(2))
  }

  func session() async throws -> PostgresSession { try await cluster.session(database) }

  /// The database and files as a pipeline file names them.
  func spec(_ odoo: OdooSpec? = nil) throws -> PostgresDataSpec {
    PostgresDataSpec(
      server: SecretText(cluster.url), databases: .one(database), files: .odoo(.one(files)),
      odoo: odoo ?? OdooSpec(modules: ["base", "web", "mail", "shop"], addons: [addons]))
  }

  func checks(_ odoo: OdooSpec? = nil, isProtected: Bool = true) throws -> PostgresChecks {
    PostgresChecks(try spec(odoo), address: try cluster.address(), folder: folder.path, isProtected: isProtected)
  }

  var place: CheckedData { CheckedData(database: database, files: files, deployment: deployment) }

  var deployment: Deployment {
    Deployment(
      environment: "production", slot: .a, release: Release(id: "1.0", artifact: "odoo"), run: "20261121-1500-0001",
      data: ["SLIPWAY_DATABASE": database, "SLIPWAY_FILES": files])
  }

  /// Runs the example's server meanwhile; it ends with the test's process.
  func serve<Result>(_ more: [String: String] = [:], _ body: (String) async throws -> Result) async throws -> Result {
    let port = try freePort()
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = [
      "-c", "\"$1\" </dev/null >\"$2\" 2>&1 & server=$!; cat >/dev/null; kill -KILL $server", "sh",
      Self.example.appending(path: "server.py").path, folder.appending(path: "log").path,
    ]
    process.environment = variables.merging(["PORT": "\(port)"]) { $1 }.merging(more) { $1 }
    let input = Pipe()
    process.standardInput = input
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    try? input.fileHandleForReading.close()
    _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    defer {
      try? input.fileHandleForWriting.close()
      process.waitUntilExit()
    }
    let url = "http://127.0.0.1:\(port)"
    try await withProbe { probe in
      try await eventually("the server answers") {
        (try? await probe.get(url + "/web/health", timeout: .seconds(5)))?.status == 200
      }
    }
    return try await body(url)
  }
}

/// A probe whose client follows no redirects, as the program's own.
func withProbe<Value>(_ body: (HTTPProbe) async throws -> Value) async throws -> Value {
  let client = HTTPClient(
    eventLoopGroupProvider: .singleton, configuration: HTTPClient.Configuration(redirectConfiguration: .disallow))
  do {
    let value = try await body(HTTPProbe(client: client))
    try await client.shutdown()
    return value
  } catch {
    try? await client.shutdown()
    throw error
  }
}
