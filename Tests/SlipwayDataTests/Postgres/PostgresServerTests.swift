import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("What PostgreSQL tells of a database")
struct PostgresServerTests {
  @Test("B5: extensions and roles that a server lacks are found by name")
  func missing() async throws {
    let cluster = try await RealPostgres.shared.cluster()
    let server = PostgresServer(try cluster.address())
    let facts = DatabaseFacts(
      name: "x", serverVersion: "15", encoding: "UTF8", collation: "C", bytes: 0, tables: [], constraints: [],
      extensions: [
        ExtensionFacts(name: "plpgsql", version: "1.0"), ExtensionFacts(name: "teleport", version: "1"),
      ], roles: ["postgres", "nobody_here"])
    let missing = try await server.missing(for: facts)
    #expect(missing.extensions == ["teleport"])
    #expect(missing.roles == ["nobody_here"])
  }

  @Test("B5: facts are of one moment, and name whatever differs in a copy")
  func facts() async throws {
    try await Shop.with { shop in
      let server = shop.store.server
      var view: DatabaseView? = try await DatabaseView.open(server, database: shop.name)
      try await shop.order("too late for the view")
      let before = try #require(try await view?.facts().facts)
      #expect(
        before.tables == [TableFacts(name: "public.attachment", rows: 3), TableFacts(name: "public.orders", rows: 3)])
      #expect(before.constraints.contains("public.orders.orders_file_fkey"))
      #expect(try await view?.references(Shop.references).count == 3)
      await #expect(throws: DatabaseError.self) {
        try await DatabaseView.open(server, database: shop.name).references("SELECT 1, 2, 3")
      }
      // Its transaction would keep the table from being altered.
      view = nil
      try await shop.cluster.session(shop.name).rows("ALTER TABLE orders DROP CONSTRAINT orders_file_fkey")
      let after = try await server.facts(of: shop.name)
      let checks = before.checks(of: after)
      #expect(checks.map(\.passed) == [false, false, true])
      #expect(checks[0].detail.contains("public.orders has 4 rows, not 3"))
      #expect(checks[1].detail.contains("orders_file_fkey"))
    }
  }

  @Test("C7: what was written is counted by table; counters that were reset are a doubt, never nothing")
  func tally() async throws {
    try await RealPostgres.with { cluster in
      try await Shop.with(on: cluster) { shop in
        let server = shop.store.server
        let base = try await server.tally(of: shop.name, run: "r", at: Shop.now)
        try await shop.order("one more")
        let session = try await cluster.session(shop.name)
        try await session.rows("UPDATE orders SET what = what || '!' WHERE id < 3")
        try await session.rows("DELETE FROM orders WHERE id = 3")
        try await session.rows("SELECT pg_stat_force_next_flush()")
        try await eventually("all is counted") {
          base.writes(until: try await server.tally(of: shop.name, run: "r", at: Shop.now)).tables.count == 2
        }
        let loss = base.writes(until: try await server.tally(of: shop.name, run: "r", at: Shop.now))
        #expect(
          loss.tables == [
            TableWrites(table: "public.orders", inserted: 1, updated: 2, deleted: 1),
            TableWrites(table: "public.attachment", inserted: 1, updated: 0, deleted: 0),
          ])
        #expect(loss.doubt == nil)
        try await session.rows("TRUNCATE orders")
        #expect(
          base.writes(until: try await server.tally(of: shop.name, run: "r", at: Shop.now)).doubt?.contains(
            "emptied or rewritten") == true)
        let fresh = try await server.tally(of: shop.name, run: "r", at: Shop.now)
        try await session.rows("SELECT pg_stat_reset()")
        let reset = fresh.writes(until: try await server.tally(of: shop.name, run: "r", at: Shop.now))
        #expect(reset.doubt != nil)
        #expect(!reset.isNothing)
        // A database that was never written to has no counter that could go back: the crash itself must be seen.
        try await cluster.session().rows("CREATE DATABASE untouched")
        let still = try await server.tally(of: "untouched", run: "r", at: Shop.now)
        try cluster.killEverything()
        try await cluster.startAgain()
        #expect(still.writes(until: try await server.tally(of: "untouched", run: "r", at: Shop.now)).doubt != nil)
      }
    }
  }

  @Test("a mark travels with names, leaves a person's words alone, and is read from nothing else")
  func mark() throws {
    var mark = DatabaseMark(role: .green, run: "r1", since: Shop.now)
    mark.base = WriteBase(run: "r1", at: Shop.now, tables: ["public.a": [1, 2, 3, 4]])
    let comment = try #require(DatabaseMark.comment("our shop\nsince 1999", marked: mark))
    #expect(comment.hasPrefix("our shop\nsince 1999\nslipway: {"))
    #expect(DatabaseMark(comment: comment) == mark)
    #expect(DatabaseMark.comment(comment, marked: nil) == "our shop\nsince 1999")
    #expect(DatabaseMark.comment(comment, marked: mark) == comment)
    #expect(DatabaseMark.comment(nil, marked: nil) == nil)
    var random = SeededRandom(seed: 5)
    for _ in 0..<2_000 {
      var bytes = Array(comment.utf8)
      for _ in 0...Int.random(in: 0...3, using: &random) {
        bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      }
      let mutated = String(decoding: bytes, as: UTF8.self)
      guard let read = DatabaseMark(comment: mutated) else { continue }
      #expect(read.base?.tables.values.allSatisfy { $0.count == 4 } ?? true)
      _ = read.base?.writes(until: WriteBase(run: "r", at: Shop.now, tables: ["public.a": [9, 9, 9, 9]]))
    }
    #expect(DatabaseMark(comment: comment.replacing("[1,2,3,4]", with: "[1]")) == nil)
  }
}
