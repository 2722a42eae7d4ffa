import Foundation
import Glibc

/// A PostgreSQL cluster for one test, without flushes; gone with this process however that ends.
struct OwnCluster {
  let port: Int

  /// The shell waits for its standard input to end, which happens when this process does, and takes everything away.
  private static let script = #"""
    set -e
    bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
    as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
    [ "$(id -u)" = 0 ] && chown postgres: "$1"
    cd "$1"
    as "$bin/initdb" -D "$1/data" -U postgres --auth=trust --no-sync -E UTF8 --locale=C.UTF-8 >"$1/init" 2>&1
    printf "port=$2\nlisten_addresses='127.0.0.1'\nunix_socket_directories=''\nfsync=off\n" >>"$1/data/postgresql.conf"
    as "$bin/pg_ctl" -D "$1/data" -w -t 120 -l "$1/log" start >/dev/null
    echo up
    cat >/dev/null || true
    as "$bin/pg_ctl" -D "$1/data" -m immediate stop >/dev/null 2>&1 || true
    rm -rf "$1"
    """#

  static func with<Result>(_ body: (OwnCluster) async throws -> Result) async throws -> Result {
    let port = FreePorts.take()
    let folder = "/tmp/swp-\(UInt32.random(in: .min ... .max))"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", script, "sh", folder, "\(port)"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    try? input.fileHandleForReading.close()
    _ = fcntl(input.fileHandleForWriting.fileDescriptor, F_SETFD, FD_CLOEXEC)
    defer {
      try? input.fileHandleForWriting.close()
      process.waitUntilExit()
    }
    guard String(decoding: output.fileHandleForReading.availableData, as: UTF8.self).hasPrefix("up")
    else {
      throw NeverHappened("PostgreSQL does not start in \(folder)")
    }
    return try await body(OwnCluster(port: port))
  }

  var url: String { "postgresql://postgres@127.0.0.1:\(port)/postgres" }

  /// What `psql` prints, without frames.
  @discardableResult
  func sql(_ statements: String, in database: String = "postgres") async throws -> String {
    let output = try await Program.run(
      "/usr/bin/env",
      [
        "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", "\(port)",
        "-U", "postgres", "-d",
        database, "-c", statements,
      ], in: URL(filePath: "/tmp"))
    guard output.code == 0 else { throw NeverHappened("psql: \(output)") }
    return output.text.trimmingCharacters(in: .whitespacesAndNewlines)
  }
}
