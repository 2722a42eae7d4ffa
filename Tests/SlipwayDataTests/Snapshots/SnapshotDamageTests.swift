import Foundation
import Glibc
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("A damaged snapshot")
struct SnapshotDamageTests {
  private static func flip(_ path: String, at offset: Int, bit: Int) {
    chmod(path, 0o600)
    let file = open(path, O_RDWR)
    defer { close(file) }
    var byte: UInt8 = 0
    guard pread(file, &byte, 1, off_t(offset)) == 1 else { return }
    byte ^= 1 << UInt8(bit)
    pwrite(file, &byte, 1, off_t(offset))
  }

  private static func size(_ path: String) -> Int { Int(status(path).st_size) }

  @Test("B5: one flipped bit, wherever it is, is found and its file named", arguments: 0..<60 as Range<UInt64>)
  func flippedBit(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    try await SnapshotShop.with { shop in
      try shop.files.fill(12, size: 200)
      let snapshot = try await shop.take("first")
      let paths = tree(snapshot.folder).keys.filter { !tree(snapshot.folder)[$0, default: Data()].isEmpty }.sorted()
      let path = try #require(paths.randomElement(using: &random))
      let file = snapshot.folder + "/" + path
      Self.flip(
        file, at: Int.random(in: 0..<Self.size(file), using: &random), bit: Int.random(in: 0..<8, using: &random))
      let checks = await shop.store.verify("first")
      let failed = checks.filter { !$0.passed }
      #expect(!failed.isEmpty, "a bit of \(path) was flipped")
      if path.hasPrefix("files/") || path.hasPrefix("database/") {
        #expect(failed.contains { $0.detail.contains(path) }, "\(path): \(failed)")
      }
      // Nothing is restored from damaged files or a damaged list.
      if path.hasPrefix("files"), let found = try shop.store.snapshot("first") {
        let target = shop.store.folder + "-r"
        await #expect(throws: ConnectorError.self) { try await shop.store.restoreFiles(of: found, into: target) }
        #expect(access(target, F_OK) != 0)
      }
    }
  }

  @Test("B5: a file that is missing, cut, added, or became something else is named")
  func other() async throws {
    try await SnapshotShop.with { shop in
      let references = try shop.files.fill(6)
      let snapshot = try await shop.take("first")
      let files = references.map { snapshot.filesFolder + "/" + $0.path }
      unlink(files[0])
      truncate(files[1], 10)
      unlink(files[2])
      symlink("/etc/passwd", files[2])
      try Data("x".utf8).write(to: URL(filePath: snapshot.databaseFolder + "/added.dat"))
      unlink(snapshot.databaseFolder + "/toc.dat")
      let checks = await shop.store.verify("first")
      let detail = try #require(checks.first { $0.name == "contents" }?.detail)
      for (file, word) in [
        ("files/" + references[0].path, "is missing"), ("files/" + references[1].path, "has 10 bytes instead of"),
        ("files/" + references[2].path, "is no file any more"), ("database/added.dat", "was added"),
        ("database/toc.dat", "is missing"),
      ] {
        #expect(detail.contains("\(file) \(word)"), "\(detail)")
      }
    }
  }

  @Test(
    "F7: a changed manifest never crashes the reader, and none but the very same is believed",
    arguments: 0..<40 as Range<UInt64>)
  func manifest(seed: UInt64) async throws {
    var random = SeededRandom(seed: seed)
    try await SnapshotShop.with { shop in
      let snapshot = try await shop.take("first", names: nil)
      let file = URL(filePath: snapshot.folder + "/manifest.json")
      let original = try Data(contentsOf: file)
      for _ in 0..<50 {
        var bytes = original
        for _ in 0..<Int.random(in: 1...3, using: &random) where !bytes.isEmpty {
          let index = Int.random(in: 0..<bytes.count, using: &random)
          switch Int.random(in: 0..<3, using: &random) {
          case 0: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &random)
          case 1: bytes.remove(at: index)
          default: bytes = bytes.prefix(index)
          }
        }
        try bytes.write(to: file)
        if bytes == original { continue }
        #expect(throws: ConnectorError.self) { try shop.store.snapshot("first") }
        if let read = try? SnapshotManifest(reading: bytes, shown: "it") {
          #expect(try CanonicalJSON.encodeReadable(read) == bytes)
        }
        #expect(try shop.store.list().damaged == ["first"])
      }
    }
  }

  @Test("a list of files that leads out of the folder is not followed")
  func escapingList() async throws {
    try await SnapshotShop.with { shop in
      try shop.files.fill(2)
      let snapshot = try await shop.take("first")
      let list = URL(filePath: snapshot.folder + "/files.jsonl")
      let text = try String(contentsOf: list, encoding: .utf8)
      try Data(text.replacing("\"files/", with: "\"files/../../../").utf8).write(to: list)
      let checks = await shop.store.verify("first")
      #expect(checks.contains { $0.name == "list" && !$0.passed })
      await #expect(throws: ConnectorError.self) {
        try await shop.store.restoreFiles(of: snapshot, into: shop.store.folder + "-r")
      }
    }
  }

  @Test("a newer version and another format are told apart from damage")
  func versions() async throws {
    try await SnapshotShop.with { shop in
      let snapshot = try await shop.take("first", names: nil)
      let text = String(decoding: try snapshot.manifestBytes, as: UTF8.self)
      let newer = text.replacing("\"version\" : 1", with: "\"version\" : 2")
      let error = #expect(throws: ConnectorError.self) {
        try SnapshotManifest(reading: Data(newer.utf8), shown: "it")
      }
      #expect(error?.message.contains("version 2") == true)
      let other = #expect(throws: ConnectorError.self) { try SnapshotManifest(reading: Data("{}".utf8), shown: "it") }
      #expect(other?.message.contains("no manifest") == true)
    }
  }
}

extension Snapshot {
  fileprivate var manifestBytes: Data { get throws { try Data(contentsOf: URL(filePath: folder + "/manifest.json")) } }
}
