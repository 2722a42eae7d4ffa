import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("Dumps of a database")
struct DatabaseDumpTests {
  private func withDump(_ body: (Shop, DatabaseDump, String, DatabaseView.Facts) async throws -> Void) async throws {
    try await Shop.with { shop in
      let server = shop.store.server
      let environment = ProcessInfo.processInfo.environment
      let dump = DatabaseDump(
        server, programs: await PostgresPrograms.find(path: environment["PATH"] ?? ""),
        inherited: ["PATH": environment["PATH"] ?? "/usr/bin:/bin"], jobs: 2, timeout: .minutes(5))
      let view = try await DatabaseView.open(server, database: shop.name)
      let facts = try await view.facts()
      let folder = shop.folder.path + "/dump"
      try await dump.make(of: shop.name, seenBy: view, into: folder)
      try await body(shop, dump, folder, facts)
    }
  }

  @Test("B5: a dump holds what its view saw, and restores to the same facts")
  func roundTrip() async throws {
    try await withDump { shop, dump, folder, facts in
      try await dump.check(folder, holds: facts.tables)
      let contents = try await dump.contents(of: folder)
      #expect(Set(contents.tables.map(\.number)) == facts.tables)
      let target = PostgresServer.scratchPrefix + shop.name
      try await shop.store.server.create(target, like: facts.facts, character: nil)
      try await dump.restore(folder, into: target)
      let checks = facts.facts.checks(of: try await shop.store.server.facts(of: target))
      #expect(checks.allSatisfy { $0.passed })
      try await shop.store.server.dropPassing(target)
      await #expect(throws: DatabaseError.self) { try await shop.store.server.dropPassing(shop.name) }
    }
  }

  @Test("B5: a dump that is cut, emptied or lacks a table is found")
  func damage() async throws {
    try await withDump { _, dump, folder, facts in
      let missing = await #expect(throws: ConnectorError.self) { try await dump.check(folder, holds: ["1"]) }
      #expect(missing?.code == .garbage)
      let contents = try await dump.contents(of: folder)
      let data = try #require(contents.tables.first)
      let files = try FileManager.default.contentsOfDirectory(atPath: folder)
      let path = folder + "/" + (try #require(files.first { $0.hasPrefix(data.id + ".dat") }))
      let whole = try Data(contentsOf: URL(filePath: path))
      try whole.dropLast(6).write(to: URL(filePath: path))
      await #expect(throws: ConnectorError.self) { try await dump.verify(folder) }
      try Data().write(to: URL(filePath: path))
      let empty = await #expect(throws: ConnectorError.self) { try await dump.verify(folder) }
      #expect(empty?.code == .garbage)
      try whole.write(to: URL(filePath: path))
      try await dump.verify(folder)
      for rest in [200, 5, 0] {
        let toc = URL(filePath: folder + "/toc.dat")
        try Data(contentsOf: toc).prefix(rest).write(to: toc)
        await #expect(throws: ConnectorError.self) { try await dump.verify(folder) }
      }
    }
  }

  @Test("tables of contents are read, and nothing else is taken for one")
  func contents() {
    let list = """
      ;
      ; Archive created at 2026-11-21 15:00:00 UTC
      ;     dbname: shop
      ;     TOC Entries: 4
      ;     Dump Version: 1.14-0
      ;
      215; 1259 16390 TABLE public my orders postgres
      3000; 0 16390 TABLE DATA public my orders postgres
      3001; 0 16400 SEQUENCE SET public x postgres
      2990; 2606 16398 CONSTRAINT public my orders my orders_pkey postgres
      """
    let read = DumpContents(list)
    #expect(read?.entries == 4)
    #expect(read?.tables.map(\.number) == ["16390"])
    #expect(read?.tables.first?.id == "3000")
    #expect(DumpContents("") == nil)
    #expect(DumpContents("<html>Database backup error</html>") == nil)
    var random = SeededRandom(seed: 5)
    for _ in 0..<2_000 {
      var bytes = Array(list.utf8)
      bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
      let mutated = DumpContents(String(decoding: bytes, as: UTF8.self))
      #expect(mutated?.entries ?? 0 <= 5)
    }
  }

  @Test("the programs nearest to the server's version are taken, and never older ones")
  func programs() throws {
    let programs = PostgresPrograms(folders: [
      .init(folder: "/13", major: 13), .init(folder: "/17", major: 17), .init(folder: "/16", major: 16),
    ])
    #expect(try programs.folder(for: 150_018) == "/16")
    #expect(try programs.folder(for: 170_001) == "/17")
    let error = #expect(throws: ConnectorError.self) { try programs.folder(for: 180_000) }
    #expect(error?.message.contains("postgresql-client-18") == true)
  }
}
