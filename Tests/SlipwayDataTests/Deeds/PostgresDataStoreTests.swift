import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("Deeds on a PostgreSQL database and its files")
struct PostgresDataStoreTests {
  @Test("B5, C3: a backup holds every row and every file, is found again, and brings both back in a rehearsal")
  func backup() async throws {
    try await Shop.with { shop in
      let report = try await shop.carryOut(shop.deed(.backup))
      #expect(report.rows == 6)
      #expect(report.fileCount == 3)
      #expect(report.manifest != nil)
      #expect(report.checks.allSatisfy { $0.passed })
      let trial = try await shop.store.rehearse(shop.deed(.restore))
      #expect(trial.checks.count == 4)
      #expect(trial.checks.allSatisfy { $0.passed })
      #expect(try await shop.databases() == [""])
      #expect(try await shop.passing(shop.runID).isEmpty)
      #expect(try await shop.carryOut(shop.deed(.backup)).manifest == report.manifest)
    }
  }

  @Test("B4, B7: green copied, swapped in, swapped back with what was written said, and kept")
  func copyAndBack() async throws {
    try await Shop.with(migrate: "exit 0") { shop in
      try await shop.carryOut(shop.deed(.backup))
      let green = try await shop.carryOut(shop.deed(.green))
      #expect(green.method == "template")
      #expect(green.checks.map(\.passed) == [true, true, true, true])
      #expect(try await shop.databases() == ["", "_green"])
      await #expect(throws: DatabaseError.self) { try await shop.order("refused while paused") }
      try await shop.carryOut(shop.deed(.migrate))
      let swap = try await shop.carryOut(shop.deed(.swap))
      #expect(swap.aside.map(\.database) == [shop.name + "_blue"])
      #expect(try await shop.databases() == ["", "_blue"])
      #expect(FileManager.default.fileExists(atPath: shop.folder.path + "/files_blue"))
      try await shop.order("after the cutover")
      let served = shop.deed(.setAside, servedSince: Shop.now)
      #expect(try await shop.store.loss(served)?.filesAdded == 1)
      try await shop.carryOut(shop.deed(.swapBack, servedSince: Shop.now))
      let resumed = try await shop.carryOut(shop.deed(.resumeWrites))
      #expect(resumed.withoutWrites != nil)
      let aside = try await shop.carryOut(served)
      #expect(aside.loss?.tables.map(\.table).sorted() == ["public.attachment", "public.orders"])
      #expect(aside.loss?.tables.map(\.inserted) == [1, 1])
      #expect(aside.loss?.filesAdded == 1)
      try await shop.order("after the return")
      #expect(try await shop.orders() == ["first 1", "first 2", "first 3", "after the return"])
      let kept = try #require(aside.aside.first)
      #expect(try await shop.orders(in: kept.database).last == "after the cutover")
      #expect(FileManager.default.fileExists(atPath: kept.files ?? ""))
      try await shop.store.remove(kept)
      try await shop.store.remove(kept)
      #expect(try await shop.databases() == [""])
      #expect(!FileManager.default.fileExists(atPath: kept.files ?? ""))
    }
  }

  @Test("B4: before the first deployment the data that are there are green's, and its migrations run on them")
  func firstDeployment() async throws {
    try await Shop.with(.slots, migrate: "exit 0") { shop in
      var order = shop.deed(.migrate, green: .a)
      order.blue = nil
      let report = try await shop.carryOut(order)
      #expect(report.database == shop.live.database)
      #expect(try await shop.orders() == ["first 1", "first 2", "first 3"])
    }
  }

  @Test("B4: green from the snapshot of the environment before, in a slot of its own")
  func source() async throws {
    try await Shop.with(.slots) { shop in
      try await shop.carryOut(shop.deed(.snapshot, .source))
      let green = try await shop.carryOut(shop.deed(.green, .source))
      #expect(green.method == "dump")
      #expect(green.checks.allSatisfy { $0.passed })
      #expect(try await shop.databases() == ["_a", "_b"])
      #expect(try await shop.orders(in: shop.name + "_b").count == 3)
      try await shop.order("blue still takes writes")
      #expect(shop.store.variables(of: .b, isLive: false)["SLIPWAY_DATABASE"] == shop.name + "_b")
      #expect(shop.store.variables(of: .b, isLive: false)["SLIPWAY_FILES"] == shop.folder.path + "/files_b")
      try await shop.carryOut(shop.deed(.setAside, .source))
      #expect(try await shop.databases() == ["_a"])
      #expect(!FileManager.default.fileExists(atPath: shop.folder.path + "/files_b"))
    }
  }

  @Test("C7: shared data are brought back to the backup beside the running ones, and what is lost is said and kept")
  func restore() async throws {
    let migrate = #"psql -qd "$SLIPWAY_DATABASE" -c 'ALTER TABLE orders ADD COLUMN IF NOT EXISTS price int'"#
    try await Shop.with(migrate: migrate) { shop in
      try await shop.carryOut(shop.deed(.backup, .shared))
      try await shop.carryOut(shop.deed(.migrate, .shared))
      try await shop.order("since the backup")
      let loss = try await shop.store.loss(shop.deed(.restore, .shared))
      #expect(loss?.tables.count == 2)
      let report = try await shop.carryOut(shop.deed(.restore, .shared, servedSince: Shop.now))
      #expect(report.loss?.tables.map(\.inserted) == [1, 1])
      #expect(try await shop.orders() == ["first 1", "first 2", "first 3"])
      let aside = try #require(report.aside.first)
      #expect(try await shop.orders(in: aside.database).last == "since the backup")
      #expect(try await shop.databases().count == 2)
      try await shop.order("after the restore")
    }
  }

  @Test("B1, B4: where nothing serves yet, slots without databases are ready for the first promotion")
  func readyForTheFirst() async throws {
    try await Shop.with(.slots) { shop in
      try await shop.cluster.session().rows("DROP DATABASE \(PostgresSession.quoted(shop.live.database))")
      let first = await shop.store.readiness(live: nil)
      #expect(first.checks.allSatisfy { $0.passed }, "\(first.checks)")
      #expect(first.liveBytes == 0)
      #expect(first.freeBytes ?? 0 > 0)
      let lost = await shop.store.readiness(live: .a)
      #expect(lost.checks.contains { $0.name == "database" && !$0.passed })
    }
  }

  @Test("B1: readiness looks at server, role, programs, database, files and disk")
  func readiness() async throws {
    try await Shop.with { shop in
      let ready = await shop.store.readiness(live: .a)
      #expect(ready.checks.map(\.name) == ["server", "role", "programs", "database", "files", "disk"])
      #expect(ready.checks.allSatisfy { $0.passed })
      #expect(ready.liveBytes ?? 0 > 1_000_000)
      #expect(ready.freeBytes ?? 0 > 0)
    }
  }
}
