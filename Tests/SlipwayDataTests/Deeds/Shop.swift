import Crypto
import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel

/// A shop with orders and the files that belong to them, on a real server.
struct Shop: Sendable {
  let cluster: RealPostgres
  let folder: URL
  let name: String
  let store: PostgresDataStore
  let names: DatabaseNames
  static let references = "SELECT store_fname, checksum FROM attachment WHERE store_fname IS NOT NULL"
  static let now = Timestamp(milliseconds: Int64(Date().timeIntervalSince1970 * 1_000) - 1_000)

  enum Naming { case one, slots }

  /// Runs `body` with a shop of three orders with a file each; its databases and folders go afterwards.
  static func with<Result>(
    _ naming: Naming = .one, on given: RealPostgres? = nil, user: String = "postgres", migrate: String? = nil,
    snapshots: String? = nil, timeout: Span = .minutes(5), _ body: (Shop) async throws -> Result
  ) async throws -> Result {
    let cluster: RealPostgres
    if let given { cluster = given } else { cluster = try await RealPostgres.shared.cluster() }
    let name = await RealPostgres.shared.freshName("shop\(UInt16.random(in: 0 ... .max))")
    return try await withScratchFolder { folder in
      let shop = try Shop(
        cluster, folder, name, naming, user: user, migrate: migrate, snapshots: snapshots, timeout: timeout)
      try await shop.open()
      let result: Swift.Result<Result, any Error>
      do { result = .success(try await body(shop)) } catch { result = .failure(error) }
      try? await shop.close()
      return try result.get()
    }
  }

  private init(
    _ cluster: RealPostgres, _ folder: URL, _ name: String, _ naming: Naming, user: String, migrate: String?,
    snapshots: String?, timeout: Span
  ) throws {
    self.cluster = cluster
    self.folder = folder
    self.name = name
    names = naming == .one ? .one(name) : .slots(a: name + "_a", b: name + "_b")
    let folders: FilesSpec.FolderNames = naming == .one ? .one("files") : .slots(a: "files_a", b: "files_b")
    let spec = PostgresDataSpec(
      server: SecretText("postgresql://\(user)@127.0.0.1:\(cluster.port)/postgres"), databases: names,
      files: FilesSpec(folders: folders, names: .sha1, references: Self.references), migrate: migrate, jobs: 2,
      timeout: timeout)
    let environment = ProcessInfo.processInfo.environment
    store = try PostgresDataStore(
      spec, folder: folder.path, snapshots: SnapshotStore(folder: snapshots ?? folder.path + "/snapshots"),
      secrets: SecretSource(environment: environment, folder: "/"),
      inherited: ["PATH": environment["PATH"] ?? "/usr/bin:/bin", "HOME": "/tmp"])
  }

  var live: DataPlace { store.places.one ?? store.places.own(.a) ?? DataPlace(database: name, files: nil) }

  private func open() async throws {
    try await cluster.session().rows("CREATE DATABASE \(PostgresSession.quoted(live.database))")
    let session = try await cluster.session(live.database)
    try await session.rows(
      "CREATE TABLE attachment (id serial PRIMARY KEY, store_fname text, checksum text, payload text)")
    try await session.rows(
      "CREATE TABLE orders (id serial PRIMARY KEY, what text NOT NULL UNIQUE, file int REFERENCES attachment)")
    for number in 1...3 { try await order("first \(number)") }
    // Written long before anything here happens.
    for path in try FileManager.default.subpathsOfDirectory(atPath: live.files ?? "") {
      let past = Date(timeIntervalSinceNow: -3_600)
      try FileManager.default.setAttributes([.modificationDate: past], ofItemAtPath: (live.files ?? "") + "/" + path)
    }
  }

  private func close() async throws {
    let session = try await cluster.session()
    let all = try await session.rows(
      "SELECT datname FROM pg_database WHERE datname LIKE $1 OR datname LIKE $2", [name + "%", "%" + name + "%"])
    for row in all {
      guard let database = row.first ?? nil else { continue }
      try await session.rows("DROP DATABASE IF EXISTS \(PostgresSession.quoted(database)) WITH (FORCE)")
    }
  }

  /// Somebody orders: a file, then the rows that refer to it.
  func order(_ what: String, in place: DataPlace? = nil) async throws {
    let place = place ?? live
    let (path, hash) = try write("file of \(what)", in: place)
    let session = try await cluster.session(place.database)
    try await session.rows(
      """
      WITH made AS (INSERT INTO attachment (store_fname, checksum) VALUES ($1, $2) RETURNING id)
      INSERT INTO orders (what, file) SELECT $3, id FROM made
      """, [path, hash, what])
  }

  @discardableResult
  func write(_ content: String, in place: DataPlace) throws -> (path: String, hash: String) {
    let hash = Insecure.SHA1.hash(data: Data(content.utf8)).map { byte in
      (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }.joined()
    let path = "\(hash.prefix(2))/\(hash)"
    let file = URL(filePath: (place.files ?? "") + "/" + path)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(content.utf8).write(to: file, options: .atomic)
    return (path, hash)
  }

  func orders(in database: String? = nil) async throws -> [String] {
    try await cluster.session(database ?? live.database).rows("SELECT what FROM orders ORDER BY id").compactMap {
      $0[0]
    }
  }

  /// Every database of this shop, by what follows its name.
  func databases() async throws -> [String] {
    try await cluster.session().rows("SELECT datname FROM pg_database WHERE datname LIKE $1 ORDER BY 1", [name + "%"])
      .compactMap { $0[0].map { String($0.dropFirst(name.count)) } }
  }

  /// What is under a passing name for `run`.
  func passing(_ run: RunID) async throws -> [String] {
    let suffix = run.text.replacing("-", with: "_")
    return try await cluster.session().rows("SELECT datname FROM pg_database WHERE datname LIKE 'slipway_%'")
      .compactMap { $0[0] }.filter { $0.hasSuffix(suffix) }
  }

  func deed(
    _ deed: DataDeed, _ data: GreenData = .copy, run: RunID? = nil, servedSince: Timestamp? = nil, green: Slot = .b
  ) -> DataOrder {
    let release = Release(id: "2", artifact: "v2")
    let blue = Placement(slot: green.other, release: Release(id: "1", artifact: "v1"), run: "r0", since: Self.now)
    return DataOrder(
      deed: deed, environment: "production", release: release, green: green, blue: blue, run: run ?? runID,
      greenData: data, servedSince: servedSince, now: Self.now)
  }

  /// Of this shop alone, because passing names are made of runs and tests share a server.
  var runID: RunID { RunID("20261121-\(name)-7k2m") }

  @discardableResult
  func carryOut(_ order: DataOrder) async throws -> DataReport {
    let result = try await store.carryOut(order) { _ in }
    guard case .done = try await store.hasHappened(order) else {
      throw NeverHappened(description: "\(order.deed) is not read back: \(try await store.hasHappened(order))")
    }
    return result.report
  }
}
