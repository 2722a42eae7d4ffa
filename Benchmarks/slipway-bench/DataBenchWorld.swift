internal import Crypto
internal import Foundation
internal import Glibc

/// A private PostgreSQL cluster with a database that no compression helps with, and a folder of files that belong to it.
struct DataBenchWorld {
  let folder: URL
  let port: Int
  static let database = "bench"

  var cluster: String { folder.path + "/cluster" }
  var files: URL { folder.appendingPathComponent("files") }
  /// As a pipeline file names the server.
  var server: String { "postgresql://postgres@127.0.0.1:\(port)/postgres" }

  /// Runs `body` beside a cluster of its own below `folder`, which is gone afterwards.
  static func with(_ folder: URL, _ body: (DataBenchWorld) async throws -> Void) async throws {
    let place = folder.appendingPathComponent("slipway-bench-data")
    try? FileManager.default.removeItem(at: place)
    try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
    let world = DataBenchWorld(folder: place, port: freePort())
    try world.start()
    defer {
      _ = try? world.shell(
        "cd /; \(world.asPostgres) \(world.bin)/pg_ctl -D \(world.cluster)/data -m immediate -w stop")
      try? FileManager.default.removeItem(at: place)
    }
    try await body(world)
  }

  /// A table of `megabytes`, in four parts as databases have several tables, and `count` files of 16 KiB called by their hash.
  func fill(megabytes: Int, files count: Int) throws {
    try shell(
      """
      \(programs); createdb \(Self.database); psql -q -d \(Self.database) -c 'CREATE EXTENSION pgcrypto' \
        -c 'CREATE TABLE files (path text PRIMARY KEY, sha256 text NOT NULL)'
      for part in 1 2 3 4; do
        psql -q -d \(Self.database) -c "CREATE TABLE part_$part AS SELECT n, now() AS at, gen_random_bytes(960) AS content \
          FROM generate_series(1, \(megabytes * 256)) n" -c "ALTER TABLE part_$part ADD PRIMARY KEY (n)" &
        [ $((part % 2)) = 1 ] || wait
      done
      """)
    let list = folder.appendingPathComponent("list")
    var rows = ""
    for _ in 0..<count { rows += try addFile() }
    try Data(rows.utf8).write(to: list)
    try shell(
      "\(programs); psql -q -d \(Self.database) -c \"\\copy files FROM '\(list.path)'\" -c 'VACUUM ANALYZE'; sync")
  }

  /// Writes a new file and gives its row.
  @discardableResult
  func addFile() throws -> String {
    var generator = SystemRandomNumberGenerator()
    let content = Data((0..<2_048).flatMap { _ in withUnsafeBytes(of: generator.next()) { Array($0) } })
    let hash = SHA256.hash(data: content).map { String(format: "%02x", $0) }.joined()
    let path = "\(hash.prefix(2))/\(hash)"
    let target = files.appendingPathComponent(path)
    try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try content.write(to: target)
    return "\(path)\t\(hash)\n"
  }

  /// So many of the files are replaced by new ones, as an application's do whose files are called by their hash.
  func replaceFiles(_ count: Int) throws {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: files.path).filter { $0.contains("/") }.prefix(
      count)
    var lines = ""
    for path in paths {
      try FileManager.default.removeItem(at: files.appendingPathComponent(path))
      lines += try addFile()
    }
    try Data(paths.joined(separator: "\n").utf8 + Data("\n".utf8)).write(to: folder.appendingPathComponent("gone"))
    try Data(lines.utf8).write(to: folder.appendingPathComponent("list"))
    try shell(
      """
      \(programs); psql -q -d \(Self.database) -c 'CREATE TABLE gone (path text)' -c "\\copy gone FROM '\(folder.path)/gone'" \
        -c 'DELETE FROM files USING gone WHERE files.path = gone.path' -c 'DROP TABLE gone' \
        -c "\\copy files FROM '\(folder.path)/list'"
      """)
  }

  /// The folder in which the server keeps a database.
  func place(of database: String) throws -> String {
    let oid = try shell("\(programs); psql -At -c \"SELECT oid FROM pg_database WHERE datname = '\(database)'\"")
    return "\(cluster)/data/base/\(oid.trimmingCharacters(in: .whitespacesAndNewlines))"
  }

  func bytes(of database: String) throws -> Int64 {
    let text = try shell("\(programs); psql -At -c \"SELECT pg_database_size('\(database)')\"")
    return Int64(text.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
  }

  // MARK: The server and its programs

  private var bin: String { "$(ls -d /usr/lib/postgresql/*/bin | sort -V | tail -1)" }
  private var asPostgres: String { getuid() == 0 ? "runuser -u postgres --" : "" }
  /// The start of a line that uses PostgreSQL's own programs.
  var programs: String {
    "set -e; export PATH=\(bin):$PATH PGHOST=127.0.0.1 PGPORT=\(port) PGUSER=postgres"
  }

  private func start() throws {
    try shell(
      """
      set -e; mkdir \(cluster); [ "$(id -u)" != 0 ] || chown postgres: \(cluster); cd \(cluster)
      \(asPostgres) \(bin)/initdb -D \(cluster)/data -U postgres --auth=trust -E UTF8 --locale=C.UTF-8 >/dev/null
      printf "port=\(port)\\nlisten_addresses='127.0.0.1'\\nunix_socket_directories=''\\nmax_wal_size='4GB'\\nshared_buffers='512MB'\\n" \
        >>\(cluster)/data/postgresql.conf
      \(asPostgres) \(bin)/pg_ctl -D \(cluster)/data -w -t 120 -l \(cluster)/log start >/dev/null
      """)
  }

  /// Runs a line of the shell and gives what it printed.
  @discardableResult
  func shell(_ line: String) throws -> String {
    let output = folder.appendingPathComponent("output-\(UInt32.random(in: .min ... .max))")
    _ = FileManager.default.createFile(atPath: output.path, contents: nil)
    defer { try? FileManager.default.removeItem(at: output) }
    // Foundation waits for every process that the line leaves running, and a database server is left running.
    let words = ["/bin/sh", "-c", "exec </dev/null >\"$0\"; " + line, output.path]
    var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    arguments.append(nil)
    defer { for argument in arguments { free(argument) } }
    var pid: pid_t = 0
    var status: Int32 = 0
    guard posix_spawn(&pid, "/bin/sh", nil, nil, arguments, environ) == 0, waitpid(pid, &status, 0) == pid,
      status == 0
    else { throw BenchError(what: "a line of the shell ended with status \(status): \(line)") }
    return String(decoding: try Data(contentsOf: output), as: UTF8.self)
  }

  private static func freePort() -> Int {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    _ = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
      }
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
