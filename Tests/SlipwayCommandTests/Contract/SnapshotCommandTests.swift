import Foundation
import Glibc
import Testing

@Suite("The commands about snapshots", .serialized)
struct SnapshotCommandTests {
  /// A shop with a database of orders and attachments, and their files by SHA-1.
  private func withShop(
    snapshots: String = "", _ body: (Shop, OwnCluster) async throws -> Void
  ) async throws {
    try await OwnCluster.with { cluster in
      let data = """
            data:
              postgres:
                server: "\(cluster.url)"
                database: shop
                files: {folder: files, names: sha1, references: "SELECT store_fname, checksum FROM attachment"}
        """
      let pipeline: (Shop) -> String = { shop in
        shop.shortPipeline.replacingOccurrences(
          of: "    version: {path: /version}", with: "    version: {path: /version}\n\(data)")
          + "\n\(snapshots)\n"
      }
      try await Shop.with(pipeline) { shop in
        try await cluster.sql("CREATE DATABASE shop")
        try await cluster.sql(
          """
          CREATE TABLE orders(id int PRIMARY KEY, note text);
          INSERT INTO orders SELECT g, repeat('x', g % 50) FROM generate_series(1, 500) g;
          CREATE TABLE attachment(id serial PRIMARY KEY, store_fname text NOT NULL, checksum text NOT NULL);
          """, in: "shop")
        for number in 0..<30 { try await attach("attachment \(number)", shop, cluster) }
        try await body(shop, cluster)
      }
    }
  }

  /// A file first, its row second, as an application does it.
  @discardableResult
  private func attach(_ text: String, _ shop: Shop, _ cluster: OwnCluster) async throws -> String {
    try shop.write(text, to: "new")
    let sum = try await Program.run("/usr/bin/sha1sum", ["new"], in: shop.folder).text.prefix(40)
    let path = "\(sum.prefix(2))/\(sum)"
    try shop.write(text, to: "files/" + path)
    try await cluster.sql(
      "INSERT INTO attachment(store_fname, checksum) VALUES ('\(path)', '\(sum)')", in: "shop")
    return path
  }

  private func create(_ shop: Shop) async throws -> [String: Any] {
    try await shop.slipway("snapshot", "create", "production", "--output", "json").object()
  }

  private func id(_ object: [String: Any]) throws -> String {
    try #require(object["id"] as? String)
  }

