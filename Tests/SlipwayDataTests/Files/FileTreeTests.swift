import Foundation
import Glibc
import SlipwayConnectors
import SlipwayData
import SlipwayModel
import Testing

@Suite("A folder of files, copied")
struct FileTreeTests {
  @Test("C4: a copy has every file with its rights and time, and shares no inode with the source")
  func copy() async throws {
    try await withScratchFolder { folder in
      let source = try FileStore(folder.appending(path: "a"))
      try source.fill(700)
      try source.write("checklist/ab/" + String(repeating: "ab", count: 20), "")
      try source.write("plain/one\ntwo \"three\" ü.txt", "text")
      try FileManager.default.createDirectory(atPath: source.folder.path + "/empty", withIntermediateDirectories: false)
      chmod(source.folder.path + "/plain/one\ntwo \"three\" ü.txt", 0o640)
      chmod(source.folder.path + "/empty", 0o751)
      utimensat(
        AT_FDCWD, source.folder.path + "/empty",
        [timespec(tv_sec: -5, tv_nsec: 5), timespec(tv_sec: -5, tv_nsec: 5)], 0)
      let target = folder.path + "/new/b"
      let totals = try await FileTree.copy(from: source.folder.path, to: target, names: .sha1)
      #expect(totals.files == 702)
      #expect(tree(target) == tree(source.folder.path))
      for path in tree(target).keys {
        let (old, new) = (status(source.folder.path + "/" + path), status(target + "/" + path))
        #expect(old.st_mode == new.st_mode && old.st_uid == new.st_uid && old.st_ino != new.st_ino)
        #expect(old.st_mtim.tv_sec == new.st_mtim.tv_sec && old.st_mtim.tv_nsec == new.st_mtim.tv_nsec)
      }
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/new").sorted() == ["b"])
    }
  }

  @Test("a folder that exists is never written over")
  func exists() async throws {
    try await withScratchFolder { folder in
      let source = try FileStore(folder.appending(path: "a"))
      let other = try FileStore(folder.appending(path: "b"))
      try other.write("precious", "x")
      let error = await #expect(throws: ConnectorError.self) {
        try await FileTree.copy(from: source.folder.path, to: other.folder.path, names: .plain)
      }
      #expect(error?.code == .refused && error?.message.contains("is there already") == true)
      #expect(tree(other.folder.path) == ["precious": Data("x".utf8)])
    }
  }

  @Test("B5: contents that are not what their names say are named, ten of them, and nothing is left")
  func mismatch() async throws {
    try await withScratchFolder { folder in
      let source = try FileStore(folder.appending(path: "a"))
      let references = try source.fill(14)
      for reference in references.prefix(12) { try source.write(reference.path, "cut") }
      let error = await #expect(throws: ConnectorError.self) {
        try await FileTree.copy(from: source.folder.path, to: folder.path + "/b", names: .sha1)
      }
      let message = error?.message ?? ""
      #expect(message.contains("12 of the files") && message.contains("and 2 more"), "\(message)")
      #expect(references.prefix(12).count { message.contains($0.path) } == 10)
      #expect(!message.contains(references[13].path))
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a"])
    }
  }

  @Test("an attachment that was cut to nothing is no mark and is named")
  func emptied() async throws {
    try await withScratchFolder { folder in
      let source = try FileStore(folder.appending(path: "a"))
      let reference = try source.add("hello")
      try source.write(reference.path, "")
      let error = await #expect(throws: ConnectorError.self) {
        try await FileTree.copy(from: source.folder.path, to: folder.path + "/b", names: .sha1)
      }
      #expect(error?.message.contains(reference.path) == true)
    }
  }

  @Test("links, pipes and sockets are refused by name and not followed")
  func strangers() async throws {
    try await withScratchFolder { folder in
      let source = try FileStore(folder.appending(path: "a"))
      try source.write("fine", "x")
      symlink("/etc/passwd", source.folder.path + "/link")
      symlink("/etc", source.folder.path + "/folder-link")
      mkfifo(source.folder.path + "/pipe\nline", 0o600)
      let error = await #expect(throws: ConnectorError.self) {
        try await FileTree.copy(from: source.folder.path, to: folder.path + "/b", names: .plain)
      }
      let message = error?.message ?? ""
      for name in ["folder-link", "link", #"pipe\nline"#] { #expect(message.contains(name), "\(message)") }
      #expect(access(folder.path + "/b", F_OK) != 0)
    }
  }

  @Test("a name that is not UTF-8 is refused, naming its folder")
  func badName() async throws {
    try await withScratchFolder { folder in
      let source = try FileStore(folder.appending(path: "a"))
      let bytes = Array(source.folder.path.utf8).map { CChar(bitPattern: $0) } + [0x2F, CChar(bitPattern: 0xFF), 0]
      close(open(bytes, O_CREAT | O_WRONLY, 0o600))
      let error = await #expect(throws: ConnectorError.self) {
        try await FileTree.copy(from: source.folder.path, to: folder.path + "/b", names: .plain)
      }
      #expect(error?.message.contains("UTF-8") == true)
    }
  }

  @Test("B5: a reference without its file, or with another content, is named and the copy is not made")
  func references() async throws {
    try await withScratchFolder { folder in
      let source = try FileStore(folder.appending(path: "a"))
      try source.write("plain.txt", "text")
      let good = try source.add("good")
      let missing = FileReference(path: "zz/nowhere", hash: nil)
      let wrong = FileReference(path: "plain.txt", hash: good.hash)
      let error = await #expect(throws: ConnectorError.self) {
        try await FileTree.copy(
          from: source.folder.path, to: folder.path + "/b", names: .plain, references: [wrong, missing, good])
      }
      #expect(error?.code == .unreachable)
      #expect(error?.message.contains("zz/nowhere is missing") == true)
      #expect(error?.message.contains("plain.txt has another SHA-1") == true)
      let unmet = try await FileTree.unmet([wrong, missing, good], in: source.folder.path, names: .plain)
      #expect(unmet.count == 2 && unmet.named.count == 2)
      try await FileTree.copy(from: source.folder.path, to: folder.path + "/c", names: .plain, references: [good])
    }
  }

  @Test("a copy whose task is cancelled leaves nothing")
  func cancelling() async throws {
    try await withScratchFolder { folder in
      let source = try FileStore(folder.appending(path: "a"))
      try source.fill(300)
      let task = Task { try await FileTree.copy(from: source.folder.path, to: folder.path + "/b", names: .sha1) }
      task.cancel()
      let error = await #expect(throws: ConnectorError.self) { try await task.value }
      #expect(error?.code == .timedOut)
      #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() == ["a"])
    }
  }

  @Test("files that come, go and grow while they are copied: every name that is a hash tells the truth in the copy")
  func underWrites() async throws {
    try await withScratchFolder { folder in
      let source = try FileStore(folder.appending(path: "a"))
      try source.fill(800)
      let writer = Task {
        var seed: UInt64 = 100
        while !Task.isCancelled {
          seed += 1
          for reference in try source.fill(10, seed: seed) where seed % 2 == 0 {
            unlink(source.folder.path + "/" + reference.path)
          }
        }
      }
      defer { writer.cancel() }
      for number in 0..<3 {
        let target = folder.path + "/b\(number)"
        try await FileTree.copy(from: source.folder.path, to: target, names: .sha1)
        // Copying the copy checks every name against its content.
        try await FileTree.copy(from: target, to: target + "-again", names: .sha1)
      }
      writer.cancel()
      _ = await writer.result
    }
  }
}
