import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

/// Each has a server of its own, because it is killed.
@Suite("Deeds while PostgreSQL is killed, cut off, full or hung")
struct KilledServerTests {
  private static let isRoot = getuid() == 0

  /// Starts a deed, kills the server when `isReached`, and starts it again; the deed must have failed.
  private func crash(
    _ shop: Shop, during order: DataOrder, when isReached: @escaping () async throws -> Bool
  ) async throws -> ConnectorError {
    let task = Task { () async -> ConnectorError? in
      do throws(ConnectorError) {
        _ = try await shop.store.carryOut(order) { _ in }
        return nil
      } catch { return error }
    }
    try await eventually("the deed is in the middle", isReached)
    try shop.cluster.killEverything()
    let error = try #require(await task.value)
    try await shop.cluster.startAgain()
    return error
  }

  private func count(_ shop: Shop, _ query: String) async throws -> String? {
    try await shop.cluster.session().value(query)
  }

  @Test("F1, C3: a server killed during a dump leaves no snapshot, and production as it was; the repeat works")
  func dump() async throws {
    try await RealPostgres.with { cluster in
      try await Shop.with(on: cluster) { shop in
        let lock = try await cluster.session(shop.name)
        try await lock.rows("BEGIN")
        try await lock.rows("LOCK TABLE orders")
        let error = try await crash(shop, during: shop.deed(.backup)) {
          try await count(
            shop,
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'slipway' AND wait_event_type = 'Lock'")
            != "0"
        }
        #expect(error.code == .unreachable)
        #expect(error.message.contains("repeat"))
        guard case .undone = try await shop.store.hasHappened(shop.deed(.backup)) else {
          Issue.record("a backup is said to be there")
          return
        }
        #expect(try await shop.orders().count == 3)
        try await shop.carryOut(shop.deed(.backup))
        try await shop.order("afterwards")
      }
    }
  }

  @Test("F1, B7: a server killed during the copy leaves production closed no longer than until somebody looks")
  func template() async throws {
    try await RealPostgres.with { cluster in
      try await Shop.with(on: cluster) { shop in
        // The copy begins with a checkpoint, which now takes as long as we like.
        try cluster.signal("checkpointer", SIGSTOP)
        let error = try await crash(shop, during: shop.deed(.green)) {
          try await count(
            shop, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE DATABASE%' AND state = 'active'")
            != "0"
        }
        #expect(error.code == .unreachable)
        await #expect(throws: DatabaseError.self) { try await shop.orders() }
        guard case .undone = try await shop.store.hasHappened(shop.deed(.green)) else {
          Issue.record("green is said to be there")
          return
        }
        #expect(try await shop.orders().count == 3)
        try await shop.carryOut(shop.deed(.resumeWrites))
        try await shop.order("blue serves")
        try await shop.carryOut(shop.deed(.green))
        #expect(try await shop.orders(in: shop.name + "_green").count == 4)
        #expect(try await shop.passing(shop.runID).isEmpty)
      }
    }
  }

  @Test(
    "F1, B5: a server killed during a restore leaves production as it was, and nothing of the attempt after the repeat")
  func restore() async throws {
    try await RealPostgres.with { cluster in
      try await Shop.with(on: cluster) { shop in
        let session = try await cluster.session(shop.name)
        // Restoring one row takes its time; having it does not.
        try await session.rows(
          """
          CREATE FUNCTION public.dawdle() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
          IF current_database() LIKE 'slipway%' AND current_setting('application_name') = 'slipway'
          AND NOT EXISTS (SELECT 1 FROM pg_database WHERE datname = 'in_a_hurry') THEN PERFORM pg_sleep(60); END IF;
          RETURN true; END $$
          """)
        try await session.rows("CREATE TABLE slow (id int CHECK (public.dawdle()))")
        try await session.rows("INSERT INTO slow VALUES (1)")
        try await shop.carryOut(shop.deed(.backup, .shared))
        try await shop.order("since the backup")
        let error = try await crash(shop, during: shop.deed(.restore, .shared)) {
          try await count(shop, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != "0"
        }
        #expect(error.code == .unreachable)
        #expect(try await shop.orders().count == 4)
        try await cluster.session().rows("CREATE DATABASE in_a_hurry")
        let report = try await shop.carryOut(shop.deed(.restore, .shared))
        #expect(report.loss?.doubt != nil)
        #expect(try await shop.orders().count == 3)
        #expect(try await shop.passing(shop.runID).isEmpty)
      }
    }
  }

  @Test("F1, C7: a server killed during a swap, before a name changed, leaves blue serving; the repeat swaps")
  func swap() async throws {
    try await RealPostgres.with { cluster in
      try await Shop.with(on: cluster) { shop in
        try await shop.carryOut(shop.deed(.green))
        let hung = try await cluster.session(shop.name)
        let pid = try #require(try await hung.value("SELECT pg_backend_pid()").flatMap { pid_t($0) })
        kill(pid, SIGSTOP)
        let error = try await crash(shop, during: shop.deed(.swap)) {
          try await count(shop, "SELECT count(*) FROM pg_database WHERE NOT datallowconn AND datname LIKE 'shop%'")
            == "2"
        }
        #expect(error.code == .unreachable)
        guard case .undone = try await shop.store.hasHappened(shop.deed(.swap)) else {
          Issue.record("the swap is said to have happened")
          return
        }
        #expect(try await shop.orders().count == 3)
        #expect(try await shop.databases() == ["", "_green"])
        try await shop.carryOut(shop.deed(.swap))
        #expect(try await shop.databases() == ["", "_blue"])
      }
    }
  }

  @Test("C7: a session that hangs on is named by process, user and application, and blue goes on serving")
  func hanging() async throws {
    try await RealPostgres.with { cluster in
      try await Shop.with(on: cluster) { shop in
        try await shop.carryOut(shop.deed(.green))
        let hung = try await PostgresSession.open(cluster.address(), database: shop.name, name: "stubborn")
        let pid = try #require(try await hung.value("SELECT pg_backend_pid()").flatMap { pid_t($0) })
        kill(pid, SIGSTOP)
        let error = await #expect(throws: ConnectorError.self) { try await shop.carryOut(shop.deed(.swap)) }
        #expect(error?.code == .refused)
        #expect(error?.message.contains("pid \(pid)") == true)
        #expect(error?.message.contains("application stubborn") == true)
        #expect(error?.message.contains("user postgres") == true)
        #expect(try await shop.orders().count == 3)
        #expect(try await shop.databases() == ["", "_green"])
        kill(pid, SIGCONT)
        try await shop.carryOut(shop.deed(.swap))
        try await shop.order("after the cutover")
      }
    }
  }

  @Test("C3: a connection cut during a dump is an error, and the next attempt works")
  func cut() async throws {
    try await Shop.with { shop in
      let lock = try await shop.cluster.session(shop.name)
      try await lock.rows("BEGIN")
      try await lock.rows("LOCK TABLE orders")
      let task = Task { () async -> ConnectorError? in
        do throws(ConnectorError) {
          _ = try await shop.store.carryOut(shop.deed(.backup)) { _ in }
          return nil
        } catch { return error }
      }
      let mine = "application_name = 'slipway' AND datname = \(PostgresSession.literal(shop.name))"
      try await eventually("the dump waits") {
        try await count(
          shop, "SELECT count(*) FROM pg_stat_activity WHERE \(mine) AND wait_event_type = 'Lock'") != "0"
      }
      try await shop.cluster.session().rows("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE \(mine)")
      #expect(try #require(await task.value).code == .unreachable)
      try await lock.rows("COMMIT")
      try await shop.carryOut(shop.deed(.backup))
    }
  }

  @Test(
    "C3: a full disk under the snapshots is named, and leaves neither a snapshot nor a half one",
    .enabled(if: isRoot, "mounts need root"))
  func fullSnapshots() async throws {
    try await withSmallDisk(megabytes: 1) { disk in
      try await Shop.with(snapshots: disk + "/snapshots") { shop in
        try await shop.cluster.session(shop.name).rows(
          "INSERT INTO attachment (payload) SELECT md5(random()::text) FROM generate_series(1, 100000)")
        let error = await #expect(throws: ConnectorError.self) { try await shop.carryOut(shop.deed(.backup)) }
        #expect(error?.message.contains("No space left") == true)
        #expect(error?.message.contains("free space") == true)
        #expect(try shop.store.snapshots.list().whole.isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: disk + "/snapshots/.making").isEmpty)
        try await shop.order("production goes on")
      }
    }
  }

  @Test(
    "B7: a full disk under the server is named, and blue is open and takes writes again",
    .enabled(if: isRoot, "mounts need root"))
  func fullServer() async throws {
    try await RealPostgres.with { cluster in
      try await withSmallDisk(megabytes: 14) { disk in
        try run("chown postgres: \(disk)")
        try await Shop.with(on: cluster) { shop in
          try await cluster.session().rows("CREATE TABLESPACE small LOCATION '\(disk)'")
          try await cluster.session().rows("ALTER DATABASE \(shop.name) SET TABLESPACE small")
          let error = await #expect(throws: ConnectorError.self) { try await shop.carryOut(shop.deed(.green)) }
          #expect(error?.message.contains("No space left") == true)
          #expect(error?.message.contains("free space and repeat") == true)
          #expect(try await shop.databases() == [""])
          #expect(try await shop.passing(shop.runID).isEmpty)
          try await shop.order("production goes on")
        }
      }
    }
  }
}

/// Runs `body` with a disk of so many megabytes.
private func withSmallDisk(megabytes: Int, _ body: (String) async throws -> Void) async throws {
  try await withScratchFolder { folder in
    let disk = folder.path + "/disk"
    try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
    try run("mount -t tmpfs -o size=\(megabytes)m tmpfs \(disk)")
    defer { try? run("umount -l \(disk)") }
    try await body(disk)
  }
}

private func run(_ line: String) throws {
  let process = Process()
  process.executableURL = URL(filePath: "/bin/sh")
  process.arguments = ["-c", line]
  try process.run()
  process.waitUntilExit()
  guard process.terminationStatus == 0 else { throw NeverHappened(description: "'\(line)' failed") }
}

extension RealPostgres {
  /// Processes of the server, by what they call themselves.
  private func processes() throws -> [(id: pid_t, title: String)] {
    guard let pid else { throw NeverHappened(description: "the server has no process") }
    let children = try FileManager.default.contentsOfDirectory(atPath: "/proc").compactMap { pid_t($0) }.filter { id in
      let status = (try? String(contentsOfFile: "/proc/\(id)/status", encoding: .utf8)) ?? ""
      return status.contains("\nPPid:\t\(pid)\n")
    }
    return [(pid, "postmaster")]
      + children.map { ($0, (try? String(contentsOfFile: "/proc/\($0)/cmdline", encoding: .utf8)) ?? "") }
  }

  /// The server and everything that works for it, at once.
  func killEverything() throws {
    for process in try processes() { kill(process.id, SIGKILL) }
  }

  func signal(_ title: String, _ number: Int32) throws {
    for process in try processes() where process.title.contains(title) { kill(process.id, number) }
  }
}
