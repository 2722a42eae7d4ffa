import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel

/// A PostgreSQL cluster of its own, without flushes; gone with this process however that ends.
final class RealPostgres: Sendable {
  let port: Int
  /// The cluster's folder; `log` in it is what the server says.
  let folder: String
  private let pipe: FileHandle

  /// One cluster for all tests that only need databases of their own.
  static let shared = SharedCluster()

  /// As slipway.yaml names it.
  var url: String { "postgresql://postgres@127.0.0.1:\(port)/postgres" }

  func address(user: String = "postgres") throws -> PostgresAddress {
    try PostgresAddress(
      SecretText("postgresql://\(user)@127.0.0.1:\(port)/postgres"),
      secrets: SecretSource(environment: [:], folder: "/"))
  }

  func session(_ database: String = "postgres", user: String = "postgres") async throws -> PostgresSession {
    try await PostgresSession.open(address(user: user), database: database, name: "test")
  }

  /// The shell that starts the cluster waits for its standard input to end, which happens when this process does, and takes everything away.
  static let script = #"""
    set -e
    bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
    as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
    [ "$(id -u)" = 0 ] && chown postgres: "$1"
    cd "$1"
    as "$bin/initdb" -D "$1/data" -U postgres --auth=trust --no-sync -E UTF8 --locale=C.UTF-8 >"$1/init" 2>&1
    cat >>"$1/data/postgresql.conf" <<CONF
    port=$2
    listen_addresses='127.0.0.1'
    unix_socket_directories=''
    max_connections=200
    fsync=$3
    CONF
    as "$bin/pg_ctl" -D "$1/data" -w -t 120 -l "$1/log" start >/dev/null
    echo up
    cat >/dev/null || true
    as "$bin/pg_ctl" -D "$1/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$1"
    """#

  /// Starts a cluster; `end` or the end of the process takes it away.
  init(fsync: Bool = false) async throws {
    let port = try freePort()
    let folder = "/tmp/spg-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", Self.script, "sh", folder, "\(port)", fsync ? "on" : "off"]
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    // The server's programs must not hold the read end of a test runner's pipe.
    process.standardError = FileHandle.nullDevice
    try process.run()
    try? input.fileHandleForReading.close()
    let said = output.fileHandleForReading.availableData
    guard String(decoding: said, as: UTF8.self).hasPrefix("up") else {
      let log = (try? String(contentsOfFile: folder + "/init", encoding: .utf8)) ?? ""
      throw NeverHappened(description: "PostgreSQL does not start in \(folder): \(log)")
    }
    self.port = port
    self.folder = folder
    pipe = input.fileHandleForWriting
    // Nothing this test process starts later may keep the cluster alive.
    _ = fcntl(pipe.fileDescriptor, F_SETFD, FD_CLOEXEC)
  }

  func end() { try? pipe.close() }

  /// Runs `body` beside a cluster that nobody else uses, because it is going to be hurt.
  static func with<Result>(fsync: Bool = false, _ body: (RealPostgres) async throws -> Result) async throws -> Result {
    let cluster = try await RealPostgres(fsync: fsync)
    defer { cluster.end() }
    return try await body(cluster)
  }

  /// The id of the server's first process.
  var pid: pid_t? {
    let text = try? String(contentsOfFile: folder + "/data/postmaster.pid", encoding: .utf8)
    return text?.split(separator: "\n").first.flatMap { pid_t($0) }
  }

  /// Starts the server again after it was killed.
  func startAgain() async throws {
    let bin = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib/postgresql").sorted().last ?? "15"
    // A server of its own inherits what Foundation watches to see a process end, which then never does: nobody waits for this one.
    let line =
      "cd \(folder); if [ $(id -u) = 0 ]; then as='runuser -u postgres --'; fi; "
      + "until $as /usr/lib/postgresql/\(bin)/bin/pg_ctl -D \(folder)/data -w -t 120 -l \(folder)/log start; "
      + "do [ -d \(folder)/data ] || exit 1; sleep 1; done"
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", line]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    try process.run()
    try await eventually("the server starts again") { (try? await self.session().value("SELECT 1")) == "1" }
  }
}

/// The cluster that tests share; started at the first use.
actor SharedCluster {
  private var starting: Task<RealPostgres, any Error>?
  private var count = 0

  func cluster() async throws -> RealPostgres {
    if let starting { return try await starting.value }
    let task = Task { try await RealPostgres() }
    starting = task
    return try await task.value
  }

  /// A name for a database that no other test uses.
  func freshName(_ stem: String = "shop") -> String {
    count += 1
    return "\(stem)_\(count)"
  }
}
