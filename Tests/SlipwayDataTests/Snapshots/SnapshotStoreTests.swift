import Foundation
import Glibc
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("A store of snapshots")
struct SnapshotStoreTests {
  @Test("B5, B14: what was put in is listed, verified byte by byte, and restored as it was")
  func roundTrip() async throws {
    try await SnapshotShop.with { shop in
      let references = try shop.files.fill(600)
      try shop.files.write("checklist/ab/" + String(repeating: "ab", count: 20), "")
      chmod(shop.files.folder.path + "/" + references[0].path, 0o640)
      let snapshot = try await shop.take("first", references: references)
      #expect(snapshot.manifest.fileCount == 601 && snapshot.manifest.references == 600)
      #expect(snapshot.manifest.database == SnapshotShop.facts && snapshot.manifest.environment == "production")
      #expect(try shop.store.snapshot("first") == snapshot)
      #expect(try shop.store.list().whole == [snapshot])
      let checks = await shop.store.verify("first")
      #expect(
        checks.map(\.name) == ["manifest", "list", "totals", "contents"] && checks.allPassed, "\(checks)")
      let target = shop.store.folder + "-restored/files"
      let totals = try await shop.store.restoreFiles(of: snapshot, into: target)
      #expect(totals.files == 601)
      #expect(tree(target) == tree(shop.files.folder.path))
      #expect(status(target + "/" + references[0].path).st_mode & 0o777 == 0o640)
      #expect(tree(snapshot.databaseFolder)["toc.dat"] == Data("table of contents".utf8))
    }
  }

  @Test("the sums are such that sha256sum agrees")
  func independent() async throws {
    try await SnapshotShop.with { shop in
      try shop.files.fill(20)
      let snapshot = try await shop.take("first")
      let script = #"""
        set -e; cd "$1"; sha256sum -c --quiet manifest.json.sha256
        python3 - <<'PY'
        import json, hashlib, os
        manifest = json.load(open('manifest.json'))
        raw = open('files.jsonl', 'rb').read()
        assert manifest['list'] == 'sha256:' + hashlib.sha256(raw).hexdigest()
        rows = [json.loads(line) for line in raw.splitlines()]
        for row in rows:
            if 'sha256' in row: assert hashlib.sha256(open(row['path'], 'rb').read()).hexdigest() == row['sha256']
        there = sorted(os.path.join(d, f)[2:] for d, _, fs in os.walk('.') for f in fs if d != '.')
        assert there == sorted(r['path'] for r in rows if 'sha256' in r), there
        PY
        """#
      let process = Process()
      process.executableURL = URL(filePath: "/bin/bash")
      process.arguments = ["-c", script, "bash", snapshot.folder]
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
  }

  @Test("the second snapshot shares what has not changed and copies what is new")
  func sharing() async throws {
    try await SnapshotShop.with { shop in
      let old = try shop.files.fill(300)
      let first = try await shop.take("first", references: old)
      unlink(shop.files.folder.path + "/" + old[0].path)
      let new = try shop.files.fill(3, seed: 2)
      let second = try await shop.take("second", references: Array(old.dropFirst()) + new, at: 1_780_000_001_000)
      #expect(second.manifest.fileCount == 302)
      for reference in old.dropFirst() {
        #expect(
          status(first.filesFolder + "/" + reference.path).st_ino
            == status(second.filesFolder + "/" + reference.path).st_ino)
      }
      for reference in new { #expect(status(second.filesFolder + "/" + reference.path).st_nlink == 1) }
      // Nothing is shared with the application's own folder, which may be written to in place.
      for reference in old.dropFirst() + new {
        #expect(
          status(shop.files.folder.path + "/" + reference.path).st_ino
            != status(second.filesFolder + "/" + reference.path).st_ino)
      }
      // Each stands alone.
      try await shop.store.delete("first")
      #expect(try shop.store.snapshot("first") == nil)
      #expect(await shop.store.verify("second").allPassed)
    }
  }

  @Test("with plain names a change in place is found, also one that keeps size and time")
  func plainSharing() async throws {
    try await SnapshotShop.with { shop in
      for number in 0..<20 { try shop.files.write("f\(number)", "content \(number)") }
      let first = try await shop.take("first", names: .plain)
      let path = shop.files.folder.path + "/f3"
      let before = status(path)
      try shop.files.write("f3", "CONTENT 3")
      utimensat(AT_FDCWD, path, [before.st_mtim, before.st_mtim], 0)
      let second = try await shop.take("second", names: .plain, at: 1_780_000_001_000)
      #expect(tree(second.filesFolder) == tree(shop.files.folder.path))
      #expect(status(second.filesFolder + "/f3").st_ino != status(first.filesFolder + "/f3").st_ino)
      #expect(status(second.filesFolder + "/f4").st_ino == status(first.filesFolder + "/f4").st_ino)
    }
  }

  @Test("B5: a file that the database refers to and that is not there: refused, naming ten, and not published")
  func references() async throws {
    try await SnapshotShop.with { shop in
      let references = try shop.files.fill(14)
      for reference in references.prefix(12) { unlink(shop.files.folder.path + "/" + reference.path) }
      let draft = try shop.store.begin("first")
      try SnapshotShop.dump(into: draft)
      let error = await #expect(throws: ConnectorError.self) {
        try await draft.addFiles(from: shop.files.folder.path, names: .sha1, references: references)
      }
      #expect(error?.code == .unreachable)
      #expect(error?.message.contains("12 files") == true && error?.message.contains("and 2 more") == true)
      await #expect(throws: ConnectorError.self) {
        try await shop.store.publish(draft, SnapshotShop.contents(references: references))
      }
      #expect(try shop.store.list().whole.isEmpty)
      // The application puts them back; the same draft can be finished.
      try shop.files.fill(14)
      try await draft.addFiles(from: shop.files.folder.path, names: .sha1, references: references)
      _ = try await shop.store.publish(draft, SnapshotShop.contents(references: references))
    }
  }

  @Test("B5: what the application collects between the dump and the copy is in the snapshot all the same")
  func pinning() async throws {
    try await SnapshotShop.with { shop in
      let old = try shop.files.fill(50)
      try await shop.take("first", references: old)
      let new = try shop.files.fill(5, seed: 2)
      let draft = try shop.store.begin("second", of: "production")
      #expect(try await draft.pinFiles(from: shop.files.folder.path, names: .sha1) == 5)
      try SnapshotShop.dump(into: draft)
      // One that only the previous snapshot has, and one that was pinned.
      for gone in [old[7], new[2]] { unlink(shop.files.folder.path + "/" + gone.path) }
      try await draft.addFiles(from: shop.files.folder.path, names: .sha1, references: old + new)
      let second = try await shop.store.publish(
        draft, SnapshotShop.contents(at: 1_780_000_001_000, references: old + new))
      #expect(second.manifest.fileCount == 55)
      #expect(await shop.store.verify("second").allPassed)
      #expect(try FileManager.default.contentsOfDirectory(atPath: shop.store.folder + "/.making").isEmpty)
    }
  }

  @Test("a draft without a dump, with half of the files, or of a name that exists is refused")
  func refusals() async throws {
    try await SnapshotShop.with { shop in
      try shop.files.fill(3)
      let empty = try shop.store.begin("empty")
      try FileManager.default.createDirectory(atPath: empty.databaseFolder, withIntermediateDirectories: false)
      let error = await #expect(throws: ConnectorError.self) {
        try await shop.store.publish(empty, SnapshotShop.contents())
      }
      #expect(error?.message.contains("no dump") == true)
      try await shop.take("first")
      #expect(throws: ConnectorError.self) { try shop.store.begin("first") }
      for name in ["", ".making", "../x", "a/b", "-x", "a b", String(repeating: "x", count: 101)] {
        #expect(throws: ConnectorError.self) { try shop.store.begin(SnapshotID(name)) }
        #expect(try shop.store.snapshot(SnapshotID(name)) == nil)
        try await shop.store.delete(SnapshotID(name))
      }
      // Two of the same name at once: one wins, the other is told.
      let twins = try [shop.store.begin("twin"), shop.store.begin("twin")]
      for twin in twins { try SnapshotShop.dump(into: twin) }
      _ = try await shop.store.publish(twins[0], SnapshotShop.contents())
      let late = await #expect(throws: ConnectorError.self) {
        try await shop.store.publish(twins[1], SnapshotShop.contents())
      }
      #expect(late?.message.contains("is there already") == true)
    }
  }

  @Test("a snapshot of a database alone has no files and says so")
  func databaseOnly() async throws {
    try await SnapshotShop.with { shop in
      let snapshot = try await shop.take("first", names: nil)
      #expect(snapshot.manifest.names == nil)
      #expect(await shop.store.verify("first").allPassed)
      let error = await #expect(throws: ConnectorError.self) {
        try await shop.store.restoreFiles(of: snapshot, into: shop.store.folder + "-r")
      }
      #expect(error?.message.contains("holds no files") == true)
    }
  }

  @Test("leftovers of a maker that died are cleared by the next, those of one that lives are not")
  func sweeping() async throws {
    try await SnapshotShop.with { shop in
      let alive = try shop.store.begin("alive")
      try SnapshotShop.dump(into: alive)
      let leftover = shop.store.folder + "/.making/leftover"
      try FileManager.default.createDirectory(atPath: leftover + "/files/a", withIntermediateDirectories: true)
      let next = try shop.store.begin("next")
      #expect(access(leftover, F_OK) != 0)
      _ = try await shop.store.publish(alive, SnapshotShop.contents())
      await next.discard()
      #expect(try shop.store.list().whole.map(\.id) == ["alive"])
    }
  }
}
