import Foundation
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("Odoo: green's data, and snapshots as backups")
struct OdooTransferTests {
  private func store(_ odoo: RealOdoo, _ spec: OdooSpec, isProtected: Bool) throws -> PostgresDataStore {
    try PostgresDataStore(
      try odoo.spec(spec), folder: odoo.folder.path, snapshots: SnapshotStore(folder: odoo.folder.path + "/snapshots"),
      secrets: SecretSource(environment: [:], folder: "/"), inherited: odoo.variables, isProtected: isProtected)
  }

  private func order(_ deed: DataDeed, _ odoo: RealOdoo) -> DataOrder {
    DataOrder(
      deed: deed, environment: "production", release: Release(id: "1.0", artifact: "odoo"), green: .b,
      blue: Placement(
        slot: .a, release: Release(id: "0.9", artifact: "odoo"), run: "before", since: Timestamp(milliseconds: 0)),
      run: RunID("20261121-1500-\(odoo.database.replacing("odoo_", with: "o"))"), greenData: .copy,
      now: Timestamp(milliseconds: 1_795_273_200_000))
  }

  /// Takes away what green's making has left beside the live database.
  private func clear(_ odoo: RealOdoo) async throws {
    let session = try await odoo.cluster.session()
    for row in try await session.rows("SELECT datname FROM pg_database WHERE datname LIKE $1", ["\(odoo.database)\\_%"])
    {
      if let name = row[0] { try await session.rows("DROP DATABASE \(PostgresSession.quoted(name)) WITH (FORCE)") }
    }
  }

