import Foundation
import Testing

@Suite("The main job with a database", .serialized)
struct DataJobTests {
  /// Copies, migrates and restores a real SQLite database; says what has happened by looking at it.
  private static let keeper = """
    import os, sqlite3, sys
    deed = sys.argv[1] if len(sys.argv) > 1 else os.environ["SLIPWAY_DEED"]
    copy = "copy-%s.db" % os.environ["SLIPWAY_SNAPSHOT"]
    wanted = int(os.environ["SLIPWAY_RELEASE"].split(".")[1])
    database = sqlite3.connect("shop.db")
    version = lambda of: of.execute("PRAGMA user_version").fetchone()[0]
    if len(sys.argv) == 1:
        if deed == "snapshot": happened = os.path.exists(copy)
        elif deed == "migrate": happened = version(database) == wanted
        else: happened = version(database) == version(sqlite3.connect(copy))
        print("done" if happened else "undone")
    elif deed == "snapshot" and not os.path.exists(copy):
        database.execute("VACUUM INTO ?", (copy + ".part",))
        assert sqlite3.connect(copy + ".part").execute("PRAGMA integrity_check").fetchone() == ("ok",)
        os.rename(copy + ".part", copy)
    elif deed == "migrate" and version(database) != wanted:
        database.executescript("BEGIN; ALTER TABLE orders ADD COLUMN note TEXT; PRAGMA user_version = %d; COMMIT;" % wanted)
    elif deed == "restore":
        sqlite3.connect(copy).backup(database)
    """

  private static func pipeline(_ migration: String) -> (Shop) -> String {
    { shop in
      let keep = "python3 data.py"
      let data =
        "    data: {commands: {snapshot: \(keep) snapshot, migrate: \(keep) migrate, restore: \(keep) restore, read_back: \(keep)}}"
      return shop.shortPipeline
        .replacingOccurrences(of: "    version: {path: /version}", with: "    version: {path: /version}\n\(data)")
        .replacingOccurrences(of: "    rollout: {", with: "    migration: \(migration)\n    rollout: {")
        // A worsening of any size would stop it first, and say so.
        .replacing("minimum_requests: 8", with: "minimum_requests: 8\n      judge: {sequential: {on_worse: warn}}")
    }
  }

  private func withShop(_ migration: String, _ body: (Shop) async throws -> Void) async throws {
    try await Shop.with(Self.pipeline(migration)) { shop in
      try shop.write(Self.keeper, to: "data.py")
      try await sql("CREATE TABLE orders(id); INSERT INTO orders VALUES(1)", in: shop)
      try await shop.open()
      #expect(try await sql("PRAGMA user_version", in: shop) == "0")
      try await body(shop)
    }
  }

  @discardableResult
  private func sql(_ statement: String, in shop: Shop) async throws -> String {
    let script = """
      import sqlite3, sys
      database = sqlite3.connect("shop.db")
      rows = [database.execute(each).fetchone() for each in sys.argv[1].split(";")]
      database.commit()
      print(rows[-1][0] if rows[-1] else "")
      """
    let output = try await Program.run("/usr/bin/env", ["python3", "-c", script, statement], in: shop.folder)
    try #require(output.code == 0, "\(output)")
    return output.text.trimmingCharacters(in: .whitespacesAndNewlines)
  }

  private func columns(_ shop: Shop) async throws -> String {
    try await sql("SELECT group_concat(name) FROM pragma_table_info('orders')", in: shop)
  }

  @Test(
    "C3, C7: a bad release with a restorable migration: traffic goes back, then the data do; both are in the evidence")
  func restored() async throws {
    try await withShop("restorable") { shop in
      try await Customers.order(at: shop.ports.front) { _ in
        try await shop.register("1.1.0")
        #expect(try await shop.deploy("1.1.0").status == "success")
        #expect(try await columns(shop) == "id,note")
        try await sql("UPDATE orders SET note = 'kept'", in: shop)
        try await shop.register("1.2.0", failsOneIn: 2)
        // Its migration would fail on a column that is there already, so it goes back to a database without it first.
        try await sql("ALTER TABLE orders RENAME COLUMN note TO remark", in: shop)
        let run = try await shop.deploy("1.2.0", expecting: 3)
        #expect(run.status == "rolled_back")
        let order = run.steps.filter { $0.status == "succeeded" }.map(\.id)
        let shift = try #require(order.firstIndex(of: "rollback-shift-0"))
        #expect(order[shift...].prefix(3) == ["rollback-shift-0", "rollback-drain-green", "rollback-restore"])
        #expect(try await columns(shop) == "id,remark", "the migration is undone")
        #expect(try await sql("SELECT remark FROM orders", in: shop) == "kept")
        let folder = try #require(run.evidenceDir)
        try await shop.slipway("evidence", "verify", folder)
        let rollback = try String(contentsOf: URL(filePath: folder + "/rollback.json"), encoding: .utf8)
        #expect(rollback.contains("rollback-restore"))
        let backup = try String(contentsOf: URL(filePath: folder + "/blue_backup.json"), encoding: .utf8)
        #expect(backup.contains("snapshot") && backup.contains(run.runId))
      }
    }
  }

  @Test(
    "C7: a bad release with an irreversible migration stops where it is; a person takes the traffic back, the data stay"
  )
  func frozen() async throws {
    try await withShop("irreversible") { shop in
      try await Customers.order(at: shop.ports.front) { _ in
        try await shop.register("1.1.0", failsOneIn: 2)
        let said = try await shop.slipway("plan", "1.1.0", "--to", "production", expecting: 0).text
        #expect(said.contains("cannot be taken back"), "\(said)")
        let run = try await shop.promote("1.1.0")
        try await shop.slipway("approve", run, "--as", "ann")
        try await shop.withDriver { _ in
          let stopped = try await shop.wait(for: run, until: "is frozen") { $0.status == "paused" }
          let shown = try await shop.slipway("status", run).text
          #expect(shown.contains("cannot be taken back"), "\(shown)")
          #expect(stopped.weights?.green == 10)
          try await shop.slipway("rollback", "production", "--incident", "INC-9", "--as", "ann", "--wait", expecting: 3)
        }
        #expect(try await shop.status(run).status == "rolled_back")
        #expect(try await columns(shop) == "id,note")
      }
    }
  }
}
