import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("What deeds on a database never do")
struct CarefulDeedsTests {
  @Test("C3: a table that the role may not read ends the backup, with the table's name and what to do")
  func noRights() async throws {
    let cluster = try await RealPostgres.shared.cluster()
    let role = await RealPostgres.shared.freshName("limited")
    try await cluster.session().rows("CREATE ROLE \(role) LOGIN")
    try await Shop.with(user: role) { shop in
      let error = await #expect(throws: ConnectorError.self) { try await shop.carryOut(shop.deed(.backup)) }
      #expect(error?.code == .refused)
      #expect(error?.message.contains("permission denied for table") == true)
      #expect(error?.message.contains("pg_read_all_data") == true)
      #expect(try shop.store.snapshots.list().whole.isEmpty)
      let ready = await shop.store.readiness(live: .a)
      let check = ready.checks.first { $0.name == "role" }
      #expect(check?.passed == false)
      #expect(check?.detail.contains("CREATEDB") == true)
      let green = await #expect(throws: ConnectorError.self) { try await shop.carryOut(shop.deed(.green)) }
      #expect(green?.code == .refused)
      #expect(green?.message.contains("must own the database") == true)
      try await shop.order("production goes on")
    }
  }

  /// Makes a backup as the engine does: a file that was collected right under the copy is a reason to try again, a few times.
  private func backUp(_ shop: Shop, _ run: RunID) async throws {
    for _ in 1...5 {
      do {
        try await shop.carryOut(shop.deed(.backup, run: run))
        return
      } catch let error as ConnectorError where error.message.contains("is missing; repeat") {
        continue
      }
    }
    try await shop.carryOut(shop.deed(.backup, run: run))
  }

  @Test("B5: a shop that sells and collects all the while is copied without a row that lacks its file")
  func busy() async throws {
    try await Shop.with { shop in
      let writer = Task {
        var number = 0
        while !Task.isCancelled {
          number += 1
          try await shop.order("busy \(number)")
          guard number % 3 == 0 else { continue }
          // Rows first, then the file, as a garbage collection does it.
          let gone = try await shop.cluster.session(shop.name).rows(
            "WITH o AS (DELETE FROM orders WHERE what = $1 RETURNING file) SELECT file FROM o",
            ["busy \(number - 1)"])
          guard let file = gone.first?.first ?? nil else { continue }
          let rows = try await shop.cluster.session(shop.name).rows(
            "DELETE FROM attachment WHERE id = $1::int RETURNING store_fname", [file])
          guard let path = rows.first?.first ?? nil else { continue }
          try? FileManager.default.removeItem(atPath: (shop.live.files ?? "") + "/" + path)
        }
      }
      for attempt in 1...3 {
        let run = RunID("20261121-\(shop.name)-00\(attempt)x")
        try await backUp(shop, run)
        let trial = try await shop.store.rehearse(shop.deed(.restore, run: run))
        #expect(trial.checks.allSatisfy { $0.passed })
        #expect(trial.rows ?? 0 >= 6)
      }
      writer.cancel()
      _ = try? await writer.value
    }
  }

  @Test("B9: a database in the way that is not Slipway's is kept under a dated name, and its folder with it")
  func inTheWay() async throws {
    try await Shop.with { shop in
      let cluster = shop.cluster
      try await cluster.session().rows("CREATE DATABASE \(shop.name)_green")
      try await cluster.session(shop.name + "_green").rows("CREATE TABLE precious (id int)")
      try FileManager.default.createDirectory(
        atPath: shop.folder.path + "/files_green/kept", withIntermediateDirectories: true)
      try await eventually("nobody is in it") {
        try await shop.store.server.visitors(of: shop.name + "_green").isEmpty
      }
      let report = try await shop.carryOut(shop.deed(.green))
      let aside = try #require(report.aside.first)
      #expect(try await cluster.session(aside.database).value("SELECT count(*) FROM precious") == "0")
      #expect(FileManager.default.fileExists(atPath: (aside.files ?? "") + "/kept"))
      #expect(try await shop.orders(in: shop.name + "_green").count == 3)
    }
  }