  @Test(
    "B5, B14, C3: created, listed, verified by restoring, restored beside the running one, deleted")
  func whole() async throws {
    try await withShop { shop, cluster in
      let made = try await create(shop)
      let id = try id(made)
      #expect(
        made["rows"] as? Int == 530 && made["files"] as? Int == 30
          && made["environment"] as? String == "production")
      #expect((made["manifest"] as? String)?.hasPrefix("sha256:") == true)
      let list = try await shop.slipway("snapshot", "list", "--output", "json").object()
      #expect((list["snapshots"] as? [[String: Any]])?.count == 1)
      #expect(try await shop.slipway("snapshot", "list").text.contains(id))
      let verified = try await shop.slipway(
        "snapshot", "verify", id, "--restore", "--output", "json"
      ).object()
      #expect(verified["passed"] as? Bool == true)
      let names =
        (verified["checks"] as? [[String: Any]])?.compactMap { $0["name"] as? String } ?? []
      #expect(
        Set(["manifest", "list", "contents", "rows", "constraints", "files", "restore"]).isSubset(
          of: names), "\(names)")
      #expect(
        try await cluster.sql("SELECT count(*) FROM pg_database WHERE datname LIKE 'slipway%'")
          == "0")
      let restored = try await shop.slipway(
        "snapshot", "restore", id, "--to", "shop_again", "--files", "files-again")
      #expect(restored.text.contains("is in database shop_again"))
      #expect(
        try await cluster.sql("SELECT count(*), sum(length(note)) FROM orders", in: "shop_again")
          == cluster.sql("SELECT count(*), sum(length(note)) FROM orders", in: "shop"))
      let difference = try await Program.run(
        "/usr/bin/diff", ["-r", "files", "files-again"], in: shop.folder)
      #expect(difference.code == 0, "\(difference)")
      let log = try await shop.slipway("audit", "log").text
      for kind in ["snapshot.taken", "snapshot.restored"] {
        #expect(log.contains("snapshot:\(id) \(kind)"), "\(log)")
      }
      try await shop.slipway("snapshot", "delete", id, "--reason", "the test is over")
      let after = try await shop.slipway("audit", "log").text
      let deleting = try #require(after.range(of: "snapshot.deleting"))
      let deleted = try #require(after.range(of: "snapshot.deleted"))
      #expect(deleting.lowerBound < deleted.lowerBound)
      try await shop.slipway("snapshot", "verify", id, expecting: 1)
      try await shop.slipway("snapshot", "delete", id, expecting: 64)
      try await shop.slipway("audit", "verify")
    }
  }

  @Test("B14: nothing is restored over anything, and every refusal says what to do")
  func refusals() async throws {
    try await withShop { shop, cluster in
      let id = try id(try await create(shop))
      let live = try await shop.slipway("snapshot", "restore", id, "--to", "shop", expecting: 1)
      #expect(
        live.complaint.contains("is there already")
          && live.complaint.contains("choose another name"))
      let folder = try await shop.slipway(
        "snapshot", "restore", id, "--to", "other", "--files", "files", expecting: 1)
      #expect(folder.complaint.contains("choose another folder"))
      #expect(
        try await cluster.sql("SELECT count(*) FROM pg_database WHERE datname IN ('other')") == "0")
      try await shop.slipway("snapshot", "restore", id, "--to", "a b", expecting: 1)
      try await shop.slipway("snapshot", "restore", "nothing", "--to", "x", expecting: 64)
      try await shop.slipway("snapshot", "create", "nowhere", expecting: 64)
      try await shop.slipway("snapshot", "fetch", id, expecting: 78)
      // A file that is gone, though a row refers to it.
      let path = try await attach("to be lost", shop, cluster)
      unlink(shop.folder.path + "/files/" + path)
      let lost = try await shop.slipway("snapshot", "create", "production", expecting: 69)
      #expect(lost.complaint.contains("\(path) is missing"), "\(lost)")
      // The database that is away.
      try await cluster.sql("ALTER DATABASE shop RENAME TO gone")
      let gone = try await shop.slipway("snapshot", "create", "production", expecting: 1)
      #expect(gone.complaint.contains("no live database"), "\(gone)")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: shop.state.path + "/snapshots/.making")
          .isEmpty)
    }
  }

  @Test("B5: a flipped bit is found, exit code 1, and the damaged one is not restored")
  func damage() async throws {
    try await withShop { shop, cluster in
      let made = try await create(shop)
      let id = try id(made)
      let folder = try #require(made["folder"] as? String)
      let dump = try #require(
        try FileManager.default.contentsOfDirectory(atPath: folder + "/database").first {
          $0.hasSuffix(".dat.gz")
        })
      let file = try FileHandle(forUpdating: URL(filePath: "\(folder)/database/\(dump)"))
      try file.seek(toOffset: 20)
      let byte = try #require(try file.read(upToCount: 1)?.first)
      try file.seek(toOffset: 20)
      try file.write(contentsOf: [byte ^ 4])
      try file.close()
      let found = try await shop.slipway("snapshot", "verify", id, expecting: 1)
      #expect(found.text.contains("database/\(dump)"), "\(found)")
      try await shop.slipway("snapshot", "verify", id, "--restore", expecting: 1)
      try Data("{}".utf8).write(to: URL(filePath: folder + "/manifest.json"))
      #expect(try await shop.slipway("snapshot", "list").text.contains("damaged"))
      let refused = try await shop.slipway("snapshot", "restore", id, "--to", "x", expecting: 1)
      #expect(refused.complaint.contains("manifest"), "\(refused)")
      #expect(try await cluster.sql("SELECT count(*) FROM pg_database WHERE datname = 'x'") == "0")
      try await shop.slipway("snapshot", "delete", id)
      #expect(access(folder, F_OK) != 0)
    }
  }

  @Test("B14: pruning keeps what the file says; what goes is journaled before and after")
  func pruning() async throws {
    try await withShop(snapshots: "snapshots: {keep: 1, keep_for: 1ms}") { shop, _ in
      var ids: [String] = []
      for _ in 0..<3 { ids.append(try id(try await create(shop))) }
      let dry = try await shop.slipway("snapshot", "prune", "--dry-run")
      #expect(dry.text.components(separatedBy: "would go").count == 3, "\(dry)")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: shop.state.path + "/snapshots").count
          == 4)
      try await shop.slipway("snapshot", "prune")
      let list = try await shop.slipway("snapshot", "list", "--output", "json").object()
      #expect(
        (list["snapshots"] as? [[String: Any]])?.compactMap { $0["id"] as? String } == [ids[2]])
      let log = try await shop.slipway("audit", "log").text
      #expect(log.components(separatedBy: "snapshot.deleting").count == 3)
      #expect(log.components(separatedBy: "snapshot.deleted").count == 3)
      try await shop.slipway("snapshot", "verify", ids[2], "--restore")
    }
  }

  /// The server ends what a program that is gone had asked for, and only then looks whether somebody still listens.
  private func orphansEnd(_ cluster: OwnCluster) async throws {
    let sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'slipway'"
    try await eventually("sessions of a program that is gone end", within: .seconds(60)) {
      try await cluster.sql(sessions) == "0"
    }
  }

  @Test(
    "F1: kill -9 at any moment of creating and restoring: the live data are untouched, the next attempt succeeds",
    arguments: [40, 150, 400, 900, 1_600])
  func killed(milliseconds: Int) async throws {
    try await withShop { shop, cluster in
      let before = try await cluster.sql("SELECT count(*) FROM orders", in: "shop")
      for words in [["snapshot", "create", "production"], ["restore"]] {
        var words = words
        if words == ["restore"] {
          let id = try id(try await create(shop))
          words = ["snapshot", "restore", id, "--to", "again", "--files", "again"]
        }
        let companion = try Companion.start(Program.path, words, in: shop.folder)
        try await Task.sleep(for: .milliseconds(milliseconds))
        kill(companion.pid, SIGKILL)
        _ = try await companion.ended(within: .seconds(60))
        companion.forget()
        try await orphansEnd(cluster)
        #expect(try await cluster.sql("SELECT count(*) FROM orders", in: "shop") == before)
        let list = try await shop.slipway("snapshot", "list", "--output", "json").object()
        #expect((list["damaged"] as? [Any])?.isEmpty == true)
        if words[1] == "restore" {
          let there =
            try await cluster.sql("SELECT count(*) FROM pg_database WHERE datname = 'again'") == "1"
          if !there {
            // A crash between the folder's name and the database's leaves the folder, and the message says so.
            try? FileManager.default.removeItem(at: shop.folder.appending(path: "again"))
            try await shop.slipway(
              words[0], words[1], words[2], words[3], words[4], words[5], words[6])
          }
          #expect(try await cluster.sql("SELECT count(*) FROM orders", in: "again") == before)
        } else {
          _ = try await create(shop)
        }
      }
    }
  }
}