  @Test(
    "B4: green copied from production is fit to become it: not neutralized, with its address, and the copy is checked")
  func production() async throws {
    try await RealOdoo.with { odoo in
      let spec = OdooSpec(modules: ["shop"], addons: [odoo.addons], baseURL: "https://shop.example")
      let store = try store(odoo, spec, isProtected: true)
      let result = try await store.carryOut(order(.green, odoo)) { _ in }
      #expect(result.report.checks.filter { !$0.passed } == [])
      #expect(
        Set(result.report.checks.map(\.name)).isSuperset(of: ["proprietary", "neutralized", "web.base.url", "files"]))
      let green = try #require(result.report.database)
      let condition = try await OdooCondition.read(try await odoo.cluster.session(green))
      #expect(condition.baseURL == "https://shop.example" && condition.isBaseURLFrozen && !condition.isNeutralized)
      let live = try await OdooCondition.read(try await odoo.session())
      #expect(live.baseURL == "http://localhost:8069", "what serves was left alone")
      try await clear(odoo)
    }
  }

  @Test("B4: a neutralized copy is refused as production's green, and nothing of it is left")
  func refused() async throws {
    try await RealOdoo.with { odoo in
      #expect(try await odoo.bin(["neutralize"]).code == 0)
      let spec = OdooSpec(modules: ["shop"], addons: [odoo.addons])
      let error = await #expect(throws: ConnectorError.self) {
        try await store(odoo, spec, isProtected: true).carryOut(order(.green, odoo)) { _ in }
      }
      #expect(error?.code == .refused)
      #expect(error?.message.contains("must not become production") == true)
      let rows = try await odoo.cluster.session().rows(
        "SELECT datname FROM pg_database WHERE datname ~ $1", ["\(odoo.database)([^0-9]|$)"])
      #expect(rows.map { $0[0] } == [odoo.database])
      #expect(
        try await odoo.session().value("SHOW default_transaction_read_only") == "off", "and it takes writes again")
    }
  }

  @Test("an environment that neutralizes gets a harmless green, whoever's data it was made from")
  func staging() async throws {
    try await RealOdoo.with { odoo in
      let bin = RealOdoo.example.appending(path: "bin/odoo-bin").path
      let spec = OdooSpec(
        modules: ["shop"], addons: [odoo.addons], baseURL: "https://staging.example",
        neutralize: "\(bin) neutralize --stdout")
      let result = try await store(odoo, spec, isProtected: false).carryOut(order(.green, odoo)) { _ in }
      let green = try #require(result.report.database)
      let condition = try await OdooCondition.read(try await odoo.cluster.session(green))
      #expect(condition.dangers == [] && condition.baseURL == "https://staging.example")
      #expect(try await OdooCondition.read(try await odoo.session()).isNeutralized == false)
      try await clear(odoo)
    }
  }

  @Test("B5, B14: Odoo's own backup becomes a snapshot, and the snapshot a backup that Odoo's database comes back from")
  func transfer() async throws {
    try await RealOdoo.with { odoo in
      try await odoo.session().rows("UPDATE shop_order SET name = E'tab\\there, line\\nthere, \\\\ and ü' WHERE id = 7")
      let path = odoo.folder.appending(path: "backup.zip").path
      #expect(try await odoo.bin(["db", "dump", odoo.database, path]).code == 0)
      let snapshots = SnapshotStore(folder: odoo.folder.path + "/snapshots")
      let transfer = OdooTransfer(
        PostgresServer(try odoo.cluster.address()), programs: await PostgresPrograms.find(path: "/usr/bin:/bin"),
        store: snapshots, inherited: ["PATH": "/usr/bin:/bin", "HOME": "/tmp"], jobs: 2, timeout: .minutes(5))
      let read = try await transfer.readBackup(
        path, as: "imported", of: "staging", now: Timestamp(milliseconds: 1_795_273_200_000))
      #expect(read.snapshot.manifest.database.name == odoo.database)
      #expect(read.snapshot.manifest.fileCount == 2 && read.snapshot.manifest.references == 2)
      #expect(await snapshots.verify("imported").filter { !$0.passed } == [])
      // Other tests work on the same cluster; what they have there goes too.
      try await eventually("no database is left of reading it") {
        try await odoo.cluster.session().rows(
          "SELECT datname FROM pg_database WHERE datname ~ '^slipway_scratch_[0-9a-f]{12}$'"
        ).isEmpty
      }

      let written = odoo.folder.appending(path: "written.zip").path
      let manifest = try await transfer.writeBackup(of: "imported", to: written)
      #expect(manifest.version == "19.0" && manifest.modules == read.backup.manifest.modules)
      let again = try await transfer.readBackup(
        written, as: "again", of: "staging", now: Timestamp(milliseconds: 1_795_273_300_000))
      var facts = again.snapshot.manifest.database
      facts.bytes = read.snapshot.manifest.database.bytes
      #expect(facts == read.snapshot.manifest.database)
      await #expect(throws: ConnectorError.self) { try await transfer.writeBackup(of: "imported", to: written) }
      await #expect(throws: ConnectorError.self) { try await transfer.writeBackup(of: "nothing", to: written + "2") }
      await #expect(throws: ConnectorError.self) {
        try await transfer.readBackup(path, as: "imported", of: "staging", now: Timestamp(milliseconds: 0))
      }
    }
  }

  @Test("a backup whose rows name a file that is not in it is refused, the race that upstream has; nothing is left")
  func race() async throws {
    try await RealOdoo.with { odoo in
      let path = odoo.folder.appending(path: "backup.zip").path
      // The filestore is copied, then somebody attaches something, then the database is dumped.
      async let dumped = odoo.bin(["db", "dump", odoo.database, path], ["ODOO_DUMP_PAUSE": "2"])
      try await odoo.serve { url in
        try await withProbe { probe in
          try await eventually("the backup has begun") { FileManager.default.fileExists(atPath: path) }
          // The archive has a first byte when the dump is done.
          try await eventually("the backup is written") {
            let made = try await probe.post(
              url + "/attachment", body: Secret(UUID().uuidString), type: "text/plain", timeout: .seconds(60))
            #expect(made.status == 201)
            return try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0 > 0
          }
        }
      }
      #expect(try await dumped.code == 0, "upstream says that all is well")
      let snapshots = SnapshotStore(folder: odoo.folder.path + "/snapshots")
      let transfer = OdooTransfer(
        PostgresServer(try odoo.cluster.address()), programs: await PostgresPrograms.find(path: "/usr/bin:/bin"),
        store: snapshots, inherited: ["PATH": "/usr/bin:/bin", "HOME": "/tmp"], jobs: 2, timeout: .minutes(5))
      let error = await #expect(throws: ConnectorError.self) {
        try await transfer.readBackup(path, as: "torn", of: "staging", now: Timestamp(milliseconds: 0))
      }
      #expect(error?.message.contains("is missing") == true, "\(error?.message ?? "")")
      #expect(try snapshots.snapshot("torn") == nil)
    }
  }
}