  @Test("B9: what serves, and what carries no mark, is never removed")
  func removal() async throws {
    try await Shop.with { shop in
      try await shop.carryOut(shop.deed(.green))
      try await shop.carryOut(shop.deed(.swap))
      let live = await #expect(throws: ConnectorError.self) {
        try await shop.store.remove(AsideData(database: shop.name, files: shop.live.files, was: "mistake"))
      }
      #expect(live?.message.contains("it serves") == true)
      try await shop.cluster.session().rows("CREATE DATABASE \(shop.name)_other")
      let unmarked = await #expect(throws: ConnectorError.self) {
        try await shop.store.remove(AsideData(database: shop.name + "_other", files: nil, was: "mistake"))
      }
      #expect(unmarked?.message.contains("no mark") == true)
      await #expect(throws: ConnectorError.self) {
        try await shop.store.remove(AsideData(database: "gone", files: "/etc", was: "mistake"))
      }
      // A timer of an earlier run finds a name that belongs to a later one.
      try await shop.store.remove(
        AsideData(database: shop.name + "_blue", files: shop.folder.path + "/files_blue", was: "blue", run: "earlier"))
      #expect(try await shop.databases() == ["", "_blue", "_other"])
      try await shop.store.remove(
        AsideData(database: shop.name + "_blue", files: shop.folder.path + "/files_blue", was: "blue", run: shop.runID))
      #expect(try await shop.databases() == ["", "_other"])
    }
  }

  @Test("C7: writes that went on although they were paused stop the swap, and are named")
  func writesWhilePaused() async throws {
    try await Shop.with { shop in
      try await shop.carryOut(shop.deed(.green))
      let stubborn = try await shop.cluster.session(shop.name)
      try await stubborn.rows("SET default_transaction_read_only = off")
      try await stubborn.rows("INSERT INTO attachment (payload) VALUES ('late')")
      try await stubborn.rows("SELECT pg_stat_force_next_flush()")
      let error = await #expect(throws: ConnectorError.self) { try await shop.carryOut(shop.deed(.swap)) }
      #expect(error?.message.contains("public.attachment: 1 inserted") == true)
      #expect(try await shop.databases() == ["", "_green"])
      try await shop.carryOut(shop.deed(.resumeWrites))
      try await shop.order("blue takes writes")
      try await shop.carryOut(shop.deed(.setAside))
      #expect(try await shop.databases() == [""])
    }
  }

  @Test("F1: a crash between the names of databases and those of folders is finished by whoever looks next")
  func halfSwapped() async throws {
    try await Shop.with { shop in
      try await shop.carryOut(shop.deed(.green))
      try await shop.carryOut(shop.deed(.swap))
      let files = shop.folder.path + "/files"
      try FileManager.default.moveItem(atPath: files, toPath: files + "_green")
      try FileManager.default.moveItem(atPath: files + "_blue", toPath: files)
      let session = try await shop.cluster.session()
      let entry = try #require(try await shop.store.server.database(shop.name, session))
      var mark = try #require(entry.mark)
      mark.isClosed = true
      mark.exchange = DatabaseMark.Exchange(
        run: shop.runID,
        folders: [
          DatabaseMark.Renaming(from: files, to: files + "_blue"),
          DatabaseMark.Renaming(from: files + "_green", to: files),
        ], isDecided: true)
      let comment = PostgresSession.literal(DatabaseMark.comment(entry.comment, marked: mark) ?? "")
      try await session.rows("COMMENT ON DATABASE \(shop.name) IS \(comment)")
      try await session.rows("ALTER DATABASE \(shop.name) ALLOW_CONNECTIONS false")
      guard case .done = try await shop.store.hasHappened(shop.deed(.swap)) else {
        Issue.record("the swap is not finished")
        return
      }
      #expect(!FileManager.default.fileExists(atPath: files + "_green"))
      #expect(FileManager.default.fileExists(atPath: files + "_blue"))
      try await shop.order("served again")
      #expect(try await shop.store.server.database(shop.name)?.mark?.exchange == nil)
    }
  }

  @Test("B5: owner, rights and settings of the database are green's too")
  func character() async throws {
    try await Shop.with { shop in
      let cluster = shop.cluster
      let session = try await cluster.session()
      let role = await RealPostgres.shared.freshName("app")
      try await session.rows("CREATE ROLE \(role) LOGIN")
      let name = shop.name
      try await session.rows("ALTER DATABASE \(name) OWNER TO \(role)")
      try await session.rows("REVOKE CONNECT ON DATABASE \(name) FROM PUBLIC")
      try await session.rows("ALTER DATABASE \(name) SET search_path = public, \"$user\"")
      try await session.rows("ALTER DATABASE \(name) SET work_mem = '7MB'")
      try await session.rows("ALTER ROLE \(role) IN DATABASE \(name) SET my.tenant = 'it''s'")
      try await session.rows("ALTER DATABASE \(name) CONNECTION LIMIT 50")
      try await session.rows("COMMENT ON DATABASE \(name) IS 'the shop'")
      try await shop.carryOut(shop.deed(.green))
      let query = """
        SELECT pg_get_userbyid(datdba), datconnlimit,
        (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(datacl) a), (SELECT string_agg(coalesce(s.setrole::regrole::text, '') ||
        s.setconfig::text, ' ' ORDER BY s.setrole) FROM pg_db_role_setting s WHERE s.setdatabase = d.oid)
        FROM pg_database d WHERE datname = $1::name
        """
      let green = try await session.rows(query, [name + "_green"])
      try await shop.carryOut(shop.deed(.resumeWrites))
      #expect(green == (try await session.rows(query, [name])))
      #expect(green.first?[3]?.contains("7MB") == true)
      #expect(try await shop.store.server.database(name)?.comment?.hasPrefix("the shop\nslipway: ") == true)
    }
  }

  @Test("B5: a role that the other server does not have is named before anything is made there")
  func missingRole() async throws {
    try await RealPostgres.with { other in
      try await Shop.with { shop in
        let role = await RealPostgres.shared.freshName("keeper")
        try await shop.cluster.session().rows("CREATE ROLE \(role)")
        try await shop.cluster.session(shop.name).rows("ALTER TABLE orders OWNER TO \(role)")
        try await shop.carryOut(shop.deed(.snapshot, .source))
        try await Shop.with(on: other, snapshots: shop.folder.path + "/snapshots") { target in
          let error = await #expect(throws: ConnectorError.self) {
            try await target.carryOut(target.deed(.green, .source, run: shop.runID))
          }
          #expect(error?.message.contains("roles \(role) do not exist there") == true)
          #expect(try await target.databases() == [""])
          #expect(try await target.passing(shop.runID).isEmpty)
          try await other.session().rows("CREATE ROLE \(role)")
          try await target.carryOut(target.deed(.green, .source, run: shop.runID))
          #expect(try await target.orders(in: target.name + "_green").count == 3)
        }
      }
    }
  }
}
